"""What happens around decisions, written down: receipts, the link, sessions, what was unreadable.

The only place that decides which facts become entries of the audit log. It hears them on their way
out. Nothing of a payload is in an entry: names, digests, outcomes and counts.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

import structlog
from msgspec import structs

from desktop.audit.entries import Actor, AuditEntry, AuditKind, BadEntry, happened, write_entry
from desktop.audit.index import Mark
from desktop.audit.log import AuditUnavailable
from desktop.engine.audit_desk import AuditDesk
from desktop.engine.recorder import Recorder
from desktop.store import facts
from desktop.store.records import LinkState
from workers.wire.approvals import Outcome, Receipt
from workers.wire.dialects import read_interrupt
from workers.wire.events import AgentProgress

_log = structlog.get_logger(__name__)

#: What comes within so long is looked up and written together.
_GATHER_SECONDS: Final = 0.25
#: A broken publisher makes unreadable entries without end: one entry of ours tells of many.
UNREADABLE_SECONDS: Final = 60.0
#: Requests whose tool is remembered for their receipts, which do not name it.
_MOST_TOOLS: Final = 20_000
#: Receipts remembered as written; the broker keeps fewer.
_MOST_KNOWN: Final = 50_000
_LINKS: Final = frozenset((LinkState.ONLINE, LinkState.OFFLINE, LinkState.REFUSED))
#: Notes of workers that are words of ours; others may be a person's or an agent's.
_WORD: Final = re.compile(r"[a-z_.]{1,60}")


class Noting:
    """Hears facts and writes down what an audit asks about. Used on one event loop.

    Args:
        attends: a person sits here: everything is written down. Else, as for a command, only what
            became of decisions made here.
    """

    def __init__(self, recorder: Recorder, desk: AuditDesk, *, attends: bool) -> None:
        self._recorder, self._desk, self._attends = recorder, desk, attends
        self._tools: OrderedDict[str, str] = OrderedDict()
        self._waiting: OrderedDict[Mark, Receipt] = OrderedDict()
        self._written: OrderedDict[Mark, None] = OrderedDict()
        self._own: set[str] = set()
        self._link: tuple[LinkState, str] = (LinkState.OFFLINE, "")
        self._unreadable: facts.UnreadableSeen | None = None
        self._unreadable_count = 0
        self._unreadable_due = 0.0
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """A person sat down."""
        if self._attends:
            self._recorder.jot(happened(AuditKind.SESSION_STARTED))

    def see(self, batch: Iterable[facts.Fact]) -> None:
        """Hear what is told to the store."""
        for fact in batch:
            match fact:
                case facts.ReceiptSeen(receipt):
                    self._hear(receipt)
                case facts.EventSeen():
                    self._learn(fact)
                case facts.DecisionLeft() | facts.DecisionJoined():
                    self._own.add(fact.nonce)
                case facts.LinkChanged(link) if self._attends and link.state in _LINKS:
                    self._link_is(link.state, link.address)
                case facts.UnreadableSeen() if self._attends:
                    self._unreadable = self._unreadable or fact
                    self._unreadable_count += 1
                case _:
                    pass
        if (self._waiting or self._unreadable) and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._write_soon(), name="audit:noting")

    async def finish(self) -> None:
        """Write what waits; a person left."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._write_receipts()
        self._write_unreadable()
        if self._attends:
            self._recorder.jot(happened(AuditKind.SESSION_ENDED))

    def _hear(self, receipt: Receipt) -> None:
        mark = _mark(receipt)
        is_ours = self._attends or receipt.nonce in self._own
        if is_ours and receipt.kind is not Outcome.PARKED and mark not in self._written:
            self._waiting[mark] = receipt

    def _learn(self, fact: facts.EventSeen) -> None:
        """Remember which tool a request is about."""
        body = fact.event.body
        if isinstance(body, AgentProgress) and body.type == "interrupt":
            asked = read_interrupt(body.message).request
            if asked is not None:
                self._tools[asked.request_id] = asked.action
                if len(self._tools) > _MOST_TOOLS:
                    self._tools.popitem(last=False)

    def _link_is(self, state: LinkState, address: str) -> None:
        if (state, address) != self._link:
            self._link = (state, address)
            entry = happened(AuditKind.LINK_CHANGED)
            self._jot(structs.replace(entry, outcome=str(state), broker=address))

    async def _write_soon(self) -> None:
        await asyncio.sleep(_GATHER_SECONDS)
        await self._write_receipts()
        now = asyncio.get_running_loop().time()
        if self._unreadable and now >= self._unreadable_due:
            self._unreadable_due = now + UNREADABLE_SECONDS
            self._write_unreadable()

    async def _write_receipts(self) -> None:
        """Write each receipt once, whatever was written by an earlier run."""
        if not self._waiting:
            return
        waiting = dict(self._waiting)
        try:
            known = await self._desk.knows(waiting)
            others = {told.reviewer for told in waiting.values() if told.reviewer}
            here = await self._desk.deciders_here(others)
        except AuditUnavailable as error:
            _log.info("receipts not looked up", error=error.title)
            known, here = frozenset(), frozenset()  # there is no log yet
        for mark, receipt in waiting.items():
            # Only now: when this is cancelled before, what waits is written in the end.
            self._waiting.pop(mark, None)
            self._written[mark] = None
            if mark not in known:
                self._write_receipt(receipt, here)
        while len(self._written) > _MOST_KNOWN:
            self._written.popitem(last=False)

    def _write_receipt(self, receipt: Receipt, here: frozenset[str]) -> None:
        entry = self._entry_of(receipt)
        is_others = receipt.reviewer not in here and receipt.nonce not in self._own
        if receipt.kind is Outcome.APPLIED and receipt.reviewer and receipt.nonce and is_others:
            # By the worker's word. In a name of this desk its word is not enough: what nobody
            # decided here shows as a finding.
            seen = structs.replace(entry, kind=AuditKind.DECISION_SEEN, outcome="", detail="")
            self._jot(seen)
        self._jot(entry)

    def _entry_of(self, receipt: Receipt) -> AuditEntry:
        entry = happened(AuditKind.RECEIPT)
        return structs.replace(
            entry,
            actor=Actor(
                id=receipt.reviewer, os_user=entry.actor.os_user, device=entry.actor.device
            ),
            context_id=receipt.context_id,
            agent=receipt.agent,
            tool_call_id=receipt.tool_call_id,
            request_id=receipt.request_id,
            action=self._tools.get(receipt.request_id, ""),
            args_digest=receipt.args_digest,
            decision=receipt.decision,
            nonce=receipt.nonce,
            outcome=receipt.outcome,
            result_digest=receipt.result_digest,
            reviewers=receipt.reviewers,
            detail=receipt.note if _WORD.fullmatch(receipt.note) else "",
            broker=self._link[1],
        )

    def _write_unreadable(self) -> None:
        first, count = self._unreadable, self._unreadable_count
        if first is None:
            return
        self._unreadable, self._unreadable_count = None, 0
        entry = happened(AuditKind.UNREADABLE_SEEN)
        detail = f"{count} entries; the first is {first.entry_id}"
        self._jot(
            structs.replace(entry, context_id=first.context_id, detail=detail, broker=self._link[1])
        )

    def _jot(self, entry: AuditEntry) -> None:
        try:
            write_entry(entry)
        except BadEntry as error:
            _log.warning("not recorded", kind=str(entry.kind), error=error.title)
            return
        self._recorder.jot(entry)


def _mark(receipt: Receipt) -> Mark:
    return Mark(
        receipt.context_id,
        receipt.tool_call_id,
        receipt.request_id,
        receipt.nonce,
        receipt.outcome,
    )
