"""One living worker: how it describes itself with each heartbeat, and what it runs."""

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from desktop.qtmodels.monitor_wording import counted, since, tokens
from desktop.qtmodels.rows import Pill
from desktop.qtmodels.tone import Tone
from desktop.qtmodels.wording import age, moment, one_line
from desktop.store.health import AgentUsage, Run
from desktop.store.records import WorkerInfo
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.copyable import Copyable
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.parts.pill import PillLabel
from desktop.views.parts.visible_text import visible

_MOST_RUNS: Final = 5
_JUST_NOW_MS: Final = 4000  # a heartbeat comes every few seconds
_MOST_LETTERS: Final = 40
_ENFORCES: Final = "enforce"
_FACTS: Final = ("Heartbeat", "Version", "Mode", "Started", "Done since", "Running now", "Note")
_MODES: Final = {
    _ENFORCES: "enforce: takes only signed decisions, of those whom its own policy asks for",
    "bound": "bound: takes only decisions that are bound to one call; who decided is not proven",
    "observe": "observe: also takes decisions that are bound to no call, and says so",
}


class WorkerCard(QFrame):
    """Shows one `WorkerInfo`; a heartbeat changes words in place, so that a selection stays.

    Signals:
        context_wanted(str): the person wants to read a conversation that it runs.
    """

    context_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "card")
        self._consumer = Copyable("worker name")
        self._mode_pill = PillLabel(parent=self)
        self._facts = {
            name: TextLabel("", Look.BODY, wrap=True, selectable=True) for name in _FACTS
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
            self._grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(value, row, 1)
        self._runs = [_RunLine(self) for _ in range(_MOST_RUNS)]
        self._more = TextLabel("", Look.SMALL)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 16, 14)
        column.setSpacing(8)
        column.addLayout(head)
        column.addLayout(self._grid)
        lines = QVBoxLayout()
        lines.setSpacing(0)
        for line in self._runs:
            line.context_wanted.connect(self.context_wanted)
            lines.addWidget(line)
        lines.addWidget(self._more)
        self._grid.addLayout(lines, len(_FACTS), 1)

    def show_worker(self, worker: WorkerInfo, agent: str, runs: list[Run], now_ms: int) -> None:
        """Show what the worker says of itself now.

        Args:
            agent: whose work is counted.
            runs: what it runs for that agent, the longest first.
        """
        self._consumer.show_value(worker.consumer)
        enforces = worker.mode == _ENFORCES
        self._mode_pill.show_pill(Pill(worker.mode or "?", Tone.OK if enforces else Tone.WARN))
        self._show_runs(runs, now_ms)
        said = {
            "Heartbeat": _heartbeat(worker, now_ms),
            "Version": worker.version or "not told",
            "Mode": _mode_words(worker),
            "Started": _started(worker.started_ms, now_ms),
            "Done since": _done(worker.usage.get(agent)),
            "Running now": "nothing" if not worker.running else f"{worker.running:,} at once",
            "Note": worker.note,
        }
        for name, words in said.items():
            self._facts[name].show_text(words)
            self._facts[name].setVisible(bool(words))
            self._names[name].setVisible(bool(words))

    def _show_runs(self, runs: list[Run], now_ms: int) -> None:
        for number, line in enumerate(self._runs):
            line.show_run(runs[number] if number < len(runs) else None, now_ms)
        hidden = len(runs) - _MOST_RUNS
        self._more.setVisible(hidden > 0)
        self._more.show_text(f"and {hidden:,} more")


class _RunLine(QWidget):
    """One conversation that a worker runs, and since when."""

    context_wanted = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._context_id = ""
        self._button = ActionButton("", ButtonLook.QUIET)
        self._button.setToolTip("Shows the conversation")
        self._since = TextLabel("", Look.SMALL)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._button)
        row.addWidget(self._since, 1)
        self._button.clicked.connect(lambda: self.context_wanted.emit(self._context_id))
        self.hide()

    def show_run(self, run: Run | None, now_ms: int) -> None:
        """Show another run, or none."""
        self.setVisible(run is not None)
        if run is not None:
            self._context_id = run.context_id
            if self._button.text() != (shown := _short(run.context_id)):
                self._button.setText(shown)
            self._button.setAccessibleName(f"Show conversation {run.context_id}")
            self._since.show_text(f"for {since(run.since_ms, now_ms)}")


def _short(context_id: str) -> str:
    """A context ID as a button has room for it; the conversation itself shows all of it."""
    plain = one_line(visible(context_id))
    return plain if len(plain) <= _MOST_LETTERS else f"{plain[: _MOST_LETTERS - 1]}…"


def _heartbeat(worker: WorkerInfo, now_ms: int) -> str:
    """When it was heard, as far as its version tells."""
    if not worker.at_ms:
        return "alive; this version does not say since when"
    if now_ms - worker.at_ms < _JUST_NOW_MS:
        return "just now"
    return f"{since(worker.at_ms, now_ms)} ago, by its own clock"


def _done(usage: AgentUsage | None) -> str:
    if usage is None:
        return ""
    parts = (
        counted(usage.finished, "run"),
        f"{usage.failed:,} failed" if usage.failed else "",
        f"{tokens(usage.tokens_in)} tokens in, {tokens(usage.tokens_out)} out"
        if usage.model.count
        else "",
    )
    return " · ".join(part for part in parts if part)


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
