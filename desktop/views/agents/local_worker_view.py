"""One local worker: how it stands and why, what can be done with it, and what it says."""

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.actions.local_workers import DEMO_ID, LocalWorkersDesk
from desktop.qtmodels.local_wording import local_facts, local_state
from desktop.store.local_workers import LIVING_STATES, LocalWorker, LocalWorkerState
from desktop.views.agents.worker_log import WorkerLogView
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.labels import Edge, Look, Surface, TextLabel, panel
from desktop.views.parts.pill import PillLabel
from desktop.views.parts.rows import button_row
from desktop.views.parts.value_box import ValueBox

_HINT_LINES: Final = 6
_CAN_START: Final = frozenset((LocalWorkerState.STOPPED, LocalWorkerState.FAILED))
_REMOVE: Final = "Remove"
_REMOVE_NOW: Final = "Remove for good"


class LocalWorkerView(QWidget):
    """Shows one `LocalWorker`, in place.

    Signals:
        edit_wanted: the person wants to change it.
    """

    edit_wanted = Signal()

    def __init__(self, workers: LocalWorkersDesk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workers = workers
        self._id = ""
        self._name = TextLabel("", Look.SUBTITLE, selectable=True)
        self._name.setObjectName("local.title")
        self._pill = PillLabel(parent=self)
        self._pill.setObjectName("local.state")
        self._facts = TextLabel("", Look.MUTED, wrap=True, selectable=True)
        self._words = TextLabel("", Look.BODY, wrap=True, selectable=True)
        self._words.setObjectName("local.words")
        self._other = TextLabel("", Look.ERROR, wrap=True, selectable=True)
        self._other.setObjectName("local.other_broker")
        self._hint = ValueBox("Its last words", max_lines=_HINT_LINES)
        self._hint.setObjectName("local.hint")
        self._start = _button("Start", "local.start", icon_name="bolt")
        self._restart = _button("Restart", "local.restart")
        self._stop = _button("Stop", "local.stop")
        self._edit = _button("Edit", "local.edit", icon_name="edit")
        self._remove = _button(_REMOVE, "local.remove", ButtonLook.DANGER)
        self._log = WorkerLogView(workers)
        self._follow = _button("Follow", "local.follow", ButtonLook.CHIP)
        self._copy = _button("Copy all", "local.copy_log", ButtonLook.QUIET)
        self._lay_out()
        self._connect()

    def show_worker(self, worker: LocalWorker, followed: str, now_ms: int) -> None:
        """Show how a worker stands.

        Args:
            followed: the address of the broker that this window follows.
        """
        if worker.definition.id != self._id:
            self._id = worker.definition.id
            self._ask_before_removing()
        self._name.show_text(worker.definition.name)
        self._pill.show_pill(local_state(worker))
        self._facts.show_text(local_facts(worker, now_ms))
        self._words.show_text(worker.title)
        self._words.setVisible(bool(worker.title))
        self._hint.setVisible(bool(worker.hint))
        if worker.hint:
            self._hint.show_value(worker.hint)
        elsewhere = bool(worker.broker) and worker.broker != followed
        self._other.setVisible(elsewhere)
        if elsewhere:
            words = f"It serves {worker.broker}, not the broker that this window follows."
            self._other.show_text(words)
        for button in (self._edit, self._remove):
            button.setVisible(self._id != DEMO_ID)
        self._show_buttons(worker.state)
        self._log.show_worker(self._id)

    def _show_buttons(self, state: LocalWorkerState) -> None:
        lives = state in LIVING_STATES
        self._start.setEnabled(state in _CAN_START)
        self._restart.setEnabled(lives and state is not LocalWorkerState.STOPPING)
        self._stop.setEnabled(lives or state is LocalWorkerState.PAUSING)
        self._stop.setText("End at once" if state is LocalWorkerState.STOPPING else "Stop")
        self._stop.updateGeometry()

    def _on_remove(self) -> None:
        if self._remove.text() == _REMOVE:
            self._remove.setText(_REMOVE_NOW)
            self._remove.updateGeometry()
        else:
            self._workers.remove(self._id)

    def _ask_before_removing(self) -> None:
        self._remove.setText(_REMOVE)
        self._remove.updateGeometry()

    def _connect(self) -> None:
        self._start.clicked.connect(lambda: self._workers.start(self._id))
        self._restart.clicked.connect(lambda: self._workers.restart(self._id))
        self._stop.clicked.connect(lambda: self._workers.stop(self._id))
        self._edit.clicked.connect(self.edit_wanted)
        self._remove.clicked.connect(self._on_remove)
        self._copy.clicked.connect(self._log.copy_all)
        self._follow.clicked.connect(self._log.follow)
        self._log.follows.connect(self._follow.setChecked)
        self._follow.setChecked(True)

    def _lay_out(self) -> None:
        head = panel(Surface.PANEL, Edge.BOTTOM)
        column = QVBoxLayout(head)
        column.setContentsMargins(22, 16, 22, 14)
        column.setSpacing(6)
        title = QHBoxLayout()
        title.setSpacing(10)
        title.addWidget(self._name)
        title.addWidget(self._pill)
        title.addStretch(1)
        column.addLayout(title)
        for widget in (self._facts, self._words, self._other, self._hint):
            column.addWidget(widget)
        buttons = button_row(self._start, self._restart, self._stop)
        for button in (self._edit, self._remove):
            buttons.addWidget(button)
        column.addSpacing(4)
        column.addLayout(buttons)
        bar = QHBoxLayout()
        bar.setContentsMargins(22, 10, 22, 6)
        bar.setSpacing(8)
        bar.addWidget(TextLabel("Log", Look.STRONG), 1)
        bar.addWidget(self._copy)
        bar.addWidget(self._follow)
        log = QVBoxLayout()
        log.setContentsMargins(22, 0, 22, 18)
        log.addWidget(self._log)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(head)
        whole.addLayout(bar)
        whole.addLayout(log, 1)


def _button(
    words: str, object_name: str, look: ButtonLook = ButtonLook.PLAIN, *, icon_name: str = ""
) -> ActionButton:
    button = ActionButton(words, look, icon_name=icon_name)
    button.setObjectName(object_name)
    return button
