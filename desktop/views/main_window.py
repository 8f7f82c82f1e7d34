"""The window: the rail, one page at a time, notices above it and the status line below.

The only place that knows all pages, and leads from one to another.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QMainWindow,
    QStackedWidget,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from desktop.actions.approvals import Approvals
from desktop.actions.conversations import Conversations
from desktop.actions.desk import Desk
from desktop.precedence import WINDOW
from desktop.qtmodels.bridge import Bridge
from desktop.qtmodels.tone import Tone
from desktop.qtmodels.wording import loss_words
from desktop.store.changes import Changes
from desktop.store.records import Loss, RequestKey
from desktop.store.store import Store
from desktop.views.agents.page import AgentsPage, Place
from desktop.views.approvals.page import ApprovalsPage
from desktop.views.audit.page import AuditLogPage
from desktop.views.conversations.page import ConversationsPage
from desktop.views.keys import on_key
from desktop.views.lock_page import LockPage
from desktop.views.page import RAIL_ITEMS, Page
from desktop.views.parts.banner import Banner
from desktop.views.parts.rail import Rail
from desktop.views.settings.page import SettingsPage
from desktop.views.status_line import StatusLine

SMALLEST: Final = QSize(900, 600)
USUAL: Final = QSize(1480, 900)
NAME: Final = "Signoff"


@dataclass(frozen=True, slots=True)
class _Left:
    """Where a person was when the window was locked; names, and nothing of what they say."""

    page: Page
    request: RequestKey | None
    context_id: str | None


class MainWindow(QMainWindow):
    """The one window of the console.

    Signals:
        close_requested: a person closed the window. It stays until it is told to go, so that
            what is on its way out can leave first.
        unlocked: the person is back, and everything is built again.
    """

    close_requested = Signal()
    unlocked = Signal()

    def __init__(
        self,
        store: Store,
        bridge: Bridge,
        approvals: Approvals,
        conversations: Conversations,
        desk: Desk,
        now_ms: Callable[[], int],
    ) -> None:
        super().__init__()
        self._store, self._bridge, self._desk, self._now_ms = store, bridge, desk, now_ms
        self._decisions, self._talks = approvals, conversations
        self._lock_page: LockPage | None = None
        self._left: _Left | None = None
        self._put_away = Loss()
        self.setMinimumSize(SMALLEST)
        self.resize(USUAL)
        self._build()
        bridge.changed.connect(self._on_changed)

    def _build(self) -> None:
        """Make the pages and what is around them."""
        store, bridge, desk, now_ms = self._store, self._bridge, self._desk, self._now_ms
        decisions, talks = self._decisions, self._talks
        self.approvals = ApprovalsPage(store, bridge, decisions, talks.transcripts, now_ms)
        self.conversations = ConversationsPage(store, bridge, decisions, talks, now_ms)
        self.agents = AgentsPage(store, bridge, desk, now_ms)
        self.audit = AuditLogPage(store, bridge, desk.audit, now_ms)
        self.settings = SettingsPage(store, bridge, desk)
        self._pages: dict[Page, QWidget] = {
            Page.APPROVALS: self.approvals,
            Page.CONVERSATIONS: self.conversations,
            Page.AGENTS: self.agents,
            Page.AUDIT: self.audit,
            Page.SETTINGS: self.settings,
        }
        self._led_from: Page | None = None
        self._rail = Rail(RAIL_ITEMS)
        self._notice = Banner()
        self._notice.setObjectName("notice")
        self._loss = Banner()
        self._loss.setObjectName("loss")
        self._notices = QWidget()
        self._stack = QStackedWidget()
        self._status = StatusLine(store, bridge)
        self._lay_out()
        self._connect_pages(desk)
        self._bind_keys()
        self.show_page(Page.APPROVALS)
        self._show_waiting()
        self._show_loss()

    @property
    def is_locked(self) -> bool:
        """Whether nothing but the lock page is there."""
        return self._lock_page is not None

    def lock(self, why: str) -> None:
        """Unload everything but the way back; work begun in a field is lost.

        Args:
            why: what happened, for the person who comes back.
        """
        if self.is_locked:
            return
        self._left = _Left(self.page, self.approvals.list.chosen, self.conversations.context_id)
        popup = QApplication.activePopupWidget()
        if popup is not None:
            popup.close()
        QToolTip.hideText()
        content = self.centralWidget()
        assert content is not None  # noqa: S101 - it is built
        # First hidden: pages that are tell the engine that nobody looks any more.
        content.hide()
        del self.approvals, self.conversations, self.agents, self.audit, self.settings
        del self._rail, self._notice, self._loss, self._notices, self._stack, self._status
        self._pages = {}
        self._led_from = None
        self._lock_page = LockPage(self._desk.signing, self._bridge, self._now_ms, why)
        self._lock_page.unlocked.connect(self._unlock)
        self.setCentralWidget(self._lock_page)  # which deletes what was there
        self._lock_page.show()  # else a turn of the loop later
        self.setWindowTitle(NAME)

    def _unlock(self) -> None:
        """Build everything again, and go back to where the person was."""
        self._lock_page = None
        self._build()
        left, self._left = self._left, None
        if left is not None:
            if left.context_id is not None:
                self.conversations.open_context(left.context_id)
            if left.request is not None:
                self.approvals.open_request(left.request)
            self.show_page(left.page)
        self.unlocked.emit()

    @property
    def page(self) -> Page:
        """The page in sight."""
        shown = self._stack.currentWidget()
        return next(page for page, widget in self._pages.items() if widget is shown)

    def show_page(self, page: Page) -> None:
        """Go to a page."""
        self._led_from = None
        self._stack.setCurrentWidget(self._pages[page])
        self._rail.show_page(page)

    def open_request(self, key: RequestKey) -> None:
        """Show a request. One that is not known only opens the page."""
        if self.is_locked:
            return
        self._lead_to(Page.APPROVALS)
        self.approvals.open_request(key)

    def open_oldest_waiting(self) -> None:
        """Show the request that waits longest, if one does."""
        if self.is_locked:
            return
        self._lead_to(Page.APPROVALS)
        self.approvals.open_oldest_waiting()

    def open_context(self, context_id: str) -> None:
        """Show a conversation. One that is not known only opens the page."""
        if self.is_locked:
            return
        self._lead_to(Page.CONVERSATIONS)
        self.conversations.open_context(context_id)

    def show_notice(self, title: str, hint: str = "", tone: Tone = Tone.NEUTRAL) -> None:
        """Say something above the page, in place of the notice before; not while it is locked."""
        if self.is_locked:
            return
        self._notice.show_message(tone, title, hint)
        self._make_room()

    def event(self, event: QEvent) -> bool:
        """Qt: paint everything without giving way, however many parts take part in it."""
        if event.type() is not QEvent.Type.UpdateRequest:
            return super().event(event)
        with WINDOW:
            return super().event(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask to be closed; whoever owns the window ends what must end first."""
        event.ignore()
        self.close_requested.emit()

    def _lead_to(self, page: Page) -> None:
        """Go to a page from which Escape leads back here."""
        before = self.page
        self.show_page(page)
        self._led_from = before if before is not page else None

    def _chat_with(self, agent: str) -> None:
        self._lead_to(Page.CONVERSATIONS)
        self.conversations.begin_with(agent)

    def _show_halts(self) -> None:
        self._lead_to(Page.AGENTS)
        self.agents.show_place(Place.HALTS)

    def _show_demo(self) -> None:
        self._lead_to(Page.AGENTS)
        self.agents.show_place(Place.HERE)

    def _begin(self) -> None:
        self._lead_to(Page.CONVERSATIONS)
        self.conversations.begin()

    def _focus_search(self) -> None:
        match self.page:
            case Page.APPROVALS:
                self.approvals.focus_search()
            case Page.CONVERSATIONS:
                self.conversations.focus_search()
            case Page.AUDIT:
                self.audit.focus_search()
            case _:
                return

    def _back(self) -> None:
        if self.page is Page.APPROVALS and self.approvals.back():
            return
        if self.page is Page.CONVERSATIONS and self.conversations.back():
            return
        if self._led_from is not None:
            self.show_page(self._led_from)

    def _on_changed(self, changes: Changes) -> None:
        if changes.loss and self._store.loss == Loss():
            self._put_away = Loss()  # another broker is followed
        if self.is_locked:
            return
        if changes.requests or changes.reset:
            self._show_waiting()
        if changes.loss:
            self._show_loss()

    def _show_loss(self) -> None:
        """Say what the broker lost until a person puts it away; other notices stand beside it."""
        title, hint = loss_words(self._store.loss.since(self._put_away))
        if title:
            self._loss.show_message(Tone.WARN, title, hint)
        else:
            self._loss.hide()
        self._make_room()

    def _put_loss_away(self) -> None:
        self._put_away = self._store.loss
        self._make_room()

    def _make_room(self) -> None:
        """Show as much of notices as there are."""
        said = (self._loss, self._notice)
        self._notices.setVisible(not all(banner.isHidden() for banner in said))

    def _show_waiting(self) -> None:
        waiting = self._store.waiting_count
        self.setWindowTitle(f"({waiting:,}) {NAME}" if waiting else NAME)
        self._rail.show_badge(Page.APPROVALS, waiting)

    def _connect_pages(self, desk: Desk) -> None:
        self._notice.dismissed.connect(self._make_room)
        self._loss.dismissed.connect(self._put_loss_away)
        self._rail.page_chosen.connect(lambda name: self.show_page(Page(name)))
        for page in (self.approvals, self.conversations):
            page.settings_wanted.connect(lambda: self._lead_to(Page.SETTINGS))
            page.demo_wanted.connect(desk.start_demo)
        self.approvals.context_wanted.connect(self.open_context)
        self.approvals.conversation_wanted.connect(self._begin)
        self.approvals.signer_wanted.connect(desk.identity.choose_person)
        self.conversations.request_opened.connect(self.open_request)
        self.agents.context_wanted.connect(self.open_context)
        self.audit.context_wanted.connect(self.open_context)
        self.agents.request_wanted.connect(self.open_request)
        self.agents.chat_wanted.connect(self._chat_with)
        self.agents.settings_wanted.connect(lambda: self._lead_to(Page.SETTINGS))
        self._status.settings_wanted.connect(lambda: self._lead_to(Page.SETTINGS))
        self._status.audit_wanted.connect(lambda: self._lead_to(Page.AUDIT))
        self._status.demo_wanted.connect(self._show_demo)
        self._status.halts_wanted.connect(self._show_halts)

    def _bind_keys(self) -> None:
        # Of the content, so that they go with it when it is locked.
        content = self.centralWidget()
        assert content is not None  # noqa: S101 - it has just been laid out
        on_key(content, Qt.Key.Key_Slash, self._focus_search)
        for number, item in enumerate(RAIL_ITEMS, start=1):
            page = Page(item.page)
            shortcut = QShortcut(QKeySequence(f"Ctrl+{number}"), content)
            shortcut.activated.connect(lambda page=page: self.show_page(page))
        QShortcut(QKeySequence(QKeySequence.StandardKey.New), content).activated.connect(
            self._begin
        )
        away = QShortcut(QKeySequence("Ctrl+L"), content)
        away.activated.connect(self._desk.identity.lock_now)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), content).activated.connect(self._back)

    def _lay_out(self) -> None:
        for page in self._pages.values():
            self._stack.addWidget(page)
        notices = QVBoxLayout(self._notices)
        notices.setContentsMargins(16, 10, 16, 10)
        notices.addWidget(self._loss)
        notices.addWidget(self._notice)
        self._notices.hide()
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._notices)
        column.addWidget(self._stack, 1)
        upper = QHBoxLayout()
        upper.setContentsMargins(0, 0, 0, 0)
        upper.setSpacing(0)
        upper.addWidget(self._rail)
        upper.addLayout(column, 1)
        centre = QWidget()
        centre.setProperty("surface", "bg")
        whole = QVBoxLayout(centre)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(upper, 1)
        whole.addWidget(self._status)
        self.setCentralWidget(centre)
        # Else the first control would have the keyboard, and its ring, before anybody asked.
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setFocus()
