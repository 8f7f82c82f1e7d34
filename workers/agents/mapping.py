"""LangChain's messages and LangGraph's snapshots, as the runtime knows them.

The only place that translates between the two. What leaves here is plain JSON.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, ToolMessage
from langgraph.types import Interrupt, StateSnapshot

from workers.agents.delegation import read_delegation
from workers.agents.state import caller_in
from workers.agents.telling import told
from workers.agents.texts import mended
from workers.runtime.ports import MessageProduced, PendingApproval, Thread
from workers.wire.approvals import ApprovalRequest, DecisionKind

#: The member of a run's metadata that names what the run came from.
CAUSE = "inbox_id"


def produced(message: BaseMessage, final_tools: Collection[str]) -> MessageProduced:
    """A message of a run.

    Args:
        final_tools: names of tools whose result ends the run.
    """
    if isinstance(message, AIMessage):
        may_be_last = not message.tool_calls
    else:
        may_be_last = isinstance(message, ToolMessage) and message.name in final_tools
    key = message.id or ""
    if not key and isinstance(message, ToolMessage):
        key = f"tool:{message.tool_call_id}"
    return MessageProduced(key, told(message), mended(str(message.text)), may_be_last)


def read_approval(raised: Interrupt) -> PendingApproval | None:
    """The approval request an interrupt stands for, if it is one."""
    value = raised.value
    if not isinstance(value, Mapping):
        return None
    try:
        request = msgspec.convert(value.get("approval_request"), ApprovalRequest)
        allowed = msgspec.convert(value.get("allowed_decisions"), tuple[DecisionKind, ...])
    except msgspec.ValidationError:
        return None
    return PendingApproval(raised.id, request, dict(value), allowed)


def read_thread(snapshot: StateSnapshot, final_tools: Collection[str]) -> Thread:
    """How a thread stands."""
    values: Mapping[str, Any] = snapshot.values or {}
    approvals = (read_approval(raised) for raised in snapshot.interrupts)
    delegations = (read_delegation(raised) for raised in snapshot.interrupts)
    metadata: Mapping[str, Any] = snapshot.metadata or {}
    return Thread(
        caller=caller_in(values),
        cause=str(metadata.get(CAUSE, "")),
        approvals=tuple(one for one in approvals if one is not None),
        delegations=tuple(one for one in delegations if one is not None),
        unfinished=bool(snapshot.tasks),
        between_steps=is_between_steps(snapshot),
        turn=messages_of_turn(values.get("messages", []), final_tools),
    )


def is_between_steps(snapshot: StateSnapshot) -> bool:
    """Whether every task of a step has stored what it did, and no checkpoint has taken it in.

    LangGraph calls nothing "next" then, as at the very end of a thread; but a thread that ended has
    no tasks.
    """
    return bool(snapshot.tasks) and not snapshot.next


def messages_of_turn(messages: object, final_tools: Collection[str]) -> tuple[MessageProduced, ...]:
    """What was said since the last task, of what stands in a state as `messages`."""
    known = messages if isinstance(messages, list) else []
    said = [one for one in known if isinstance(one, BaseMessage)]
    return tuple(produced(one, final_tools) for one in _turn(said))


def unanswered(snapshot: StateSnapshot) -> list[ToolMessage]:
    """Answers for the tool calls that a cut-off run left open.

    A model service refuses a conversation in which a call has no answer. Those that did end are
    repeated, because LangGraph drops the results of an unfinished step when new input arrives.
    """
    messages: list[AnyMessage] = (snapshot.values or {}).get("messages", [])
    dropped = {one.id for one in _of_unfinished_step(snapshot)}
    said = (one for one in reversed(messages) if isinstance(one, AIMessage))
    asked = next((one for one in said if one.id not in dropped), None)
    if not snapshot.tasks or asked is None:
        return []
    answers = {one.tool_call_id: one for one in messages if isinstance(one, ToolMessage)}
    return [
        answers.get(str(call["id"])) or _cut_off(str(call["id"]), call["name"])
        for call in asked.tool_calls
    ]


def _of_unfinished_step(snapshot: StateSnapshot) -> Iterator[AIMessage]:
    for task in snapshot.tasks:
        result: object = task.result
        said = result.get("messages") if isinstance(result, Mapping) else None
        yield from (one for one in said or [] if isinstance(one, AIMessage))


def _cut_off(tool_call_id: str, name: str) -> ToolMessage:
    content = "The run ended before this call did. Whether it took effect is unknown."
    return ToolMessage(content, tool_call_id=tool_call_id, name=name, status="error")


def _turn(messages: list[BaseMessage]) -> list[BaseMessage]:
    """The messages since the last task."""
    for index in range(len(messages) - 1, -1, -1):
        if isinstance(messages[index], HumanMessage):
            return messages[index + 1 :]
    return messages
