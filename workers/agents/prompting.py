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

from workers.agents.state import caller_in
from workers.agents.texts import mended_message

# The words of the base package, so that its prompts go on working as they were tuned.
_USER = """
## Current User Information

Current username: `{name}`
* If any tool requires a person's name, pass this name.
* You can address the user as `{name}`, e.g., “Hello, {name}”
"""


class Prompting(AgentMiddleware[Any, Any, Any]):
    """Puts the system prompt before the messages, with the user's name where it is known."""

    def __init__(self, system_prompt: str) -> None:
        super().__init__()
        self._system_prompt = system_prompt

    async def awrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]],
    ) -> ModelResponse[Any] | AIMessage | ExtendedModelResponse[Any]:
        """Ask the model, and note in the thread when it answered."""
        prompt = system_prompt(self._system_prompt, caller_in(request.state).context)
        response = await handler(request.override(system_message=SystemMessage(prompt)))
        response = replace(response, result=[mended_message(one) for one in response.result])
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return ExtendedModelResponse(response, Command(update={"asked_at": now}))


def system_prompt(prompt: str, context: object) -> str:
    """The prompt for a user, named by `user_name` in the context of the task."""
    name = context.get("user_name") if isinstance(context, dict) else None
    return prompt + _USER.format(name=name) if name else prompt
