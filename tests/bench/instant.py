"""A model that answers at once, or after a while, and a tool: the same for every side compared.

Imports nothing but LangChain, because the base package's environment has nothing else.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import tool


class InstantModel(BaseChatModel):
    """Calls a tool, then says what it said; no network, no thread, and nothing piece by piece.

    Attributes:
        seconds: how long it takes for each answer.
    """

    seconds: float = 0.0

    @property
    def _llm_type(self) -> str:
        return "instant"

    def bind_tools(self, _tools: object, **_options: object) -> Any:  # noqa: ANN401 - LangChain's
        """The tools are known."""
        return self

    def _generate(self, messages: list[BaseMessage], *_: object, **__: object) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._answer(messages))])

    async def _agenerate(self, messages: list[BaseMessage], *_: object, **__: object) -> ChatResult:
        if self.seconds:
            await asyncio.sleep(self.seconds)
        return self._generate(messages)

    def _answer(self, messages: Sequence[BaseMessage]) -> AIMessage:
        last = messages[-1]
        if isinstance(last, ToolMessage):
            return AIMessage(f"It says: {last.content}")
        call = {"name": "look_up", "args": {"city": "Bern"}, "id": f"call_{uuid.uuid4().hex}"}
        return AIMessage("", tool_calls=[call])


@tool
async def look_up(city: str) -> str:
    """Look up a city."""
    return f"It is sunny in {city}, 21 °C."
