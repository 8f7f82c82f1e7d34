"""One living worker, as it describes itself with each heartbeat."""

from typing import Final

from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from desktop.qtmodels.rows import Pill
from desktop.qtmodels.tone import Tone
from desktop.qtmodels.wording import age, moment
from desktop.store.records import WorkerInfo
from desktop.views.parts.copyable import Copyable
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.parts.pill import PillLabel

_ENFORCES: Final = "enforce"
_MODES: Final = {
    _ENFORCES: "enforce: takes only decisions that are bound to one call",
    "observe": "observe: also takes decisions that are bound to no call, and says so",
}


class WorkerCard(QFrame):
    """Shows one `WorkerInfo`; a heartbeat changes words in place, so that a selection stays."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "card")
        self._consumer = Copyable("worker name")
        self._mode_pill = PillLabel(parent=self)
        self._facts = {
            name: TextLabel("", Look.BODY, wrap=True, selectable=True)
            for name in ("Version", "Mode", "Started", "Running now", "Note")
        }
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self._consumer, 1)
        head.addWidget(self._mode_pill)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(18)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        self._names: dict[str, TextLabel] = {}
        for row, (name, value) in enumerate(self._facts.items()):
            label = self._names[name] = TextLabel(name, Look.MUTED)
            label.setMinimumWidth(label.sizeHint().width())
            self._grid.addWidget(label, row, 0)
            self._grid.addWidget(value, row, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 16, 14)
        column.setSpacing(8)
        column.addLayout(head)
        column.addLayout(self._grid)

    def show_worker(self, worker: WorkerInfo, now_ms: int) -> None:
        """Show what the worker says of itself now."""
        self._consumer.show_value(worker.consumer)
        enforces = worker.mode == _ENFORCES
        self._mode_pill.show_pill(Pill(worker.mode or "?", Tone.OK if enforces else Tone.WARN))
        runs = "nothing" if not worker.running else f"{worker.running:,} at once"
        said = {
            "Version": worker.version or "not told",
            "Mode": _mode_words(worker),
            "Started": _started(worker.started_ms, now_ms),
            "Running now": runs,
            "Note": worker.note,
        }
        for name, words in said.items():
            self._facts[name].show_text(words)
            self._facts[name].setVisible(bool(words))
            self._names[name].setVisible(bool(words))


def _mode_words(worker: WorkerInfo) -> str:
    """What it demands; agent by agent where they differ."""
    if len(set(worker.modes.values())) > 1:
        return ", ".join(f"{agent}: {mode}" for agent, mode in sorted(worker.modes.items()))
    return _MODES.get(worker.mode, worker.mode or "not told")


def _started(at_ms: int, now_ms: int) -> str:
    if at_ms <= 0:
        return "not told"
    ago = age(at_ms, now_ms)
    return f"{moment(at_ms)} ({'just now' if ago == 'now' else f'{ago} ago'})"
