"""The entries that a search found, page after page.

The only place that puts pages together, and that asks for the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.actions.audit import Audit
from desktop.qtmodels.audit_wording import audit_row
from desktop.qtmodels.rows import Row
from desktop.qtmodels.rows_model import RowsModel
from desktop.store.record import AuditPage, AuditQuery
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.parts.list_view import RowList

#: Nobody scrolls further; a filter finds what is older.
MOST_ROWS: Final = 5000
_NEAR_END: Final = 1500  # pixels


class EntryList(QWidget):
    """Shows the pages of one query at a time.

    Signals:
        entry_chosen(int): this entry is to be looked at.
    """

    entry_chosen = Signal(int)

    def __init__(
        self, audit: Audit, now_ms: Callable[[], int], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._audit, self._now_ms = audit, now_ms
        self._query = AuditQuery()
        self._taken = 0
        self._is_asking = False
        self._rows: dict[int, Row] = {}
        self._next_before = 0
        self.list = RowList("Entries of the audit log")
        self.list.setObjectName("audit.list")
        self._model: RowsModel[int] = RowsModel(self.list)
        self.list.setModel(self._model)
        self._end = TextLabel("", Look.SMALL, wrap=True)
        self._end.setContentsMargins(16, 0, 16, 0)
        self._end.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.list, 1)
        column.addWidget(self._end)
        self.setFocusProxy(self.list)
        self.list.row_chosen.connect(self._on_row_chosen)
        self.list.verticalScrollBar().valueChanged.connect(lambda _value: self._read_on())

    @property
    def query(self) -> AuditQuery:
        """What is shown."""
        return self._query

    @property
    def is_at_top(self) -> bool:
        """Whether the newest entries are in sight, and nobody reads further down."""
        return self.list.verticalScrollBar().value() == 0

    def look_for(self, query: AuditQuery) -> None:
        """Search anew, from the newest entry on; what is shown stays until the answer comes."""
        self._query = query
        self._is_asking = True
        self._audit.find(query)

    def take(self, page: AuditPage) -> bool:
        """Show a page, if it is the one that was asked for. Returns whether it was."""
        if page.number == self._taken:
            return False
        if page.query == self._query:
            self._rows.clear()
        elif page.query != replace(self._query, before=self._next_before):
            return False
        self._taken = page.number
        self._is_asking = False
        self._next_before = page.next_before
        now_ms = self._now_ms()
        for row in page.rows:
            self._rows.setdefault(row.number, audit_row(row, now_ms))
        self._model.show_rows(list(self._rows.items()))
        is_cut = bool(self._next_before) and len(self._rows) >= MOST_ROWS
        self._end.setVisible(is_cut)
        self._end.show_text(f"The newest {MOST_ROWS:,}. Choose a time or search to see older ones.")
        self._read_on()
        return True

    def choose(self, number: int) -> None:
        """Look at an entry that is listed."""
        self.list.choose_row(self._model.row_of(number))

    def _read_on(self) -> None:
        """Ask for the next page shortly before it is needed."""
        bar = self.list.verticalScrollBar()
        is_near = bar.maximum() - bar.value() < _NEAR_END
        is_more = self._next_before and len(self._rows) < MOST_ROWS
        if is_more and is_near and not self._is_asking:
            self._is_asking = True
            self._audit.find(replace(self._query, before=self._next_before))

    def _on_row_chosen(self, row: int) -> None:
        number = self._model.key_at(row)
        if number is not None:
            self.entry_chosen.emit(number)
