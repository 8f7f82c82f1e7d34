"""A policy that changed while requests wait: they are told again, on the terms that hold now.

The only place that notices, and that says what a waiting request looks like under the policy of
now. Which policy a request was told under stands in the index; whoever finds another there has the
agent woken in that context, and telling a request twice under one policy tells it once.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from datetime import datetime, timedelta

import msgspec
import structlog
from msgspec import structs

from workers.runtime.addressing import asked_args
from workers.runtime.demanding import AskedCall
from workers.runtime.judging import Judge
from workers.runtime.ports import PendingApproval, Thread
from workers.wire.approvals import ApprovalRequest
from workers.wire.canonical import JSON
from workers.wire.events import AgentCommand, Event
from workers.wire.streams.connection import Connection
from workers.wire.streams.inbox import send_later
from workers.wire.streams.reader import Reader

#: The command that a worker sends to itself.
LOOK = "look"

_log = structlog.get_logger(__name__)


def policy_text(request: ApprovalRequest) -> str:
    """The policy a request is told under, as the index names it; empty for none."""
    return f"{request.policy.id}@{request.policy.version}" if request.policy else ""


def at_present(thread: Thread, judge: Judge) -> Thread:
    """A thread whose requests stand under the policy of now, which is what judges them.

    Those of hosted graphs are made anew with each look anyway.
    """
    if not judge.has_policy or not thread.approvals:
        return thread
    renewed = tuple(_renewed(one, judge) for one in thread.approvals)
    return dataclasses.replace(thread, approvals=renewed)


class PolicyNews:
    """Has an agent's waiting requests told again when its policy changes."""

    def __init__(self, agent: str, connection: Connection, judge: Judge) -> None:
        self._agent = agent
        self._connection = connection
        self._judge = judge
        self._told = ""

    async def look(self) -> None:
        """Look whether the policy is another one; and once after a start.

        Raises:
            BrokerError: nobody could be told; the next look tries again.
        """
        now = await asyncio.to_thread(self._judge.policy_text)
        if not now or now == self._told:
            return
        count = 0
        async for request_id, summary in Reader(self._connection).waiting_requests():
            if summary.agent == self._agent and summary.policy != now:
                event = _look_at(summary.context_id, request_id, now)
                at_ms = time.time_ns() // 1_000_000
                await send_later(self._connection, self._agent, event, at_ms)
                count += 1
        self._told = now
        if count:
            _log.info("requests told again", agent=self._agent, policy=now, requests=count)


def _look_at(context_id: str, request_id: str, policy: str) -> Event:
    """The same to the last byte whoever makes it. It decides nothing, whoever reads it."""
    payload: JSON = {"type": LOOK, "request_id": request_id, "policy": policy}
    return Event(context_id, AgentCommand(type=LOOK, tool_call_id="", payload=payload))


def _renewed(approval: PendingApproval, judge: Judge) -> PendingApproval:
    request = approval.request
    if approval.is_hosted:
        return approval
    ruling = judge.ruling(AskedCall(request.action, asked_args(approval)))
    # Without a policy that can be read nothing is approved, and a call that was asked about stays
    # so: then it is told as it was.
    if ruling.terms is None or ruling.gated is False:
        return approval
    new = structs.replace(request, policy=ruling.terms, risk=ruling.risk)
    if not request.attempt:
        ends = _sooner(request, ruling.expires_after_seconds)
        new = structs.replace(new, expires_at=ends)
    if new == request:
        return approval
    new = judge.signed_request(structs.replace(new, dsse=None))
    value = {**approval.value, "approval_request": msgspec.to_builtins(new)}
    return dataclasses.replace(approval, request=new, value=value)


def _sooner(request: ApprovalRequest, seconds: float | None) -> str:
    """When a request ends: as it did before, or by the policy of now if that is sooner."""
    if seconds is None or not request.issued_at:
        return request.expires_at
    end = datetime.fromisoformat(request.issued_at) + timedelta(seconds=seconds)
    if request.expires_at and datetime.fromisoformat(request.expires_at) <= end:
        return request.expires_at
    return end.isoformat(timespec="milliseconds")
