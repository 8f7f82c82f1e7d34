"""What facts say of open transcripts.

The only place that puts entries into them. A transcript that is not open is not kept; what its
entries say of requests is taken in all the same (`asking`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from desktop.store import facts
from desktop.store.asking import ask, hear_answer, lose
from desktop.store.changes import Changes
from desktop.store.conversation import Conversation, entry_of_interrupt, entry_of_message
from desktop.store.listing import message_arrived
from desktop.store.records import Entry, EntryKind, Streaming
from desktop.store.state import State
from desktop.store.trails import Asked
from workers.wire.dialects import Dialect, read_interrupt
from workers.wire.events import AgentProgress, ProgressType, Unrecognised
from workers.wire.ids import StreamId
from workers.wire.messages import ChatMessage, Role, read_message

#: So much of the name of an unknown kind is shown.
KIND_LENGTH = 200


def read_page(state: State, fact: facts.TranscriptRead, changes: Changes) -> None:
    """Take in a page of a transcript; the first one opens it."""
    context_id = fact.context_id
    transcript = state.transcripts.setdefault(context_id, Conversation(context_id))
    for entry in fact.entries:
        if isinstance(entry, facts.EventSeen):
            see_event(state, entry, changes)
        else:
            see_unreadable(state, entry, changes)
    if fact.entries:
        first = StreamId.parse(fact.entries[0].entry_id)
        transcript.read_from = min(first, transcript.read_from or first)
    transcript.reaches_start = transcript.reaches_start or fact.reaches_start
    is_read = fact.is_tail and bool(fact.entries or fact.reaches_start)
    transcript.is_read = transcript.is_read or is_read
    changes.transcripts.add(context_id)


def close(state: State, fact: facts.TranscriptClosed, changes: Changes) -> None:
    """Keep a transcript no longer."""
    if state.transcripts.pop(fact.context_id, None) is not None:
        changes.transcripts.add(fact.context_id)


def see_event(state: State, fact: facts.EventSeen, changes: Changes) -> None:
    """Take in an entry of a progress stream."""
    body = fact.event.body
    if not isinstance(body, AgentProgress):
        title = "An event that this version does not know, or that does not belong here."
        kind = body.event_type if isinstance(body, Unrecognised) else type(body).__name__
        unread = facts.UnreadableSeen(fact.context_id, fact.entry_id, title, kind[:KIND_LENGTH])
        see_unreadable(state, unread, changes)
    elif body.type is ProgressType.INTERRUPT:
        _see_interrupt(state, fact, body, changes)
    else:
        _see_message(state, fact, body, changes)


def see_unreadable(state: State, fact: facts.UnreadableSeen, changes: Changes) -> None:
    """Show that something is there that cannot be read."""
    at_ms = StreamId.parse(fact.entry_id).milliseconds
    text = f"{fact.title}\n{fact.excerpt}" if fact.excerpt else fact.title
    entry = Entry(fact.entry_id, at_ms, EntryKind.UNREADABLE, "", text)
    _add(state, fact.context_id, entry, changes)


def see_gap(state: State, fact: facts.GapSeen, changes: Changes) -> None:
    """Show that something was there that nobody can read any more."""
    before = StreamId.parse(fact.before)
    order = before.before()
    entry = Entry(str(order), order.milliseconds, EntryKind.GAP, "", fact.title)
    _add(state, fact.context_id, entry, changes)
    lose(state, fact.context_id, before, changes)


def see_token(state: State, fact: facts.TokenSeen, changes: Changes) -> None:
    """Let a message grow by a piece."""
    delta = fact.delta
    transcript = state.transcripts.get(delta.context_id)
    if transcript is None or transcript.has_message(delta.message_id):
        return
    at = transcript.streaming.get(delta.message_id, Streaming(delta.message_id, delta.agent))
    if delta.seq < at.next_seq:
        return
    transcript.streaming[delta.message_id] = replace(
        at, text=at.text + delta.delta, next_seq=delta.seq + 1
    )
    changes.streaming.add(delta.context_id)


def _see_message(
    state: State, fact: facts.EventSeen, progress: AgentProgress, changes: Changes
) -> None:
    message = read_message(progress.message)
    entry = entry_of_message(fact.entry_id, progress, message)
    if entry is None:
        return
    if entry.kind is EntryKind.HUMAN:
        message_arrived(state, fact.context_id, entry.invocation_id)
    _add(state, fact.context_id, entry, changes)
    if isinstance(message, ChatMessage) and message.role is Role.TOOL and message.tool_call_id:
        asked = hear_answer(state, fact, progress.callee_agent, message, changes)
        _tell_apart(state, fact.context_id, asked, changes)


def _see_interrupt(
    state: State, fact: facts.EventSeen, progress: AgentProgress, changes: Changes
) -> None:
    call = read_interrupt(progress.message)
    entry = entry_of_interrupt(fact.entry_id, progress, call)
    if call.dialect is Dialect.MACHINE:
        _add(state, fact.context_id, entry, changes)
        return
    asked = ask(state, fact, progress, call, changes)
    transcript = state.transcripts.get(fact.context_id)
    if transcript is not None:
        transcript.ask(entry)
        _tell_apart(state, fact.context_id, asked, changes)


def _tell_apart(state: State, context_id: str, requests: Iterable[Asked], changes: Changes) -> None:
    """Let each request stand once; what was taken for one may be two by what is known now."""
    transcript = state.transcripts.get(context_id)
    if transcript is None:
        return
    for asked in requests:
        if transcript.tell_apart(asked.key.call, (told.at for told in asked.told)):
            changes.transcripts.add(context_id)


def _add(state: State, context_id: str, entry: Entry, changes: Changes) -> None:
    transcript = state.transcripts.get(context_id)
    if transcript is not None and transcript.add(entry):
        changes.transcripts.add(context_id)
