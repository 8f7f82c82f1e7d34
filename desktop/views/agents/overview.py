"""The line above the monitor: how everything stands in one sentence, and the broker's own facts."""

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop.qtmodels.monitor_wording import broker_words, counted, per_second
from desktop.store.health import ALL_AGENTS, Troubles
from desktop.store.store import Store
from desktop.views.agents.agent_charts import SPAN_MS
from desktop.views.parts.chart import Chart
from desktop.views.parts.chart_points import Series
from desktop.views.parts.filter_chips import FilterChips
from desktop.views.parts.labels import Look, TextLabel

_PULSE_WIDTH: Final = 140


class Overview(QFrame):
    """Shows the store as it stands; the places of the page are chosen beside it."""

    def __init__(self, places: FilterChips, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "panel")
        self.setProperty("edge", "bottom")
        self._words = TextLabel("", Look.MUTED)
        self._words.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._words.setObjectName("monitor.overview")
        self._broker = TextLabel("", Look.SMALL)
        self._broker.setObjectName("monitor.broker")
        self._broker.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._pulse = Chart("Runs per second of all agents", _runs, bare=True)
        self._pulse.setFixedWidth(_PULSE_WIDTH)
        self._pulse.setObjectName("monitor.pulse")
        head = QHBoxLayout()
        head.setSpacing(14)
        head.addWidget(TextLabel("Agents", Look.TITLE))
        head.addWidget(places)
        head.addStretch(1)
        facts = QHBoxLayout()
        facts.setSpacing(14)
        facts.addWidget(self._words)
        facts.addWidget(self._broker, 1)
        words = QVBoxLayout()
        words.setSpacing(6)
        words.addLayout(head)
        words.addLayout(facts)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 12, 18, 10)
        row.setSpacing(16)
        row.addLayout(words, 1)
        row.addWidget(self._pulse)

    def show_overview(self, store: Store, agents: int, waiting: int, troubles: Troubles) -> None:
        """Show how everything stands.

        Args:
            agents: how many there are; `waiting`: their requests that wait for a person.
        """
        monitor = store.monitor
        samples = monitor.samples(ALL_AGENTS)
        parts = [counted(agents, "agent"), counted(len(monitor.workers), "worker")]
        if samples and samples[-1].runs is not None:
            parts.append(per_second(samples[-1].runs, "runs"))
        parts.append(f"{waiting:,} waiting")
        parts.append(f"{troubles.total:,} troubled")
        is_known = store.is_online or agents > 0
        self._words.show_text(" · ".join(parts) if is_known else store.link.title)
        self._broker.show_text(broker_words(monitor.broker))
        points = tuple((sample.at_ms, sample.runs) for sample in samples)
        now_ms = monitor.at_ms
        self._pulse.show_series((Series("Runs", points),), now_ms - SPAN_MS, now_ms)
        self._pulse.setVisible(bool(samples))


def _runs(rate: float) -> str:
    return per_second(rate, "runs")
