"""Calls that still wait, further back than a conversation is read at the start.

The only place that reads old pages. A conversation can go on for long while one call waits in it
(another agent works, a person keeps writing), and a call that nobody is shown waits for ever.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import TypeAlias

from workers.wire import keys
from workers.wire.codec import decode_event
from workers.wire.dialects import Dialect, read_interrupt
from workers.wire.errors import DecodeError
from workers.wire.events import AgentProgress, ProgressType
from workers.wire.messages import WAITING_RESPONSE, ChatMessage, Role, read_message
from workers.wire.streams.reader import Reader, StreamEntry

PAGE_ENTRIES = 1000

#: Agent and tool call id: two agents' models may use the same ids.
_Call: TypeAlias = tuple[str, str]


async def waiting_before(
    reader: Reader, context_id: str, known: list[StreamEntry]
) -> AsyncIterator[StreamEntry]:
    """The interrupts older than what is known that no tool's message has answered, newest first.

    Args:
        known: the newest entries of the context, oldest first; at least one.
    """
    answered: set[_Call] = set()
    page = known
    _unanswered(page, answered)  # its own calls are told with it; its answers matter here
    while page := await reader.before(keys.progress(context_id), page[0].entry_id, PAGE_ENTRIES):
        for entry in _unanswered(page, answered):
            yield entry


def _unanswered(page: Iterable[StreamEntry], answered: set[_Call]) -> list[StreamEntry]:
    """The interrupts of one page without an answer; adds the page's answers to `answered`."""
    asked: list[tuple[_Call, StreamEntry]] = []
    for entry in page:
        progress = _read(entry)
        if progress is None:
            continue
        if progress.type is ProgressType.INTERRUPT:
            call = read_interrupt(progress.message)
            # Without the id of a call nobody can tell whether it was answered, but the
            # conversation has gone on for long since.
            if call.dialect is not Dialect.MACHINE and call.tool_call_id:
                asked.append(((progress.callee_agent, call.tool_call_id), entry))
            continue
        message = read_message(progress.message)
        if not isinstance(message, ChatMessage) or message.role is not Role.TOOL:
            continue
        if message.text != WAITING_RESPONSE:
            answered.add((progress.callee_agent, message.tool_call_id))
    return [entry for call, entry in asked if call not in answered]


def _read(entry: StreamEntry) -> AgentProgress | None:
    try:
        body = decode_event(entry.data).body
    except DecodeError:
        return None
    return body if isinstance(body, AgentProgress) else None
