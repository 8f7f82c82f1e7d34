"""Events of both layers, typed: what agents, people and workers tell each other.

The only place that defines their shapes. Bytes become events in `workers.wire.codec`; fields that
a newer peer adds are kept beside the body and written back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

import msgspec

from workers.wire.canonical import JSON
from workers.wire.halts import HaltStatement
from workers.wire.usage import AgentUsage, Count


class EventType(StrEnum):
    """`event_type` of the base layer."""

    INVOCATION = "agent_invocation"
    COMMAND = "agent_command"
    RESPONSE = "agent_response"
    PROGRESS = "agent_progress"


class ProgressType(StrEnum):
    """`type` of a progress event. The base package fails on any other value."""

    MESSAGE = "message"
    INTERRUPT = "interrupt"


class ContextStatus(StrEnum):
    """How a conversation stands."""

    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class AgentInvocation(msgspec.Struct, frozen=True, kw_only=True):
    """One task given to an agent by a human or another agent."""

    task: str
    caller_agent: str
    invocation_id: str
    context: dict[str, JSON] | None = None


class AgentCommand(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to an interrupt. A base client may leave the tool call id out."""

    type: str
    tool_call_id: str = ""
    payload: JSON = None


class AgentResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an invocation, told to the agent that asked."""

    invocation_id: str
    content: str


class AgentProgress(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent tells about a context.

    Attributes:
        message: a LangChain message as `model_dump()` gives it, an error text, or the value of an
            interrupt; read it with `workers.wire.messages` or `workers.wire.dialects`.
    """

    type: ProgressType
    caller_agent: str
    callee_agent: str
    invocation_id: str
    message: JSON
    is_finish: bool = False


class Unrecognised(msgspec.Struct, frozen=True, kw_only=True):
    """A well-formed event of a kind this version does not know."""

    event_type: str
    data: JSON


Body: TypeAlias = AgentInvocation | AgentCommand | AgentResponse | AgentProgress | Unrecognised


@dataclass(frozen=True, slots=True)
class Event:
    """One stream entry.

    Attributes:
        extra: members beside `context_id`, `event_type` and `data` that this version does not know.
        data_extra: the same, inside `data`.
    """

    context_id: str
    body: Body
    extra: Mapping[str, JSON] = field(default_factory=dict)
    data_extra: Mapping[str, JSON] = field(default_factory=dict)


class TokenDelta(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a message while the model writes it. Losing one loses nothing."""

    context_id: str
    agent: str
    message_id: str
    delta: str
    seq: int


class ContextSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What the index says of a context: no text, no arguments."""

    agent: str
    status: ContextStatus
    last_activity_ms: int
    waiting: int = 0


class RequestSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What the index says of an approval request: no arguments.

    Attributes:
        policy: under which it was told last, as `id@version`; empty for none.
    """

    context_id: str
    agent: str
    action: str
    risk: str
    since_ms: int
    policy: str = ""


class WorkerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a living worker says of itself with each heartbeat.

    Attributes:
        mode: the least that any of its agents demands of a decision.
        modes: what each agent demands, by name.
        at_ms: when it said so, by its own clock; 0 from an older worker.
        usage: what each agent did since `started_ms`, by name; empty from an older worker.
        halts: signed halts that it has seen, and keeps until they are lifted; at most 20.
        lift_roles: who may lift them, by its policies; empty for every registered reviewer.
    """

    consumer: str
    agents: list[str]
    tools: dict[str, list[str]]
    version: str
    mode: str
    started_ms: Count
    running: Count = 0
    note: str = ""
    modes: dict[str, str] = {}
    at_ms: Count = 0
    usage: dict[str, AgentUsage] = {}
    halts: list[HaltStatement] = []
    lift_roles: list[str] = []
