"""Progress events as clients of the base package know them.

The only place that gives the wire's events the attributes of the base package's models.
"""

from __future__ import annotations

from dataclasses import dataclass

from workers.wire.codec import decode_event
from workers.wire.errors import DecodeError
from workers.wire.events import AgentProgress, EventType, ProgressType
from workers.wire.messages import Role, read_message
from workers.wire.streams.reader import StreamEntry


@dataclass(frozen=True, slots=True)
class ProgressEvent:
    """What an agent told about a context.

    Attributes:
        data: with `type`, `caller_agent`, `callee_agent`, `invocation_id`, `message`, `is_finish`.
    """

    context_id: str
    data: AgentProgress
    event_type: str = str(EventType.PROGRESS)

    def ends(self, agent: str) -> bool:
        """Whether whoever follows the context of this agent now has the word (back)."""
        if self.data.type is ProgressType.INTERRUPT:
            return True
        is_error = isinstance(self.data.message, str)
        return self.data.callee_agent == agent and (self.data.is_finish or is_error)


def read_progress(entry: StreamEntry) -> ProgressEvent | None:
    """The progress event in a stream entry; None for anything else."""
    try:
        event = decode_event(entry.data)
    except DecodeError:
        return None
    if not isinstance(event.body, AgentProgress):
        return None
    return ProgressEvent(event.context_id, event.body)


def lines_of(event: ProgressEvent, *, with_human: bool = True) -> list[str]:
    """What a terminal shows of an event. The text comes from agents and tools, so it is cleaned."""
    agent = printable(event.data.callee_agent)
    if event.data.type is ProgressType.INTERRUPT:
        return [f"{agent} asks for approval."]
    message = read_message(event.data.message)
    if isinstance(message, str):
        return [f"{agent}: {printable(message)}"]
    match message.role:
        case Role.HUMAN:
            return [f"You: {printable(message.text)}"] if with_human else []
        case Role.TOOL:
            return [f"  {printable(message.name)}: {printable(message.text)}"]
        case _:
            calls = [f"  calls {printable(call.name)}" for call in message.tool_calls]
            return ([f"{agent}: {printable(message.text)}"] if message.text else []) + calls


def printable(text: str) -> str:
    """The text with everything visible that could move a cursor or turn letters around."""
    return "".join(
        character
        if character.isprintable() or character in "\n\t"
        else character.encode("unicode_escape").decode()
        for character in text
    )
