"""The program as a person starts and ends it."""

from __future__ import annotations

import json
import os
import platform
import signal
import sys
from pathlib import Path

from tests.support.paper import lines_of
from tests.support.processes import StartProcess
from tests.support.waiting import wait_until

SIGNOFF = (sys.executable, "-m", "desktop")
OFFSCREEN = {"QT_QPA_PLATFORM": "offscreen"}
NO_SCREEN = {"QT_QPA_PLATFORM": "", "DISPLAY": "", "WAYLAND_DISPLAY": ""}


def children_of(pid: int) -> set[int]:
    """Processes started by this one, and theirs."""
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found |= {child} | children_of(child)
    return found


def test_the_tour_does_the_main_job_and_leaves_pictures(
    start_process: StartProcess, tmp_path: Path
) -> None:
    """Exit 0 only if what was approved ran once, and the rest not; pictures, and a PDF."""
    folder = tmp_path / "tour"
    env = {**OFFSCREEN, "SIGNOFF_MODE": "enforce"}  # as a new user's demo is
    tour = start_process(*SIGNOFF, "--tour", str(folder), name="tour", env=env)
    assert tour.wait_until_ended(300) == 0  # half a minute on a quiet machine
    report = json.loads((folder / "report.json").read_text())
    assert report["ok"] is True
    assert all(step["ok"] and step["seconds"] >= 0 for step in report["steps"])
    pictured = {name.rpartition("-")[0] for name in report["screenshots"]}
    assert {"approval", "one-of-two", "audit", "audit-entry", "locked"} <= pictured
    assert report["exports"] == ["audit.pdf"]
    paper = " ".join(lines_of((folder / "audit.pdf").read_bytes()))
    # What goes round names an invented desk, and not this one.
    assert "on desk-12" in paper
    assert f"on {platform.node()}" not in paper
    for name in report["screenshots"]:
        assert (folder / name).stat().st_size > 10_000


def test_signoff_demo_ends_with_everything_it_started(start_process: StartProcess) -> None:
    """Broker, model, MCP server and agents come with the console and go with it."""
    console = start_process(*SIGNOFF, "--demo", "--verbose", name="signoff", env=OFFSCREEN)
    wait_until(lambda: "demo running" in console.errors(), "the demo to run", 60)
    started = children_of(console.pid)
    assert len(started) >= 2  # the demo and its broker
    console.send_signal(signal.SIGTERM)
    assert console.wait_until_ended(30) == 0
    assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]


def test_a_second_start_shows_the_first_window(start_process: StartProcess) -> None:
    """One console per person: the second one says so and ends."""
    first = start_process(*SIGNOFF, "--verbose", name="first", env=OFFSCREEN)
    wait_until(lambda: "window shown" in first.errors(), "the first window")
    second = start_process(*SIGNOFF, name="second", env=OFFSCREEN)
    assert second.wait_until_ended(30) == 0
    assert "already open" in second.output()
    first.send_signal(signal.SIGINT)
    assert first.wait_until_ended(30) == 0


def test_without_a_display_the_window_says_what_to_do(start_process: StartProcess) -> None:
    """No traceback: a title, a hint, exit 2."""
    console = start_process(*SIGNOFF, name="signoff", env=NO_SCREEN)
    assert console.wait_until_ended(30) == 2
    assert "no display" in console.errors()
    assert "--tour" in console.errors()
    assert "Traceback" not in console.errors()


def test_diagnose_builds_everything_and_quits(start_process: StartProcess) -> None:
    """What an installer runs to see that the app works on this machine."""
    console = start_process(*SIGNOFF, "--diagnose", name="diagnose", env=OFFSCREEN)
    assert console.wait_until_ended(60) == 0
    report = json.loads(console.output())
    assert report["ok"] is True
    assert report["python"] == ".".join(map(str, sys.version_info[:3]))
    assert os.environ["SIGNOFF_HOME"] not in console.errors()
