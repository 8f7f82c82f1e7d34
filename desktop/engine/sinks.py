"""What is recorded at this desk, told to a collector of the house: syslog over TLS (RFC 5425).

The only place that talks to one. It follows the log's file and holds nothing back: whatever the
collector does, the log is written as fast as ever, and what could not be told is told later.
Syslog knows no receipts: what left within a second before a connection broke is told again, and
what a collector had taken before and lost is not. The log is the record.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from msgspec import structs

from desktop.audit.entries import AuditEntry, AuditKind, BadEntry, happened
from desktop.audit.exporting.syslog import frame
from desktop.audit.log import Kept, opened_to_read
from desktop.audit.places import POSITION_FILE
from desktop.errors import ConsoleError

VARIABLE: Final = "SIGNOFF_SYSLOG"
_HINT: Final = (
    f"{VARIABLE} is host:port, or host:port,CA-FILE for a certificate of the house's own."
)
#: So much is told before it is looked whether the connection held; after a cut it is told again.
_AT_ONCE: Final = 1000
_BYTES_AT_ONCE: Final = 1024 * 1024

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the collector may take, and how often it is asked; all in seconds.

    Attributes:
        connect, send: for that long it is waited.
        look: so often the log is looked at.
        first_retry, last_retry: after a failure; it doubles from the first to the last.
        steady: a connection that held so long was a good one.
    """

    connect: float = 5.0
    send: float = 10.0
    look: float = 1.0
    first_retry: float = 1.0
    last_retry: float = 60.0
    steady: float = 60.0


@dataclass(frozen=True, slots=True)
class Collector:
    """Where messages go.

    Attributes:
        authority: file with the certificates that may vouch for it; empty for the system's.
    """

    host: str
    port: int
    authority: str = ""


async def follow(log: Path, note: Callable[[AuditEntry], object]) -> None:
    """Tell the collector that the environment names; until cancelled. Returns if it names none.

    Args:
        note: writes down that the collector went away or came back.
    """
    try:
        collector = read_collector(os.environ.get(VARIABLE, ""))
        if collector is not None:
            await SyslogSink(log, collector, note).run()
    except ConsoleError as error:
        _log.error("no syslog", error=error.title, hint=error.hint)
        note(_entry(AuditKind.SINK_FAILED, error.title))
    except Exception:  # noqa: BLE001 - the door for errors in background work
        _log.exception("telling the collector failed")


def read_collector(text: str) -> Collector | None:
    """The collector of `SIGNOFF_SYSLOG`; None if it is empty.

    Raises:
        ConsoleError: it is malformed.
    """
    if not text:
        return None
    address, _, authority = text.partition(",")
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise ConsoleError(f"{VARIABLE} names no collector.", _HINT)
    return Collector(host.strip("[]"), int(port), authority)


class SyslogSink:
    """Tells one collector what is in a log. For one event loop."""

    def __init__(
        self,
        log: Path,
        collector: Collector,
        note: Callable[[AuditEntry], object],
        pace: Pace | None = None,
    ) -> None:
        """Set it up.

        Raises:
            ConsoleError: the certificates cannot be read.
        """
        self._log, self._collector, self._note = log, collector, note
        self._pace = pace or Pace()
        self._position = log.with_name(POSITION_FILE)
        self._failed = False
        try:
            self._tls = ssl.create_default_context(cafile=collector.authority or None)
        except OSError as error:
            title = f"The certificates of the collector cannot be read: {error.strerror or error}."
            raise ConsoleError(title, _HINT) from error
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2

    async def run(self) -> None:
        """Work until cancelled."""
        retry = self._pace.first_retry
        while True:
            began = time.monotonic()
            try:
                await self._tell()
            except (OSError, TimeoutError) as error:
                self._tell_failure(error)
            if time.monotonic() - began >= self._pace.steady:
                retry = self._pace.first_retry
            await asyncio.sleep(retry)
            retry = min(retry * 2, self._pace.last_retry)

    async def _tell(self) -> None:
        """Connect, and tell what is new until the connection fails.

        Raises:
            OSError, TimeoutError: it failed.
        """
        host, port = self._collector.host, self._collector.port
        async with asyncio.timeout(self._pace.connect):
            reader, writer = await asyncio.open_connection(host, port, ssl=self._tls)
        try:
            number = await asyncio.to_thread(self._told)
            while True:
                news = await asyncio.to_thread(self._after, number)
                for kept in news:
                    with suppress(BadEntry):  # whoever verifies the log says so
                        writer.write(frame(kept))
                    async with asyncio.timeout(self._pace.send):
                        await writer.drain()
                await self._check(reader)
                if news:
                    number = news[-1].number
                    await asyncio.to_thread(self._keep, number)
                self._tell_success()
        finally:
            writer.transport.abort()

    async def _check(self, reader: asyncio.StreamReader) -> None:
        """Wait a moment for the end of the connection; a collector never says anything.

        Raises:
            OSError: that was it.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pace.look):
                if not await reader.read(1024):
                    raise ConnectionResetError("The collector closed the connection")

    def _after(self, number: int) -> list[Kept]:
        """The next entries after this one; none while the log cannot be read."""
        query = (
            "SELECT number, body, before, hash FROM entry WHERE number > ? ORDER BY number LIMIT ?"
        )
        news, size = list[Kept](), 0
        with suppress(OSError, sqlite3.Error), opened_to_read(self._log) as connection:
            for row in connection.execute(query, (number, _AT_ONCE)):
                news.append(Kept(*row))
                size += len(news[-1].body)
                if size >= _BYTES_AT_ONCE:
                    break
        return news

    def _told(self) -> int:
        """The number of the last entry that was told; 0 for none, or if this is another log."""
        try:
            number = int(self._position.read_text())
            with opened_to_read(self._log) as connection:
                [last] = connection.execute("SELECT max(number) FROM entry").fetchone()
        except (OSError, ValueError, sqlite3.Error):
            return 0
        return number if number <= (last or 0) else 0

    def _keep(self, number: int) -> None:
        new = self._position.with_name(f"{POSITION_FILE}.new")
        with suppress(OSError):  # then some is told twice
            new.write_text(str(number))
            new.replace(self._position)

    def _tell_failure(self, error: Exception) -> None:
        if self._failed:
            return
        self._failed = True
        why = f"{type(error).__name__} {error}".strip()[:200]
        _log.warning("syslog failed", error=why)
        self._note(_entry(AuditKind.SINK_FAILED, f"syslog: {why}"))

    def _tell_success(self) -> None:
        if self._failed:
            self._failed = False
            self._note(_entry(AuditKind.SINK_BACK, "syslog"))


def _entry(kind: AuditKind, detail: str) -> AuditEntry:
    return structs.replace(happened(kind), detail=detail)
