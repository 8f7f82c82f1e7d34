"""What a person entered survives; what somebody else could have written is never started."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from desktop.actions.local_workers import problems_of, sounds_secret
from desktop.errors import SettingsUnreadable
from desktop.store.local_workers import RestartPolicy, WorkerDefinition
from desktop.system import worker_definitions
from tests.support.own_workers import definition

FILE = worker_definitions.FILE_NAME


def written(**values: object) -> bytes:
    """A file with one worker, some fields of which somebody has changed."""
    fields = msgspec.to_builtins(definition())
    return msgspec.json.encode({"workers": [{**fields, **values}]})


def test_without_a_file_there_are_no_workers(tmp_path: Path) -> None:
    """The first start."""
    assert worker_definitions.load(tmp_path) == ((), None)


def test_definitions_survive_and_are_for_one_person_only(tmp_path: Path) -> None:
    """Whatever the umask lets others do."""
    wanted = definition(
        environment={"LOG": "1"},
        secrets=("API_KEY",),
        restart=RestartPolicy.ALWAYS,
        with_console=True,
    )
    before = os.umask(0)
    try:
        worker_definitions.save(tmp_path, [wanted])
    finally:
        os.umask(before)

    assert worker_definitions.load(tmp_path) == ((wanted,), None)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "truncated"),
        (b'{"workers":{}}', "Expected `array`"),
        (b'{"workers":[],"run":"rm"}', "unknown field"),
        (b'{"workers":' + b"[" * 100_000, "Expected `object`"),
        (b" " * (worker_definitions.MAX_BYTES + 1), "too long"),
        ({"target": "os:system; rm -rf"}, "is no name of an attribute"),
        ({"target": "--help:x"}, "is no name of a module"),
        ({"id": "../../etc/passwd"}, "No id"),
        ({"folder": "relative"}, "whole path"),
        ({"python": "sh\n-c"}, "no path"),
        ({"environment": {"SIGNOFF_REDIS_URL": "redis://mine"}}, "set by Signoff"),
        ({"environment": {"A=B": "x"}}, "no name of a variable"),
        ({"name": "\u202eevil"}, "visible characters"),
        ({"restart": "often"}, "Invalid enum value"),
    ],
)
def test_a_file_that_is_not_in_order_starts_nothing(
    tmp_path: Path, content: bytes | dict[str, object], why: str
) -> None:
    """It is put aside whole, and the person is told what was wrong."""
    text = content if isinstance(content, bytes) else written(**content)
    (tmp_path / FILE).write_bytes(text)
    (tmp_path / FILE).chmod(0o600)

    workers, damage = worker_definitions.load(tmp_path)

    assert workers == ()
    assert damage is not None
    assert why in damage.title
    assert damage.hint.endswith("none of your workers was started.")
    assert (tmp_path / "local-workers.damaged.json").read_bytes() == text


def test_a_file_that_others_may_write_starts_nothing(tmp_path: Path) -> None:
    """They would run their code in this person's name."""
    worker_definitions.save(tmp_path, [definition()])
    (tmp_path / FILE).chmod(0o620)

    workers, damage = worker_definitions.load(tmp_path)

    assert workers == ()
    assert damage is not None
    assert "others may write it" in damage.title


def test_a_pipe_in_the_place_of_the_file_is_not_waited_for(tmp_path: Path) -> None:
    """Nobody would ever write to it."""
    os.mkfifo(tmp_path / FILE)

    assert "no file" in str(worker_definitions.load(tmp_path)[1])


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """A file where the folder should be."""
    (tmp_path / "home").write_text("in the way")

    with pytest.raises(SettingsUnreadable, match="could not be saved"):
        worker_definitions.save(tmp_path / "home", [])


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "Ledger "}, "name"),
        ({"name": "LEDGER"}, "name"),
        ({"target": "my-agents:runner"}, "target"),
        ({"target": "my_agents"}, "target"),
        ({"folder": ""}, "folder"),
        ({"folder": "/nowhere/at/all"}, "folder"),
        ({"folder": "/" + "x" * 3000}, "folder"),
        ({"python": "/etc/passwd"}, "python"),
        ({"environment_file": "/nowhere/.env"}, "environment_file"),
        ({"environment": {"MY_API_KEY": "sk-1"}}, "environment"),
        ({"environment": {"DB": "postgres://me:pw@db/x"}}, "environment"),
        ({"environment": {"A": "1"}, "secrets": ("A",)}, "environment"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(values: dict[str, object], field: str) -> None:
    """While the person writes it."""
    others = [definition("ledger")]

    assert list(problems_of(definition(**{"name": "clerk", **values}), others)) == [field]


def test_a_worker_does_not_stand_in_its_own_way() -> None:
    """It keeps its name when something else is changed."""
    one: WorkerDefinition = definition("ledger", target="my.agents:team.runner")

    assert problems_of(one, [one]) == {}


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("OPENAI_API_KEY", "", True),
        ("DB_PASSWORD", "", True),
        ("DATABASE", "mysql://u:p@h/db", True),
        ("OPENAI_BASE_URL", "https://models.example:8443/v1", False),
        ("LOG_LEVEL", "debug", False),
        ("MAX_TOKENS", "4000", False),
        ("CACHE", "redis://:pw@h:1/0", True),
        ("TEXT", "a:" * 8000, False),
    ],
)
def test_what_looks_like_a_secret(name: str, value: str, *, secret: bool) -> None:
    """By its name, or by a password in an address."""
    assert sounds_secret(name, value) is secret
