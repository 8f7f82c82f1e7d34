"""Words on a page in the few sizes the console has, and the lines and panels around them.

Each text label shows plain text only, so that no agent's text is ever taken for markup.
"""

from enum import StrEnum

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget

from desktop.views.parts.tips import tip
from desktop.views.parts.visible_text import visible


class Look(StrEnum):
    """How large and how loud a text is."""

    TITLE = "title"
    SUBTITLE = "subtitle"
    BODY = "body"
    STRONG = "strong"
    MUTED = "muted"
    SMALL = "small"
    MONO = "mono"
    ERROR = "error"


class Surface(StrEnum):
    """What a panel is made of."""

    BG = "bg"
    PANEL = "panel"
    CARD = "card"
    WELL = "well"
    NONE = "none"


class Edge(StrEnum):
    """The side of a panel that has a hairline."""

    LEFT = "left"
    RIGHT = "right"
    TOP = "top"
    BOTTOM = "bottom"


class TextLabel(QLabel):
    """Plain text with hidden characters made visible; wraps, or is cut with an ellipsis.

    A text on one line gives way to its neighbours; what is cut is in the tool tip, and `text()`
    and screen readers have all of it.

    Args:
        selectable: with the mouse. A label is no stop of the Tab key.
    """

    def __init__(
        self,
        text: str = "",
        look: Look = Look.BODY,
        *,
        wrap: bool = False,
        selectable: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._full = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("look", look.value)
        self.setWordWrap(wrap)
        if not wrap:
            self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        if selectable:
            self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.show_text(text)

    def show_text(self, text: str) -> None:
        """Show another text; the same one costs nothing."""
        full = visible(text)
        if full == self._full:
            return
        self._full = full
        self.setAccessibleName(self._full)
        self.updateGeometry()
        self._cut()

    def text(self) -> str:
        """All of the text, also of what is cut on screen."""
        return self._full

    def sizeHint(self) -> QSize:
        """Room for the whole text."""
        hint = super().sizeHint()
        return hint if self.wordWrap() else QSize(self._width_of(self._full), hint.height())

    def minimumSizeHint(self) -> QSize:
        """Of one line, the first letters; of a wrapped text, its longest word."""
        hint = super().minimumSizeHint()
        return hint if self.wordWrap() else QSize(self._width_of(self._full[:3]), hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Less room, fewer letters."""
        super().resizeEvent(event)
        self._cut()

    def changeEvent(self, event: QEvent) -> None:
        """The style sheet may bring another font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._cut()

    def _cut(self) -> None:
        shown = self._full
        if not self.wordWrap() and self.width() < self._width_of(self._full):
            margins = self.contentsMargins()
            room = self.width() - margins.left() - margins.right()
            shown = self.fontMetrics().elidedText(shown, Qt.TextElideMode.ElideRight, room)
        self.setToolTip("" if shown == self._full else tip(self._full))
        if shown != super().text():
            self.setText(shown)

    def _width_of(self, text: str) -> int:
        margins = self.contentsMargins()
        around = margins.left() + margins.right() + 2
        return self.fontMetrics().horizontalAdvance(text) + around


def caption(text: str, parent: QWidget | None = None) -> QLabel:
    """The small capitals above a section, e.g. `ARGUMENTS`. Screen readers get the plain word."""
    label = QLabel(text.upper(), parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("look", "caption")
    label.setAccessibleName(text)
    return label


def panel(
    surface: Surface = Surface.PANEL, edge: Edge | None = None, parent: QWidget | None = None
) -> QFrame:
    """An empty panel to lay things out on, with a hairline on one side if wanted."""
    frame = QFrame(parent)
    frame.setProperty("surface", surface.value)
    if edge is not None:
        frame.setProperty("edge", edge.value)
    return frame


def hairline(parent: QWidget | None = None) -> QFrame:
    """A horizontal line that divides."""
    line = panel(parent=parent)
    line.setProperty("surface", "line")
    line.setFixedHeight(1)
    return line
