"""What agents say on the wire, ready-made: messages, interrupts, requests and receipts.

The only place where tests spell events by hand. One treasury agent, one invoice; a test changes
what it is about and leaves the rest.
"""

from __future__ import annotations

import base64

import msgspec

from workers.wire.answers import possible_decisions
from workers.wire.approvals import (
    ApprovalRequest,
    DecisionKind,
    Mode,
    Outcome,
    PolicyTerms,
    Receipt,
    Requester,
    Risk,
    args_digest,
    request_id,
)
from workers.wire.canonical import JSON
from workers.wire.dialects import read_interrupt
from workers.wire.events import AgentProgress, Event, ProgressType
from workers.wire.ids import HUMAN
from workers.wire.signing.assertions import REQUEST_TYPE, assertion
from workers.wire.signing.keys import SigningKey

CONTEXT = "c-invoice-17"
AGENT = "treasury_agent"
CALL = "call_1"
ACTION = "transfer_funds"
ARGS: dict[str, JSON] = {"recipient": "ACME Tools Ltd", "amount": 1250}
INTERRUPT = ProgressType.INTERRUPT
NONCE = "0f" * 16
#: When the first start of a call in doubt began.
STARTED = "2026-03-02T09:14:41.250+00:00"
_SALT = b"0123456789abcdef"


def progress(
    message: JSON,
    *,
    context_id: str = CONTEXT,
    agent: str = AGENT,
    caller: str = HUMAN,
    kind: ProgressType = ProgressType.MESSAGE,
    finish: bool = False,
    invocation_id: str = "invocation_1",
) -> Event:
    """A progress event with any message."""
    body = AgentProgress(
        type=kind,
        caller_agent=caller,
        callee_agent=agent,
        invocation_id=invocation_id,
        message=message,
        is_finish=finish,
    )
    return Event(context_id, body)


def human_says(
    text: str, *, context_id: str = CONTEXT, invocation_id: str = "invocation_1"
) -> Event:
    """What the person asked, as the worker echoes it."""
    message: JSON = {"type": "human", "content": text, "id": None}
    return progress(message, context_id=context_id, invocation_id=invocation_id)


def agent_says(
    text: str,
    *,
    message_id: str = "m-1",
    calls: tuple[tuple[str, str], ...] = (),
    context_id: str = CONTEXT,
    agent: str = AGENT,
    caller: str = HUMAN,
    finish: bool = False,
) -> Event:
    """A message of the agent; `calls` are the tool call ids and names it asks for."""
    tool_calls: JSON = [{"id": call, "name": name, "args": {**ARGS}} for call, name in calls]
    message: JSON = {"type": "ai", "id": message_id, "content": text, "tool_calls": tool_calls}
    return progress(message, context_id=context_id, agent=agent, caller=caller, finish=finish)


def tool_answers(
    text: str,
    *,
    call: str = CALL,
    name: str = ACTION,
    failed: bool = False,
    context_id: str = CONTEXT,
    agent: str = AGENT,
) -> Event:
    """The message of a tool that has run, or was rejected."""
    message: JSON = {
        "type": "tool",
        "content": text,
        "tool_call_id": call,
        "name": name,
        "status": "error" if failed else "success",
    }
    return progress(message, context_id=context_id, agent=agent)


def request(
    *,
    call: str = CALL,
    action: str = ACTION,
    args: JSON = None,
    context_id: str = CONTEXT,
    agent: str = AGENT,
    risk: Risk = Risk.HIGH,
    attempt: int = 0,
    mode: Mode = Mode.BOUND,
    policy: PolicyTerms | None = None,
    expires_at: str = "",
) -> ApprovalRequest:
    """The approval request of our worker for a call; `ARGS` unless other arguments are given."""
    digest = args_digest(agent, action, ARGS if args is None else args, _SALT)
    return ApprovalRequest(
        request_id=request_id(agent, context_id, "tools:1", call, digest, attempt),
        agent=agent,
        context_id=context_id,
        tool_call_id=call,
        action=action,
        args_digest=digest,
        salt=base64.b64encode(_SALT).decode(),
        requester=Requester(id="m.okafor"),
        risk=risk,
        issued_at="2026-03-02T09:15:00Z",
        expires_at=expires_at,
        mode=mode,
        attempt=attempt,
        policy=policy,
    )


def asks(
    *,
    call: str = CALL,
    action: str = ACTION,
    args: JSON = None,
    shown_args: JSON = None,
    context_id: str = CONTEXT,
    agent: str = AGENT,
    risk: Risk = Risk.HIGH,
    allowed: tuple[DecisionKind, ...] = (DecisionKind.APPROVE, DecisionKind.REJECT),
    attempt: int = 0,
    mode: Mode = Mode.BOUND,
    policy: PolicyTerms | None = None,
    key: SigningKey | None = None,
) -> Event:
    """The interrupt of our worker; `shown_args` makes it lie about what it was digested from."""
    true_args = ARGS if args is None else args
    asked = request(
        call=call,
        action=action,
        args=true_args,
        context_id=context_id,
        agent=agent,
        risk=risk,
        attempt=attempt,
        mode=mode,
        policy=policy,
    )
    if key is not None:
        asked = assertion(asked, REQUEST_TYPE, key)
    message: JSON = {
        "action_request": {
            "action": action,
            "args": true_args if shown_args is None else shown_args,
        },
        "tool_call_id": call,
        "context_id": context_id,
        "interrupt_id": f"interrupt-of-{call}",
        "allowed_decisions": [str(kind) for kind in allowed],
        "approval_request": msgspec.to_builtins(asked),
    }
    return progress(message, context_id=context_id, agent=agent, kind=ProgressType.INTERRUPT)


def asks_again(
    *,
    call: str = CALL,
    action: str = ACTION,
    args: JSON = None,
    context_id: str = CONTEXT,
    agent: str = AGENT,
    started: str = STARTED,
) -> Event:
    """Our worker asks what became of a call that it started, and that never came back."""
    allowed = (DecisionKind.APPROVE, DecisionKind.REJECT, DecisionKind.RESPOND)
    event = asks(
        call=call,
        action=action,
        args=args,
        context_id=context_id,
        agent=agent,
        allowed=allowed,
        attempt=1,
    )
    return with_members(event, earlier_start=started)


def hosted_asks(
    value: dict[str, JSON], *, context_id: str = CONTEXT, agent: str = AGENT, number: int = 0
) -> Event:
    """An interrupt of a graph that our worker hosts, in the graph's own dialect.

    Args:
        number: tells its interrupts apart.
    """
    call = read_interrupt(value)
    asked = request(
        call=call.tool_call_id,
        action=call.action,
        args=call.args,
        context_id=context_id,
        agent=agent,
        attempt=number,
    )
    message: JSON = {
        "tool_call_id": call.tool_call_id,
        "context_id": context_id,
        **value,
        "interrupt_id": f"{number:032x}",
        "allowed_decisions": [str(kind) for kind in possible_decisions(call, value)],
        "approval_request": msgspec.to_builtins(asked),
    }
    return progress(message, context_id=context_id, agent=agent, kind=INTERRUPT)


def with_members(event: Event, **members: JSON) -> Event:
    """The same interrupt, which says something more."""
    assert isinstance(event.body, AgentProgress)
    message = event.body.message
    assert isinstance(message, dict)
    message.update(members)
    return event


def base_asks(
    *,
    call: str = CALL,
    action: str = ACTION,
    args: JSON = None,
    context_id: str = CONTEXT,
    agent: str = AGENT,
    interrupt_id: str = "",
) -> Event:
    """The interrupt of a worker of the base package, which tells no interrupt id unless given."""
    message: dict[str, JSON] = {
        "action_request": {"action": action, "args": {**ARGS} if args is None else args},
        "tool_call_id": call,
        "context_id": context_id,
    }
    if interrupt_id:
        message["interrupt_id"] = interrupt_id
    return progress(message, context_id=context_id, agent=agent, kind=ProgressType.INTERRUPT)


def receipt(
    outcome: Outcome | str = Outcome.APPLIED,
    *,
    call: str = CALL,
    decision: DecisionKind = DecisionKind.APPROVE,
    nonce: str = NONCE,
    reviewer: str = "r.mora",
    context_id: str = CONTEXT,
    agent: str = AGENT,
    note: str = "",
    attempt: int = 0,
    at_ms: int = 1_772_442_905_000,
) -> Receipt:
    """What a worker says of a decision."""
    return Receipt(
        outcome=str(outcome),
        request_id=request(
            call=call, context_id=context_id, agent=agent, attempt=attempt
        ).request_id,
        context_id=context_id,
        agent=agent,
        tool_call_id=call,
        decision=str(decision),
        reviewer=reviewer,
        nonce=nonce,
        note=note,
        at_ms=at_ms,
    )


def with_request(told: Receipt, request_id: str) -> Receipt:
    """The same receipt, about another request."""
    return msgspec.structs.replace(told, request_id=request_id)
