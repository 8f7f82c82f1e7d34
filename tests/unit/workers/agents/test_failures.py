"""What is told of an error: enough to act, no secrets."""

from __future__ import annotations

import httpx
import openai
import pytest
from langgraph.errors import GraphRecursionError

from workers.agents.failures import explain

REQUEST = httpx.Request("POST", "http://127.0.0.1:1/v1/chat/completions")


def refused(status: int, kind: type[openai.APIStatusError]) -> openai.APIStatusError:
    """An error as the client of the model service raises it."""
    response = httpx.Response(status, request=REQUEST)
    return kind("sk-secret-000000 was wrong", response=response, body=None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (refused(401, openai.AuthenticationError), "refused the API key"),
        (refused(404, openai.NotFoundError), "does not know this model"),
        (refused(429, openai.RateLimitError), "takes no more requests"),
        (refused(500, openai.InternalServerError), "status 500"),
        (openai.APIConnectionError(request=REQUEST), "does not answer"),  # type: ignore[arg-type]
        (GraphRecursionError("deep"), "too many steps"),
    ],
)
def test_known_errors_are_told_in_our_own_words(error: Exception, words: str) -> None:
    """What the service said may hold the key, the request, anything."""
    told = str(explain(error))
    assert words in told
    assert "secret" not in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no figures for Oslo", "ValueError: no figures for Oslo"),
        ("first line\nsecond line", "ValueError: first line"),
        ("using sk-0123456789 failed", "ValueError: using [removed] failed"),
        ("redis://:word@host:1/0 is gone", "ValueError: redis:[removed]host:1/0 is gone"),
        ("the word is hunter2", "ValueError: the word is [removed]"),
        ("x" * 500, f"ValueError: {'x' * 200}…"),
    ],
)
def test_other_errors_are_told_by_kind_and_first_words(text: str, told: str) -> None:
    """Without what looks like a secret, or is known to be one."""
    assert explain(ValueError(text), secrets=("hunter2", "")).title == told


@pytest.mark.parametrize(
    ("error", "is_transient"),
    [
        (refused(429, openai.RateLimitError), True),
        (refused(500, openai.InternalServerError), True),
        (refused(503, openai.InternalServerError), True),
        (refused(408, openai.APIStatusError), True),
        (openai.APIConnectionError(request=REQUEST), True),  # type: ignore[arg-type]
        (refused(401, openai.AuthenticationError), False),
        (refused(400, openai.BadRequestError), False),
        (ValueError("no figures"), False),
    ],
)
def test_only_what_may_pass_is_worth_another_try(error: Exception, is_transient: bool) -> None:
    """A wrong key is as wrong in a minute."""
    assert explain(error).is_transient is is_transient


def test_a_service_that_says_when_to_come_back_is_heard() -> None:
    """In seconds; a date is not understood, and then our own pause counts."""
    for said, seconds in (("17", 17.0), ("-1", 0.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0.0)):
        response = httpx.Response(429, request=REQUEST, headers={"retry-after": said})
        error = openai.RateLimitError("slow down", response=response, body=None)  # type: ignore[arg-type]
        assert explain(error).retry_after_seconds == seconds
