"""Interrupt values of every agent framework we meet, read as calls to decide on.

The only place that tells the dialects of `PROTOCOL` section 6 apart. How each wants to be answered
is in `answers`.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from workers.wire.approvals import ApprovalRequest, DecisionKind
from workers.wire.canonical import JSON


class Dialect(StrEnum):
    """Who wrote the interrupt."""

    SIGNOFF = "signoff"
    BASE = "base"
    TOOL_APPROVAL = "tool_approval"
    HITL_BATCH = "hitl_batch"
    AGENT_INBOX = "agent_inbox"
    ASK_USER = "ask_user"
    MACHINE = "machine"
    SCHEMA = "schema"
    FREE_TEXT = "free_text"


class PendingCall(msgspec.Struct, frozen=True, kw_only=True):
    """An interrupt, read.

    Attributes:
        tool_call_id: empty where the dialect does not tell.
        interrupt_id: LangGraph's, empty where the worker does not tell.
        request: only from a Signoff worker.
        allowed: what the worker would accept; empty means that no person may answer here.
        args_schema: JSON Schema of the tool's arguments, if known.
        value: the interrupt as an object, whole; what an answer is checked against.
        earlier_start: when an approved start of this very call began whose outcome nobody knows,
            RFC 3339; empty where the worker does not tell.
    """

    dialect: Dialect
    action: str
    args: JSON
    tool_call_id: str = ""
    interrupt_id: str = ""
    description: str = ""
    allowed: tuple[DecisionKind, ...] = ()
    args_schema: JSON = None
    request: ApprovalRequest | None = None
    value: JSON = None
    earlier_start: str = ""

    @property
    def is_in_doubt(self) -> bool:
        """Whether the call was approved and started before, and nobody knows how that ended."""
        asked = self.request
        again = asked is not None and asked.attempt > 0 and self.dialect is Dialect.SIGNOFF
        # A hosted graph's question that is asked again takes no answer in words.
        return again and set(self.allowed) == _IN_DOUBT


_REQUEST = "approval_request"
#: What a worker adds to the interrupt of a graph it hosts.
ADDED = frozenset((_REQUEST, "interrupt_id", "allowed_decisions", "context_id", "tool_call_id"))
_BOTH = (DecisionKind.APPROVE, DecisionKind.REJECT)
_IN_DOUBT = {DecisionKind.APPROVE, DecisionKind.REJECT, DecisionKind.RESPOND}
_WORDS = {
    "approve": DecisionKind.APPROVE,
    "accept": DecisionKind.APPROVE,
    "edit": DecisionKind.EDIT,
    "reject": DecisionKind.REJECT,
    "respond": DecisionKind.RESPOND,
}


def read_interrupt(value: JSON) -> PendingCall:
    """Tell what an interrupt asks, whatever wrote it. Never raises; the worst is free text.

    An interrupt of a graph that a Signoff worker hosts keeps its dialect, and carries an approval
    request beside it: it is decided on like those of the worker's own gate.
    """
    whole = value[0] if isinstance(value, list) and len(value) == 1 else value
    named = whole.get("interrupt_id") if isinstance(whole, dict) else None
    call = msgspec.structs.replace(_read(value), value=whole, interrupt_id=_text(named))
    request = _approval_request(value.get(_REQUEST)) if isinstance(value, dict) else None
    if not isinstance(value, dict) or request is None or call.request is not None:
        return call
    is_whole = call.args is value
    return msgspec.structs.replace(
        call,
        args={k: v for k, v in value.items() if k not in ADDED} if is_whole else call.args,
        # Beside a request of its own, a worker says more than the dialect can.
        description=_text(value.get("description")) or call.description,
        allowed=_named(value),
        request=request,
    )


def _read(value: JSON) -> PendingCall:
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        if isinstance(value[0].get("action_request"), dict):
            return _agent_inbox(value[0])
        value = value[0]
    if not isinstance(value, dict):
        return PendingCall(dialect=Dialect.FREE_TEXT, action="question", args=value)
    if value.get("type") == "tool_approval" and isinstance(value.get("tool_call_id"), str):
        return PendingCall(
            dialect=Dialect.TOOL_APPROVAL,
            action=_text(value.get("name")),
            args=value.get("args"),
            tool_call_id=_text(value.get("tool_call_id")),
            description=_text(value.get("description")),
            allowed=_BOTH,
        )
    if isinstance(value.get("action_requests"), list) and "review_configs" in value:
        return _hitl_batch(value)
    if isinstance(value.get("action_request"), dict):
        return _agent_inbox(value) if isinstance(value.get("config"), dict) else _base(value)
    if value.get("type") == "ask_user":
        return PendingCall(dialect=Dialect.ASK_USER, action="ask_user", args=value.get("questions"))
    if value.get("kind") == "delegate" or value.get("type") == "hook_invocation":
        return PendingCall(dialect=Dialect.MACHINE, action=_text(value.get("agent")), args=value)
    dialect = Dialect.SCHEMA if "response_schema" in value else Dialect.FREE_TEXT
    return PendingCall(dialect=dialect, action="question", args=value)


def _base(value: dict[str, JSON]) -> PendingCall:
    action, args = _action_request(value)
    request = _approval_request(value.get(_REQUEST))
    return PendingCall(
        dialect=Dialect.BASE if request is None else Dialect.SIGNOFF,
        action=action,
        args=args,
        tool_call_id=_text(value.get("tool_call_id")),
        description=_text(value.get("description")),
        allowed=_BOTH if request is None else _named(value),
        args_schema=value.get("args_schema"),
        request=request,
        earlier_start=_text(value.get("earlier_start")),
    )


def _named(value: dict[str, JSON]) -> tuple[DecisionKind, ...]:
    """What the worker says it takes; one that does not say takes what everybody does."""
    words = value.get("allowed_decisions")
    if not isinstance(words, list):
        return _BOTH
    return tuple(_WORDS[word] for word in words if isinstance(word, str) and word in _WORDS)


def _agent_inbox(value: dict[str, JSON]) -> PendingCall:
    action, args = _action_request(value)
    config = value.get("config")
    allowed = config if isinstance(config, dict) else {}
    pairs = (("allow_accept", DecisionKind.APPROVE), ("allow_ignore", DecisionKind.REJECT))
    return PendingCall(
        dialect=Dialect.AGENT_INBOX,
        action=action,
        args=args,
        description=_text(value.get("description")),
        allowed=tuple(kind for name, kind in pairs if allowed.get(name) is True),
    )


def _hitl_batch(value: dict[str, JSON]) -> PendingCall:
    """A batch of one is a call; a longer one is shown whole, and is answered whole."""
    requests = value["action_requests"]
    calls = requests if isinstance(requests, list) else []
    configs = value.get("review_configs")
    if len(calls) != 1 or not isinstance(calls[0], dict):
        names = ", ".join(_text(call.get("name")) for call in calls if isinstance(call, dict))
        return PendingCall(dialect=Dialect.HITL_BATCH, action=names, args=calls)
    config = configs[0] if isinstance(configs, list) and configs else None
    words = config.get("allowed_decisions") if isinstance(config, dict) else None
    kinds = [_WORDS.get(str(word)) for word in words] if isinstance(words, list) else []
    return PendingCall(
        dialect=Dialect.HITL_BATCH,
        action=_text(calls[0].get("name")),
        args=calls[0].get("args"),
        description=_text(calls[0].get("description")),
        allowed=tuple(kind for kind in kinds if kind in _BOTH),
    )


def _action_request(value: dict[str, JSON]) -> tuple[str, JSON]:
    inner = value["action_request"]
    return (
        (_text(inner.get("action")), inner.get("args")) if isinstance(inner, dict) else ("", None)
    )


def _approval_request(value: JSON) -> ApprovalRequest | None:
    try:
        return msgspec.convert(value, ApprovalRequest)
    except msgspec.ValidationError:
        return None


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else ""
