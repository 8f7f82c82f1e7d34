"""Words on a page in the few sizes the console has, and the lines and panels around them.

Each text label shows plain text only, so that no agent's text is ever taken for markup.
"""

from enum import StrEnum

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget

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
    """Plain text; selectable when asked, wrapping when asked, hidden characters made visible.

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
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("look", look.value)
        self.setWordWrap(wrap)
        if not wrap:
            # A long name must not widen its page: the label may shrink, the page decides.
            self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        if selectable:
            self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.show_text(text)

    def show_text(self, text: str) -> None:
        """Show another text."""
        self.setText(visible(text))


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
