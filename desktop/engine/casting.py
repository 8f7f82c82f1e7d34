"""Signed decisions on their way out: signed, recorded, and sent at once or with those of others.

The only place that decides between the two. Whoever completes the quorum sends it; a vote is on
the broker before the others are read, so that of two who sign at once at least one sees both.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from msgspec import structs

from desktop.actions.ports import SendDecision
from desktop.audit.entries import AuditEntry, AuditKind, happened
from desktop.audit.envelopes import envelope_digest
from desktop.audit.log import AuditUnavailable, Outgoing
from desktop.engine.clock import ClockWatch
from desktop.engine.permission import Permission
from desktop.engine.recorder import Recorder
from desktop.engine.signer import Signer
from desktop.engine.surroundings import Surroundings
from desktop.engine.trust import Trust
from desktop.engine.voting import Aim, Complete, cast_votes, complete, own_ballot, read_ballots
from desktop.engine.waiting import RequestName
from desktop.errors import NotAllowedNow
from desktop.store.facts import DecisionJoined, Fact
from desktop.store.records import DecisionKind, Risk
from desktop.store.signing import Meaning
from workers.wire import keys
from workers.wire.approvals import ApprovalRequest, Mode
from workers.wire.canonical import JSON
from workers.wire.codec import encode_event, encode_struct
from workers.wire.errors import SignoffError
from workers.wire.events import AgentCommand, Event
from workers.wire.signing.registry import Registry
from workers.wire.signing.statements import Authentication, DecisionStatement
from workers.wire.streams.connection import Connection
from workers.wire.streams.votes import Ballots, KeptVote

#: Sends a decision as a command. Returns the id of its entry.
SendIt = Callable[[SendDecision], Awaitable[str]]
_HINT: Final = "Nothing was sent."


@dataclass(frozen=True, slots=True)
class _Signed:
    """A decision that is signed.

    Attributes:
        vote: it, as it would lie on the broker.
        registry: by which votes are counted; None where this desk knows none.
    """

    order: SendDecision
    statement: DecisionStatement
    vote: KeptVote
    registry: Registry | None

    @property
    def aim(self) -> Aim:
        """What it is for."""
        return Aim(self.statement.decision, self.statement.edited_args_digest)


class Casting:
    """Sends signed decisions. Used on the engine's loop."""

    def __init__(
        self,
        signer: Signer,
        trust: Trust,
        recorder: Recorder,
        surroundings: Surroundings,
        clock: ClockWatch,
        emit: Callable[[Fact], None],
        permission: Permission,
    ) -> None:
        self._signer = signer
        self._trust = trust
        self._recorder = recorder
        self._surroundings = surroundings
        self._clock = clock
        self._emit = emit
        self._permission = permission
        self._turn = asyncio.Lock()

    async def cast(self, order: SendDecision, connection: Connection, send: SendIt) -> None:
        """Sign a decision, record it, and let it leave or wait.

        Args:
            order: with a statement.

        Raises:
            SignoffError: it did not leave, also because of the clock here; that is recorded, if
                it was.
        """
        assert order.statement is not None  # noqa: S101 - the caller has looked
        if order.statement.decision is not DecisionKind.REJECT:
            await self._clock.check(connection)
        request = order.request
        async with self._turn:  # each names the entry of its signer that stands before it
            signed = await self._sign(order)
            alone = request is None or self._is_enough_alone(signed, request)
            order = signed.order
            outgoing = Outgoing(*self._where(signed, alone=alone))
            number = await self._recorder.decided(order.record, order.secrets, outgoing)
        try:
            if alone or request is None:
                entry_id = await send(_with_envelopes(order, signed))
                await self._recorder.sent(order.record, number, entry_id)
            else:
                await self._join(signed, request, connection, send, number)
        except SignoffError as error:
            await self._recorder.not_sent(order.record, error.title, number)
            raise

    async def _sign(self, order: SendDecision) -> _Signed:
        """The decision with its signature, and its entry with what is known of that.

        Raises:
            SignoffError: it cannot be signed, or the registry here is not to be believed.
        """
        assert order.statement is not None  # noqa: S101 - the caller has looked
        lets_run = order.statement.decision is not DecisionKind.REJECT
        if lets_run:
            await self._recorder.check(order.record)
        registry = self._trust.check() if lets_run else self._trust.registry()
        statement = structs.replace(
            order.statement,
            audit_prev=await self._entry_before(order.statement),
            auth=Authentication(method="passphrase", at=self._signer.opened_at),
        )
        is_high = order.request is None or order.request.risk is Risk.HIGH
        envelope = self._signer.sign(statement, high_risk=is_high)
        told = encode_struct(envelope).decode()
        record = structs.replace(order.record, envelope_digest=envelope_digest(envelope))
        order = replace(order, record=record, secrets={**order.secrets, "envelope": told})
        now_ms = int(time.time() * 1000)
        return _Signed(order, statement, own_ballot(envelope, order.args, now_ms), registry)

    async def _entry_before(self, statement: DecisionStatement) -> str:
        """The hash of the reviewer's entry before this; empty for a rejection without a log.

        Raises:
            AuditUnavailable: the log cannot be read, and the decision lets a call run.
        """
        try:
            return await self._recorder.last_hash(statement.reviewer.id)
        except AuditUnavailable:
            if statement.decision is DecisionKind.REJECT:
                return ""
            raise

    def _is_enough_alone(self, signed: _Signed, request: ApprovalRequest) -> bool:
        """Whether it is sent without anybody else's.

        Raises:
            SignoffError: by the registry and the policy this signature would not count.
        """
        if signed.aim.kind is DecisionKind.REJECT or request.mode is not Mode.ENFORCE:
            return True
        if request.policy is None:
            return True  # the worker is not prepared, and will say so
        if signed.registry is None:
            wanted = request.policy.quorums
            is_author = signed.statement.meaning is Meaning.AUTHORSHIP
            return len(wanted) == 1 and wanted[0].count == 1 and not is_author
        ballots = read_ballots(request, [signed.vote], signed.registry, time.time())
        [own] = cast_votes(request, ballots)
        if own.objection:
            title = f"Your signature would not count. {own.objection}"
            raise NotAllowedNow(title, _HINT)
        return complete(request, ballots, signed.aim, signed.registry, time.time()) is not None

    async def _join(
        self,
        signed: _Signed,
        request: ApprovalRequest,
        connection: Connection,
        send: SendIt,
        number: int,
    ) -> None:
        """Let it wait with the request, and send all if that makes enough."""
        order, ballots = signed.order, Ballots(connection)
        name = RequestName(request.context_id, request.request_id)
        assert signed.vote.entry is not None  # noqa: S101 - it was made here
        self._permission.check()  # it may have been taken away since
        await ballots.post(*name, signed.vote.entry)
        await self._recorder.sent(order.record, number, "")
        enough: Complete | None = None
        if signed.registry is not None:
            kept = await ballots.read(*name)
            read = read_ballots(request, kept, signed.registry, time.time())
            enough = complete(request, read, signed.aim, signed.registry, time.time())
        if enough is None:
            self._recorder.jot(_joined(order.record))
            self._emit(DecisionJoined(order.key, order.nonce))
            await self._surroundings.look_at(connection, name)
        else:
            await send(_with_all(order, enough))

    def _where(self, signed: _Signed, *, alone: bool) -> tuple[str, bytes]:
        """Where it goes, and what goes there."""
        order = signed.order
        if alone:
            event = event_of(_with_envelopes(order, signed))
            return keys.inbox(order.agent), encode_event(event)
        assert signed.vote.entry is not None and order.request is not None  # noqa: S101, PT018
        name = RequestName(order.request.context_id, order.request.request_id)
        return keys.votes(*name), encode_struct(signed.vote.entry)


def _joined(record: AuditEntry) -> AuditEntry:
    """The entry that a decision waits for others since now."""
    now = happened(AuditKind.DECISION_JOINED)
    return structs.replace(record, kind=now.kind, at=now.at, mono_ms=now.mono_ms)


def event_of(order: SendDecision) -> Event:
    """The event that tells a worker of a decision."""
    command = AgentCommand(type="resume", tool_call_id=order.tool_call_id, payload=order.payload)
    return Event(order.key.context_id, command)


def _with_envelopes(order: SendDecision, signed: _Signed) -> SendDecision:
    """The order with the one signature, where the worker would look at it."""
    request = order.request
    if request is None or (request.policy is None and request.mode is not Mode.ENFORCE):
        return order
    assert signed.vote.entry is not None  # noqa: S101 - it was made here
    return replace(order, payload=_payload(order.payload, (signed.vote.entry.envelope,)))


def _with_all(order: SendDecision, enough: Complete) -> SendDecision:
    """The order with the signatures of all; the reason that travels is the first one's."""
    payload = _payload(order.payload, enough.envelopes)
    payload.pop("message", None)
    if enough.comment:
        payload["message"] = enough.comment
    return replace(order, payload=payload)


def _payload(payload: JSON, envelopes: tuple[JSON, ...]) -> dict[str, JSON]:
    assert isinstance(payload, dict)  # noqa: S101 - as `decision_payload` writes it
    approval = payload["approval"]
    assert isinstance(approval, dict)  # noqa: S101 - the same
    return {**payload, "approval": {**approval, "envelopes": list(envelopes)}}
