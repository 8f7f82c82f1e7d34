"""One decision for each call of a worker that cannot tell calls apart, among all consoles.

The only place that sends to a base worker under a mark. Such a worker resumes whatever waits, so a
second answer would run the next call, which nobody looked at. Mark and message are one step: after
a lost reply nobody has to guess whether a mark without a message blocks the call for ever. On a
Cluster they are two steps; the base package itself does not run there.
"""

from __future__ import annotations

from workers.wire import keys
from workers.wire.codec import encode_event
from workers.wire.events import Event
from workers.wire.streams.connection import Connection, translated
from workers.wire.streams.progress import MARKS_TTL_SECONDS
from workers.wire.streams.scripts import Script, lua


async def send_once(
    connection: Connection, agent: str, event: Event, *, call: str, mark: str
) -> bool:
    """Put an event into an agent's inbox, if it is the first about this call.

    Args:
        call: names the call within the event's context.
        mark: what is kept of the first decision.

    Returns:
        Whether it was sent; False when the call was decided before.
    """
    marks, inbox = keys.decisions(event.context_id), keys.inbox(agent)
    data = encode_event(event)
    script = Script(connection, lua("send_once"))
    if not connection.is_cluster:
        return await script.run((marks, inbox), call, mark, MARKS_TTL_SECONDS, data) is not None
    # There the two lie on different servers. The mark comes first: when the message is lost after
    # it, the call waits for ever, and the error is told; the other way round it could run twice.
    if await script.run((marks,), call, mark, MARKS_TTL_SECONDS) is None:
        return False
    with translated():
        await connection.client.xadd(inbox, {"data": data})
    return True
