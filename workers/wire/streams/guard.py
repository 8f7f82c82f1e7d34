"""One decision for each call of a worker that cannot tell calls apart, among all consoles.

The only place that sends to a base worker under a mark. Such a worker resumes whatever waits, so a
second answer would run the next call, which nobody looked at. Mark and message are one step: after
a lost reply nobody has to guess whether a mark without a message blocks the call for ever.
"""

from __future__ import annotations

from importlib import resources

from workers.wire import keys
from workers.wire.codec import encode_event
from workers.wire.events import Event
from workers.wire.streams.connection import Connection, translated
from workers.wire.streams.progress import MARKS_TTL_SECONDS

_SEND_ONCE = resources.files(__package__).joinpath("send_once.lua").read_text()


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
    script = connection.client.register_script(_SEND_ONCE)
    with translated():
        entry_id = await script(
            keys=[keys.decisions(event.context_id), keys.inbox(agent)],
            args=[call, mark, MARKS_TTL_SECONDS, encode_event(event)],
        )
    return entry_id is not None
