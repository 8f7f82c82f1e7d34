"""The composer under a transcript: adds a person's words to the conversation.

The only place that keeps drafts, one for each conversation.
"""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.actions.conversations import Conversations
from desktop.actions.guard import read_only
from desktop.errors import SignoffError
from desktop.store.store import Store
from desktop.views.conversations.message_field import MessageField
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.labels import Edge, Look, Surface, TextLabel, panel

_KEYS = "(Enter to send, Shift+Enter for a new line)"


class Composer(QWidget):
    """Speaks in the conversation it was told to. What cannot be sent stays written, with why."""

    def __init__(
        self, store: Store, conversations: Conversations, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._conversations = conversations
        self._context_id: str | None = None
        self._drafts: dict[str, str] = {}
        self._failure = ""
        self.field = MessageField("Message")
        self.field.setObjectName("composer.text")
        self._send = ActionButton("Send", ButtonLook.PRIMARY, icon_name="send")
        self._send.setObjectName("composer.send")
        self._why_not = TextLabel("", Look.MUTED, wrap=True)
        self._why_not.setObjectName("composer.why_not")
        self._error = TextLabel("", Look.ERROR, wrap=True, selectable=True)
        self._error.setObjectName("composer.error")
        self.field.submitted.connect(self._on_send)
        self.field.textChanged.connect(self._on_text_changed)
        self._send.clicked.connect(self._on_send)
        self._lay_out()
        self.refresh()

    def show_context(self, context_id: str | None) -> None:
        """Write in another conversation; what was begun in this one is kept for it."""
        if context_id == self._context_id:
            return
        if self._context_id is not None:
            self._drafts[self._context_id] = self.field.text()
        self._context_id = context_id
        self._failure = ""
        self.field.setPlainText(self._drafts.pop(context_id, "") if context_id else "")
        self.field.moveCursor(self.field.textCursor().MoveOperation.End)
        self.refresh()

    def refresh(self) -> None:
        """Show whether something can be sent now, and if not, why."""
        context = self._store.context(self._context_id) if self._context_id else None
        agent = context.agent if context else ""
        self.field.show_placeholder(f"Message {agent}…" if agent else "Message…", _KEYS)
        why_not = self._reason(agent)
        self._why_not.show_text(why_not)
        self._why_not.setVisible(bool(why_not))
        self._error.show_text(self._failure)
        self._error.setVisible(bool(self._failure))
        self._send.allow(why_not)
        self._send.setEnabled(not why_not and bool(self.field.text().strip()))

    def forget_missing(self) -> None:
        """Drop drafts of conversations that the broker no longer has."""
        self._drafts = {
            context_id: text
            for context_id, text in self._drafts.items()
            if self._store.context(context_id) is not None
        }

    def _reason(self, agent: str) -> str:
        refusal = read_only(self._store)
        if refusal is not None:
            return str(refusal)
        if not self._store.is_online:
            return f"{self._store.link.title}. You can write; it can be sent when the link is back."
        if not agent:
            return "Nothing in this conversation says which agent it belongs to."
        return ""

    def _on_text_changed(self) -> None:
        if self._failure:
            self._failure = ""
        self.refresh()

    def _on_send(self) -> None:
        context = self._store.context(self._context_id) if self._context_id else None
        if context is None or not self._send.isEnabled():
            return
        text = self.field.text()
        try:
            self._conversations.say(context.context_id, context.agent, text)
        except SignoffError as error:
            self._failure = f"{error.title} {error.hint}".strip()
            self.refresh()
        else:
            self.field.clear()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _lay_out(self) -> None:
        foot: QFrame = panel(Surface.PANEL, Edge.TOP)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.field, 1)
        row.addWidget(self._send, 0, Qt.AlignmentFlag.AlignBottom)
        inner = QVBoxLayout(foot)
        inner.setContentsMargins(22, 12, 22, 12)
        inner.setSpacing(6)
        inner.addWidget(self._error)
        inner.addLayout(row)
        inner.addWidget(self._why_not)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(foot)
