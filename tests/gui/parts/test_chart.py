"""Charts: what they say, what they draw of long series, and what the mouse is told."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.qtmodels.tone import Tone
from desktop.settings import Theme
from desktop.views.parts.chart import Chart, ChartLook
from desktop.views.parts.chart_points import Point, Series, nice_top, runs_of, thinned
from desktop.views.theme import apply_theme, tokens

MINUTE_MS = 60_000


def per_second(value: float) -> str:
    return f"{value:.0f} events/s"


def rising(count: int) -> tuple[Point, ...]:
    """One point a second, each as high as its number."""
    return tuple((number * 1000, float(number)) for number in range(count))


@pytest.fixture
def chart(qtbot: QtBot) -> Chart:
    """A minute of rising numbers."""
    part = Chart("Events per second", per_second)
    qtbot.addWidget(part)
    part.resize(320, 132)
    part.show_series((Series("Events", rising(61)),), 0, MINUTE_MS)
    part.show()
    qtbot.waitExposed(part)
    return part


def inked(picture: QImage, colour: str) -> int:
    """How many pixels have nearly this colour."""
    wanted = QImage(1, 1, QImage.Format.Format_RGB32)
    wanted.fill(colour)
    goal = wanted.pixelColor(0, 0)
    near = 0
    for y in range(picture.height()):
        for x in range(picture.width()):
            seen = picture.pixelColor(x, y)
            gap = (seen.red() - goal.red(), seen.green() - goal.green(), seen.blue() - goal.blue())
            near += max(abs(one) for one in gap) < 24
    return near


def test_a_screen_reader_hears_latest_and_extremes(chart: Chart) -> None:
    """A curve says nothing to somebody who does not see it."""
    assert chart.accessibleName() == "Events per second"
    told = "Events: latest 60 events/s, lowest 0 events/s, highest 60 events/s"
    assert chart.accessibleDescription() == told


def test_the_mouse_is_told_what_was_when(chart: Chart) -> None:
    """At the right edge now, at the left one a minute ago."""
    assert chart.words_at(chart.width()) == "Events: 60 events/s\nnow"
    assert chart.words_at(0) == "Events: 0 events/s\n1 min ago"


def test_a_chart_without_numbers_says_so(chart: Chart) -> None:
    """Nothing is known, which is not the same as nothing happened."""
    chart.show_series((Series("Events"),), 0, MINUTE_MS)

    assert chart.accessibleDescription() == "Events: nothing is known yet"
    assert chart.words_at(100) == ""


def test_a_peak_among_a_million_points_is_still_seen() -> None:
    """No more than a point per pixel is drawn, and the highest one of them."""
    points = [(at, 9.0 if at == 77_777 else 1.0) for at in range(1_000_000)]
    seen = thinned(points, 0, 1_000_000, 300)

    assert len(seen) <= 300
    assert (77_777, 9.0) in seen


def test_points_outside_of_the_span_are_not_drawn() -> None:
    """An old point does not bend the curve at its left end."""
    assert thinned(rising(10), 4000, 6000, 100) == [(4000, 4.0), (5000, 5.0), (6000, 6.0)]


def test_a_gap_stays_a_gap() -> None:
    """What nobody knows is not drawn as a line from before to after."""
    assert runs_of([(1, 5.0), (2, None), (3, None), (4, 6.0)]) == [[(1, 5.0)], [(4, 6.0)]]


@pytest.mark.parametrize(("highest", "top"), [(0, 1), (0.3, 0.5), (41, 50), (100, 100), (101, 200)])
def test_the_scale_ends_at_a_round_number(highest: float, top: float) -> None:
    """It can be read without a calculator."""
    assert nice_top(highest) == pytest.approx(top)


@pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])
@pytest.mark.parametrize("look", list(ChartLook))
def test_curves_wear_the_colours_of_the_theme(
    dressed: QApplication, qtbot: QtBot, look: ChartLook, theme: Theme
) -> None:
    """Two series are told apart by colour and by the words above them."""
    apply_theme(dressed, theme)
    chart = Chart("Model latency", per_second, look)
    qtbot.addWidget(chart)
    chart.resize(320, 132)
    high = tuple((at, 61.0) for at, _ in rising(61))
    chart.show_series((Series("p95", high, Tone.WARN), Series("p50", rising(61))), 0, MINUTE_MS)
    picture = chart.grab().toImage()

    assert inked(picture, tokens().ink(Tone.ACCENT)) > 40
    assert inked(picture, tokens().ink(Tone.WARN)) > 40


def test_a_bare_chart_fits_into_a_line(qtbot: QtBot) -> None:
    """It has no words of its own; the mouse and the screen reader are told all the same."""
    chart = Chart("Events per second", per_second, bare=True)
    qtbot.addWidget(chart)
    chart.show_series((Series("Events", ((0, 4.0),)),), 0, MINUTE_MS)

    assert chart.sizeHint().height() <= 30
    assert "latest 4 events/s" in chart.accessibleDescription()
