"""In the place of a card whose request is gone: that it is, why, and what was written for it."""

from typing import Final

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.store.records import Request
from desktop.views.parts.empty_state import EmptyState
from desktop.views.parts.labels import caption
from desktop.views.parts.value_box import ValueBox

_TITLE: Final = "The request you had open is gone"
_NOTHING: Final = "Nothing can be decided about it any more."
_WIDTH: Final = 480
_LINES: Final = 12


class GoneRequest(QWidget):
    """Has no buttons: there is nothing to decide. What was written can be copied.

    Attributes:
        is_told: it has something to say.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("request.gone")
        self.is_told = False
        self._state = EmptyState("warning", _TITLE, "")
        self._caption = caption("What you had written")
        self._written = ValueBox("What you had written", max_lines=_LINES)
        self._written.setObjectName("request.gone.written")
        self._lay_out()

    def tell(self, request: Request, why: str, written: str) -> None:
        """Say that a request is gone.

        Args:
            why: in words for a person.
            written: what they had written for it; empty for nothing.
        """
        self.is_told = True
        action = request.call.action or "unnamed call"
        self._state.show_words(_TITLE, f"{action}, asked by {request.agent}. {why} {_NOTHING}")
        self._written.show_value(written)
        for widget in (self._caption, self._written):
            widget.setVisible(bool(written))

    def forget(self) -> None:
        """Somebody went on to something else."""
        self.is_told = False
        self._written.show_value("")

    def _lay_out(self) -> None:
        written = QWidget()
        written.setMaximumWidth(_WIDTH)
        inner = QVBoxLayout(written)
        inner.setContentsMargins(24, 0, 24, 24)
        inner.setSpacing(6)
        inner.addWidget(self._caption)
        inner.addWidget(self._written)
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(written, 1)
        row.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addStretch(2)
        column.addWidget(self._state)
        column.addLayout(row)
        column.addStretch(3)
