"""Delegation: tools by which an agent gives a task to another.

The only place that makes and reads such interrupts. The tool itself sends nothing: the runtime
does, once the pause is on disk.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool, InjectedToolCallId, StructuredTool
from langgraph.types import Interrupt, interrupt

from workers.errors import NotServable
from workers.runtime.ports import PendingDelegation, Reported
from workers.wire.ids import check_agent_name
from workers.wire.messages import ERROR_PREFIX
from workers.wire.policy.rules import DELEGATES

_KIND = "delegate"
#: A longer task would end in the other agent's quarantine (bytes).
MAX_TASK_BYTES = 128 * 1024
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def delegation_tool(agent: str, description: str) -> BaseTool:
    """The tool `call_{agent}`. No policy asks a person before it: see `Judge.forbids_task`.

    Raises:
        NotServable: models take no such tool name.
        BadName: no agent can have this name.
    """
    name = f"{DELEGATES}{check_agent_name(agent)}"
    if not _TOOL_NAME.fullmatch(name):
        raise NotServable(
            f"Models cannot call a tool named {name!r}.",
            "Give the agent a name of at most 59 letters, digits, '_' and '-'.",
        )

    def call(task: str, tool_call_id: Annotated[str, InjectedToolCallId]) -> str | ToolMessage:
        if len(task.encode(errors="replace")) > MAX_TASK_BYTES:
            return "The task was not given: it is too long. Say it in fewer words."
        question = {"kind": _KIND, "agent": agent, "task": task, "tool_call_id": tool_call_id}
        reported: Reported = interrupt(question, response_schema=Reported)
        if not reported.content.startswith(ERROR_PREFIX):
            return reported.content
        # The wire has one member for both; these words are how all workers begin a failure.
        return ToolMessage(reported.content, tool_call_id=tool_call_id, name=name, status="error")

    return StructuredTool.from_function(call, name=name, description=description)


def read_delegation(raised: Interrupt) -> PendingDelegation | None:
    """The delegation an interrupt stands for, if it is one."""
    value = raised.value
    if not isinstance(value, Mapping) or value.get("kind") != _KIND:
        return None
    return PendingDelegation(
        interrupt_id=raised.id,
        tool_call_id=str(value.get("tool_call_id")),
        agent=str(value.get("agent")),
        task=str(value.get("task")),
    )
