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
from desktop.engine.recorder import Recorder
from desktop.engine.repairs import repair
from desktop.store.facts import DecisionLeft, DecisionNotSent, Fact, MessageNotSent, RepairNotDone
from workers.wire.errors import BrokerUnreachable, SignoffError
from workers.wire.events import AgentCommand, AgentInvocation, Event
from workers.wire.ids import HUMAN
from workers.wire.streams.connection import Connection
from workers.wire.streams.guard import send_once
from workers.wire.streams.inbox import send

Emit: TypeAlias = Callable[[Fact], None]

_log = structlog.get_logger(__name__)


async def carry_out(
    order: Sending, connection: Connection | None, emit: Emit, recorder: Recorder
) -> None:
    """Carry out one order; what became of it, if it failed, is emitted."""
    if connection is None:
        emit(
            _failure(order, BrokerUnreachable("The broker is not reachable.", "Nothing was sent."))
        )
        return
    try:
        await _carry_out(order, connection, emit, recorder)
    except SignoffError as error:
        emit(_failure(order, error))
    except Exception:  # noqa: BLE001 - the door: a row must not say "sending" for ever
        _log.exception("order failed", order=type(order).__name__)
        title = "Signoff made a mistake, and this may not have been sent."
        emit(_failure(order, SignoffError(title, "Look at the conversation before trying again.")))


async def _carry_out(
    order: Sending, connection: Connection, emit: Emit, recorder: Recorder
) -> None:
    match order:
        case SendDecision():
            await recorder.decided(order.record)
            try:
                await _send_decision(order, connection, emit, recorder)
            except SignoffError as error:
                await recorder.not_sent(order.record, error.title)
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


async def _send_decision(
    order: SendDecision, connection: Connection, emit: Emit, recorder: Recorder
) -> None:
    command = AgentCommand(type="resume", tool_call_id=order.tool_call_id, payload=order.payload)
    event = Event(order.key.context_id, command)
    if not order.guard:
        await send(connection, order.agent, event)
        emit(DecisionLeft(order.key, order.nonce))
        return
    mark = msgspec.json.encode({"nonce": order.nonce, "at_ms": int(time.time() * 1000)}).decode()
    if await send_once(connection, order.agent, event, call=order.guard, mark=mark):
        emit(DecisionLeft(order.key, order.nonce))
    else:
        title = "This call was decided before, here or at another desk."
        await recorder.not_sent(order.record, title)
        emit(DecisionNotSent(order.key, order.nonce, title, decided_elsewhere=True))


async def _send_message(order: SendMessage, connection: Connection) -> None:
    invocation = AgentInvocation(
        task=order.text,
        caller_agent=HUMAN,
        invocation_id=order.invocation_id,
        context=order.user,
    )
    await send(connection, order.agent, Event(order.context_id, invocation))
