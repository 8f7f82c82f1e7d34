"""Calls that still wait, further back than a conversation is read at the start.

The only place that reads old pages. A conversation can go on for long while one call waits in it
(another agent works, a person keeps writing), and a call that nobody is shown waits for ever.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TypeAlias

from desktop.engine.summaries import Look, look
from workers.wire import keys
from workers.wire.codec import decode_event
from workers.wire.dialects import Dialect, PendingCall, read_interrupt
from workers.wire.errors import DecodeError
from workers.wire.events import AgentProgress
from workers.wire.messages import WAITING_RESPONSE
from workers.wire.streams.reader import Reader, StreamEntry

PAGE_ENTRIES = 1000

#: Agent and tool call id: two agents' models may use the same ids, and one may use them again.
_Call: TypeAlias = tuple[str, str]


async def waiting_before(
    reader: Reader, context_id: str, known: list[StreamEntry]
) -> AsyncGenerator[StreamEntry, None]:
    """The interrupts older than what is known that no tool's message has answered, newest first.

    Of a foreign call whose id was used before, that is told, too, with the answer to it.

    Args:
        known: the newest entries of the context, oldest first; at least one.
    """
    way = _WayBack(context_id)
    for entry in reversed(known):
        # Its interrupts are told with it, its answers only behind the first of them.
        if way.is_wanted(entry) and way.is_answer:
            yield entry
    page = known
    while page := await reader.before(keys.progress(context_id), page[0].entry_id, PAGE_ENTRIES):
        for entry in reversed(page):
            if not way.is_wanted(entry):
                continue
            # Nothing in the stream answers a question without a call.
            if way.question and await reader.is_decided(context_id, way.question):
                continue
            yield entry


class _WayBack:
    """What was met so far on the way from the newest entry of a context to its first.

    Attributes:
        is_answer: the entry met last is a tool's message.
        question: the worker's id of the request met last, if it asks about no tool call.
    """

    def __init__(self, context_id: str) -> None:
        self.is_answer = False
        self.question = ""
        self._context_id = context_id
        self._answered: set[_Call] = set()
        self._ended: set[str] = set()
        self._waits: set[_Call] = set()  # foreign ones, of which nothing older was told yet

    def is_wanted(self, entry: StreamEntry) -> bool:
        """Go on to an older entry. Returns whether it tells of a call that waits."""
        one = look(self._context_id, *entry)
        self.is_answer, self.question = one.is_tool_message, ""
        if one.is_interrupt:
            return self._meet_interrupt(one)
        if not self.is_answer or _only_waits(one):
            return False
        call = (one.glance.callee, one.glance.tool_call_id)
        self._answered.add(call)
        return call in self._waits

    def _meet_interrupt(self, one: Look) -> bool:
        agent, call = _read(one)
        if call is None:
            return False
        request_id = call.request.request_id if call.request else ""
        if not call.tool_call_id:
            # Of a foreign question nobody can tell, but the conversation has gone on for long.
            self.question = request_id
            return bool(request_id)
        name = (agent, call.tool_call_id)
        return self._waits_of_ours(name, request_id) if request_id else self._waits_of_others(name)

    def _waits_of_ours(self, name: _Call, request_id: str) -> bool:
        """A Signoff worker's requests are told apart: an answer is to the nearest one before it."""
        if name in self._answered and request_id not in self._ended:
            self._answered.discard(name)
            self._ended.add(request_id)
        return request_id not in self._ended

    def _waits_of_others(self, name: _Call) -> bool:
        """A foreign call waits unless any later message answers it."""
        if name not in self._answered:
            self._waits.add(name)
            return True
        used_before = name in self._waits
        self._waits.discard(name)
        return used_before


def _only_waits(one: Look) -> bool:
    """Whether it is what stands for a tool's message while another agent works on it."""
    return one.glance.preview(len(WAITING_RESPONSE) + 1) == WAITING_RESPONSE


def _read(one: Look) -> tuple[str, PendingCall | None]:
    """Which agent asks for what; None if no person is to answer it, or nobody can read it."""
    try:
        body = decode_event(one.data).body
    except DecodeError:
        return "", None
    if not isinstance(body, AgentProgress):
        return "", None
    call = read_interrupt(body.message)
    return body.callee_agent, None if call.dialect is Dialect.MACHINE else call
