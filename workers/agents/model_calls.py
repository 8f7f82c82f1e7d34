"""One answer of a model: in time, and of a kind that a run can go on with.

The only place that waits for models, and that says which answers are none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from langchain.agents.middleware.types import ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, ToolMessage

from workers.agents.failures import ModelTooSlow, UselessAnswer
from workers.runtime.metering import Meter

#: A model that answers nonsense is asked so often, before the run ends.
MOST_QUESTIONS = 3
_NOT_JSON = "The call could not be read: its arguments are no JSON object. It was not made."

_log = structlog.get_logger(__name__)

Ask = Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]


async def useful_answer(
    request: ModelRequest[Any], ask: Ask, seconds: float, meter: Meter
) -> ModelResponse[Any]:
    """Ask a model until its answer is of use: a text, or calls that can be read.

    A model whose calls could not be read is told so. What it made of that alone is kept.

    Args:
        seconds: how long each answer may take.
        meter: counts each answer, also those of no use.

    Raises:
        ModelTooSlow: it took longer.
        UselessAnswer: none of its answers was of use.
    """
    problem = ""
    for _ in range(MOST_QUESTIONS):
        try:
            with meter.model_call():
                async with asyncio.timeout(seconds) as limit:
                    response = await ask(request)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise ModelTooSlow(seconds) from error
        said = next((one for one in response.result if isinstance(one, AIMessage)), None)
        if said is not None:
            count_tokens(meter, said, request.model)
        problem = _problem(said)
        if said is None or not problem:
            return response
        _log.warning("model asked again", reason=problem)
        if said.invalid_tool_calls:
            request = request.override(messages=[*request.messages, said, *_complaints(said)])
    raise UselessAnswer(problem)


def count_tokens(meter: Meter, said: AIMessage, model: object = None) -> None:
    """Count the tokens that an answer says it took.

    Args:
        model: what was asked; its name counts where the answer names none that has a price.
    """
    used = said.usage_metadata
    if used is None:
        return
    answered = said.response_metadata.get("model_name")
    asked = getattr(model, "model_name", None) or getattr(model, "model", None)
    names = [name for name in (asked, answered) if isinstance(name, str)]
    meter.tokens(used["input_tokens"], used["output_tokens"], *names)


def _problem(said: AIMessage | None) -> str:
    """Why nothing can be done with an answer; empty if something can."""
    if said is None:
        return ""
    if said.invalid_tool_calls:
        return "It made a call that cannot be read."
    if not said.tool_calls and not said.content:
        return "It said nothing."
    return ""


def _complaints(said: AIMessage) -> list[ToolMessage]:
    """An answer for each call: a model service refuses a conversation in which one has none."""
    calls = [*said.invalid_tool_calls, *said.tool_calls]
    return [
        ToolMessage(_NOT_JSON, tool_call_id=str(call["id"] or ""), status="error") for call in calls
    ]
