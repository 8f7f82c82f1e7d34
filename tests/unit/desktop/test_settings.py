"""What a person chose survives, and a damaged file loses nothing but the choices in it."""

from __future__ import annotations

import getpass
import socket
from pathlib import Path

import platformdirs
import pytest

from desktop import settings
from desktop.errors import SettingsUnreadable
from desktop.settings import Settings, Theme


@pytest.fixture
def file(signoff_home: Path) -> Path:
    """The settings file, in its folder; not there yet."""
    signoff_home.mkdir()
    return signoff_home / settings.FILE_NAME


def test_without_a_file_there_are_defaults_and_no_complaint(signoff_home: Path) -> None:
    """The first start. Nothing is written by looking."""
    chosen, damage = settings.load()

    assert (chosen.broker_url, chosen.theme, chosen.notify) == ("", Theme.SYSTEM, True)
    assert chosen.person.id == f"{getpass.getuser()}@{socket.gethostname()}"
    assert chosen.person.name == getpass.getuser()
    assert damage is None
    assert not signoff_home.exists()


def test_choices_survive(signoff_home: Path) -> None:
    """The folder is the person's own."""
    wanted = Settings(
        broker_url="redis://console@broker:6379/0",
        theme=Theme.DARK,
        reviewer_id="r.mora",
        reviewer_name="R. Mora",
        notify=False,
    )

    settings.save(wanted)

    assert settings.load() == (wanted, None)
    assert signoff_home.stat().st_mode & 0o077 == 0
    assert [path.name for path in signoff_home.iterdir()] == [settings.FILE_NAME]


def test_choices_can_be_changed_one_by_one() -> None:
    """The others stay; a name that is taken away is made up again."""
    before = Settings(reviewer_id="r.mora", reviewer_name="R. Mora")

    after = settings.changed(before, theme=Theme.LIGHT)

    assert (after.theme, after.person) == (Theme.LIGHT, before.person)
    assert settings.changed(before, reviewer_id="").person.id.startswith(getpass.getuser())


def test_choices_of_a_newer_version_do_not_damage_the_file(file: Path) -> None:
    """A person may go back to an older console."""
    file.write_text('{"theme":"dark","palette":"sepia"}')

    chosen, damage = settings.load()

    assert (chosen.theme, damage) == (Theme.DARK, None)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{nope", id="not-json"),
        pytest.param(b"[]", id="a-list"),
        pytest.param(b'{"theme":"neon"}', id="unknown-theme"),
        pytest.param(b'{"broker_url":7}', id="number-for-text"),
        pytest.param(b'{"broker_url":"\xff"}', id="not-utf8"),
        pytest.param(b'{"x":' + b"[" * 100_000, id="very-deep"),
    ],
)
def test_a_damaged_file_is_kept_and_told(file: Path, content: bytes) -> None:
    """The console starts with defaults; the next save does not overwrite what was there."""
    file.write_bytes(content)

    chosen, damage = settings.load()
    settings.save(chosen)

    assert chosen.theme is Theme.SYSTEM
    assert isinstance(damage, SettingsUnreadable)
    assert damage.hint == "It is kept as settings.damaged.json; defaults are used."
    assert (file.parent / "settings.damaged.json").read_bytes() == content
    assert settings.load() == (chosen, None)


def test_settings_that_cannot_be_saved_say_why(signoff_home: Path) -> None:
    """A file where the folder should be."""
    signoff_home.write_text("in the way")

    with pytest.raises(SettingsUnreadable, match="could not be saved") as caught:
        settings.save(Settings())

    assert str(signoff_home) in caught.value.hint


def test_settings_live_where_the_system_keeps_such_things(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Unless somebody says otherwise."""
    monkeypatch.setenv("SIGNOFF_HOME", str(tmp_path))
    assert settings.home() == tmp_path

    monkeypatch.delenv("SIGNOFF_HOME")
    assert settings.home() == Path(platformdirs.user_data_dir("signoff", appauthor=False))
