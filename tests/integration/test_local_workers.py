"""A person's own workers: started, watched, started again, ended; and found by the next console."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from desktop.errors import NotAllowedNow, VaultUnavailable
from desktop.store.local_workers import LocalWorkerState, RestartPolicy
from desktop.system import local_workers
from desktop.system.local_workers import worker_command
from desktop.system.process_identity import began
from desktop.system.restarts import Restarts
from tests.support.local_desk import URL, LocalDesk, NewDesk
from tests.support.own_workers import SAYS_READY, SERVES, definition, program
from tests.support.waiting import await_until

STOPPED, RUNNING, STOPPING, PAUSING, FAILED = (
    LocalWorkerState.STOPPED,
    LocalWorkerState.RUNNING,
    LocalWorkerState.STOPPING,
    LocalWorkerState.PAUSING,
    LocalWorkerState.FAILED,
)


@pytest.fixture
def desk(new_desk: NewDesk) -> LocalDesk:
    """A console without workers."""
    return new_desk()


async def test_a_worker_runs_until_it_is_stopped(desk: LocalDesk, tmp_path: Path) -> None:
    """It says whom it serves; then it ends because it was asked to."""
    shown = await desk.start(python=program(tmp_path, "python", SAYS_READY, SERVES))
    assert shown.state is LocalWorkerState.STARTING

    shown = await desk.until(RUNNING)
    assert (shown.agents, shown.broker) == (("clerk",), "redis://console@127.0.0.1:1/0")
    pid = shown.pid
    await desk.workers.stop(shown.definition.id)
    assert desk.shown["clerk"].state is STOPPING

    shown = await desk.until(STOPPED)
    assert (shown.title, shown.pid) == ("It was stopped.", 0)
    assert began(pid) == ""


async def test_a_worker_that_talks_at_once_is_seen_to_run(desk: LocalDesk, tmp_path: Path) -> None:
    """The line that says it listens counts, also before more than is read at one look."""
    at_once = 'import os; ready = b\'{"agents":["clerk"],"pid":%d}\\n\' % os.getpid()'
    floods = "os.write(1, ready + (b'x' * 2000 + b'\\n') * 8000)"
    await desk.start(python=program(tmp_path, "python", at_once, floods, SERVES))

    assert (await desk.until(RUNNING)).agents == ("clerk",)
    await await_until(lambda: "not shown: too much at once" in desk.log(), "the rest to be read")


async def test_a_worker_of_signoff_serves_the_broker_that_is_followed(
    desk: LocalDesk, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real command, which drains and says goodbye when it is stopped."""
    for name, value in {"BASE_URL": "http://127.0.0.1:1/v1", "MODEL": "m", "API_KEY": "k"}.items():
        monkeypatch.setenv(f"OPENAI_{name}", value)
    await desk.workers.follow(redis_url)
    await desk.workers.open()
    kept = definition(restart=RestartPolicy.NEVER)
    await desk.workers.keep(kept, {})
    await desk.workers.start(kept.id)

    await await_until(lambda: desk.shown["clerk"].state in {RUNNING, FAILED}, "the worker", 30)
    shown = desk.shown["clerk"]
    assert (shown.state, shown.agents) == (RUNNING, ("demo_agent",)), desk.log()
    await desk.workers.stop(kept.id)
    assert (await desk.until(STOPPED)).title == "It was stopped."


async def test_a_module_that_is_not_there_is_said(desk: LocalDesk, tmp_path: Path) -> None:
    """With what to look at; a person has not to read a log for it."""
    await desk.start(
        target="no_such_agents:runner", folder=str(tmp_path), restart=RestartPolicy.NEVER
    )

    await await_until(lambda: desk.shown["clerk"].state is FAILED, "the end", 30)
    shown = desk.shown["clerk"]
    assert shown.title == "It could not import the module no_such_agents."
    assert "working directory" in shown.hint
    assert "There is no module 'no_such_agents'." in desk.log()


async def test_the_password_is_in_the_environment_and_nowhere_else(
    desk: LocalDesk, tmp_path: Path
) -> None:
    """Others on this machine can read arguments; files stay when the console is gone."""
    says = "import os, sys; print(sys.argv[1:], os.environ['SIGNOFF_REDIS_URL'], flush=True)"
    await desk.start(python=program(tmp_path, "python", says, SAYS_READY, SERVES))
    shown = await desk.until(RUNNING)

    assert "pw-of-broker" not in _arguments_of(shown.pid)
    assert f"'--grace', '3'] {URL}" in desk.log()  # it printed it itself
    home = tmp_path / "home"
    assert not home.stat().st_mode & 0o077
    for path in (path for path in home.rglob("*") if path.is_file() and path.suffix != ".log"):
        assert b"pw-of-broker" not in path.read_bytes()


async def test_a_worker_gets_its_variables_and_its_secrets(desk: LocalDesk, tmp_path: Path) -> None:
    """From the file, from the form, from the keyring; the form counts before the file."""
    (tmp_path / "env").write_text("# ours\nexport A='from file'\nB=2\n")
    says = "import os; print([os.environ[n] for n in ('A', 'B', 'API_KEY')], os.getcwd())"
    kept = definition(
        python=program(tmp_path, "python", says, SAYS_READY, SERVES),
        folder=str(tmp_path),
        environment={"B": "from form"},
        environment_file=str(tmp_path / "env"),
        secrets=("API_KEY",),
    )
    with pytest.raises(VaultUnavailable):  # there is no keyring: it is kept for this session
        await desk.workers.keep(kept, {"API_KEY": "sk-hidden"})
    await desk.workers.follow(URL)
    await desk.workers.start(kept.id)
    await desk.until(RUNNING)

    assert f"['from file', 'from form', 'sk-hidden'] {tmp_path}" in desk.log()
    assert b"sk-hidden" not in (tmp_path / "home" / "local-workers.json").read_bytes()
    with pytest.raises(VaultUnavailable):
        await desk.workers.remove(kept.id)


@pytest.mark.parametrize(
    ("end", "policy", "state", "title"),
    [
        ("raise SystemExit(0)", "on_failure", STOPPED, "It ended by itself, without an error."),
        ("raise SystemExit(7)", "never", FAILED, "It ended with exit code 7."),
        ("raise ValueError('no')", "never", FAILED, "It ended with an error (exit code 1)."),
        ("os.kill(os.getpid(), 9)", "never", FAILED, "It was ended by the signal SIGKILL (9)."),
        ("raise SystemExit(7)", "on_failure", FAILED, "It ended with exit code 7."),
        ("raise SystemExit(0)", "always", FAILED, "It ended by itself, without an error."),
    ],
)
async def test_an_end_has_a_reason_and_the_policy_decides_what_follows(
    desk: LocalDesk, tmp_path: Path, end: str, policy: str, state: LocalWorkerState, title: str
) -> None:
    """One that keeps ending is left alone in the end, and says so."""
    await desk.start(
        python=program(tmp_path, "python", SAYS_READY, end), restart=RestartPolicy(policy)
    )
    shown = await desk.until(state)

    assert shown.title == title
    again = state is FAILED and policy != "never"
    assert shown.restarts == (5 if again else 0)
    assert ("started again 5 times" in shown.hint) is again
    assert desk.log().count('"agents"') == shown.restarts + 1


async def test_a_restart_that_waits_can_be_called_off(desk: LocalDesk, tmp_path: Path) -> None:
    """Stop means stop, also between two starts."""
    desk.workers._restarts = lambda: Restarts(first_pause_seconds=60)
    shown = await desk.start(python=program(tmp_path, "python", "raise SystemExit(7)"))
    shown = await desk.until(PAUSING)
    assert "It is started again in 60 s." in shown.title

    await desk.workers.stop(shown.definition.id)
    assert (await desk.until(STOPPED)).title == "It ended with exit code 7."


@pytest.mark.parametrize("obeys", [True, False])
async def test_a_worker_that_ends_leaves_nothing_behind(
    desk: LocalDesk, tmp_path: Path, obeys: bool
) -> None:
    """What its tools have started ends with it, also where it has to be asked again."""
    handler = "lambda *_: sys.exit(0)" if obeys else "signal.SIG_IGN"
    heeds = f"import signal, subprocess, sys; signal.signal(15, {handler})"
    tool = "print('tool', subprocess.Popen(['sleep', '60']).pid, flush=True)"
    await desk.start(python=program(tmp_path, "python", heeds, tool, SAYS_READY, SERVES))
    shown = await desk.until(RUNNING)
    await desk.workers.stop(shown.definition.id)
    if not obeys:
        await desk.workers.stop(shown.definition.id)

    await desk.until(STOPPED)
    tool_pid = int(next(x for x in desk.log().splitlines() if x.startswith("tool")).split()[1])
    await await_until(lambda: not began(tool_pid), "the tool to be gone")


async def test_a_restart_is_one_process_after_the_other(desk: LocalDesk, tmp_path: Path) -> None:
    """Two clicks, one new process."""
    await desk.start(python=program(tmp_path, "python", SAYS_READY, SERVES))
    before = (await desk.until(RUNNING)).pid
    worker_id = desk.shown["clerk"].definition.id
    await desk.workers.restart(worker_id)
    await desk.workers.restart(worker_id)

    await await_until(
        lambda: desk.shown["clerk"].state is RUNNING and desk.shown["clerk"].pid != before, "it"
    )
    assert began(before) == ""
    assert desk.log().count('"agents"') == 2


async def test_without_a_broker_nothing_is_started(desk: LocalDesk) -> None:
    """The person is told what is missing."""
    kept = definition()
    await desk.workers.keep(kept, {})
    await desk.workers.start(kept.id)

    assert (await desk.until(FAILED)).title == "No broker is followed."


async def test_what_is_not_in_order_is_not_kept(desk: LocalDesk, tmp_path: Path) -> None:
    """Nor started, when it was in order before: the folder may have gone since."""
    with pytest.raises(NotAllowedNow, match="target is not in order"):
        await desk.workers.keep(definition(target="os.system"), {})
    assert desk.shown == {}

    gone = tmp_path / "gone"
    gone.mkdir()
    kept = definition(folder=str(gone))
    await desk.workers.keep(kept, {})
    gone.rmdir()
    await desk.workers.follow(URL)
    await desk.workers.start(kept.id)
    assert (await desk.until(FAILED)).title == "It cannot be started: There is no such folder."


async def test_a_worker_that_is_removed_leaves_nothing(desk: LocalDesk, tmp_path: Path) -> None:
    """No process, no log, no line in the file."""
    shown = await desk.start(python=program(tmp_path, "python", SAYS_READY, SERVES))
    pid = (await desk.until(RUNNING)).pid
    await desk.workers.remove(shown.definition.id)

    assert (desk.shown, began(pid)) == ({}, "")
    assert list((tmp_path / "home" / "local-workers").iterdir()) == []
    assert shown.definition.id not in (tmp_path / "home" / "local-workers.json").read_text()


async def test_a_killed_worker_of_an_earlier_console_is_noticed(
    new_desk: NewDesk, tmp_path: Path
) -> None:
    """It is not our child, so nobody tells us; its end has no code."""
    first = new_desk()
    own = program(tmp_path, "python", SAYS_READY, SERVES)
    await first.start(python=own, keep_running=True, restart=RestartPolicy.NEVER)
    pid = (await first.until(RUNNING)).pid
    await first.workers.close()
    second = new_desk()
    await second.workers.open()
    await second.until(RUNNING)

    os.kill(pid, signal.SIGKILL)

    assert "only the console that started it could know" in (await second.until(FAILED)).title


def test_the_command_holds_nothing_that_a_shell_or_an_option_could_be() -> None:
    """Only a name that Python itself could import comes after `run`."""
    ended = worker_command(definition(target="a.b:c"), 10)
    stays = worker_command(definition(target="a.b:c", keep_running=True), 10)

    assert ended[-4:] == ["--parent", str(os.getpid()), "--grace", "10"]
    assert stays == [*ended[:-4], "--most-output", str(local_workers.MAX_FILE_ALONE)]
    assert ended[1:-4] == ["-P", "-m", "workers", "run", "a.b:c"]


def _arguments_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()
