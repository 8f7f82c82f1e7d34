"""Real processes for tests: start, wait until ready, read what they say, stop in time.

The only place that starts our own programs for tests. What a process prints goes to a file and
is shown when the test fails. A process that has to be killed because it does not end when asked
fails the test.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.support.environment import ROOT
from tests.support.waiting import wait_until

#: A ready line unless told otherwise: one JSON object on a line of its own.
JSON_LINE = re.compile(r"^\{.*\}$", re.MULTILINE)

_READY_SECONDS = 30.0
_STOP_SECONDS = 10.0
#: So much of a log is shown when a test fails.
_SHOWN_CHARACTERS = 8_000


class ProcessProblem(AssertionError):
    """A process ended before it was ready, or did not end when it was asked to."""


class Process:
    """One running program.

    Attributes:
        name: how it is called in failures.
        out: the file with its standard output.
        err: the file with its standard error.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        *,
        name: str,
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
    ) -> None:
        """Start it; see `StartProcess` for the arguments."""
        self.name = name
        self.out = folder / f"{name}.out"
        self.err = folder / f"{name}.err"
        self._ready = ""
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})}
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self._popen = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                stdout=out,
                stderr=err,
                env=environment,
                cwd=ROOT,
                # Ctrl+C in the terminal is for pytest, which then stops its children itself.
                start_new_session=True,
            )
        if stdin is not None and self._popen.stdin is not None:
            with self._popen.stdin as pipe:
                pipe.write(stdin.encode())

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative is a signal's number."""
        return self._popen.poll()

    @property
    def ready_line(self) -> str:
        """The line that said it is ready."""
        return self._ready

    @property
    def ready(self) -> Any:  # noqa: ANN401 - whatever the program says
        """The JSON of the line that said it is ready."""
        return json.loads(self._ready)

    def output(self) -> str:
        """All of its standard output so far."""
        return self.out.read_text(errors="replace")

    def errors(self) -> str:
        """All of its standard error so far."""
        return self.err.read_text(errors="replace")

    def json_lines(self) -> list[Any]:
        """The JSON objects it printed, one for each finished line that holds one."""
        objects: list[Any] = []
        for line in JSON_LINE.finditer(self._whole_lines()):
            with contextlib.suppress(json.JSONDecodeError):  # a Python dict looks alike
                objects.append(json.loads(line.group()))
        return objects

    def wait_for_line(
        self, pattern: str | re.Pattern[str], timeout_seconds: float = _READY_SECONDS
    ) -> str:
        """Wait until a line of its output matches (`re.search`), and return that line.

        Raises:
            ProcessProblem: it ended before that.
            TookTooLong: the line did not come in time.
        """
        wanted = re.compile(pattern)

        def find() -> str | None:
            ended = self.exit_code is not None  # looked at before its last words are read
            for line in self._whole_lines().splitlines():
                if wanted.search(line):
                    return line
            if ended:
                raise _EndedEarly
            return None

        try:
            what = f"{self.name} to print {wanted.pattern!r}"
            return wait_until(find, what, timeout_seconds, may_block_loop=True)
        except _EndedEarly:
            raise ProcessProblem(
                f"{self.name} ended with {self.exit_code} before it printed {wanted.pattern!r}\n"
                f"{self.log()}"
            ) from None

    def wait_until_ready(
        self, pattern: str | re.Pattern[str], timeout_seconds: float = _READY_SECONDS
    ) -> None:
        """Wait for the line that says so; afterwards it is `ready_line`."""
        self._ready = self.wait_for_line(pattern, timeout_seconds)

    def wait_until_ended(self, timeout_seconds: float = _READY_SECONDS) -> int:
        """Wait until it ends by itself, and return its exit code."""
        wait_until(
            lambda: self.exit_code is not None,
            f"{self.name} to end by itself",
            timeout_seconds,
            may_block_loop=True,
        )
        return self._popen.wait()

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, such as `SIGINT` for Ctrl+C."""
        self._popen.send_signal(number)

    def kill(self) -> None:
        """End it as a power cut would; for tests about that."""
        self._popen.kill()
        self._popen.wait()

    def stop(self, timeout_seconds: float = _STOP_SECONDS) -> int:
        """Ask it to end (`SIGTERM`) and return its exit code; does nothing when it has ended.

        Raises:
            ProcessProblem: it did not end in time and was killed.
        """
        if self.exit_code is None:
            self._popen.terminate()
        try:
            return self._popen.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ProcessProblem(
                f"{self.name} did not end within {timeout_seconds:g} s of SIGTERM\n{self.log()}"
            ) from None

    def log(self) -> str:
        """The end of what it printed, for a failure."""
        return (
            f"--- {self.name}, standard output\n{self.output()[-_SHOWN_CHARACTERS:]}\n"
            f"--- {self.name}, standard error\n{self.errors()[-_SHOWN_CHARACTERS:]}"
        )

    def _whole_lines(self) -> str:
        text = self.output()
        return text[: text.rfind("\n") + 1]


class _EndedEarly(BaseException):
    """Not an `Exception`, so that waiting ends at once."""


class StartProcess(Protocol):
    """Start a program, stop it when the test is over."""

    def __call__(
        self,
        *command: str,
        name: str | None = None,
        ready: str | re.Pattern[str] | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
        timeout_seconds: float = _READY_SECONDS,
    ) -> Process:
        """Start it.

        Args:
            command: program and arguments; runs in the root of the checkout.
            name: how it is called in failures; the last word of the program unless given.
            ready: a line that matches this means ready; without it, do not wait.
            env: added to the environment of the tests.
            stdin: all of its standard input; nothing unless given.
            timeout_seconds: for the ready line.
        """
        ...


class Processes:
    """The processes of one test."""

    def __init__(self, folder: Path) -> None:
        self.started: list[Process] = []
        self._folder = folder

    def start(
        self,
        *command: str,
        name: str | None = None,
        ready: str | re.Pattern[str] | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
        timeout_seconds: float = _READY_SECONDS,
    ) -> Process:
        """See `StartProcess`."""
        name = f"{len(self.started) + 1}-{name or Path(command[0]).name}"
        process = Process(command, self._folder, name=name, env=env, stdin=stdin)
        self.started.append(process)
        if ready is not None:
            process.wait_until_ready(ready, timeout_seconds)
        return process

    def stop_all(self) -> None:
        """Stop what still runs, newest first; all are stopped even if one has to be killed."""
        problems: list[str] = []
        for process in reversed(self.started):
            try:
                process.stop()
            except ProcessProblem as problem:
                problems.append(str(problem))
        if problems:
            raise ProcessProblem("\n".join(problems))

    def log(self) -> str:
        """What all of them printed."""
        return "\n".join(process.log() for process in self.started)


_PROCESSES = pytest.StashKey[Processes]()


@pytest.fixture
def start_process(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StartProcess]:
    """A function that starts any program; see `StartProcess`."""
    processes = Processes(tmp_path)
    request.node.stash[_PROCESSES] = processes
    yield processes.start
    processes.stop_all()


@pytest.fixture
def worker_process(start_process: StartProcess) -> Callable[..., Process]:
    """A function that runs `signoff-worker ARGS...` and waits until it says that it is ready.

    It takes the keywords of `StartProcess`; `ready` is a line with one JSON object unless given.
    """

    def start(*arguments: str, **options: Any) -> Process:  # noqa: ANN401 - see StartProcess
        options.setdefault("name", f"worker-{arguments[0]}")
        options.setdefault("ready", JSON_LINE)
        return start_process(sys.executable, "-m", "workers", *arguments, **options)

    return start


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the processes printed when their test fails."""
    report = yield
    processes = item.stash.get(_PROCESSES, None)
    if report.failed and processes is not None and processes.started:
        report.sections.append(("what the processes printed", processes.log()))
    return report
