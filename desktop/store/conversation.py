"""One open transcript: its entries in stream order.

The only place that turns progress events into transcript entries.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field

from desktop.store.records import Entry, EntryKind, Streaming
from workers.wire.dialects import Dialect, PendingCall
from workers.wire.events import AgentProgress
from workers.wire.ids import HUMAN, StreamId
from workers.wire.messages import ERROR_PREFIX, WAITING_RESPONSE, ChatMessage, Role


@dataclass(slots=True)
class Conversation:
    """What is known of the transcript of one context.

    Attributes:
        entries: in the order of the stream, each id once.
        streaming: messages that models are writing, by message id.
        is_read: its newest entries have been read.
        reaches_start: there is nothing before the first entry.
    """

    context_id: str
    entries: list[Entry] = field(default_factory=list)
    streaming: dict[str, Streaming] = field(default_factory=dict)
    is_read: bool = False
    reaches_start: bool = False
    _order: list[StreamId] = field(default_factory=list)
    _messages: dict[str, StreamId] = field(default_factory=dict)

    def add(self, entry: Entry) -> bool:
        """Put an entry in its place. Returns whether it changed anything.

        A message that was told twice stands where it was told first.
        """
        order = StreamId.parse(entry.entry_id)
        at = bisect.bisect_left(self._order, order)
        if at < len(self._order) and self._order[at] == order:
            return False
        if entry.message_id:
            before = self._messages.get(entry.message_id)
            if before is not None and before < order:
                return False
            if before is not None:
                self._remove(before)
            self._messages[entry.message_id] = order
            self.streaming.pop(entry.message_id, None)
        self._order.insert(at, order)
        self.entries.insert(at, entry)
        if entry.finish or entry.kind in {EntryKind.INTERRUPT, EntryKind.ERROR}:
            # What was being written by now is either written or will never be.
            self.streaming = {
                key: item for key, item in self.streaming.items() if item.agent != entry.speaker
            }
        return True

    def has_message(self, message_id: str) -> bool:
        """Whether the whole message of this id is there."""
        return message_id in self._messages

    def _remove(self, order: StreamId) -> None:
        at = bisect.bisect_left(self._order, order)
        del self._order[at], self.entries[at]


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
        tool_call_id=call.tool_call_id,
        to_human=progress.caller_agent == HUMAN,
        invocation_id=progress.invocation_id,
    )
