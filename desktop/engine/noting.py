"""What happens at a desk around its decisions, written down: sessions, the link, the unreadable.

The only place that decides which facts of the desk itself become entries of the audit log. It hears
them on their way out; what workers say is `witness`'s. Nothing of a payload is in an entry.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from msgspec import structs

from desktop.audit.entries import AuditKind, happened
from desktop.engine.recorder import Recorder
from desktop.store import facts
from desktop.store.records import LinkState

#: A broken publisher makes unreadable entries without end: one entry of ours tells of many.
UNREADABLE_SECONDS: Final = 60.0
_LINKS: Final = frozenset((LinkState.ONLINE, LinkState.OFFLINE, LinkState.REFUSED))


class Noting:
    """Hears facts and writes down what an audit asks about. Used on one event loop.

    Args:
        attends: a person sits here; of a command nothing is written down.
    """

    def __init__(self, recorder: Recorder, *, attends: bool) -> None:
        self._recorder, self._attends = recorder, attends
        self._link: tuple[LinkState, str] = (LinkState.OFFLINE, "")
        self._unreadable: facts.UnreadableSeen | None = None
        self._unreadable_count = 0
        self._unreadable_due = 0.0

    def begin(self) -> None:
        """A person sat down."""
        if self._attends:
            self._recorder.jot(happened(AuditKind.SESSION_STARTED))

    def see(self, batch: Iterable[facts.Fact]) -> None:
        """Hear what is told to the store."""
        if not self._attends:
            return
        for fact in batch:
            match fact:
                case facts.LinkChanged(link) if link.state in _LINKS:
                    self._link_is(link.state, link.address)
                case facts.UnreadableSeen():
                    self._unreadable = self._unreadable or fact
                    self._unreadable_count += 1
                case _:
                    pass
        now = asyncio.get_running_loop().time()
        if self._unreadable and now >= self._unreadable_due:
            self._unreadable_due = now + UNREADABLE_SECONDS
            self._write_unreadable()

    def finish(self) -> None:
        """Write what waits; a person left."""
        self._write_unreadable()
        if self._attends:
            self._recorder.jot(happened(AuditKind.SESSION_ENDED))

    def _link_is(self, state: LinkState, address: str) -> None:
        if (state, address) != self._link:
            self._link = (state, address)
            entry = happened(AuditKind.LINK_CHANGED)
            self._recorder.jot(structs.replace(entry, outcome=str(state), broker=address))

    def _write_unreadable(self) -> None:
        first, count = self._unreadable, self._unreadable_count
        if first is None:
            return
        self._unreadable, self._unreadable_count = None, 0
        entry = happened(AuditKind.UNREADABLE_SEEN)
        detail = f"{count} entries; the first is {first.entry_id}"
        self._recorder.jot(
            structs.replace(entry, context_id=first.context_id, detail=detail, broker=self._link[1])
        )
