"""One text in Markdown as a widget: descriptions, reasons, reports. As high as it needs to be."""

from typing import Final

from PySide6.QtWidgets import QWidget

from desktop.views.parts.document_view import DocumentView
from desktop.views.parts.markdown import write_markdown, write_rest
from desktop.views.parts.text_formats import Formats
from desktop.views.theme import tokens

_MORE: Final = "signoff-more:"


class MarkdownView(DocumentView):
    """Grows with its text up to a limit and scrolls from there.

    Args:
        max_height: pixels; above it the text scrolls inside its own area.
    """

    def __init__(
        self, accessible_name: str, parent: QWidget | None = None, *, max_height: int = 10_000
    ) -> None:
        super().__init__(accessible_name, parent)
        self._text = ""
        self._pages = 0
        self._max_height = max_height
        self.document().documentLayout().documentSizeChanged.connect(self._fit)

    def show_markdown(self, text: str) -> None:
        """Render a text in place of the one before."""
        self._text, self._pages = text, 0
        self.render_again()

    def render_again(self) -> None:
        """Set the text anew, in the colours of the theme in force."""
        document = self.document()
        document.clear()
        cursor = self.textCursor()
        formats = Formats(tokens())
        prepared = write_markdown(cursor, self._text, formats)
        cursor.movePosition(cursor.MoveOperation.End)
        write_rest(cursor, prepared.rest, self._pages, _MORE, formats)
        self._fit()

    def follow(self, address: str) -> None:
        """Show the next page when asked; any other link is only told of."""
        if address == _MORE:
            self._pages += 1
            self.render_again()
        else:
            super().follow(address)

    def _fit(self) -> None:
        wanted = int(self.document().size().height()) + 2 * self.frameWidth() + 1
        height = min(wanted, self._max_height)
        if height != self.height():
            self.setFixedHeight(height)
