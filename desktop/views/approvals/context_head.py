"""The head of the transcript beside a request: which conversation this is."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.qtmodels.wording import status_pill
from desktop.store.records import Context
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.labels import Edge, Look, Surface, TextLabel, panel
from desktop.views.parts.pill import PillLabel


class ContextHead(QWidget):
    """Context ID, agent, status, and the way to the conversation itself.

    Signals:
        open_wanted: a person wants to go there.
    """

    open_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = TextLabel("", Look.SUBTITLE, selectable=True)
        self._about = TextLabel("", Look.MUTED)
        self._status = PillLabel(parent=self)
        self._open = ActionButton("Open conversation", ButtonLook.QUIET)
        self._open.clicked.connect(self.open_wanted)
        frame = panel(Surface.PANEL, Edge.BOTTOM)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(frame)
        row = QHBoxLayout(frame)
        row.setContentsMargins(22, 10, 16, 10)
        row.setSpacing(12)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._about)
        row.addLayout(words, 1)
        row.addWidget(self._open)
        row.addWidget(self._status)

    def show_context(self, context: Context | None) -> None:
        """Show another conversation, or this one as it stands now."""
        self.setVisible(context is not None)
        if context is None:
            return
        count = f"{context.entries} entry" if context.entries == 1 else f"{context.entries} entries"
        self._title.show_text(context.context_id)
        self._about.show_text(f"{context.agent} · {count}")
        self._status.show_pill(status_pill(context))
