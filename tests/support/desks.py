"""Desks that tell each other their audit logs: a recorder and a replication each, on one broker.

The only place where tests put these two together.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from msgspec import structs

from desktop.audit.entries import AuditKind
from desktop.audit.findings import Report
from desktop.audit.heads import kept_head
from desktop.audit.keys import LogKeys, log_keys
from desktop.audit.log import read_entries
from desktop.audit.peers import Peer, peers_in, peers_of, reading
from desktop.audit.verifying import verify
from desktop.audit.witnesses import Peers, read_peers
from desktop.engine.permission import Permission
from desktop.engine.recorder import Recorder
from desktop.engine.replication import Pace, Replication
from tests.support.audited import ALL, FakeKeyring, decided
from tests.support.waiting import await_until
from workers.wire.streams.connection import Connection

#: A hundred times as fast as in the product.
QUICK = Pace(look=0.02, retry=0.2, note=3600)
BROKER = "redis://broker:6379/0"


@dataclass
class AuditDesk:
    """What stays of a desk while its console does not run.

    Attributes:
        folder: with its log and what it keeps of others.
    """

    folder: Path
    keyring: FakeKeyring

    @classmethod
    def at(cls, folder: Path) -> AuditDesk:
        """A new one."""
        return cls(folder, FakeKeyring())

    @property
    def log(self) -> Path:
        """Its log."""
        return self.folder / "decisions.sqlite"

    @property
    def keys(self) -> LogKeys:
        """Its keys."""
        return log_keys(self.keyring)

    @property
    def install(self) -> bytes:
        """Its installation."""
        return self.keys.install.public.raw

    def size(self) -> int:
        """How many entries its log has."""
        return len(read_entries(self.log, ALL)) if self.log.exists() else 0

    def kinds(self) -> list[AuditKind]:
        """What is in its log."""
        return [one.entry.kind for one in read_entries(self.log, ALL)]

    def details(self, kind: AuditKind) -> list[str]:
        """What its log says of one kind of thing."""
        kept = [one.entry for one in read_entries(self.log, ALL)]
        return [entry.detail for entry in kept if entry.kind is kind]

    def peers(self) -> Peers:
        """What it keeps of the others, verified."""
        return read_peers(self.log)

    def keeps(self, other: AuditDesk) -> Peer | None:
        """What it keeps of another's log."""
        with reading(peers_of(self.log)) as connection:
            known = peers_in(connection) if connection else []
        return next((one for one in known if one.install == other.install), None)

    def bodies(self, other: AuditDesk) -> list[bytes]:
        """The entries it keeps of another's log, from the first one kept."""
        query = "SELECT body FROM body WHERE install = ? ORDER BY number"
        with reading(peers_of(self.log)) as connection:
            rows = connection.execute(query, (other.install,)).fetchall() if connection else []
        return [bytes(body) for [body] in rows]

    def keeps_all_of(self, other: AuditDesk) -> bool:
        """Whether it keeps as much of another's log as there is now."""
        kept = self.keeps(other)
        return kept is not None and kept.size >= other.size()

    def verified(self) -> Report:
        """What `signoff audit verify` says of its log."""
        witnesses = read_peers(self.log).witnesses
        return verify(self.log, kept_head(self.keyring, self.log), witnesses=witnesses)


class Running:
    """A desk whose console runs; an async context manager."""

    def __init__(self, desk: AuditDesk, url: str, *, posts: bool = True) -> None:
        self.desk = desk
        self.recorder = Recorder(desk.log, desk.keyring)
        self.permission = Permission()
        self.replication = Replication(
            self.recorder, desk.log, desk.keyring, self.permission, QUICK
        )
        self.replication.post(on=posts)
        self._url, self._stack = url, AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self.recorder.begin()
        connection = await self._stack.enter_async_context(Connection(self._url))
        looking = self.replication.looking_at(connection, BROKER)
        await self._stack.enter_async_context(looking)
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()
        self.replication.close()
        await self.recorder.close()

    async def decide(self, number: int) -> None:
        """Record a decision."""
        await self.recorder.note(structs.replace(decided(number), comment_digest="sha-256:00"))

    async def until_kept_by(self, *others: AuditDesk) -> None:
        """Wait until others keep all of this desk's log."""
        await await_until(
            lambda: all(other.keeps_all_of(self.desk) for other in others),
            "the log to be kept elsewhere",
        )

    async def until_cosigned(self) -> None:
        """Wait until another desk has co-signed what there is now."""
        size = self.desk.size()
        await await_until(
            lambda: any(one.size >= size for one in self.desk.peers().witnesses),
            "a co-signature",
        )
