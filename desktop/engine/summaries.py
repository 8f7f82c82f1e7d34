"""Summaries of contexts, folded from glances at their entries.

The only place that decides how a conversation stands by its stream. Pure: it reads nothing and
keeps nothing, and whatever lies in a stream makes a summary.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from desktop.store.records import ContextStatus, Source, Summary
from workers.wire.codec import decode_event
from workers.wire.dialects import Dialect, read_interrupt
from workers.wire.errors import DecodeError
from workers.wire.events import AgentProgress
from workers.wire.glances import Glance, GlanceKind, glance
from workers.wire.ids import HUMAN, milliseconds_of
from workers.wire.messages import ERROR_PREFIX, WAITING_RESPONSE, Role

PREVIEW_LENGTH = 120
#: These stay with a context; that an entry cannot be read is said until one that can be follows.
ENTRIES_MISSED = "Messages may be missing: the broker removed entries before they were read."
BEGUN_ANEW = (
    "The conversation was deleted at the broker and begun anew, or put back to an older state."
)
ENTRIES_REMOVED = "The broker no longer holds all entries of this conversation."
#: The longest: of two notes as of one entry, the list takes the one that says more.
CALL_REMOVED = (
    "A call waited here when this was read. It cannot be shown or decided: the broker no longer "
    "holds its entry."
)
ELSEWHERE = "An entry names another conversation than the one it lies in."

STAYING: Final = frozenset((ENTRIES_MISSED, ENTRIES_REMOVED, CALL_REMOVED, BEGUN_ANEW))
# Looking members up in their classes costs a fifth of a summary.
_MESSAGE: Final = GlanceKind.MESSAGE
_ERROR: Final = GlanceKind.ERROR
_INTERRUPT: Final = GlanceKind.INTERRUPT
_DONE: Final = ContextStatus.DONE
_RUNNING: Final = ContextStatus.RUNNING
_STREAM: Final = Source.STREAM


class Look(NamedTuple):
    """One entry of a progress stream, looked at."""

    entry_id: str
    data: bytes
    glance: Glance

    @property
    def is_interrupt(self) -> bool:
        """Whether it asks for something."""
        return self.glance.kind is _INTERRUPT

    @property
    def is_tool_message(self) -> bool:
        """Whether it tells what became of a call."""
        return self.glance.role is Role.TOOL


def look(context_id: str, entry_id: str, data: bytes) -> Look:
    """Look at one entry; one that names another context than it lies in counts as unreadable."""
    seen = glance(data)
    if seen.context_id != context_id and seen.kind is not GlanceKind.UNREADABLE:
        seen = Glance(GlanceKind.UNREADABLE, reason="other_context", title=ELSEWHERE)
    return Look(entry_id, data, seen)


def summarise(
    context_id: str,
    entries: Iterable[tuple[str, bytes]],
    before: Summary | None = None,
    *,
    length: int | None = None,
) -> Summary:
    """The summary of a context after some entries; see `fold`.

    Args:
        entries: id and JSON text of each, in the order of the stream; at least one.
    """
    looks = [look(context_id, entry_id, data) for entry_id, data in entries]
    return fold(context_id, looks, before, length=length)


def fold(
    context_id: str,
    looks: Sequence[Look],
    before: Summary | None = None,
    *,
    length: int | None = None,
    guess: bool = True,
) -> Summary:
    """The summary of a context after some more entries.

    Args:
        looks: in the order of the stream; at least one.
        before: what was known before the first of them.
        length: how many entries the stream holds; else these are counted to those before.
        guess: when no person is seen to ask, whoever speaks is taken for the one addressed. Not
            where older entries, which have not been read yet, can tell.
    """
    last = looks[-1]
    return Summary(
        # The very text that every table has for its key: another one would stay for good.
        context_id=before.context_id if before else context_id,
        agent=sys.intern(_addressed(looks, before, guess=guess)),
        status=_status(looks, before),
        last_activity_ms=milliseconds_of(last.entry_id),
        as_of=last.entry_id,
        entries=(before.entries if before else 0) + len(looks) if length is None else length,
        preview=_preview(looks, before),
        source=_STREAM,
        note=_note(last, before),
    )


def _addressed(looks: Sequence[Look], before: Summary | None, *, guess: bool) -> str:
    """Whom the person addresses: whoever answered one last."""
    for one in reversed(looks):
        if one.glance.caller == HUMAN:
            return one.glance.callee
    if before is not None and before.agent:
        return before.agent
    if not guess:
        return ""
    return next((one.glance.callee for one in looks if one.glance.callee), "")


def _status(looks: Sequence[Look], before: Summary | None) -> ContextStatus:
    for one in reversed(looks):
        seen = one.glance
        if seen.kind is _MESSAGE:
            return _DONE if seen.is_finish and seen.caller == HUMAN else _RUNNING
        if seen.kind is _INTERRUPT:
            return ContextStatus.WAITING
        if seen.kind is _ERROR:
            # An agent that failed at what another one asked has not ended the conversation.
            return ContextStatus.FAILED if seen.caller == HUMAN else _RUNNING
    # Nothing of it can be read.
    return before.status if before else ContextStatus.FAILED


def _preview(looks: Sequence[Look], before: Summary | None) -> str:
    for one in reversed(looks):
        text = words(one)
        if text:
            return text
    return before.preview if before else ""


def words(one: Look, limit: int = PREVIEW_LENGTH) -> str:
    """What an entry says, as a list shows it; empty where it says nothing.

    Args:
        limit: in characters.
    """
    seen = one.glance
    if seen.kind is _INTERRUPT:
        return _asked(one.data)[:limit]
    if seen.kind is _ERROR:
        text = seen.preview(limit + len(ERROR_PREFIX) + 1)
        return text.removeprefix(ERROR_PREFIX).strip()[:limit] or "The run failed."
    if seen.kind is not _MESSAGE:
        return ""
    text = seen.preview(limit)
    return "" if text == WAITING_RESPONSE and one.is_tool_message else text


def _asked(data: bytes) -> str:
    try:
        body = decode_event(data).body
    except DecodeError:
        return ""
    if not isinstance(body, AgentProgress):
        return ""
    call = read_interrupt(body.message)
    return f"asks {call.action}" if call.dialect is Dialect.MACHINE else call.action


def _note(last: Look, before: Summary | None) -> str:
    if before is not None and before.note in STAYING:
        return before.note
    return last.glance.title
