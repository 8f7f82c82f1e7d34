"""Decisions for workers that cannot tell calls apart, such as those of the base package.

The only place of the client that guards against the second answer: such a worker resumes whatever
waits, so an answer too many runs a call that nobody looked at, and one to several calls at once
silences it for ever in that context.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

import msgspec

from workers.client.waiting import WaitingCall
from workers.wire import keys
from workers.wire.errors import SignoffError
from workers.wire.events import Event
from workers.wire.ids import new_nonce
from workers.wire.streams.connection import Connection
from workers.wire.streams.guard import send_once


class CallsNotToldApart(SignoffError):
    """Several calls wait, and an answer to one could be taken for that to another."""


async def send_to_foreign(
    connection: Connection, waiting: WaitingCall, event: Event, known: Iterable[WaitingCall]
) -> bool:
    """Send a decision on a foreign worker's call, if it is the only one and the first.

    Args:
        event: the command that carries the decision.
        known: everything that waits in the context.

    Returns:
        Whether it was sent; False when somebody else has decided this call.

    Raises:
        CallsNotToldApart: the worker has another call waiting there, or gave this one no id.
        BrokerError: it could not be sent.
    """
    call = waiting.call
    others = [one for one in known if one.agent == waiting.agent and one.key != waiting.key]
    name = call.tool_call_id or call.interrupt_id
    if not name or (others and not call.interrupt_id):
        raise CallsNotToldApart(
            "This worker cannot tell the calls apart that wait here.",
            "Run it with Signoff's worker to decide on each.",
        )
    mark = msgspec.json.encode({"nonce": new_nonce(), "at_ms": time.time_ns() // 1_000_000})
    return await send_once(
        connection,
        waiting.agent,
        event,
        call=keys.foreign_call(waiting.agent, name),
        mark=mark.decode(),
    )
