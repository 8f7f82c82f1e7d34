"""What others say, written down once: requests of workers, and what became of decisions.

The only place that records requests and receipts. The broker tells both again with each start, and
two desks may have kept one log after the other; so what is in the log already is looked up in its
index before anything is written. Nothing of a payload is in an entry: names, digests and outcomes.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final, NamedTuple

import structlog
from msgspec import structs

from desktop.audit.entries import Actor, AuditEntry, AuditKind, BadEntry, happened, write_entry
from desktop.audit.known import Mark
from desktop.audit.log import AuditUnavailable
from desktop.engine.audit_desk import AuditDesk
from desktop.engine.recorder import Recorder
from desktop.store import facts
from desktop.store.signing import Proof
from workers.wire.approvals import Outcome, Receipt
from workers.wire.dialects import Dialect, read_interrupt
from workers.wire.events import AgentProgress, ProgressType
from workers.wire.messages import ChatMessage, Role, read_message
from workers.wire.signing.distrust import Distrust

#: The outcome of an entry about a receipt that no worker of its agent has signed.
NOT_BELIEVED: Final = "not believed"
_UNSIGNED: Final = "unsigned"
#: What comes within so long is looked up and written together.
_GATHER_SECONDS: Final = 0.25
#: So many are written in one transaction: a decision that comes meanwhile waits for it.
_AT_ONCE: Final = 500
#: Marks remembered as written; the broker keeps fewer receipts.
_MOST_WRITTEN: Final = 50_000
#: Notes of workers that are words of ours; others may be a person's or an agent's.
_WORD: Final = re.compile(r"[a-z_.]{1,60}")
_ENDED: Final = frozenset((Outcome.APPLIED, Outcome.EXPIRED, Outcome.EXECUTED, Outcome.FAILED))

_log = structlog.get_logger(__name__)


class _Told(NamedTuple):
    """A receipt, how it is proven, and why it is not believed, if it is not."""

    receipt: Receipt
    proof: Proof
    why: str

    @property
    def ends(self) -> bool:
        """Whether its request waits no more."""
        return self.proof is not Proof.BROKEN and self.receipt.kind in _ENDED


class Witness:
    """Writes down what others say. Used on one event loop.

    Args:
        everything: a person sits here, and everything is written down. Else, as for a command, only
            what became of decisions made here, and what nobody believes.
    """

    def __init__(self, recorder: Recorder, desk: AuditDesk, *, everything: bool) -> None:
        self._recorder, self._desk, self._everything = recorder, desk, everything
        self._broker = ""
        self._own: set[str] = set()
        self._receipts: OrderedDict[Mark, _Told] = OrderedDict()
        self._requests: OrderedDict[Mark, AuditEntry] = OrderedDict()
        self._past: dict[tuple[str, str], Mark] = {}
        self._written: OrderedDict[Mark, None] = OrderedDict()
        self._ended = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def follow(self, broker: str) -> None:
        """What is told is of this broker from now on."""
        self._broker = broker

    def sent(self, nonce: str) -> None:
        """A decision of this desk is on its way."""
        self._own.add(nonce)

    def hear(self, receipt: Receipt, proof: Proof, why: str = "") -> None:
        """Take in a receipt.

        Args:
            why: it is not believed; a word of `Distrust`.
        """
        is_wanted = self._everything or proof is Proof.BROKEN or receipt.nonce in self._own
        mark = _mark_of(receipt, proof)
        if is_wanted and receipt.kind is not Outcome.PARKED and mark not in self._written:
            self._receipts[mark] = _Told(receipt, proof, why)
            self._write_soon()

    def see(self, batch: Iterable[facts.Fact]) -> None:
        """Hear what is told to the store: which requests there are, and which are over."""
        if not self._everything:
            return
        for fact in batch:
            match fact:
                case facts.EventSeen():
                    self._see_event(fact)
                case facts.TranscriptRead(is_tail=True):
                    for entry in fact.entries:
                        if isinstance(entry, facts.EventSeen):
                            self._see_event(entry)
                case _:
                    pass
        if self._requests:
            self._write_soon()

    async def finish(self) -> None:
        """Write what waits."""
        self._ended.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        await self._write()

    def _see_event(self, fact: facts.EventSeen) -> None:
        body = fact.event.body
        if not isinstance(body, AgentProgress):
            return
        if body.type is not ProgressType.INTERRUPT:
            if self._past:
                self._hear_answer(fact.context_id, read_message(body.message))
            return
        call = read_interrupt(body.message)
        if call.dialect is Dialect.MACHINE:
            return
        asked = call.request
        entry = structs.replace(
            happened(AuditKind.REQUEST_SEEN),
            context_id=fact.context_id,
            agent=body.callee_agent,
            tool_call_id=call.tool_call_id,
            request_id=asked.request_id if asked else "",
            action=call.action,
            args_digest=asked.args_digest if asked else "",
            policy=f"{asked.policy.id}@{asked.policy.version}" if asked and asked.policy else "",
            broker=self._broker,
        )
        mark = Mark(*_call_of(entry), "", "", entry.kind)
        if mark in self._written or not (mark.request_id or mark.tool_call_id):
            return
        self._requests[mark] = entry
        if not fact.live:
            self._past[fact.context_id, call.tool_call_id] = mark

    def _hear_answer(self, context_id: str, message: ChatMessage | str) -> None:
        """What was answered before this desk could show it was not seen here."""
        if isinstance(message, ChatMessage) and message.role is Role.TOOL:
            mark = self._past.pop((context_id, message.tool_call_id), None)
            if mark is not None:
                self._requests.pop(mark, None)

    def _write_soon(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._gather_and_write(), name="audit:witness")

    async def _gather_and_write(self) -> None:
        try:
            async with asyncio.timeout(_GATHER_SECONDS):
                await self._ended.wait()
        except TimeoutError:
            await self._write()

    async def _write(self) -> None:
        """Write what is not in the log; if that fails, with what comes next, or the next start."""
        try:
            while self._receipts or self._requests:
                await self._write_some()
        except AuditUnavailable as error:
            _log.info("what others said is not recorded yet", error=error.title)

    async def _write_some(self) -> None:
        """Write the first of what waits; the log is free for a decision after that.

        Raises:
            AuditUnavailable: nothing of it is written.
        """
        receipts = dict(islice(self._receipts.items(), _AT_ONCE))
        requests = dict(islice(self._requests.items(), _AT_ONCE))
        heard = {mark: _heard_as(told) for mark, told in receipts.items()}
        marks = {*requests, *receipts, *heard.values()}
        people = {told.receipt.reviewer for told in receipts.values() if told.receipt.reviewer}
        ids = {told.receipt.request_id for told in receipts.values()}
        known = await self._desk.known_of(marks, people, ids)
        over = {_call_of(told.receipt) for told in self._receipts.values() if told.ends}
        past = set(self._past.values())
        entries = [
            entry
            for mark, entry in requests.items()
            if mark not in known.marks and not (mark in past and mark[:3] in over)
        ]
        tools = {one.request_id: one.action for one in requests.values()} | dict(known.tools)
        for mark, told in receipts.items():
            if known.marks.isdisjoint((mark, heard[mark])):
                entries += self._entries_of(told, tools, known.people)
        await self._recorder.note_all([one for one in entries if _is_recordable(one)])
        for mark in (*requests, *receipts):
            self._receipts.pop(mark, None)
            self._requests.pop(mark, None)
            self._past.pop(mark[:2], None)
            self._written[mark] = None
        while len(self._written) > _MOST_WRITTEN:
            self._written.popitem(last=False)

    def _entries_of(
        self, told: _Told, tools: Mapping[str, str], here: frozenset[str]
    ) -> list[AuditEntry]:
        receipt = told.receipt
        entry = self._entry_of(told, tools.get(receipt.request_id, ""))
        is_others = receipt.reviewer not in here and receipt.nonce not in self._own
        is_decision = receipt.kind is Outcome.APPLIED and bool(receipt.reviewer and receipt.nonce)
        if not is_decision or not is_others or told.proof is Proof.BROKEN:
            return [entry]
        # By the worker's word. In a name of this desk its word is not enough: what nobody decided
        # here shows as a finding.
        seen = structs.replace(entry, kind=AuditKind.DECISION_SEEN, outcome="", detail="")
        return [seen, entry]

    def _entry_of(self, told: _Told, action: str) -> AuditEntry:
        receipt, entry = told.receipt, happened(AuditKind.RECEIPT)
        reviewer, outcome = receipt.reviewer, receipt.outcome
        detail = receipt.note if _WORD.fullmatch(receipt.note) else ""
        if told.proof is Proof.BROKEN:
            # Anybody may have written it, so it names nobody.
            reviewer, outcome = "", NOT_BELIEVED
            detail = f"A receipt was not believed: {told.why}."
        actor = Actor(id=reviewer, os_user=entry.actor.os_user, device=entry.actor.device)
        return structs.replace(
            entry,
            actor=actor,
            context_id=receipt.context_id,
            agent=receipt.agent,
            tool_call_id=receipt.tool_call_id,
            request_id=receipt.request_id,
            action=action,
            args_digest=receipt.args_digest,
            decision=receipt.decision,
            nonce=receipt.nonce,
            outcome=outcome,
            result_digest=receipt.result_digest,
            reviewers=() if told.proof is Proof.BROKEN else receipt.reviewers,
            detail=detail,
            proof=_UNSIGNED if told.proof is Proof.NONE else "",
            broker=self._broker,
        )


def _mark_of(receipt: Receipt, proof: Proof) -> Mark:
    outcome = NOT_BELIEVED if proof is Proof.BROKEN else receipt.outcome
    return Mark(*_call_of(receipt), receipt.nonce, outcome)


def _heard_as(told: _Told) -> Mark:
    """As what a receipt may be in the log: those of an agent that signs by now once went without.

    To tell all of them as forged on the day its key is registered would bury the one that is.
    """
    is_bare = told.why == Distrust.UNSIGNED
    return _mark_of(told.receipt, Proof.NONE if is_bare else told.proof)


def _call_of(one: AuditEntry | Receipt) -> tuple[str, str, str]:
    return one.context_id, one.tool_call_id, one.request_id


def _is_recordable(entry: AuditEntry) -> bool:
    try:
        write_entry(entry)
    except BadEntry as error:
        _log.warning("not recorded", kind=str(entry.kind), error=error.title)
        return False
    return True
