"""Rooms that must live without Qt or without LangGraph, imported where there is none.

The import contracts in `pyproject.toml` see what is written; these tests see what happens, with
lazy and conditional imports too. Rooms are found on disk, so a new one is tested from its first
line.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import rooms
from tests.support.environment import ROOT

QT = ("PySide6", "shiboken6", "qasync")
LANGGRAPH = ("langgraph", "langchain", "langchain_core", "langchain_openai", "openai")

#: The rooms that may know them; all others must live without.
ROOMS_WITH_QT = {
    "desktop.app",
    "desktop.console",
    "desktop.qtmodels",
    "desktop.system",
    "desktop.tour",
    "desktop.views",
}
ROOMS_WITH_LANGGRAPH = {"workers.agents", "workers.app", "workers.demo"}

_PROGRAM = """
import importlib, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing!r}:
            raise ModuleNotFoundError(name + " must not be needed here", name=name)

sys.meta_path.insert(0, Refuse())
for module in {modules!r}:
    importlib.import_module(module)
"""

ALL_ROOMS = rooms("desktop") | rooms("workers")


@pytest.mark.parametrize("room", sorted(ALL_ROOMS))
def test_lives_without_what_it_must_not_know(room: str) -> None:
    """All but the windows run without Qt, and all but the agents without LangGraph.

    So nobody pays a second of start-up for LangGraph who runs no agent.
    """
    qt = () if room in ROOMS_WITH_QT else QT
    langgraph = () if room in ROOMS_WITH_LANGGRAPH else LANGGRAPH
    import_where_missing(room, (*qt, *langgraph))


def test_rooms_keep_their_contracts() -> None:
    """Who may import whom, as `pyproject.toml` says it, holds for every import that is written."""
    command = [str(Path(sys.prefix) / "bin" / "lint-imports"), "--no-cache"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout


def import_where_missing(room: str, missing: tuple[str, ...]) -> None:
    """Import all modules of a room in an interpreter that does not have `missing`."""
    # Importing __main__ would run the program.
    modules = [name for name in ALL_ROOMS[room] if not name.endswith("__main__")]
    program = _PROGRAM.format(missing=set(missing), modules=modules)
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
