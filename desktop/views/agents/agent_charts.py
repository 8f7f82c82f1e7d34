"""The charts of an agent: what its throughput, its models and its backlog did of late."""

from typing import Final

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from desktop.qtmodels.monitor_wording import duration, per_second
from desktop.qtmodels.tone import Tone
from desktop.store.health import Sample
from desktop.views.parts.chart import Chart, ChartLook
from desktop.views.parts.chart_points import Series
from desktop.views.parts.labels import Surface, panel

#: The charts show the last four minutes: what the store keeps at a look every two seconds.
SPAN_MS: Final = 4 * 60 * 1000
_TWO_COLUMNS: Final = 470  # pixels


class AgentCharts(QWidget):
    """Shows the samples of one agent.

    Of a foreign one only its inbox tells anything, and not how much is still to do: other software
    acknowledges nothing.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runs = Chart("Runs", per_second)
        self._latency = Chart("Model latency", duration, ChartLook.LINE, scale=duration)
        self._backlog = Chart("Backlog", lambda number: f"{number:,.0f} messages", ChartLook.BARS)
        self._tokens = Chart("Tokens", per_second)
        self._taken = Chart("Messages taken", per_second)
        self._all = (self._runs, self._latency, self._backlog, self._tokens, self._taken)
        self._columns = 0
        self._foreign = False
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(10)
        self._cards = [_framed(chart, self) for chart in self._all]
        self._arrange(2)

    def show_samples(self, samples: tuple[Sample, ...], now_ms: int, *, foreign: bool) -> None:
        """Show figures over time.

        Args:
            now_ms: the right edge, by the broker's clock.
            foreign: only what an inbox tells is known.
        """
        span = (now_ms - SPAN_MS, now_ms)
        failed = tuple((one.at_ms, one.failed) for one in samples)
        runs = [Series("Ended", tuple((one.at_ms, one.runs) for one in samples))]
        if any(value for _, value in failed):
            runs.append(Series("Failed", failed, Tone.DANGER))
        self._runs.show_series(tuple(runs), *span)
        half = tuple((one.at_ms, one.model_ms) for one in samples)
        most = tuple((one.at_ms, one.model_p95_ms) for one in samples)
        latency = (Series("p50", half), Series("p95", most, Tone.WARN))
        self._latency.show_series(latency, *span)
        backlog = tuple((one.at_ms, one.backlog) for one in samples)
        self._backlog.show_series((Series("Backlog", backlog, Tone.ACCENT),), *span)
        tokens = tuple((one.at_ms, one.tokens) for one in samples)
        self._tokens.show_series((Series("Tokens", tokens),), *span)
        self._taken.show_series((Series("Taken", runs[0].points),), *span)
        if foreign != self._foreign:
            self._foreign = foreign
            self._arrange(self._columns)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Two beside each other where there is room."""
        super().resizeEvent(event)
        columns = 2 if self.width() >= _TWO_COLUMNS else 1
        if columns != self._columns:
            self._arrange(columns)

    def _arrange(self, columns: int) -> None:
        self._columns = columns
        shown = [
            card
            for card, chart in zip(self._cards, self._all, strict=True)
            if self._foreign is (chart is self._taken)
        ]
        for card in self._cards:
            self._grid.removeWidget(card)
            card.setVisible(card in shown)
        columns = min(columns, len(shown))
        for number, card in enumerate(shown):
            self._grid.addWidget(card, number // columns, number % columns)
        for column in range(2):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)


def _framed(chart: Chart, parent: QWidget) -> QWidget:
    card = panel(Surface.CARD, parent=parent)
    grid = QGridLayout(card)
    grid.setContentsMargins(14, 12, 14, 8)
    grid.addWidget(chart)
    return card
