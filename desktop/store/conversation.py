"""One conversation: its entries in stream order, and how it stands.

The only place that turns progress events into transcript entries.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from itertools import chain

from desktop.store.records import Context, ContextStatus, Entry, EntryKind, Streaming
from workers.wire.dialects import Dialect, PendingCall
from workers.wire.events import AgentProgress
from workers.wire.ids import HUMAN, StreamId
from workers.wire.messages import (
    DELEGATION_PREFIX,
    ERROR_PREFIX,
    WAITING_RESPONSE,
    ChatMessage,
    Role,
    ToolCall,
)

PREVIEW_LENGTH = 200


@dataclass(slots=True)
class Conversation:
    """What is known of one context.

    Attributes:
        entries: in the order of the stream, each id once.
        sending: messages of this desk that the broker has not shown yet, by invocation id.
        streaming: messages that models are writing, by message id.
    """

    context_id: str
    entries: list[Entry] = field(default_factory=list)
    sending: dict[str, Entry] = field(default_factory=dict)
    streaming: dict[str, Streaming] = field(default_factory=dict)
    agent: str = ""
    _order: list[StreamId] = field(default_factory=list)
    _message_ids: set[str] = field(default_factory=set)

    def add(self, entry: Entry) -> bool:
        """Put an entry in its place. Returns whether it is new; message ids count once."""
        order = StreamId.parse(entry.entry_id)
        at = bisect.bisect_left(self._order, order)
        if at < len(self._order) and self._order[at] == order:
            return False
        if entry.message_id:
            if entry.message_id in self._message_ids:
                return False
            self._message_ids.add(entry.message_id)
            self.streaming.pop(entry.message_id, None)
        self._order.insert(at, order)
        self.entries.insert(at, entry)
        if entry.kind is EntryKind.HUMAN:
            self.sending.pop(entry.invocation_id, None)
        if entry.finish or entry.kind in {EntryKind.INTERRUPT, EntryKind.ERROR}:
            # What was being written by now is either written or will never be.
            self.streaming = {
                key: item for key, item in self.streaming.items() if item.agent != entry.speaker
            }
        return True

    def has_message(self, message_id: str) -> bool:
        """Whether the whole message of this id is there."""
        return message_id in self._message_ids

    def row(self, waiting: int) -> Context:
        """The conversation as a row of the list."""
        latest_first = chain(reversed(self.sending.values()), reversed(self.entries))
        preview = next((entry.text for entry in latest_first if entry.text), "")
        sent_ms = max((entry.at_ms for entry in self.sending.values()), default=0)
        return Context(
            context_id=self.context_id,
            agent=self.agent,
            status=self._status(waiting),
            # Entries are in the order of the stream, and so of its clock.
            last_activity_ms=max(self.entries[-1].at_ms if self.entries else 0, sent_ms),
            preview=preview[:PREVIEW_LENGTH],
            entries=len(self.entries),
            waiting=waiting,
        )

    def _status(self, waiting: int) -> ContextStatus:
        if waiting:
            return ContextStatus.WAITING
        if any(not entry.failed for entry in self.sending.values()):
            return ContextStatus.RUNNING
        for entry in reversed(self.entries):
            if entry.kind is EntryKind.ERROR:
                # An agent that failed at what another one asked has not ended the conversation.
                return ContextStatus.FAILED if entry.to_human else ContextStatus.RUNNING
            if entry.finish and entry.to_human:
                return ContextStatus.DONE
            if entry.kind is not EntryKind.UNREADABLE:
                return ContextStatus.RUNNING
        return ContextStatus.FAILED  # nothing in it can be read


def entry_of_message(
    entry_id: str, progress: AgentProgress, message: ChatMessage | str
) -> Entry | None:
    """The transcript entry of a `message` event; None for one that says nothing to a person."""
    at_ms = StreamId.parse(entry_id).milliseconds
    to_human = progress.caller_agent == HUMAN
    if isinstance(message, str):
        return Entry(
            entry_id,
            at_ms,
            EntryKind.ERROR,
            progress.callee_agent,
            message.removeprefix(ERROR_PREFIX).strip() or "The run failed.",
            failed=True,
            to_human=to_human,
            invocation_id=progress.invocation_id,
            agent=progress.callee_agent,
            caller=progress.caller_agent,
        )
    if message.role is Role.TOOL and message.text == WAITING_RESPONSE:
        return None
    kind = {Role.HUMAN: EntryKind.HUMAN, Role.TOOL: EntryKind.TOOL_RESULT}.get(
        message.role, EntryKind.AGENT
    )
    speaker = {EntryKind.HUMAN: progress.caller_agent, EntryKind.TOOL_RESULT: message.name}.get(
        kind, progress.callee_agent
    )
    return Entry(
        entry_id,
        at_ms,
        kind,
        speaker or progress.callee_agent,
        message.text,
        message_id=message.id or _made_up_id(message, progress.callee_agent),
        tool_calls=message.tool_calls,
        tool_call_id=message.tool_call_id,
        failed=message.failed,
        finish=progress.is_finish,
        to_human=to_human,
        invocation_id=progress.invocation_id,
        agent=progress.callee_agent,
        caller=progress.caller_agent,
    )


def _made_up_id(message: ChatMessage, agent: str) -> str:
    """What tells a tool's message that was told again from another one, where it has no id."""
    if not message.tool_call_id:
        return ""
    return f"{message.tool_call_id} of {agent}: {hash(message.text)}"


def entry_of_interrupt(entry_id: str, progress: AgentProgress, call: PendingCall) -> Entry:
    """The transcript entry of an interrupt."""
    machine = call.dialect is Dialect.MACHINE
    return Entry(
        entry_id,
        StreamId.parse(entry_id).milliseconds,
        EntryKind.INTERRUPT,
        progress.callee_agent,
        f"asks {call.action}" if machine else call.action,
        tool_calls=_task_given(call) if machine else (),
        tool_call_id=call.tool_call_id,
        to_human=progress.caller_agent == HUMAN,
        invocation_id=progress.invocation_id,
        agent=progress.callee_agent,
        caller=progress.caller_agent,
    )


def _task_given(call: PendingCall) -> tuple[ToolCall, ...]:
    """The call by which an agent gives a task to another one."""
    whole = call.args if isinstance(call.args, dict) else {}
    named = whole.get("tool_call_id")
    call_id = named if isinstance(named, str) else ""
    task = whole.get("task")
    name = f"{DELEGATION_PREFIX}{call.action}"
    return (ToolCall(id=call_id, name=name, args={"task": task}),) if call.action else ()
