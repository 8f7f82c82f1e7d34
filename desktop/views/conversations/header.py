"""The head of an open conversation: whom it is with, its context ID, how it stands."""

from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.qtmodels.wording import age, status_pill
from desktop.store.records import Context
from desktop.views.parts.copyable import Copyable
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.parts.pill import PillLabel


class ConversationHeader(QFrame):
    """Shows one `Context`; all of a context ID can be copied, also where it is cut."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "panel")
        self.setProperty("edge", "bottom")
        self._agent = TextLabel("", Look.SUBTITLE, selectable=True)
        self._agent.setObjectName("conversation.agent")
        self._about = TextLabel("", Look.MUTED)
        self._about.setObjectName("conversation.about")
        self._context_id = Copyable("context ID")
        self._context_id.setObjectName("conversation.context_id")
        self._status = PillLabel(parent=self)
        self._status.setObjectName("conversation.status")
        first = QHBoxLayout()
        first.setSpacing(10)
        first.addWidget(self._agent)
        first.addWidget(self._about)
        first.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addLayout(first)
        words.addWidget(self._context_id)
        row = QHBoxLayout(self)
        row.setContentsMargins(22, 8, 22, 6)
        row.setSpacing(12)
        row.addLayout(words, 1)
        row.addWidget(self._status)

    def show_context(self, context: Context, note: str, now_ms: int) -> None:
        """Show a conversation as it stands.

        Args:
            note: what its agent wants to be known of it, such as a scripted model.
        """
        self._agent.show_text(context.agent or "Unknown agent")
        count = "1 entry" if context.entries == 1 else f"{context.entries:,} entries"
        last = age(context.last_activity_ms, now_ms)
        active = "active now" if last == "now" else f"active {last} ago"
        self._about.show_text(" · ".join(part for part in (count, active, note) if part))
        self._context_id.show_value(context.context_id)
        self._status.show_pill(status_pill(context))
