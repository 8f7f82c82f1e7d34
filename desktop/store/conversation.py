"""One open transcript: its entries in stream order.

The only place that turns progress events into transcript entries.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import msgspec

from desktop.store.records import Entry, EntryKind, Streaming
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

#: Message id, kind, agent, speaker, text, and a mark of the calls that a model asks for.
_Said: TypeAlias = tuple[str, EntryKind, str, str, str, int]
#: Agent and tool call id, as the wire has it.
_Call: TypeAlias = tuple[str, str]


@dataclass(slots=True)
class Conversation:
    """What is known of the transcript of one context.

    Attributes:
        entries: in the order of the stream, each id once.
        streaming: messages that models are writing, by message id.
        is_read: its newest entries have been read.
        reaches_start: there is nothing before the first entry.
        read_from: the oldest entry that was read, whether or not it makes a line; None before.
    """

    context_id: str
    entries: list[Entry] = field(default_factory=list)
    streaming: dict[str, Streaming] = field(default_factory=dict)
    is_read: bool = False
    reaches_start: bool = False
    read_from: StreamId | None = None
    _order: list[StreamId] = field(default_factory=list)
    _said: dict[_Said, StreamId] = field(default_factory=dict)
    _messages: dict[str, StreamId] = field(default_factory=dict)
    _asks: dict[StreamId, Entry] = field(default_factory=dict)
    _calls: dict[_Call, list[StreamId]] = field(default_factory=dict)  # where each is asked for
    _results: dict[_Call, list[StreamId]] = field(default_factory=dict)  # those without an id
    _untold: dict[StreamId, Entry] = field(default_factory=dict)  # of those, what has no line

    def add(self, entry: Entry) -> bool:
        """Put an entry in its place. Returns whether it changed anything.

        A message that was told twice stands where it was told first. Another one under the id of an
        earlier one, as some models make them, is a line of its own.
        """
        order = StreamId.parse(entry.entry_id)
        if self._is_here(order) or order in self._untold:
            return False
        if entry.kind is EntryKind.TOOL_RESULT and entry.tool_call_id and not entry.message_id:
            name = (entry.agent, entry.tool_call_id)
            bisect.insort(self._results.setdefault(name, []), order)
            self._untold[order] = entry
            self._settle_results(name, order)
            return self._is_here(order)
        if entry.message_id:
            said = _what_is_said(entry)
            before = self._said.get(said)
            if before is not None and before < order:
                return False
            if before is not None:
                self._remove(before)
                for call in entry.tool_calls:
                    self._end_asking((entry.agent, call.id), before)
            self._said[said] = order
            self.streaming.pop(entry.message_id, None)
            entry = self._named(entry, order)
        self._insert(order, entry)
        for call in entry.tool_calls:
            self._begin_asking((entry.agent, call.id), order)
        return True

    def ask(self, entry: Entry) -> None:
        """Take in an interrupt; `tell_apart` says which of them are lines."""
        self._asks.setdefault(StreamId.parse(entry.entry_id), entry)

    def tell_apart(self, call: str, told: Iterable[StreamId]) -> bool:
        """Show what is asked once, where of all that is here it was asked first.

        Args:
            call: the request's name on this desk.
            told: where its interrupts stand in the stream, in order.

        Returns:
            Whether that changed anything.
        """
        here = [order for order in told if order in self._asks]
        is_changed = False
        for order in here[1:]:
            if self._is_here(order):
                self._remove(order)
                self._end_asking(self._call_of(order), order)
                is_changed = True
        for order in here[:1]:
            entry = replace(self._asks[order], tool_call_id=call, message_id=f"asks {call}")
            if not self._is_here(order):
                self._insert(order, entry)
                self._begin_asking(self._call_of(order), order)
                is_changed = True
            elif self._get(order) != entry:
                self._put(order, entry)
                is_changed = True
        return is_changed

    def has_message(self, message_id: str) -> bool:
        """Whether a whole message of this id is there."""
        return message_id in self._messages

    def _named(self, entry: Entry, order: StreamId) -> Entry:
        """The entry as it is shown: of several messages of one id only the first is called so."""
        first = self._messages.get(entry.message_id)
        if first is not None and first < order:
            return replace(entry, message_id="")
        if first is not None and self._is_here(first):
            self._put(first, replace(self._get(first), message_id=""))
        self._messages[entry.message_id] = order
        return entry

    def _call_of(self, order: StreamId) -> _Call:
        """The call that an interrupt asks for, by the wire's name of it."""
        return (self._asks[order].agent, self._asks[order].tool_call_id)

    def _begin_asking(self, name: _Call, order: StreamId) -> None:
        asked = self._calls.setdefault(name, [])
        if order not in asked[bisect.bisect_left(asked, order) :][:1]:
            bisect.insort(asked, order)
        self._settle_results(name, order)

    def _end_asking(self, name: _Call, order: StreamId) -> None:
        asked = self._calls.get(name, [])
        at = bisect.bisect_left(asked, order)
        del asked[at : at + 1]
        self._settle_results(name, order)

    def _settle_results(self, name: _Call, order: StreamId) -> None:
        """Let the results of one call stand once each, around an entry that came or went.

        They have no id: what says the same is told again, unless the call was asked for meanwhile.
        """
        results, asked = self._results.get(name, []), self._calls.get(name, [])
        first, last = bisect.bisect_left(asked, order), bisect.bisect_right(asked, order)
        start = bisect.bisect_left(results, asked[first - 1]) if first else 0
        end = bisect.bisect_left(results, asked[last]) if last < len(asked) else None
        said: set[str] = set()
        is_before = True
        for at in results[start:end]:
            if is_before and at > order and first < last:
                is_before = False
                said.clear()
            entry = self._untold.get(at) or self._get(at)
            if entry.text in said and self._is_here(at):
                self._untold[at] = entry
                self._remove(at)
            elif entry.text not in said and at in self._untold:
                self._insert(at, self._untold.pop(at))
            said.add(entry.text)

    def _is_here(self, order: StreamId) -> bool:
        at = bisect.bisect_left(self._order, order)
        return at < len(self._order) and self._order[at] == order

    def _get(self, order: StreamId) -> Entry:
        return self.entries[bisect.bisect_left(self._order, order)]

    def _put(self, order: StreamId, entry: Entry) -> None:
        self.entries[bisect.bisect_left(self._order, order)] = entry

    def _insert(self, order: StreamId, entry: Entry) -> None:
        at = bisect.bisect_left(self._order, order)
        self._order.insert(at, order)
        self.entries.insert(at, entry)
        if entry.finish or entry.kind in {EntryKind.INTERRUPT, EntryKind.ERROR}:
            # What was being written by now is either written or will never be.
            self.streaming = {
                key: item for key, item in self.streaming.items() if item.agent != entry.speaker
            }

    def _remove(self, order: StreamId) -> None:
        at = bisect.bisect_left(self._order, order)
        del self._order[at], self.entries[at]


def _what_is_said(entry: Entry) -> _Said:
    """What makes two messages of one id the same one, told twice."""
    calls = _mark_of(entry.tool_calls) if entry.tool_calls else 0
    return (entry.message_id, entry.kind, entry.agent, entry.speaker, entry.text, calls)


def _mark_of(calls: tuple[ToolCall, ...]) -> int:
    """What differs between calls that differ, unless nobody could read their arguments anyway."""
    try:
        return hash(msgspec.json.encode(calls))
    except (RecursionError, ValueError):  # too deep, or no text that any wire takes
        return hash(tuple((call.id, call.name) for call in calls))


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
        message_id=message.id,
        tool_calls=message.tool_calls,
        tool_call_id=message.tool_call_id,
        failed=message.failed,
        finish=progress.is_finish,
        to_human=to_human,
        invocation_id=progress.invocation_id,
        agent=progress.callee_agent,
        caller=progress.caller_agent,
    )


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
