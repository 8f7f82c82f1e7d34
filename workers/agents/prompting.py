"""What the model is told beside the messages, and when it answered.

The only place that makes system prompts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from langchain.agents.middleware import AgentMiddleware, ExtendedModelResponse
from langchain.agents.middleware.types import ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, SystemMessage
from langgraph.types import Command

from workers.agents.endings import last_word
from workers.agents.model_calls import useful_answer
from workers.agents.state import caller_in
from workers.agents.texts import mended_message
from workers.runtime.metering import Meter

# The words of the base package, so that its prompts go on working as they were tuned.
_USER = """
## Current User Information

Current username: `{name}`
* If any tool requires a person's name, pass this name.
* You can address the user as `{name}`, e.g., “Hello, {name}”
"""


class Prompting(AgentMiddleware[Any, Any, Any]):
    """Puts the system prompt before the messages, with the user's name where it is known."""

    def __init__(
        self, system_prompt: str, model_seconds: float = 300.0, meter: Meter | None = None
    ) -> None:
        """Set it up.

        Args:
            model_seconds: how long one answer may take.
            meter: counts the answers.
        """
        super().__init__()
        self._system_prompt = system_prompt
        self._model_seconds = model_seconds
        self._meter = meter or Meter()

    async def awrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]],
    ) -> ModelResponse[Any] | AIMessage | ExtendedModelResponse[Any]:
        """Ask the model, and note in the thread when it answered.

        It is not asked when a rejection has ended the run.
        """
        ended = last_word(request.messages)
        if ended is not None:
            return ended
        prompt = system_prompt(self._system_prompt, caller_in(request.state).context)
        asked = request.override(system_message=SystemMessage(prompt))
        response = await useful_answer(asked, handler, self._model_seconds, self._meter)
        response = replace(response, result=[mended_message(one) for one in response.result])
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return ExtendedModelResponse(response, Command(update={"asked_at": now}))


def system_prompt(prompt: str, context: object) -> str:
    """The prompt for a user, named by `user_name` in the context of the task."""
    name = context.get("user_name") if isinstance(context, dict) else None
    return prompt + _USER.format(name=name) if name else prompt
