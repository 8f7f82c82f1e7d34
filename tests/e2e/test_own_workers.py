"""A console with a person's own workers, and what is left when it ends, in whatever way."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from desktop.settings import Settings, save
from desktop.store.local_workers import LocalWorkerState
from desktop.system import worker_definitions
from desktop.system.process_identity import began
from desktop.tour.pilot import Pilot
from tests.support.console import running_console
from tests.support.environment import ROOT
from tests.support.own_workers import SAYS_READY, SERVES, definition, program
from tests.support.processes import Process, StartProcess
from tests.support.stub_model import StubModel
from tests.support.waiting import wait_until

SIGNOFF = (sys.executable, "-m", "desktop")


@pytest.mark.qt_loop
async def test_a_person_runs_agents_of_their_own(
    redis_url: str,
    stub_model: StubModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Entered in the window, started there, listed on the agents page, watched, stopped."""
    for name, value in {"BASE_URL": stub_model.url, "MODEL": "stub"}.items():
        monkeypatch.setenv(f"OPENAI_{name}", value)
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    async with running_console(tmp_path / "desk", monkeypatch, redis_url) as console:
        await console.pilot.click("rail.agents")
        await console.pilot.click("monitor.here")
        await console.pilot.click("agents.local_manage")
        # A window of its own, with a keyboard focus of its own.
        pilot = Pilot(console.pilot.find("local.panel", QWidget))
        await pilot.click("local.add")
        await pilot.type_text("local.name", "Clerk")
        await pilot.type_text("local.target", "tests.integration.workers.served:one")
        await pilot.type_text("local.folder", str(ROOT))
        await pilot.click("local.save")
        await pilot.until(lambda: console.store.local_workers, "the worker to be kept")
        await pilot.click("local.start")
        await pilot.until(
            lambda: console.store.local_workers[0].state is LocalWorkerState.RUNNING, "it to run"
        )
        await pilot.until(
            lambda: any(agent.workers for agent in console.store.agents()),
            "its agent to be listed",
        )
        log = pilot.find("local.log", QPlainTextEdit)
        await pilot.until(lambda: "listens as demo_agent" in log.toPlainText(), "its log to say so")
        pid = console.store.local_workers[0].pid
    assert not began(pid)  # the console ended, and with it what it ran


@pytest.mark.qt_loop
async def test_a_console_whose_settings_say_so_only_looks(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What starts with the console does not, until the mode is turned off in the settings."""
    home = tmp_path / "desk"
    monkeypatch.setenv("SIGNOFF_HOME", str(home))
    save(Settings(read_only=True))
    own = program(tmp_path, "python", SAYS_READY, SERVES)
    worker_definitions.save(home, [definition(python=own, with_console=True)])
    async with running_console(home, monkeypatch, redis_url) as console:
        await console.pilot.until(lambda: console.store.local_workers, "the worker to be known")
        assert console.store.local_workers[0].state is LocalWorkerState.STOPPED

        console.console.only_read(wanted=False)
        await console.pilot.until(
            lambda: console.store.local_workers[0].state is LocalWorkerState.RUNNING, "it to run"
        )


def pid_of(home: Path, worker_id: str) -> int:
    """The process that a worker has by the console's own record; an error while it has none."""
    path = home / "local-workers" / f"{worker_id}.json"
    return int(json.loads(path.read_text())["pid"])


def listens(home: Path, worker_id: str, pid: int) -> bool:
    """Whether this process has said that it serves."""
    log = (home / "local-workers" / f"{worker_id}.log").read_text()
    return f'"pid":{pid}}}' in log


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_console_leaves_only_the_workers_that_shall_stay(
    start_process: StartProcess,
    redis_url: str,
    stub_model: StubModel,
    signoff_home: Path,
    end: signal.Signals,
) -> None:
    """Killed or closed; the next console finds those, and ends them when the person says so."""
    ends = definition("ends", with_console=True)
    stays = definition("stays", with_console=True, keep_running=True)
    save(Settings(broker_url=redis_url))
    worker_definitions.save(signoff_home, [ends, stays])
    env = {
        "QT_QPA_PLATFORM": "offscreen",
        "OPENAI_BASE_URL": stub_model.url,
        "OPENAI_MODEL": "stub",
        "OPENAI_API_KEY": "not-a-key",
    }

    def start(name: str) -> Process:
        return start_process(*SIGNOFF, "--redis-url", redis_url, name=name, env=env)

    console = start("console")
    pids = [
        wait_until(lambda one=one: pid_of(signoff_home, one.id), f"{one.name} to start", 30)
        for one in (ends, stays)
    ]
    wait_until(lambda: listens(signoff_home, stays.id, pids[1]), "stays to serve", 30)
    console.send_signal(end)
    console.wait_until_ended(30)

    wait_until(lambda: not began(pids[0]), "the other to end", 30)
    assert began(pids[1])

    second = start("second")
    wait_until(lambda: pid_of(signoff_home, ends.id) != pids[0], "ends to start again", 30)
    assert pid_of(signoff_home, stays.id) == pids[1]
    second.send_signal(signal.SIGTERM)
    assert second.wait_until_ended(30) == 0
    assert began(pids[1])
    os.kill(pids[1], signal.SIGTERM)
    wait_until(lambda: not began(pids[1]), "the last to end", 30)
