"""Records in words, as a person reads them in a list."""

from __future__ import annotations

from datetime import datetime

import pytest

from desktop.qtmodels.wording import (
    age,
    call_state,
    context_row,
    in_doubt_words,
    request_row,
    state_pill,
    waiting_since,
    waits_since,
)
from desktop.store.records import Context, ContextStatus
from tests.support import scenes
from tests.support.learning import online_store, seen

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


@pytest.mark.parametrize(
    ("passed_ms", "words"),
    [(0, "now"), (59_999, "now"), (MINUTE, "1m"), (HOUR - 1, "59m"), (DAY, "1d"), (-DAY, "now")],
)
def test_an_age_is_one_short_word(passed_ms: int, words: str) -> None:
    """Also when the broker's clock runs ahead of this desk's."""
    assert age(DAY, DAY + passed_ms) == words


def test_a_wait_is_told_to_the_second_at_first() -> None:
    """A reviewer sees the clock run."""
    assert waiting_since(0, 7_000) == "7 s"
    assert waiting_since(0, 61_000) == "1 min 1 s"
    assert waiting_since(0, 2 * HOUR + MINUTE) == "2 h 1 min"
    assert waiting_since(0, 5 * DAY + 3 * HOUR) == "5 d 3 h"


def test_a_wait_that_began_yesterday_says_so() -> None:
    """`since 23:30` would be a time that has not come yet, at half past one in the morning."""
    midnight = datetime(2026, 3, 2).astimezone().timestamp() * 1000
    asked, now = round(midnight) - HOUR // 2, round(midnight) + 90 * MINUTE
    assert waits_since(asked, now) == "2 h 0 min, since 2026-03-01 23:30"
    assert waits_since(round(midnight) + MINUTE, now) == "1 h 29 min, since 00:01"


def test_a_preview_shows_words_and_no_marks_of_markdown() -> None:
    """The transcript renders Markdown; a list has one plain line."""
    preview = "### Weather\nIn **Oslo** it is `12 °C`.\n| a | b |\n|---|---|\n- wind_speed * 2"
    context = Context("id", "weather_agent", ContextStatus.DONE, 0, preview=preview)
    row = context_row(context, 0)
    assert "**" not in row.subtitle
    assert row.subtitle.startswith("Weather In Oslo it is 12 °C.")
    assert "wind_speed * 2" in row.subtitle


@pytest.mark.parametrize(
    ("started", "words"),
    [
        (scenes.STARTED, "Started at 2026-03-0"),
        ("", "Started before,"),
        ("noon", "Started before,"),
    ],
)
def test_a_call_in_doubt_is_called_so_wherever_it_is_listed(started: str, words: str) -> None:
    """With the time of its start, if its worker tells one."""
    [request] = online_store(*seen(scenes.asks_again(started=started))).requests()

    assert in_doubt_words(request).startswith(words)
    assert in_doubt_words(request).endswith("outcome unknown")
    pill = request_row(request, 0).pill
    assert pill is not None
    assert pill.text == state_pill(request).text == call_state(request).text.capitalize()
    assert pill.text == "In doubt"


def test_a_question_waits_for_an_answer() -> None:
    """There is nothing to approve."""
    [request] = online_store(*seen(scenes.hosted_asks({"ask": "What now?"}))).requests()

    assert state_pill(request).text == "Waiting for an answer"
