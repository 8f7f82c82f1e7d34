"""The panel that starts a conversation: which agent, and the first words.

The only place in the window that starts one.
"""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QCompleter, QHBoxLayout, QVBoxLayout, QWidget

from desktop.actions.conversations import Conversations
from desktop.actions.guard import read_only
from desktop.errors import SignoffError
from desktop.store.store import Store
from desktop.views.conversations.message_field import MessageField
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.labels import Look, Surface, TextLabel, caption, panel

_WIDTH = 620
_NAME_LENGTH = 200


class NewConversation(QWidget):
    """A form. Escape or Cancel leaves it; what was written stays for the next time.

    Signals:
        started(str): the first message left; its new context ID.
        cancelled: the person changed their mind.
    """

    started = Signal(str)
    cancelled = Signal()

    def __init__(
        self, store: Store, conversations: Conversations, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._conversations = conversations
        self._failure = ""
        self._agent = QComboBox()
        self._agent.setObjectName("new.agent")
        self._agent.setAccessibleName("Agent")
        self._agent.setEditable(True)
        self._agent.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        # Completion would finish a name that a person means to be shorter.
        self._agent.setCompleter(QCompleter(self))
        self._field = MessageField("First message", min_lines=4, max_lines=12)
        self._field.setObjectName("new.text")
        self._field.show_placeholder("What should it do?", "(Enter starts, Shift+Enter: new line)")
        self._start = ActionButton("Start", ButtonLook.PRIMARY, icon_name="send")
        self._start.setObjectName("new.start")
        self._cancel = ActionButton("Cancel")
        self._cancel.setObjectName("new.cancel")
        self._about = TextLabel("", Look.MUTED, wrap=True)
        self._about.setObjectName("new.about")
        self._error = TextLabel("", Look.ERROR, wrap=True, selectable=True)
        self._error.setObjectName("new.error")
        self._lay_out()
        self._connect()
        self.refresh()

    def begin(self, agent: str = "") -> None:
        """Start afresh; with an agent given, its name is filled in and only words are missing."""
        self.refresh()
        if agent:
            self._agent.setEditText(agent)
        self._failure = ""
        self._show_what_is_missing()
        target = self._field if self._agent.currentText() else self._agent
        target.setFocus(Qt.FocusReason.OtherFocusReason)

    def refresh(self) -> None:
        """Offer the agents that are on the broker now; what was typed stays."""
        names = [agent.name for agent in self._store.agents()]
        shown = [self._agent.itemText(at) for at in range(self._agent.count())]
        if names != shown:
            typed = self._agent.currentText()
            self._agent.clear()
            self._agent.addItems(names)
            self._agent.setEditText(typed if typed or not names else names[0])
        self._show_what_is_missing()

    def event(self, event: QEvent) -> bool:
        """Escape is ours, before any shortcut of the window."""
        asked = event.type() == QEvent.Type.ShortcutOverride
        if asked and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape leaves the form."""
        if event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
            return
        super().keyPressEvent(event)

    def _show_what_is_missing(self) -> None:
        name = self._agent.currentText().strip()
        why_not = self._why_not()
        self._about.show_text(why_not or self._about_agent(name))
        self._error.show_text(self._failure)
        self._error.setVisible(bool(self._failure))
        self._start.allow(why_not)
        written = bool(name) and bool(self._field.text().strip())
        self._start.setEnabled(not why_not and written)

    def _why_not(self) -> str:
        refusal = read_only(self._store)
        if refusal is not None:
            return str(refusal)
        if not self._store.is_online:
            return f"{self._store.link.title}. A conversation can start when the link is there."
        return ""

    def _about_agent(self, name: str) -> str:
        if not name:
            return "Choose an agent, or type a name."
        found = next((agent for agent in self._store.agents() if agent.name == name), None)
        if found is None:
            return "Nobody on this broker has this name yet. The message waits until somebody does."
        if not found.workers:
            return "No Signoff worker says that it serves this agent. Another kind of worker may."
        tools = sorted({tool for worker in found.workers for tool in worker.tools.get(name, ())})
        about = f"Tools: {', '.join(tools)}." if tools else "It has no tools."
        return f"{about} Note: {found.note}." if found.note else about

    def _on_edited(self) -> None:
        self._failure = ""
        self._show_what_is_missing()

    def _on_start(self) -> None:
        if not self._start.isEnabled():
            return
        try:
            context_id = self._conversations.start(
                self._agent.currentText().strip(), self._field.text()
            )
        except SignoffError as error:
            self._failure = f"{error.title} {error.hint}".strip()
            self._show_what_is_missing()
        else:
            self._field.clear()
            self.started.emit(context_id)

    def _connect(self) -> None:
        self._agent.editTextChanged.connect(self._on_edited)
        self._field.textChanged.connect(self._on_edited)
        self._field.submitted.connect(self._on_start)
        self._start.clicked.connect(self._on_start)
        self._cancel.clicked.connect(self.cancelled)
        edit = self._agent.lineEdit()
        if edit is not None:
            edit.setMaxLength(_NAME_LENGTH)
            edit.setPlaceholderText("Name of the agent")
            edit.setAccessibleName("Agent")

    def _lay_out(self) -> None:
        card = panel(Surface.CARD)
        card.setMaximumWidth(_WIDTH)
        form = QVBoxLayout(card)
        form.setContentsMargins(24, 20, 24, 20)
        form.setSpacing(8)
        form.addWidget(TextLabel("New conversation", Look.TITLE))
        form.addSpacing(6)
        form.addWidget(caption("Agent"))
        form.addWidget(self._agent)
        form.addWidget(self._about)
        form.addSpacing(6)
        form.addWidget(caption("First message"))
        form.addWidget(self._field)
        form.addWidget(self._error)
        form.addSpacing(6)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addStretch()
        buttons.addWidget(self._cancel)
        buttons.addWidget(self._start)
        form.addLayout(buttons)
        column = QVBoxLayout()
        column.addStretch(1)
        column.addWidget(card)
        column.addStretch(2)
        row = QHBoxLayout(self)
        row.setContentsMargins(22, 22, 22, 22)
        row.addStretch(1)
        row.addLayout(column, 100)
        row.addStretch(1)
