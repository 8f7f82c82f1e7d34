"""A collector hears what is recorded, over TLS, and never holds the log up."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from desktop.audit.entries import AuditEntry, AuditKind
from desktop.audit.log import AuditLog, read_entries
from desktop.engine import sinks
from desktop.engine.sinks import Collector, Pace, SyslogSink, read_collector
from desktop.errors import ConsoleError
from tests.support.certificates import Authority
from tests.support.exported import KEYS, entry, receipt, write_log
from tests.support.recording import recording
from tests.support.waiting import await_until

HOST = "127.0.0.1"
QUICK = Pace(connect=5.0, send=0.5, look=0.02, first_retry=0.02, last_retry=0.1, steady=60.0)


class Server:
    """A collector.

    Attributes:
        port: where it listens.
        said: the messages, in order.
        numbers: which entries they are about.
        reads: whether it takes what comes.
    """

    def __init__(self) -> None:
        self.port = 0
        self.said: list[str] = []
        self.numbers: list[int] = []
        self.reads = asyncio.Event()
        self.reads.set()
        self.connections: list[asyncio.StreamWriter] = []
        self._tasks: list[asyncio.Task[None] | None] = []

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take the messages of one connection: a length, a blank, and so many bytes."""
        self.connections.append(writer)
        self._tasks.append(asyncio.current_task())
        try:
            while True:
                await self.reads.wait()
                length = await reader.readuntil(b" ")
                message = await reader.readexactly(int(length))
                self.said.append(message.decode("ascii"))
                self.numbers.append(_event(self.said[-1])["metadata"]["sequence"])
        except (asyncio.IncompleteReadError, OSError):
            writer.transport.abort()

    def cut(self) -> None:
        """Break all connections."""
        for writer in self.connections:
            writer.transport.abort()

    async def end(self) -> None:
        """Wait until nothing is left of them."""
        self.reads.set()
        self.cut()
        await asyncio.gather(*filter(None, self._tasks), return_exceptions=True)


def _event(message: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads(message.split(" ", 7)[7])


@asynccontextmanager
async def serving(context: ssl.SSLContext | None, port: int = 0) -> AsyncIterator[Server]:
    """A collector that listens."""
    server = Server()
    listening = await asyncio.start_server(server.take, HOST, port, ssl=context)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        await server.end()
        await listening.wait_closed()


@asynccontextmanager
async def telling(sink: SyslogSink) -> AsyncIterator[None]:
    """A sink at work."""
    task = asyncio.create_task(sink.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Whom this desk believes."""
    return Authority(tmp_path)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log with a decision and what came of it."""
    return write_log(tmp_path / "log.sqlite", [entry(), receipt()])


def _append(log: Path, told: AuditEntry) -> None:
    with closing(AuditLog(log, KEYS)) as opened:
        opened.append(told)


async def test_a_collector_hears_every_entry_once(log: Path, authority: Authority) -> None:
    """What was recorded before and what comes, as RFC 5424 has it; and nothing twice."""
    noted: list[AuditEntry] = []
    async with serving(authority.server(HOST)) as server:
        collector = Collector(HOST, server.port, str(authority.file))
        async with telling(SyslogSink(log, collector, noted.append, QUICK)):
            await await_until(lambda: len(server.said) == 2, "both entries")
            _append(log, entry(nonce="b" * 32))
            await await_until(lambda: len(server.said) == 3, "the new entry")
            position = log.with_name(sinks.POSITION_FILE)
            await await_until(lambda: _read(position) == "3", "the place to go on from")
        async with telling(SyslogSink(log, collector, noted.append, QUICK)):
            _append(log, receipt(at="no time", actor=structs.replace(entry().actor, device="\n")))
            await await_until(lambda: len(server.said) == 4, "the last entry")

    assert server.numbers == [1, 2, 3, 4]
    assert server.said[0].startswith("<109>1 2026-03-02T09:15:05Z desk-2 signoff - decision - {")
    assert server.said[3].startswith("<110>1 - - signoff - receipt - {")
    assert not noted


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


async def test_a_collector_that_goes_away_is_noted_once_and_told_the_rest(
    log: Path, authority: Authority
) -> None:
    """So is its return."""
    noted: list[AuditEntry] = []
    async with serving(authority.server(HOST)) as server:
        collector = Collector(HOST, server.port, str(authority.file))
        async with telling(SyslogSink(log, collector, noted.append, QUICK)):
            await await_until(lambda: len(server.said) == 2, "both entries")
            for writer in server.connections:
                writer.close()
            _append(log, entry(nonce="b" * 32))
            await await_until(lambda: 3 in server.numbers, "what came meanwhile")
            await await_until(lambda: len(noted) == 2, "that it is back")

    assert [one.kind for one in noted] == [AuditKind.SINK_FAILED, AuditKind.SINK_BACK]
    assert noted[0].detail.startswith("syslog: Connection")


@pytest.mark.parametrize("case", ["another host", "expired", "a stranger's", "plain", "nobody"])
async def test_who_does_not_prove_to_be_the_collector_hears_nothing(
    log: Path, tmp_path: Path, authority: Authority, case: str
) -> None:
    """It is noted why."""
    context: ssl.SSLContext | None = {
        "another host": lambda: authority.server("127.0.0.2"),
        "expired": lambda: authority.server(HOST, timedelta(days=-1)),
        "a stranger's": lambda: Authority(tmp_path, "stranger").server(HOST),
    }.get(case, lambda: None)()
    noted: list[AuditEntry] = []
    async with serving(context) as server:
        port = 1 if case == "nobody" else server.port
        pace = Pace(**{**_fields(QUICK), "connect": 0.5})
        collector = Collector(HOST, port, str(authority.file))
        async with telling(SyslogSink(log, collector, noted.append, pace)):
            await await_until(lambda: bool(noted), "the failure")

    assert server.said == []
    assert [one.kind for one in noted] == [AuditKind.SINK_FAILED]


def _fields(pace: Pace) -> dict[str, float]:
    return {name: getattr(pace, name) for name in Pace.__slots__}


async def test_a_collector_that_hangs_holds_nobody_up(tmp_path: Path, authority: Authority) -> None:
    """Decisions are recorded while it takes nothing; it hears of more when it does again."""
    log = tmp_path / "audit" / "log.sqlite"
    async with recording(log, None) as recorder, serving(authority.server(HOST)) as server:
        server.reads.clear()
        collector = Collector(HOST, server.port, str(authority.file))
        pace = Pace(**{**_fields(QUICK), "send": 2.0})
        async with telling(SyslogSink(log, collector, recorder.jot, pace)):
            for number in range(12):
                told = entry(nonce=f"{number:032x}", action="x" * 1_000_000)
                await recorder.decided(told)
            await await_until(lambda: _kinds(log).count("audit.sink_failed") == 1, "the failure")
            server.reads.set()
            await await_until(lambda: "audit.sink_back" in _kinds(log), "that it is back")
            await await_until(lambda: 12 in server.numbers, "the last of them")


def _kinds(log: Path) -> list[str]:
    return [kept.entry.kind for kept in read_entries(log, 100)]


async def test_a_log_begun_anew_is_told_from_its_beginning(log: Path, authority: Authority) -> None:
    """Whatever place was kept; a log that is not there yet is waited for."""
    log.with_name(sinks.POSITION_FILE).write_text("99")
    async with serving(authority.server(HOST)) as server:
        collector = Collector(HOST, server.port, str(authority.file))
        async with telling(SyslogSink(log, collector, print, QUICK)):
            await await_until(lambda: len(server.said) == 2, "both entries")
        late = log.with_name("late.sqlite")
        log.with_name(sinks.POSITION_FILE).unlink()
        async with telling(SyslogSink(late, collector, print, QUICK)):
            await await_until(lambda: len(server.connections) == 2, "the connection")
            write_log(late, [entry()])
            await await_until(lambda: len(server.said) == 3, "its first entry")


@pytest.mark.parametrize(
    ("text", "collector"),
    [
        ("", None),
        ("logs.example.org:6514", Collector("logs.example.org", 6514)),
        ("[::1]:6514,/etc/ca.pem", Collector("::1", 6514, "/etc/ca.pem")),
    ],
)
def test_the_environment_names_the_collector(text: str, collector: Collector | None) -> None:
    """With the authority that vouches for it."""
    assert read_collector(text) == collector


@pytest.mark.parametrize("text", ["logs", ":1", "logs:", "logs:x", "logs:0", "logs:70000"])
def test_what_names_no_collector_is_refused(text: str) -> None:
    """With a hint."""
    with pytest.raises(ConsoleError) as caught:
        read_collector(text)
    assert "host:port" in caught.value.hint


@pytest.mark.parametrize("text", ["nonsense", "127.0.0.1:1,/no/such/file.pem"])
async def test_a_collector_that_cannot_be_set_up_is_noted(
    log: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """And nothing else fails."""
    noted: list[AuditEntry] = []
    monkeypatch.setenv(sinks.VARIABLE, text)
    await sinks.follow(log, noted.append)
    assert [one.kind for one in noted] == [AuditKind.SINK_FAILED]


async def test_the_collector_of_the_environment_is_told(
    log: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as it is followed."""
    async with serving(authority.server(HOST)) as server:
        monkeypatch.setenv(sinks.VARIABLE, f"{HOST}:{server.port},{authority.file}")
        task = asyncio.create_task(sinks.follow(log, print))
        await await_until(lambda: len(server.said) == 2, "both entries")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_fault_of_ours_is_not_passed_on(
    log: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever else works on this loop goes on."""

    def fail(_entry: AuditEntry) -> None:
        raise ZeroDivisionError

    monkeypatch.setenv(sinks.VARIABLE, f"{HOST}:1")
    await sinks.follow(log, fail)


async def test_without_a_collector_nothing_is_told(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It returns at once."""
    monkeypatch.delenv(sinks.VARIABLE, raising=False)
    await sinks.follow(log, print)
