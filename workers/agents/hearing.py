"""What the models and tools of a hosted graph do, heard through LangChain's callbacks.

The only place that uses callbacks. Nobody can stand around the calls of a graph that somebody else
built, so what is counted here is what LangChain tells: a call that is cancelled is not.
"""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langgraph.errors import GraphBubbleUp

from workers.agents.model_calls import count_tokens
from workers.runtime.metering import Meter

#: Calls that began and never ended are forgotten beyond so many.
_MOST_OPEN = 1000


class Hearing(AsyncCallbackHandler):
    """Counts the calls of one graph."""

    ignore_chain = True
    ignore_retriever = True
    ignore_retry = True
    ignore_custom_event = True

    def __init__(self, meter: Meter) -> None:
        super().__init__()
        self._meter = meter
        self._began: dict[UUID, tuple[str, float]] = {}

    async def on_chat_model_start(
        self,
        serialized: dict[str, Any],  # noqa: ARG002
        messages: list[list[BaseMessage]],  # noqa: ARG002
        *,
        run_id: UUID,
        **kwargs: Any,  # noqa: ANN401, ARG002
    ) -> None:
        """A model was asked."""
        self._begin(run_id, "")

    async def on_llm_end(
        self,
        response: LLMResult,
        *,
        run_id: UUID,
        **kwargs: Any,  # noqa: ANN401, ARG002
    ) -> None:
        """It answered."""
        self._end_model(run_id, failed=False)
        for generation in (one for several in response.generations for one in several):
            if isinstance(generation, ChatGeneration) and isinstance(generation.message, AIMessage):
                count_tokens(self._meter, generation.message)

    async def on_llm_error(
        self,
        error: BaseException,  # noqa: ARG002 - that it failed is all that counts
        *,
        run_id: UUID,
        **kwargs: Any,  # noqa: ANN401, ARG002
    ) -> None:
        """It did not."""
        self._end_model(run_id, failed=True)

    async def on_tool_start(
        self,
        serialized: dict[str, Any],
        input_str: str,  # noqa: ARG002
        *,
        run_id: UUID,
        **kwargs: Any,  # noqa: ANN401, ARG002
    ) -> None:
        """A tool was called."""
        self._begin(run_id, str((serialized or {}).get("name", "")))

    async def on_tool_end(
        self,
        output: Any,  # noqa: ANN401
        *,
        run_id: UUID,
        **kwargs: Any,  # noqa: ANN401, ARG002
    ) -> None:
        """It came back."""
        failed = isinstance(output, ToolMessage) and output.status == "error"
        self._end_tool(run_id, failed=failed)

    async def on_tool_error(
        self,
        error: BaseException,
        *,
        run_id: UUID,
        **kwargs: Any,  # noqa: ANN401, ARG002
    ) -> None:
        """It raised: an error, or a question to a person, which is none."""
        if isinstance(error, GraphBubbleUp):
            self._began.pop(run_id, None)
        else:
            self._end_tool(run_id, failed=True)

    def _begin(self, run_id: UUID, name: str) -> None:
        if len(self._began) >= _MOST_OPEN:
            self._began.pop(next(iter(self._began)))
        self._began[run_id] = (name, time.monotonic())

    def _end_model(self, run_id: UUID, *, failed: bool) -> None:
        _, began = self._began.pop(run_id, ("", None))
        if began is not None:
            self._meter.model_called(time.monotonic() - began, failed=failed)

    def _end_tool(self, run_id: UUID, *, failed: bool) -> None:
        name, began = self._began.pop(run_id, ("", None))
        if began is not None:
            self._meter.tool_called(name, time.monotonic() - began, failed=failed)
