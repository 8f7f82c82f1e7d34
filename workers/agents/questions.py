"""What a person is asked about a call, and what the model is told of the answer.

The only place that words both.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from langchain_core.tools import BaseTool

from workers.agents.calls import ExactCall, args_schema
from workers.runtime.ports import EarlierStart
from workers.wire.approvals import ApprovalRequest, DecisionKind

ALLOWED = tuple(DecisionKind)
#: Other arguments would be another call, and the question whether the first took effect is open.
ALLOWED_IN_DOUBT = (DecisionKind.APPROVE, DecisionKind.REJECT, DecisionKind.RESPOND)

#: Without it the model reads the result as that of the call it made.
EDITED = (
    "The reviewer changed the arguments of this call before it ran. This was intended; "
    "do not make the original call again."
)
MARKED_DONE = "A person found out that this call took effect. What it returned is not known."
CHANGED = "The call is no longer the one that was reviewed. It did not run."
NOT_PROVEN = (
    "When the call was to run, its approval could not be proven any more. It did not run. "
    "Do not repeat it unasked."
)
NOT_GIVEN = (
    "The task was not given: the policy wants a person to approve that, and nobody can be asked. "
    "Do not try again."
)
#: Of a step of a hosted graph.
IN_DOUBT = (
    "**In doubt.** This was approved before, and its step began and did not come to its end, so "
    "what it did is unknown. Find out whether it took effect. *Approve* to run the step again; "
    "*reject* if it must not run again."
)
OWN_INTERRUPT = (
    "The tool wanted to ask a person in a way that this worker does not support. "
    "Tools that need approval are marked with human_approval_required."
)


def question(asked: ApprovalRequest, call: ExactCall, tool: BaseTool) -> dict[str, Any]:
    """The value of the interrupt that asks about a call."""
    return {
        "action_request": {"action": asked.action, "args": call.wire_args},
        "tool_call_id": asked.tool_call_id,
        "context_id": asked.context_id,
        "description": tool.description,
        "allowed_decisions": [str(kind) for kind in ALLOWED],
        "args_schema": args_schema(tool),
        "approval_request": msgspec.to_builtins(asked),
    }


def question_in_doubt(
    asked: ApprovalRequest, call: ExactCall, tool: BaseTool, earlier: EarlierStart
) -> dict[str, Any]:
    """What a person is asked about a call whose outcome nobody knows."""
    since = time_text(earlier.started_ms) if earlier.started_ms else ""
    started = f"at {since}" if since else "before"
    return question(asked, call, tool) | {
        "earlier_start": since,
        "description": (
            f"**In doubt.** This call was approved and started {started}; its worker stopped, or "
            "gave it up, before it ended, so its outcome is unknown. Find out whether it took "
            "effect. "
            "Then *respond* to mark it as done, with what the agent is to know of it; *approve* "
            f"to run it again; or *reject* to leave it.\n\n{tool.description}"
        ),
        "allowed_decisions": [str(kind) for kind in ALLOWED_IN_DOUBT],
    }


def rejection(tool: str, reason: str) -> str:
    """A call was rejected."""
    if reason:
        return f"The reviewer rejected the call of {tool}. Reason: {reason}"
    return f"The reviewer rejected the call of {tool} and gave no reason. Do not repeat it unasked."


def given_up(tool: str, reason: str) -> str:
    """A call in doubt was left as it is."""
    text = (
        f"The call of {tool} was started once, and its outcome is unknown: it may have taken "
        "effect. The reviewer decided not to run it again."
    )
    return f"{text} Reason: {reason}" if reason else text


def too_slow(tool: str, seconds: float) -> str:
    """A call that nobody has to be asked about did not end in time."""
    return (
        f"The call of {tool} did not end within {seconds:g} seconds and was given up. "
        "It may have taken effect."
    )


def not_in_time(tool: str) -> str:
    """Nobody decided while a decision counted."""
    return f"The call of {tool} was not approved in time. It did not run. Do not repeat it unasked."


def run_ended(told: str) -> str:
    """What the agent says when a rejection ends its run."""
    return f"The run was ended. {told}"


def time_text(ms: int) -> str:
    """A time as it stands in a request: RFC 3339, UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
