"""The audit page: what was decided at this desk, findings first, and whether the record is intact.

The only place that decides when the log is searched anew. While the page is not seen it asks for
nothing, and holds no recorded value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop.actions.audit import Audit
from desktop.qtmodels.audit_wording import found_words
from desktop.qtmodels.bridge import Bridge
from desktop.store.changes import Changes
from desktop.store.record import AuditPage, AuditQuery
from desktop.store.store import Store
from desktop.views.audit.entry_detail import EntryDetail
from desktop.views.audit.entry_list import EntryList
from desktop.views.audit.filter_bar import FilterBar
from desktop.views.audit.standing_bar import StandingBar
from desktop.views.keys import on_key
from desktop.views.parts.empty_state import EmptyState
from desktop.views.parts.labels import Edge, Look, Surface, TextLabel, panel

_LIST_WIDTH: Final = 420
_NARROW_LIST_WIDTH: Final = 330
#: What is decided while somebody looks is searched anew after so long.
_AGAIN_MS: Final = 1000
_NONE_CHOSEN: Final = (
    "Choose an entry",
    "It opens as the reviewer saw it then, with the signature and what came of it.",
)
_EMPTY: Final = (
    "Nothing is recorded yet",
    "The log begins with the first decision at this desk.",
)
_NOTHING_FOUND: Final = ("Nothing matches", "Choose other filters, or look for something else.")
_READING: Final = ("Reading the log", "The first time this may take some seconds.")


class AuditLogPage(QWidget):
    """Searches when it is shown, when another query is chosen, and when more was recorded.

    Signals:
        context_wanted(str): the person wants to read a conversation.
    """

    context_wanted = Signal(str)

    def __init__(
        self,
        store: Store,
        bridge: Bridge,
        audit: Audit,
        now_ms: Callable[[], int],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._store, self._audit = store, audit
        self._opened = 0
        self._size = -1
        self._count = TextLabel("", Look.MUTED)
        self._count.setObjectName("audit.count")
        self._filters = FilterBar(now_ms)
        self._entries = EntryList(audit, now_ms)
        self._nothing = EmptyState("audit", *_READING)
        self._nothing.setObjectName("audit.nothing")
        self._side_stack = QStackedWidget()
        self._standing = StandingBar(audit, self._filters.query, now_ms)
        self._choose_one = EmptyState("audit", *_NONE_CHOSEN)
        self._detail = EntryDetail(audit)
        self._stack = QStackedWidget()
        self._again = QTimer(self, singleShot=True, interval=_AGAIN_MS)
        self._again.timeout.connect(self._look_again)
        self._lay_out()
        self._connect()
        bridge.changed.connect(self._on_changed)
        self.setFocusProxy(self._entries)

    def focus_search(self) -> None:
        """Let words be typed."""
        self._filters.words.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._filters.words.selectAll()

    def open_entry(self, number: int) -> None:
        """Look at an entry, whether or not it is listed."""
        if number != self._opened:
            self._opened = number
            self._audit.open(number)

    def showEvent(self, event: QShowEvent) -> None:
        """Look at what was recorded meanwhile."""
        super().showEvent(event)
        self._standing.show_standing(self._store.audit_standing)
        self._look()
        if self._opened:
            self._audit.open(self._opened)

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks any more: what was opened is given back."""
        super().hideEvent(event)
        if self._opened:
            self._audit.open(0)
        self._detail.forget()
        self._stack.setCurrentWidget(self._choose_one)

    def _look(self) -> None:
        self._entries.look_for(self._filters.query())

    def _look_again(self) -> None:
        if self.isVisible():
            if self._entries.is_at_top:  # who reads older ones would lose the place
                self._look()
            if self._opened:
                self._audit.open(self._opened)

    def _on_changed(self, changes: Changes) -> None:
        if not self.isVisible():
            return
        if changes.record:
            self._standing.show_standing(self._store.audit_standing)
            page = self._store.audit_page  # taking it asks for the next, which may come at once
            if self._entries.take(page):
                self._show_found(page)
            self._show_opened()
        # What was decided or answered is in the log a moment later.
        if (changes.requests or changes.link) and not self._again.isActive():
            self._again.start()

    def _show_found(self, page: AuditPage) -> None:
        self._filters.offer(page.people, page.tools, page.agents)
        self._count.show_text(found_words(page) if not page.title else "")
        if page.query.before:
            return
        if page.title:
            self._nothing.show_words(page.title, page.hint)
        elif page.query == AuditQuery():
            self._nothing.show_words(*_EMPTY)
        else:
            self._nothing.show_words(*_NOTHING_FOUND, "Clear filters")
        self._side_stack.setCurrentWidget(self._entries if page.rows else self._nothing)

    def _show_opened(self) -> None:
        opened = self._store.audit_opened
        if not self._opened or opened.number != self._opened:
            return
        if opened.detail is None:
            self._choose_one.show_words(opened.title, opened.hint)
            self._stack.setCurrentWidget(self._choose_one)
        else:
            self._detail.show_detail(opened.detail)
            self._stack.setCurrentWidget(self._detail)

    def _on_entry_wanted(self, number: int) -> None:
        self._entries.choose(number)
        self.open_entry(number)

    def _connect(self) -> None:
        self._filters.changed.connect(self._look)
        self._filters.left_for_list.connect(self._entries.list.setFocus)
        self._nothing.action_chosen.connect(self._filters.clear)
        self._entries.entry_chosen.connect(self.open_entry)
        self._detail.entry_wanted.connect(self._on_entry_wanted)
        self._detail.context_wanted.connect(self.context_wanted)
        on_key(self, Qt.Key.Key_J, lambda: self._entries.list.step(1), repeats=True)
        on_key(self, Qt.Key.Key_K, lambda: self._entries.list.step(-1), repeats=True)
        on_key(self, Qt.Key.Key_V, self._audit.verify)

    def _lay_out(self) -> None:
        self.setProperty("surface", "bg")
        head = QHBoxLayout()
        head.addWidget(TextLabel("Audit log", Look.TITLE))
        head.addStretch()
        head.addWidget(self._count)
        above = QVBoxLayout()
        above.setContentsMargins(16, 14, 16, 8)
        above.setSpacing(10)
        above.addLayout(head)
        above.addWidget(self._filters)
        self._side_stack.addWidget(self._nothing)
        self._side_stack.addWidget(self._entries)
        side = panel(Surface.PANEL, Edge.RIGHT)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 8)
        column.setSpacing(0)
        column.addLayout(above)
        column.addWidget(self._side_stack, 1)
        side.setMinimumWidth(_NARROW_LIST_WIDTH)
        side.setMaximumWidth(_LIST_WIDTH)
        self._stack.addWidget(self._choose_one)
        self._stack.addWidget(self._detail)
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self._standing)
        right.addWidget(self._stack, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(side, 2)
        row.addLayout(right, 4)
