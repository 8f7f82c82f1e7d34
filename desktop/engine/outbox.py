"""Carrying out orders: the one mouth out of the console.

The only place that writes to the broker. An order leaves once, without retries: a retried XADD
after a lost reply would be a second message. What fails is told as a fact.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeAlias

import msgspec
import structlog

from desktop.actions.ports import DoRepair, SendDecision, Sending, SendMessage
from desktop.audit.log import Outgoing
from desktop.engine.casting import Casting, SendIt, event_of
from desktop.engine.permission import Permission
from desktop.engine.recorder import Recorder
from desktop.engine.repairs import repair
from desktop.store.facts import DecisionLeft, DecisionNotSent, Fact, MessageNotSent, RepairNotDone
from workers.wire import keys
from workers.wire.codec import encode_event
from workers.wire.errors import BrokerUnreachable, SignoffError
from workers.wire.events import AgentInvocation, Event
from workers.wire.ids import HUMAN
from workers.wire.streams.connection import Connection
from workers.wire.streams.guard import send_once
from workers.wire.streams.inbox import send

Emit: TypeAlias = Callable[[Fact], None]


class _DecidedBefore(SignoffError):
    """Somebody's decision on a call of a foreign worker was there first."""


_log = structlog.get_logger(__name__)


async def carry_out(
    order: Sending,
    connection: Connection | None,
    emit: Emit,
    recorder: Recorder,
    permission: Permission,
    casting: Casting | None = None,
) -> None:
    """Carry out one order; what became of it, if it failed, is emitted.

    Args:
        permission: asked before anything is recorded, and again before it leaves.
        casting: sends what is to be signed; None where nothing is.
    """
    if connection is None:
        emit(
            _failure(order, BrokerUnreachable("The broker is not reachable.", "Nothing was sent."))
        )
        return

    async def send_it(decision: SendDecision) -> str:
        permission.check()
        return await _send(decision, connection, emit)

    try:
        permission.check()
        if isinstance(order, SendDecision) and order.statement is not None and casting is not None:
            await casting.cast(order, connection, send_it)
        else:
            await _carry_out(order, connection, emit, recorder, send_it)
    except _DecidedBefore as error:
        assert isinstance(order, SendDecision)  # noqa: S101 - nothing else is decided
        emit(DecisionNotSent(order.key, order.nonce, error.title, decided_elsewhere=True))
    except SignoffError as error:
        emit(_failure(order, error))
    except Exception:  # noqa: BLE001 - the door: a row must not say "sending" for ever
        _log.exception("order failed", order=type(order).__name__)
        title = "Signoff made a mistake, and this may not have been sent."
        emit(_failure(order, SignoffError(title, "Look at the conversation before trying again.")))


async def _carry_out(
    order: Sending, connection: Connection, emit: Emit, recorder: Recorder, send_it: SendIt
) -> None:
    match order:
        case SendDecision():
            outgoing = Outgoing(keys.inbox(order.agent), encode_event(event_of(order)))
            number = await recorder.decided(order.record, order.secrets, outgoing)
            try:
                entry_id = await send_it(order)
                await recorder.sent(order.record, number, entry_id)
            except SignoffError as error:
                await recorder.not_sent(order.record, error.title, number)
                raise
        case SendMessage():
            await _send_message(order, connection)
        case DoRepair():
            emit(await repair(order, connection))


def _failure(
    order: Sending, error: SignoffError
) -> DecisionNotSent | MessageNotSent | RepairNotDone:
    match order:
        case SendDecision():
            return DecisionNotSent(order.key, order.nonce, error.title, error.hint)
        case SendMessage():
            return MessageNotSent(order.context_id, order.invocation_id, error.title, error.hint)
        case DoRepair():
            return RepairNotDone(order.key, error.title, error.hint)


async def _send(order: SendDecision, connection: Connection, emit: Emit) -> str:
    """Send a decision as a command. Returns the id of its entry, where the broker tells it.

    Raises:
        SignoffError: it did not leave.
    """
    event = event_of(order)
    if not order.guard:
        entry_id = await send(connection, order.agent, event)
        emit(DecisionLeft(order.key, order.nonce))
        return entry_id
    mark = msgspec.json.encode({"nonce": order.nonce, "at_ms": int(time.time() * 1000)}).decode()
    if not await send_once(connection, order.agent, event, call=order.guard, mark=mark):
        raise _DecidedBefore("This call was decided before, here or at another desk.")
    emit(DecisionLeft(order.key, order.nonce))
    return ""


async def _send_message(order: SendMessage, connection: Connection) -> None:
    invocation = AgentInvocation(
        task=order.text,
        caller_agent=HUMAN,
        invocation_id=order.invocation_id,
        context=order.user,
    )
    await send(connection, order.agent, Event(order.context_id, invocation))
