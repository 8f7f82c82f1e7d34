"""A short text with a button that copies all of it: an id, a digest."""

from typing import Final

from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.views.parts.copy_button import CopyButton
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.parts.tips import tip
from desktop.views.parts.visible_text import visible

_BUTTON: Final = 25  # lower than usual: it stands in rows of text


class Copyable(QWidget):
    """Shows the beginning of a text if there is no room for more; copies the whole.

    Args:
        what: names the text, e.g. `context ID`.
    """

    def __init__(self, what: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self._label = TextLabel("", Look.MONO, selectable=True)
        self._button = CopyButton(what)
        self._button.setFixedSize(_BUTTON, _BUTTON)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self._label)
        row.addWidget(self._button)
        row.addStretch()

    def show_value(self, text: str, shown: str = "") -> None:
        """Show another text; `shown` is a shorter form of it, the tool tip then has the whole."""
        self._text = text
        self._label.show_text(shown or text)
        self._button.offer(text)
        self.setToolTip(tip(visible(text, exact=True)) if shown else "")

    def text(self) -> str:
        """What would be copied."""
        return self._text
