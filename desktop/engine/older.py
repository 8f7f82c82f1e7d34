"""Calls that still wait, further back than a conversation is read at the start.

The only place that reads old pages. A conversation can go on for long while one call waits in it
(another agent works, a person keeps writing), and a call that nobody is shown waits for ever.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from typing import TypeAlias

from desktop.engine.summaries import Look, look
from workers.wire import keys
from workers.wire.codec import decode_event
from workers.wire.dialects import Dialect, read_interrupt
from workers.wire.errors import DecodeError
from workers.wire.events import AgentProgress
from workers.wire.messages import WAITING_RESPONSE
from workers.wire.streams.reader import Reader, StreamEntry

PAGE_ENTRIES = 1000

#: Agent and tool call id: two agents' models may use the same ids.
_Call: TypeAlias = tuple[str, str]


async def waiting_before(
    reader: Reader, context_id: str, known: list[StreamEntry]
) -> AsyncGenerator[StreamEntry, None]:
    """The interrupts older than what is known that no tool's message has answered, newest first.

    Args:
        known: the newest entries of the context, oldest first; at least one.
    """
    answered: set[_Call] = set()
    page = known
    _unanswered(context_id, page, answered)  # its calls are told with it; its answers matter here
    while page := await reader.before(keys.progress(context_id), page[0].entry_id, PAGE_ENTRIES):
        for entry in _unanswered(context_id, page, answered):
            yield entry


def _unanswered(
    context_id: str, page: Iterable[StreamEntry], answered: set[_Call]
) -> list[StreamEntry]:
    """The interrupts of one page without an answer; adds the page's answers to `answered`."""
    asked: list[tuple[_Call, StreamEntry]] = []
    for entry in page:
        one = look(context_id, *entry)
        if one.is_interrupt:
            call = _call(one)
            if call is not None:
                asked.append((call, entry))
        elif one.is_tool_message and one.glance.preview(len(WAITING_RESPONSE) + 1) != (
            WAITING_RESPONSE
        ):
            answered.add((one.glance.callee, one.glance.tool_call_id))
    return [entry for call, entry in asked if call not in answered]


def _call(one: Look) -> _Call | None:
    """Which call an interrupt asks about; None if nobody is to answer it, or nobody can tell.

    Without the id of a call nobody can tell whether it was answered, but the conversation has gone
    on for long since.
    """
    try:
        body = decode_event(one.data).body
    except DecodeError:
        return None
    if not isinstance(body, AgentProgress):
        return None
    call = read_interrupt(body.message)
    if call.dialect is Dialect.MACHINE or not call.tool_call_id:
        return None
    return (body.callee_agent, call.tool_call_id)
