"""Local workers and the console that starts them: what ends with it, what goes on, who finds it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from msgspec import structs

from desktop.store.local_workers import LocalWorkerState
from desktop.system import local_workers
from desktop.system.process_identity import began
from tests.support.local_desk import URL, NewDesk
from tests.support.own_workers import SAYS_READY, SERVES, definition, program
from tests.support.waiting import await_until

STOPPED, RUNNING, STOPPING, FAILED = (
    LocalWorkerState.STOPPED,
    LocalWorkerState.RUNNING,
    LocalWorkerState.STOPPING,
    LocalWorkerState.FAILED,
)


async def test_a_console_that_closes_ends_what_shall_end(new_desk: NewDesk, tmp_path: Path) -> None:
    """Also what does not listen; the next console finds the one that shall go on."""
    first = new_desk()
    deaf = "import signal; signal.signal(15, signal.SIG_IGN)"
    own = program(tmp_path, "python", SAYS_READY, SERVES)
    await first.workers.follow(URL)
    for one in (
        definition("ends", python=own),
        definition("deaf", python=program(tmp_path, "deaf", deaf, SAYS_READY, SERVES)),
        definition("stays", python=own, keep_running=True, with_console=True),
    ):
        await first.workers.keep(one, {})
        await first.workers.start(one.id)
    pids = {name: (await first.until(RUNNING, name)).pid for name in ("ends", "deaf", "stays")}
    first.workers._stop_seconds = 0.3
    await first.workers.close()
    assert {name for name, pid in pids.items() if began(pid)} == {"stays"}

    second = new_desk()
    await second.workers.open()
    await second.workers.follow(URL)
    shown = await second.until(RUNNING, "stays")
    assert (shown.pid, shown.broker) == (pids["stays"], "redis://console@127.0.0.1:1/0")
    assert second.shown["ends"].state is STOPPED
    assert '"agents"' in second.log("stays")
    await second.workers.stop(shown.definition.id)
    await second.until(STOPPED, "stays")


async def test_what_shall_go_on_is_what_a_person_wants_now(
    new_desk: NewDesk, tmp_path: Path
) -> None:
    """A worker no longer to be kept, or told to stop, ends with the console, however slow it is."""
    first = new_desk()
    deaf = "import signal; signal.signal(15, signal.SIG_IGN)"
    own = program(tmp_path, "deaf", deaf, SAYS_READY, SERVES)
    await first.workers.follow(URL)
    for name in ("dropped", "stopped", "stays"):
        kept = definition(name, python=own, keep_running=True)
        await first.workers.keep(kept, {})
        await first.workers.start(kept.id)
    pids = {name: (await first.until(RUNNING, name)).pid for name in first.shown}
    dropped = structs.replace(first.shown["dropped"].definition, keep_running=False)
    await first.workers.keep(dropped, {})
    await first.workers.stop(first.shown["stopped"].definition.id)
    assert first.shown["stopped"].state is STOPPING

    first.workers._stop_seconds = 0.3
    await first.workers.close()

    assert {name for name, pid in pids.items() if began(pid)} == {"stays"}
    second = new_desk()
    await second.workers.open()
    await second.until(RUNNING, "stays")
    assert {second.shown[name].state for name in ("dropped", "stopped")} == {STOPPED}
    await second.workers.keep(
        structs.replace(second.shown["stays"].definition, keep_running=False), {}
    )
    await second.workers.close()
    assert began(pids["stays"]) == "", "it was found, and is not to be kept any more"


async def test_the_log_of_a_worker_that_goes_on_alone_has_an_end(
    new_desk: NewDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real command: it prints and prints, and there is no console that bounds its file."""
    monkeypatch.setattr(local_workers, "MAX_FILE_ALONE", 100_000)
    talks = "import time\nwhile True:\n    print('x' * 1000, flush=True)\n    time.sleep(0.001)\n"
    (tmp_path / "loud.py").write_text(talks)
    first = new_desk()
    shown = await first.start(target="loud:runner", folder=str(tmp_path), keep_running=True)
    await await_until(lambda: first.shown["clerk"].pid, "its process")
    await first.workers.close()

    log = tmp_path / "home" / "local-workers" / f"{shown.definition.id}.log"
    await await_until(lambda: b"and was begun anew" in log.read_bytes(), "a new beginning", 30)
    assert log.read_bytes().startswith((b'{"event":', b"x"))
    assert b"\0" not in log.read_bytes()

    second = new_desk()
    await second.workers.open()
    await second.until(RUNNING)
    await second.workers.stop(shown.definition.id)
    await second.until(STOPPED)


async def test_one_worker_is_never_run_by_two_consoles(new_desk: NewDesk, tmp_path: Path) -> None:
    """The lock of the process says that it is there."""
    first, second = new_desk(), new_desk()
    shown = await first.start(python=program(tmp_path, "python", SAYS_READY, SERVES))
    await first.until(RUNNING)
    await second.workers.open()
    await second.workers.follow(URL)
    await second.workers.start(shown.definition.id)

    assert "Another console" in (await second.until(FAILED)).title
    assert first.shown["clerk"].state is RUNNING


async def test_a_process_that_only_has_the_old_id_is_left_alone(
    new_desk: NewDesk, tmp_path: Path
) -> None:
    """After a restart of the computer it is somebody else's."""
    first = new_desk()
    shown = await first.start(python=program(tmp_path, "python", "raise SystemExit(0)"))
    await first.until(STOPPED)
    other = await asyncio.create_subprocess_exec("sleep", "60")
    record = {"pid": other.pid, "began": "then", "owner": 1, "owner_began": "then"}
    record |= {"kept": False, "broker": "", "at_ms": 0}
    place = tmp_path / "home" / "local-workers" / f"{shown.definition.id}.json"
    place.write_text(str(record).replace("'", '"').replace("False", "false"))
    second = new_desk()
    await second.workers.open()

    assert second.shown["clerk"].state is STOPPED
    assert other.returncode is None
    other.kill()
    await other.wait()


async def test_a_console_that_only_looks_starts_no_worker_by_itself(
    new_desk: NewDesk, tmp_path: Path
) -> None:
    """A person still can; and what starts with the console starts when the mode is turned off."""
    own = program(tmp_path, "python", SAYS_READY, SERVES)
    first = new_desk()
    for one in (definition("with", python=own, with_console=True), definition("own", python=own)):
        await first.workers.keep(one, {})
    await first.workers.close()

    looks = new_desk()
    await looks.workers.only_read(wanted=True)
    await looks.workers.open()
    await looks.workers.follow(URL)
    await looks.workers.start(looks.shown["own"].definition.id)
    await looks.until(RUNNING, "own")
    assert looks.shown["with"].state is STOPPED

    await looks.workers.only_read(wanted=False)
    await looks.until(RUNNING, "with")
