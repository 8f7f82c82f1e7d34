"""What was written from the README of the base package runs with only the imports changed."""

from __future__ import annotations

import difflib
import json
import re
from pathlib import Path

import pytest

from tests.interop.both_worlds import BothWorlds
from tests.support.processes import Process
from tests.support.waiting import wait_until

pytestmark = pytest.mark.xdist_group("interop")

_SCRIPTS = Path(__file__).parent / "our_scripts"
_PROGRAM = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_IMPORT = re.compile(r"[-+]from (langgraph_distributed_agent\.\w+|workers) import [\w, ]+")
#: Where our three programs stand among those of the README.
_ORIGINALS = (0, 1, 3)


@pytest.fixture(scope="session")
def programs() -> list[str]:
    """The worker, the command line and the client of the README, as we have them."""
    return _PROGRAM.findall((_SCRIPTS / "readme_of_base.txt").read_text())


def test_only_the_imports_are_changed(base_env: Path, programs: list[str]) -> None:
    """Otherwise these tests would prove nothing."""
    [package] = base_env.parents[1].glob("lib/*/site-packages/langgraph_distributed_agent-*")
    originals = _PROGRAM.findall((package / "METADATA").read_text())

    for program, original in zip(programs, (originals[i] for i in _ORIGINALS), strict=True):
        lines = difflib.ndiff(original.splitlines(), program.splitlines())
        changed = [line.replace(" ", "", 1) for line in lines if line[0] in "-+"]
        assert changed
        assert [line for line in changed if not _IMPORT.fullmatch(line)] == []


def test_the_quick_start(worlds: BothWorlds, programs: list[str], tmp_path: Path) -> None:
    """Its worker serves, and its command line asks, shows, and takes yes and no."""
    worker_file, cli_file = tmp_path / "worker.py", tmp_path / "cli.py"
    worker_file.write_text(programs[0])
    cli_file.write_text(programs[1])
    checkpoints = {"CHECKPOINT_DB_URL": str(tmp_path / "agent_checkpoints.db")}

    worker = worlds.run(str(worker_file), env=checkpoints)
    try:
        wait_until(lambda: "demo_agent" in _served(worlds), "the worker to listen", 30)
        typed = ["weather in London", "gdp of Oslo", "y", "gdp of Bergen", "n", "too far", "exit"]
        cli = worlds.run(str(cli_file), stdin="".join(f"{line}\n" for line in typed))
        assert cli.wait_until_ended() == 0, cli.log()
    finally:
        assert worker.stop() in {0, -15}, worker.log()

    assert "It's always sunny in London!" in cli.output()
    assert "The gdp of Oslo is 500 billion yuan!" in cli.output()
    assert "The gdp of Bergen" not in cli.output()
    assert "Reason: too far" in cli.output()
    assert "current context" in worker.output()
    assert (tmp_path / "agent_checkpoints.db").exists()


def test_the_client(
    worlds: BothWorlds, strict_team: Process, programs: list[str], tmp_path: Path
) -> None:
    """Its notebook says hello, sees no call to decide, and prints the history."""
    notebook = tmp_path / "notebook.py"
    notebook.write_text(programs[2])

    client = worlds.run(str(_SCRIPTS / "notebook.py"), str(notebook))
    assert client.wait_until_ended() == 0, client.log()

    before, _, history = client.output().partition("======= Get Chat History =======")
    assert "You said: hi" in before
    assert "last_event.data.type= message" in before
    assert "You said: hi" in history


def _served(worlds: BothWorlds) -> set[str]:
    """The agents that living workers of ours serve."""
    consumers = worlds.broker.zrange("signoff:workers", 0, -1)
    found = [worlds.broker.get(f"signoff:worker:{consumer}") for consumer in consumers]
    return {agent for one in found if one for agent in json.loads(one)["agents"]}
