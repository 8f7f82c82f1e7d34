"""How a broker and the inboxes on it are, as a console can know it: facts, no judgement.

The only place that defines these records; `workers.wire.streams.health` fills them. What a broker
does not tell, or this user may not ask, is None: unknown is never shown as zero.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BrokerHealth:
    """What the broker says of itself; of a Cluster, its primaries together.

    Attributes:
        software: `Redis` or `Valkey` and its version; empty if unknown.
        used_memory: bytes.
        max_memory: bytes; 0 is no limit.
        is_persistent: it writes to disk what it holds, in either way.
        clients: connections to it.
        servers: how many primaries there are.
        note: why something is unknown, for a person.
    """

    software: str = ""
    used_memory: int | None = None
    max_memory: int | None = None
    is_persistent: bool | None = None
    clients: int | None = None
    servers: int = 1
    note: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """A context that a Signoff worker runs.

    Attributes:
        since_ms: when the worker took it, by the broker's clock.
        lease_ends_ms: when another may take it over, unless the worker renews; 0 if unknown.
    """

    context_id: str
    consumer: str
    since_ms: int
    lease_ends_ms: int = 0


@dataclass(frozen=True, slots=True)
class Untaken:
    """A message in an inbox that nobody runs.

    Attributes:
        context_id: empty where it cannot be read.
        since_ms: when it came, or became due, by the broker's clock.
        is_parked: it waits behind what its context waits for.
    """

    context_id: str
    since_ms: int
    is_parked: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    """A quarantined entry without its content.

    Attributes:
        dead_id: its id in quarantine.
        reason: one short stable word; `title` says the same to a person.
        attempts: how often it was started; 0 where it is not known.
        context_id: empty where it is not known.
        is_empty: it holds nothing that could be put back.
    """

    dead_id: str
    since_ms: int
    reason: str
    title: str
    context_id: str = ""
    attempts: int = 0
    is_empty: bool = False


@dataclass(frozen=True, slots=True)
class InboxHealth:
    """One agent's inbox. None is unknown.

    Attributes:
        length: entries it holds. The base package never removes any: there it is the history.
        lag: entries that were given to nobody yet.
        taken: entries that were ever given to anybody; it grows with the work.
        pending: entries that were given to somebody and are not settled.
        oldest_pending_ms: when the oldest of those came.
        consumers: readers of its group; `foreign` of them are not Signoff's.
        leaked: foreign ones that asked for nothing for an hour and hold nothing: they can go.
        is_read: a foreign reader asked for messages within the last minute.
        parked: messages that wait behind what their context waits for.
        quarantined: how many entries are in quarantine.
        runs: what Signoff workers run, the longest first; at most 200.
        untaken: what nobody runs, the oldest first; at most 50.
        letters: the newest of the quarantine, newest first; at most 20.
        note: why nothing of it could be read, for a person; empty if it could.
    """

    agent: str
    length: int | None = None
    lag: int | None = None
    taken: int | None = None
    pending: int | None = None
    oldest_pending_ms: int | None = None
    consumers: int | None = None
    foreign: int | None = None
    leaked: int | None = None
    is_read: bool | None = None
    parked: int | None = None
    quarantined: int | None = None
    runs: tuple[Run, ...] = ()
    untaken: tuple[Untaken, ...] = ()
    letters: tuple[Letter, ...] = ()
    note: str = ""

    @property
    def backlog(self) -> int | None:
        """Messages that wait to be handled or are being handled."""
        if self.lag is None or self.pending is None:
            return None
        return self.lag + self.pending
