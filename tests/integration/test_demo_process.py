"""The bundled demo as a child: it is ready, or it says why not, and it never outlives the desk."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from desktop.errors import LocalWorkersFailed
from desktop.store.facts import DemoChanged
from desktop.store.local_records import DemoState
from desktop.system.demo_process import DemoProcess, DemoReady, demo_command
from tests.support.waiting import await_until

STARTING, RUNNING, STOPPING, STOPPED, FAILED = (
    DemoState.STARTING,
    DemoState.RUNNING,
    DemoState.STOPPING,
    DemoState.STOPPED,
    DemoState.FAILED,
)
READY = json.dumps(
    {
        "redis_url": "redis://:pw@127.0.0.1:7001/0",
        "model_url": "http://127.0.0.1:7002/v1",
        "mcp_url": "http://127.0.0.1:7003/mcp",
        "trust": "/home/demo/trust",
        "agents": ["treasury_agent", "weather_agent"],
        "pid": 1,
    }
)
_SAY_READY = f"print({READY!r}, flush=True)"
_WAIT = "import sys; sys.stdin.read()"


class Demo:
    """The demo under test.

    Attributes:
        told: every state it was in, oldest first.
    """

    def __init__(self, folder: Path) -> None:
        self.told: list[DemoChanged] = []
        self._script = folder / "demo.py"
        self.workers = DemoProcess(
            self.told.append,
            [sys.executable, str(self._script)],
            ready_seconds=10,
            stop_seconds=10,
        )

    def is_(self, *lines: str) -> None:
        """Write the child: what it does when it is started."""
        self._script.write_text("\n".join(lines))

    @property
    def states(self) -> list[DemoState]:
        """Every state it was in, oldest first."""
        return [fact.demo.state for fact in self.told]

    @property
    def hint(self) -> str:
        """What it says now."""
        return self.told[-1].demo.hint


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Demo]:
    """A demo that is stopped when the test ends."""
    demo = Demo(tmp_path)
    yield demo
    await demo.workers.stop()


async def test_a_demo_that_is_ready_says_where_it_is(demo: Demo) -> None:
    """Then it runs until it is stopped."""
    demo.is_(_SAY_READY, _WAIT)

    ready = await demo.workers.start()
    assert isinstance(ready, DemoReady)
    assert (ready.redis_url, ready.trust) == ("redis://:pw@127.0.0.1:7001/0", "/home/demo/trust")
    assert demo.told[-1].demo.title == "2 demo agents are running"
    await demo.workers.stop()

    assert demo.states == [STARTING, RUNNING, STOPPING, STOPPED]


async def test_a_demo_is_started_once(demo: Demo) -> None:
    """Two clicks, one demo."""
    demo.is_(_SAY_READY, _WAIT)
    await demo.workers.start()

    with pytest.raises(LocalWorkersFailed, match="already running"):
        await demo.workers.start()

    assert demo.states == [STARTING, RUNNING]


async def test_a_demo_that_dies_at_once_says_why(demo: Demo) -> None:
    """In its own last words, such as what has to be installed."""
    demo.is_("import sys", "sys.exit('No redis-server was found. Install redis-server.')")

    with pytest.raises(LocalWorkersFailed, match="did not start"):
        await demo.workers.start()

    assert demo.states == [STARTING, FAILED]
    assert demo.hint == "No redis-server was found. Install redis-server."


@pytest.mark.parametrize(
    "said",
    [
        pytest.param("print('Hello')", id="a-word"),
        pytest.param("print('{}')", id="another-object"),
        pytest.param("import os; os.write(1, b'\\xff\\xfe\\n')", id="no-text"),
        pytest.param("print('x' * 1_000_000)", id="one-line-of-a-megabyte"),
        pytest.param("print('x' * 1_000_000, end='', flush=True)", id="no-line-at-all"),
    ],
)
async def test_a_child_that_says_something_else_is_no_demo(demo: Demo, said: str) -> None:
    """It is stopped; its complaint is shown."""
    demo.is_("import sys", "print('what it says', file=sys.stderr, flush=True)", said, _WAIT)

    with pytest.raises(LocalWorkersFailed, match="did not start"):
        await demo.workers.start()

    assert demo.states == [STARTING, FAILED]
    assert demo.hint == "what it says"


async def test_a_demo_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    """After its time it is stopped, and what it said so far is shown."""
    told: list[DemoChanged] = []
    script = "import sys; print('still loading', file=sys.stderr, flush=True); sys.stdin.read()"
    workers = DemoProcess(told.append, [sys.executable, "-c", script], ready_seconds=0.5)

    with pytest.raises(LocalWorkersFailed, match="took too long"):
        await workers.start()

    assert told[-1].demo.state is FAILED
    assert told[-1].demo.hint == "still loading"


async def test_a_demo_that_dies_later_says_so(demo: Demo) -> None:
    """By itself, with its code and last words; then it can be started again."""
    demo.is_(_SAY_READY, "import sys", "print('out of memory', file=sys.stderr)", "sys.exit(7)")

    await demo.workers.start()
    await await_until(lambda: demo.states[-1] is FAILED, "the end to be told")
    assert demo.told[-1].demo.title == "The demo ended by itself (code 7)."
    assert demo.hint == "out of memory"

    demo.is_(_SAY_READY, _WAIT)
    await demo.workers.start()
    assert demo.states == [STARTING, RUNNING, FAILED, STARTING, RUNNING]


async def test_a_demo_that_does_not_end_when_asked_is_ended(tmp_path: Path) -> None:
    """A console that closes leaves nothing running."""
    told: list[DemoChanged] = []
    script = f"import signal, time; signal.signal(15, signal.SIG_IGN); {_SAY_READY}\n"
    script += "while True: time.sleep(1)"
    workers = DemoProcess(told.append, [sys.executable, "-c", script], stop_seconds=0.3)
    await workers.start()

    await workers.stop()

    assert told[-1].demo.state is STOPPED


async def test_a_start_that_is_given_up_leaves_nothing_running(demo: Demo) -> None:
    """The window is closed while the demo starts."""
    demo.is_(_WAIT)
    start = asyncio.create_task(demo.workers.start())
    await await_until(lambda: demo.states == [STARTING], "the start")

    start.cancel()
    await asyncio.gather(start, return_exceptions=True)

    assert demo.states == [STARTING, STOPPED]
    demo.is_(_SAY_READY, _WAIT)
    await demo.workers.start()


async def test_a_demo_that_talks_much_is_not_stopped_by_it(demo: Demo, tmp_path: Path) -> None:
    """Nobody reads what it says after it is ready; it must not wait for a reader."""
    done = tmp_path / "done"
    demo.is_(
        _SAY_READY,
        "import sys",
        "for stream in (sys.stdout, sys.stderr):",
        "    print('x' * 1_000_000, file=stream, flush=True)",
        f"open({str(done)!r}, 'w').close()",
        _WAIT,
    )

    await demo.workers.start()

    await await_until(done.exists, "the demo to have said all")


async def test_a_program_that_is_not_there_is_told() -> None:
    """A broken installation."""
    told: list[DemoChanged] = []
    workers = DemoProcess(told.append, ["/nowhere/python"])

    with pytest.raises(LocalWorkersFailed, match="could not be started"):
        await workers.start()

    assert told[-1].demo.state is FAILED
    await workers.stop()  # nothing to stop, and nothing told


def test_the_demo_runs_on_this_python() -> None:
    """Not on whatever is first on the path."""
    assert demo_command("--port", "1") == [sys.executable, "-m", "workers", "demo", "--port", "1"]
