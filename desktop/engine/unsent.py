"""Decisions that were recorded, and of which nobody knows whether they left: after a crash.

The only place that takes them up again. What stops a call goes by itself, as it does no harm twice,
as soon as this console may write; what lets one run is never sent by itself: its reviewer is told,
and may decide again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress

from desktop.audit.log import AuditUnavailable
from desktop.audit.logbook import Unsent
from desktop.engine.alongside import alongside
from desktop.engine.permission import Permission
from desktop.engine.recorder import Recorder
from desktop.store.facts import DecisionNotSent, DecisionSending, Fact
from desktop.store.records import RequestKey
from workers.wire import keys
from workers.wire.approvals import DecisionKind
from workers.wire.codec import decode_event
from workers.wire.errors import BrokerError, DecodeError
from workers.wire.events import Event
from workers.wire.streams.connection import Connection
from workers.wire.streams.inbox import send

_TITLE = "This decision was recorded, and Signoff ended before it was known to have left."
_HINT = "Look at the request, and decide again if it still waits."
_KEPT = "This rejection was recorded, and has not left: this console is read-only."
_KEPT_HINT = "It is sent as soon as read-only mode is turned off."


def settling(
    recorder: Recorder,
    connection: Connection,
    address: str,
    emit: Callable[[Fact], None],
    permission: Permission,
) -> AbstractAsyncContextManager[None]:
    """Take them up within a block, as soon as the log is open: a keyring may ask for that."""

    async def settle() -> None:
        # Either way they stay where they are, for the next connection or the next start.
        with suppress(AuditUnavailable, BrokerError):
            await recorder.begin()
            await settle_unsent(recorder, connection, address, emit, permission)

    return alongside(settle, "engine:unsent")


async def settle_unsent(
    recorder: Recorder,
    connection: Connection,
    address: str,
    emit: Callable[[Fact], None],
    permission: Permission,
) -> None:
    """Tell of what was left behind, and send the rejections among it.

    Args:
        address: of the broker; what was meant for another one stays where it is.
        permission: rejections wait for it, and their reviewer is told that they do.

    Raises:
        BrokerError: it went away meanwhile; what is left is taken up with the next connection.
    """
    rejections: list[tuple[Unsent, str, Event]] = []
    for one in recorder.left_behind():
        if one.entry.broker not in ("", address):
            continue
        order = _rejection(one)
        if order is not None:
            rejections.append((one, *order))
            if not permission.given:
                _tell(one, _KEPT, _KEPT_HINT, emit)
        else:
            await recorder.not_sent(one.entry, _TITLE, one.number)
            _tell(one, _TITLE, _HINT, emit)
            recorder.taken_up(one)
    for one, agent, event in rejections:
        await permission.wait()
        entry_id = await send(connection, agent, event)
        await recorder.sent(one.entry, one.number, entry_id)
        recorder.taken_up(one)


def _tell(one: Unsent, title: str, hint: str, emit: Callable[[Fact], None]) -> None:
    """Show on its card that it has not left."""
    key = RequestKey(one.entry.context_id, one.entry.tool_call_id)
    emit(DecisionSending(key, DecisionKind(one.entry.decision), one.entry.nonce))
    emit(DecisionNotSent(key, one.entry.nonce, title, hint))


def _rejection(one: Unsent) -> tuple[str, Event] | None:
    """The agent and what it was to be told; None for anything but a rejection that was kept."""
    kept = one.outgoing
    if one.entry.decision != DecisionKind.REJECT or kept is None:
        return None
    if not kept.stream.startswith(keys.INBOX_PREFIX):
        return None
    try:
        return kept.stream.removeprefix(keys.INBOX_PREFIX), decode_event(kept.payload)
    except DecodeError:
        return None
