"""The workers of this computer in a window beside the main one: a list, and the one looked at.

The only place that decides which of them is looked at or changed.
"""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop.actions.local_workers import LocalWorkersDesk
from desktop.qtmodels.bridge import Bridge
from desktop.qtmodels.local_wording import demo_as_worker, local_worker_row
from desktop.qtmodels.rows_model import RowsModel
from desktop.store.changes import Changes
from desktop.store.local_workers import LocalWorker, WorkerDefinition
from desktop.store.store import Store
from desktop.views.agents.local_worker_view import LocalWorkerView
from desktop.views.agents.worker_form import WorkerForm
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.labels import Edge, Look, Surface, TextLabel, panel
from desktop.views.parts.list_view import RowList

SMALLEST: Final = QSize(820, 520)
USUAL: Final = QSize(1080, 720)
_LIST_WIDTH: Final = 300


class LocalWorkersPanel(QWidget):
    """A window of its own, so that a log can be watched while requests are decided.

    While it is not seen it does nothing; it reads the store when it is shown.
    """

    def __init__(
        self,
        store: Store,
        bridge: Bridge,
        workers: LocalWorkersDesk,
        now_ms: Callable[[], int],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self._store, self._workers, self._now_ms = store, workers, now_ms
        self._chosen = self._expected = ""
        self.setWindowTitle("Workers on this computer - Signoff")
        self.setMinimumSize(SMALLEST)
        self.resize(USUAL)
        self._list = RowList("Workers on this computer")
        self._list.setObjectName("local.list")
        self._model: RowsModel[str] = RowsModel(self._list)
        self._list.setModel(self._model)
        self._add = ActionButton("Add a worker", icon_name="plus")
        self._add.setObjectName("local.add")
        self._view = LocalWorkerView(workers)
        self._form = WorkerForm()
        self._stack = QStackedWidget()
        self._lay_out()
        self._list.row_chosen.connect(self._on_row_chosen)
        self._add.clicked.connect(self._on_add)
        self._view.edit_wanted.connect(self._on_edit)
        self._form.saved.connect(self._on_saved)
        self._form.cancelled.connect(self._leave_form)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self).activated.connect(self._on_escape)
        bridge.changed.connect(self._on_changed)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened meanwhile."""
        super().showEvent(event)
        self._refresh()

    def _on_changed(self, changes: Changes) -> None:
        if self.isVisible() and (changes.local_workers or changes.demo or changes.link):
            self._refresh()

    def _refresh(self) -> None:
        shown, now_ms = self._shown(), self._now_ms()
        ids = [worker.definition.id for worker in shown]
        rows = [(worker.definition.id, local_worker_row(worker, now_ms)) for worker in shown]
        self._model.show_rows(rows)
        if self._expected in ids:  # what was saved just now
            self._chosen, self._expected = self._expected, ""
        if self._chosen not in ids:
            self._chosen = ids[0]
        if self._list.current_row() != ids.index(self._chosen):
            self._list.choose_row(ids.index(self._chosen))
        worker = shown[ids.index(self._chosen)]
        self._view.show_worker(worker, self._store.link.address, now_ms)

    def _shown(self) -> tuple[LocalWorker, ...]:
        """A person's own workers, and the demo."""
        return (*self._store.local_workers, demo_as_worker(self._store.demo))

    def _on_row_chosen(self, row: int) -> None:
        chosen = self._model.key_at(row)
        if chosen is not None and chosen != self._chosen:
            self._chosen = chosen
            self._leave_form()
            self._refresh()

    def _on_add(self) -> None:
        self._form.show_definition(None, self._definitions())
        self._stack.setCurrentWidget(self._form)

    def _on_edit(self) -> None:
        chosen = next((one for one in self._definitions() if one.id == self._chosen), None)
        if chosen is not None:
            self._form.show_definition(chosen, self._definitions())
            self._stack.setCurrentWidget(self._form)

    def _on_saved(self, definition: WorkerDefinition, secrets: dict[str, str]) -> None:
        self._workers.keep(definition, secrets)
        self._expected = definition.id
        self._leave_form()

    def _leave_form(self) -> None:
        self._stack.setCurrentWidget(self._view)

    def _on_escape(self) -> None:
        if self._stack.currentWidget() is self._form:
            self._leave_form()
        else:
            self.close()

    def _definitions(self) -> tuple[WorkerDefinition, ...]:
        return tuple(worker.definition for worker in self._store.local_workers)

    def _lay_out(self) -> None:
        self.setProperty("surface", "bg")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        side = panel(Surface.PANEL, Edge.RIGHT)
        side.setFixedWidth(_LIST_WIDTH)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 18, 0, 12)
        column.setSpacing(12)
        title = TextLabel("On this computer", Look.TITLE)
        title.setContentsMargins(16, 0, 16, 0)
        foot = QHBoxLayout()
        foot.setContentsMargins(16, 0, 16, 0)
        foot.addWidget(self._add, 1)
        column.addWidget(title)
        column.addWidget(self._list, 1)
        column.addLayout(foot)
        for widget in (self._view, self._form):
            self._stack.addWidget(widget)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(side)
        row.addWidget(self._stack, 1)
