"""A tool's call, from its start to a result that can be kept, whatever the tool does.

The only place that runs tools: none runs longer than allowed, what one raises is told in words,
and of a result that is too large the beginning is kept.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import msgspec
import structlog
from langchain.agents.middleware.types import ToolCallRequest
from langchain_core.messages import ToolMessage
from langgraph.errors import GraphBubbleUp
from langgraph.types import Command

from workers.agents.questions import OWN_INTERRUPT, too_slow
from workers.agents.texts import cut, mended_message
from workers.runtime.metering import Meter
from workers.wire.errors import BrokerError

Outcome: TypeAlias = ToolMessage | Command[Any]
Handler: TypeAlias = Callable[[ToolCallRequest], Awaitable[Outcome]]

#: A longer result would fill the model's window, the thread's store and the reader's screen.
MAX_RESULT_CHARACTERS = 128 * 1024

_log = structlog.get_logger(__name__)


class TookTooLong(Exception):
    """A tool did not end in time. It was told to stop; whether it had its effect is not known."""


async def call_tool(
    request: ToolCallRequest, handler: Handler, agent: str, seconds: float, meter: Meter
) -> Outcome:
    """Run a tool, and count that; whatever it raises is told to the model, and ends no run.

    A function that is no coroutine runs in a thread, which goes on after its time is over.

    Args:
        seconds: how long it may take.

    Raises:
        TookTooLong: it took longer.
        BrokerError: the runtime's own, not the tool's.
    """
    name = request.tool_call["name"]
    limit = asyncio.timeout(seconds)
    try:
        with meter.tool_call(name) as call:
            async with limit:
                outcome = _bounded(await handler(request))
            call.failed = isinstance(outcome, ToolMessage) and outcome.status == "error"
            return outcome
    except BrokerError:
        raise
    except GraphBubbleUp:
        _log.warning("tool interrupted", agent=agent, tool=name)
        return message(request, OWN_INTERRUPT, failed=True)
    # The door for errors in other people's tools.
    except Exception as error:
        if limit.expired() and isinstance(error, TimeoutError):
            _log.warning("tool took too long", agent=agent, tool=name, seconds=seconds)
            raise TookTooLong from error
        _log.warning("tool failed", agent=agent, tool=name, error=type(error).__name__)
        return message(request, f"{type(error).__name__}: {error}", failed=True)


async def call_free_tool(
    request: ToolCallRequest, handler: Handler, agent: str, seconds: float, meter: Meter
) -> Outcome:
    """As `call_tool`, for one that nobody approved: that it took too long is told as well."""
    try:
        return await call_tool(request, handler, agent, seconds, meter)
    except TookTooLong:
        return message(request, too_slow(request.tool_call["name"], seconds), failed=True)


def message(request: ToolCallRequest, content: str, *, failed: bool = False) -> ToolMessage:
    """The answer to a call, in our words."""
    return ToolMessage(
        content=cut(content, MAX_RESULT_CHARACTERS),
        name=request.tool_call["name"],
        tool_call_id=request.tool_call["id"] or "",
        status="error" if failed else "success",
    )


def named(request: ToolCallRequest, outcome: Outcome) -> Outcome:
    """Give a tool's message an id that is the same each time, so that it is told once."""
    if not isinstance(outcome, ToolMessage):
        return outcome
    settings = request.runtime.config["configurable"]
    place = f"{settings.get('thread_id')}\x00{settings.get('checkpoint_ns')}"
    name = outcome.id or str(uuid.uuid5(uuid.NAMESPACE_OID, place))
    return mended_message(outcome).model_copy(update={"id": name})


def _bounded(outcome: Outcome) -> Outcome:
    """The outcome with each message in it cut to what can be kept."""
    if isinstance(outcome, ToolMessage):
        return _bounded_message(outcome)
    update = outcome.update
    if not isinstance(update, dict) or not isinstance(update.get("messages"), list):
        return outcome
    told = [_bounded_message(m) if isinstance(m, ToolMessage) else m for m in update["messages"]]
    outcome.update = {**update, "messages": told}
    return outcome


def _bounded_message(told: ToolMessage) -> ToolMessage:
    changed: dict[str, Any] = {}
    if not _fits(told.content):
        text = told.content if isinstance(told.content, str) else str(told.text)
        changed["content"] = cut(text, MAX_RESULT_CHARACTERS, always=True)
    if not _fits(told.artifact):
        changed["artifact"] = None
    return told.model_copy(update=changed) if changed else told


def _fits(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= MAX_RESULT_CHARACTERS
    try:
        return len(msgspec.json.encode(value)) <= MAX_RESULT_CHARACTERS
    except (TypeError, ValueError, RecursionError):
        return True  # not JSON-like: not for us to measure
