"""Runs that a rejection ends: the calls beside it are finished, and the model is not asked again.

The only place that marks the result of such a call, and that finds the mark. It is kept in the
thread, so that another worker ends the run as well.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, ToolMessage

from workers.agents.questions import run_ended

_ENDS = "signoff_ends_run"


def ending(told: ToolMessage) -> ToolMessage:
    """The result of a call, marked: with it the run ends."""
    return told.model_copy(update={"response_metadata": {**told.response_metadata, _ENDS: True}})


def last_word(messages: Sequence[Any]) -> AIMessage | None:
    """What the agent says in place of the model, if a call of its newest turn ended the run."""
    results: list[ToolMessage] = []
    for one in reversed(messages):
        if not isinstance(one, ToolMessage):
            break
        if one.response_metadata.get(_ENDS):
            results.insert(0, one)
    if not results:
        return None
    # The same each time the step runs, so that it is told once.
    name = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{_ENDS}\x00{results[0].id}"))
    return AIMessage(run_ended(" ".join(str(one.text) for one in results)), id=name)
