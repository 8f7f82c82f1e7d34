"""Interrupts of hosted graphs, as approval requests.

The only place that makes a request of what a foreign graph raised: its value stays as it is, in its
own dialect, and gets an approval request beside it, to which a decision is bound.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from langgraph.types import Interrupt
from pydantic_core import to_jsonable_python

from workers.agents.poison import Again
from workers.agents.questions import IN_DOUBT
from workers.agents.terms import expiry
from workers.agents.texts import mended
from workers.runtime.demanding import calls_in
from workers.runtime.judging import Judge, Ruling
from workers.runtime.ports import Caller, PendingApproval
from workers.wire.answers import possible_decisions
from workers.wire.approvals import (
    ApprovalRequest,
    DecisionKind,
    Requester,
    args_digest,
    request_id,
    request_salt,
)
from workers.wire.canonical import JSON, strict_json
from workers.wire.dialects import ADDED, read_interrupt
from workers.wire.errors import NotApprovable

#: Of a value that has no JSON form, so much is shown as text.
_MAX_CHARACTERS = 20_000
_RESPONSE_SCHEMA = "response_schema"


@dataclass(frozen=True, slots=True)
class HostedThread:
    """What a request is made of, besides the interrupt.

    Attributes:
        seed: of the salts of this thread.
        asked_at: when the thread came to stand as it does, RFC 3339.
        again: how each interrupt was asked again, by interrupt id.
        expires_after_seconds: a decision counts so long, where a question can be answered with no.
    """

    agent: str
    context_id: str
    caller: Caller
    seed: bytes
    asked_at: str
    judge: Judge
    again: Mapping[str, Again]
    expires_after_seconds: float | None = None

    def approval(self, raised: Interrupt) -> PendingApproval:
        """The request an interrupt stands for; the same each time it is made."""
        value = shown_interrupt(raised)
        try:
            return self._approval(raised.id, value)
        except NotApprovable:
            return self._approval(raised.id, {"value": _cut(raised.value)})

    def _approval(self, interrupt_id: str, value: dict[str, JSON]) -> PendingApproval:
        # As a console reads it: the digest is over what is shown.
        call = read_interrupt(value)
        allowed = possible_decisions(call, value)
        args = call.args if call.args is not value else _bare(value)
        can_reject = DecisionKind.REJECT in allowed
        salt = request_salt(self.seed, interrupt_id, call.tool_call_id)
        digest = args_digest(self.agent, call.action, args, salt)
        again = self.again.get(interrupt_id, Again(0))
        user = self.caller.context.get("user_id") or self.caller.context.get("user_name")
        ruling = self.judge.ruling(*calls_in(call.action, args, value))
        request = ApprovalRequest(
            request_id=request_id(
                self.agent, self.context_id, interrupt_id, call.tool_call_id, digest, again.times
            ),
            agent=self.agent,
            context_id=self.context_id,
            tool_call_id=call.tool_call_id,
            action=call.action,
            args_digest=digest,
            salt=base64.b64encode(salt).decode(),
            requester=Requester(id=str(user) if user else self.caller.agent),
            issued_at=self.asked_at,
            expires_at="" if again.in_doubt or not can_reject else self._expiry(ruling),
            mode=self.judge.mode,
            attempt=again.times,
            risk=ruling.risk,
            policy=ruling.terms,
        )
        request = self.judge.signed_request(request)
        told: dict[str, JSON] = {
            # A client of the base package looks these up in every interrupt.
            "tool_call_id": call.tool_call_id,
            "context_id": self.context_id,
            **value,
            "allowed_decisions": [str(kind) for kind in allowed],
            "approval_request": msgspec.to_builtins(request),
        }
        if again.in_doubt:
            told["description"] = f"{IN_DOUBT}\n\n{call.description}".rstrip()
        return PendingApproval(
            interrupt_id, request, told, allowed, is_hosted=True, in_doubt=again.in_doubt
        )

    def _expiry(self, ruling: Ruling) -> str:
        return expiry(self.asked_at, ruling.ends_after(self.expires_after_seconds))


def shown_interrupt(raised: Interrupt) -> dict[str, JSON]:
    """The value of an interrupt as an object: of a list of one the one, of anything else `value`.

    Members that only a worker may set are left out: a graph does not speak for us.
    """
    value = _plain(raised.value)
    match value:
        case [{"action_request": {}} as only]:
            value = only
    shown: dict[str, JSON] = _bare(value) if isinstance(value, dict) else {"value": value}
    if isinstance(value, dict) and isinstance(value.get("tool_call_id"), str):
        shown["tool_call_id"] = value["tool_call_id"]
    if raised.response_schema is not None:
        shown.setdefault(_RESPONSE_SCHEMA, _plain(raised.response_schema))
    return shown


def _bare(value: dict[str, JSON]) -> dict[str, JSON]:
    return {name: item for name, item in value.items() if name not in ADDED}


def _plain(value: object) -> JSON:
    """JSON of anything; what has none is shown as Python writes it."""
    try:
        return strict_json(mended(to_jsonable_python(value, fallback=repr)))
    except (NotApprovable, ValueError):
        return _cut(value)


def _cut(value: object) -> str:
    text = mended(repr(value))
    return text if len(text) <= _MAX_CHARACTERS else f"{text[:_MAX_CHARACTERS]}…"
