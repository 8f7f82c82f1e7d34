"""Everything that does not go on by itself, as a list beside the one that is looked at.

The only place that decides which trouble is looked at.
"""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop.actions.repairs import Repairs
from desktop.qtmodels.monitor_wording import trouble_row
from desktop.qtmodels.rows_model import RowsModel
from desktop.store.health import RepairKey, RepairState, Trouble, Troubles
from desktop.store.store import Store
from desktop.views.agents.trouble_detail import TroubleDetail
from desktop.views.keys import on_key
from desktop.views.parts.empty_state import EmptyState
from desktop.views.parts.labels import Edge, Look, Surface, TextLabel, panel
from desktop.views.parts.list_view import RowList

_LIST_WIDTH: Final = 380
_NARROW_LIST_WIDTH: Final = 300
_NONE: Final = (
    "Nothing is in trouble",
    "What is stuck, poisoned, in doubt or in quarantine is here.",
)
_GONE: Final = "This one is no longer in trouble"


class TroubleBrowser(QWidget):
    """Shows what it is given with `show_troubles`.

    Attributes:
        detail: what is looked at; its signals lead to other pages.
    """

    def __init__(
        self,
        store: Store,
        repairs: Repairs,
        now_ms: Callable[[], int],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._store, self._now_ms = store, now_ms
        self._rows: dict[str, Trouble] = {}
        self._chosen: Trouble | None = None
        self.list = RowList("Conversations in trouble")
        self.list.setObjectName("troubles.list")
        self._model: RowsModel[str] = RowsModel(self.list)
        self.list.setModel(self._model)
        self._more = TextLabel("", Look.SMALL, wrap=True)
        self._more.setObjectName("troubles.more")
        self.detail = TroubleDetail(repairs, now_ms)
        self._empty = EmptyState("check", *_NONE)
        self._stack = QStackedWidget()
        self._lay_out()
        self.list.row_chosen.connect(self._on_row_chosen)
        self.list.row_opened.connect(self._on_row_opened)
        on_key(self, Qt.Key.Key_J, lambda: self.list.step(1), repeats=True)
        on_key(self, Qt.Key.Key_K, lambda: self.list.step(-1), repeats=True)
        self.setFocusProxy(self.list)

    def show_troubles(self, troubles: Troubles) -> None:
        """Show these, worst first; the one that is looked at stays as long as it is there."""
        now_ms = self._now_ms()
        self._rows = {one.key: one for one in troubles.rows}
        self._model.show_rows([(one.key, trouble_row(one, now_ms)) for one in troubles.rows])
        hidden = troubles.total - len(troubles.rows)
        self._more.setVisible(hidden > 0)
        self._more.show_text(f"{hidden:,} more; they are listed when some of these are mended.")
        self._side.setVisible(bool(troubles.rows))
        if self._chosen is None and troubles.rows and self.list.current_row() is None:
            self.list.choose_row(0)
        self._show_chosen()

    def choose_first_of(self, agent: str) -> None:
        """Look at the first trouble of an agent."""
        key = next((one.key for one in self._rows.values() if one.agent == agent), "")
        self.list.choose_row(self._model.row_of(key))

    def _show_chosen(self) -> None:
        chosen = self._chosen
        if chosen is None:
            self._empty.show_words(*_NONE)
            self._stack.setCurrentWidget(self._empty)
        elif chosen.key in self._rows:
            self._chosen = self._rows[chosen.key]
            self.detail.show_trouble(self._chosen)
            self._stack.setCurrentWidget(self.detail)
        else:
            self._empty.show_words(_GONE, self._what_came_of(chosen))
            self._stack.setCurrentWidget(self._empty)

    def _what_came_of(self, gone: Trouble) -> str:
        """The word of the repair that ended it, if one did."""
        states: list[RepairState | None] = [
            self._store.monitor.repairs.get(RepairKey(repair, gone.agent, gone.dead_id))
            for repair in gone.repairs
        ]
        return next((state.title for state in states if state and state.is_done), gone.title)

    def _on_row_chosen(self, row: int) -> None:
        self._chosen = self._rows.get(self._model.key_at(row) or "")
        self._show_chosen()

    def _on_row_opened(self, row: int) -> None:
        trouble = self._rows.get(self._model.key_at(row) or "")
        if trouble is not None:
            self.detail.open_what_it_is_about(trouble)

    def _lay_out(self) -> None:
        self._side = panel(Surface.PANEL, Edge.RIGHT)
        column = QVBoxLayout(self._side)
        column.setContentsMargins(0, 8, 0, 8)
        column.setSpacing(8)
        column.addWidget(self.list, 1)
        self._more.setContentsMargins(16, 0, 16, 0)
        column.addWidget(self._more)
        self._side.setMinimumWidth(_NARROW_LIST_WIDTH)
        self._side.setMaximumWidth(_LIST_WIDTH)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.detail)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._side, 2)
        row.addWidget(self._stack, 5)
