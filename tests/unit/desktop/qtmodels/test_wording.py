"""Records in words, as a person reads them in a list."""

from __future__ import annotations

import pytest

from desktop.qtmodels.wording import age, context_row, waiting_since
from desktop.store.records import Context, ContextStatus

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


def test_a_preview_shows_words_and_no_marks_of_markdown() -> None:
    """The transcript renders Markdown; a list has one plain line."""
    preview = "### Weather\nIn **Oslo** it is `12 °C`.\n| a | b |\n|---|---|\n- wind_speed * 2"
    context = Context("id", "weather_agent", ContextStatus.DONE, 0, preview=preview)
    row = context_row(context, 0)
    assert "**" not in row.subtitle
    assert row.subtitle.startswith("Weather In Oslo it is 12 °C.")
    assert "wind_speed * 2" in row.subtitle
