"""Where a person writes to an agent: Enter sends, Shift+Enter starts a new line.

The only place that decides which keys send.
"""

from math import ceil
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from desktop.views.theme import ui_font

_ENTER: Final = frozenset((Qt.Key.Key_Return, Qt.Key.Key_Enter))
_AROUND: Final = 2 * 8  # border and padding of a field in the style sheet
_MARGIN: Final = 2
_PLACEHOLDER_SIDE: Final = 28  # what border, padding and margin leave of the width


class MessageField(QPlainTextEdit):
    """Grows with its text up to `max_lines`, then scrolls. Takes plain text only; Tab leaves it.

    Args:
        min_lines: it is never lower than this.

    Signals:
        submitted: Enter was pressed.
    """

    submitted = Signal()

    def __init__(
        self,
        accessible_name: str,
        parent: QWidget | None = None,
        *,
        min_lines: int = 1,
        max_lines: int = 7,
    ) -> None:
        super().__init__(parent)
        self._min_lines, self._max_lines = min_lines, max_lines
        self._placeholders = ("", "")
        self.setAccessibleName(accessible_name)
        self.setAccessibleDescription("Enter sends, Shift and Enter start a new line")
        self.setTabChangesFocus(True)
        self.setFont(ui_font())
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(_MARGIN)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._fit()

    def show_placeholder(self, text: str, keys: str = "") -> None:
        """Say what belongs here; the keys are named too where there is room for them."""
        self._placeholders = (text, f"{text}  {keys}".rstrip())
        self._choose_placeholder()

    def text(self) -> str:
        """What was written."""
        return self.toPlainText()

    def minimumSizeHint(self) -> QSize:
        """Narrow enough for a small window; text wraps."""
        return QSize(140, self.minimumHeight())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter sends; with Shift it is a line break as anywhere."""
        shifted = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if event.key() in _ENTER and not shifted:
            self.submitted.emit()
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width needs another number of lines, and has other room for the placeholder."""
        super().resizeEvent(event)
        self._choose_placeholder()
        self._fit()

    def _choose_placeholder(self) -> None:
        short, full = self._placeholders
        room = self.width() - _PLACEHOLDER_SIDE
        metrics = self.fontMetrics()
        fits = metrics.horizontalAdvance(full) <= room
        cut = metrics.elidedText(short, Qt.TextElideMode.ElideRight, room)
        self.setPlaceholderText(full if fits else cut)

    def _fit(self) -> None:
        lines = max(round(self.document().size().height()), self._min_lines)
        scrolls = lines > self._max_lines
        self.setVerticalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAsNeeded
            if scrolls
            else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        )
        # Qt rounds the height of each line up.
        spacing = ceil(QFontMetrics(self.font()).lineSpacing())
        height = min(lines, self._max_lines) * spacing + _AROUND + 2 * _MARGIN
        if height != self.minimumHeight():
            self.setFixedHeight(height)
