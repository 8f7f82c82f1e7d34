"""Errors of models and agents in words that may be told: no secrets, no traceback.

The only place that knows the exceptions of model services.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import httpx
import openai
from langgraph.errors import GraphRecursionError

from workers.runtime.ports import RunFailed

_MAX_CHARACTERS = 200
#: Request timeout, conflict, too early; besides everything from 500 on.
_TRANSIENT = frozenset({408, 409, 425})
_SECRETS = re.compile(r"(?i)\b(?:sk|pk|key|bearer)[-_ ][\w*-]{6,}|//[^/\s:@]*:[^/\s@]+@")


class ModelTooSlow(Exception):
    """A model did not answer within so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class UselessAnswer(Exception):
    """A model answered nothing that a run can go on with, and why not."""


def explain(error: Exception, secrets: Sequence[str] = ()) -> RunFailed:
    """What may be told of an error that ended a run.

    Args:
        secrets: texts that must not appear, whatever the error says.
    """
    if isinstance(error, RunFailed):
        return error  # in such words already
    told = _of_model(error)
    if told is not None:
        return told
    if isinstance(error, GraphRecursionError):
        return RunFailed("The agent took too many steps.", "Ask for less at a time.")
    name = type(error).__name__
    return RunFailed(f"{name}: {_short(str(error), secrets)}", kind=name)


def _of_model(error: Exception) -> RunFailed | None:
    """The words for what a model, or the service it runs on, did wrong."""
    match error:
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return RunFailed(
                "The model service refused the API key.", "Check OPENAI_API_KEY and OPENAI_MODEL."
            )
        case openai.RateLimitError():
            return RunFailed(
                "The model service takes no more requests now.",
                "Try again in a while.",
                # A used-up budget is refused in the same way, and does not come back in minutes.
                is_transient=error.code != "insufficient_quota",
                retry_after_seconds=_retry_after(error),
            )
        case openai.APIConnectionError():
            return RunFailed(
                "The model service does not answer.", "Check OPENAI_BASE_URL.", is_transient=True
            )
        case ModelTooSlow():
            return RunFailed(
                f"The model did not answer within {error.seconds:g} seconds.",
                "Try again in a while.",
                is_transient=True,
            )
        case UselessAnswer():
            return RunFailed(f"The model's answer is of no use. {error}", "Check OPENAI_MODEL.")
        case openai.NotFoundError():
            return RunFailed("The model service does not know this model.", "Check OPENAI_MODEL.")
        case openai.APIStatusError():
            return RunFailed(
                f"The model service refused the request with status {error.status_code}.",
                is_transient=error.status_code in _TRANSIENT or error.status_code >= 500,
                retry_after_seconds=_retry_after(error),
            )
        case _:
            return None


def is_of_service(error: Exception) -> bool:
    """Whether something outside failed, and not the code on what it was given."""
    return isinstance(
        error,
        openai.OpenAIError
        | httpx.HTTPError
        | ConnectionError
        | TimeoutError
        | GraphRecursionError
        | ModelTooSlow
        | UselessAnswer,
    )


def _short(text: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        if secret:
            text = text.replace(secret, "[removed]")
    line = text.strip().partition("\n")[0]
    line = _SECRETS.sub("[removed]", line)
    return line if len(line) <= _MAX_CHARACTERS else f"{line[:_MAX_CHARACTERS]}…"


def _retry_after(error: openai.APIStatusError) -> float:
    """What the service asks to wait, in seconds; a date instead of a number is not used."""
    try:
        return max(float(error.response.headers.get("retry-after", 0)), 0.0)
    except ValueError:
        return 0.0
