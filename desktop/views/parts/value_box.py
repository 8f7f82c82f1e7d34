"""A value in mono, every character of it: wraps anywhere, grows with its text, then scrolls.

The only place that puts an unbounded text into a widget. It never hands Qt one endless line
(laying out 1 MB in one line blocks the window): such a line is continued, and says so.
"""

from collections.abc import Iterator
from math import ceil
from typing import Final

from PySide6.QtCore import QMimeData, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QResizeEvent, QTextCursor, QTextOption
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from desktop.views.parts.secret_clipboard import SecretClipboard
from desktop.views.parts.text_formats import Formats
from desktop.views.parts.visible_text import Span, SpanKind, make_visible
from desktop.views.theme import appearance, mono_font, tokens

_EDGE: Final = 2  # the border of `surface="flat"`, which is the focus ring
_MARGIN: Final = 2.0
_MAX_LINE: Final = 2_000
PAGE_CHARACTERS: Final = 512 * 1024
_CONTINUED: Final = Span(SpanKind.HIDDEN, "⟨same line, continued⟩")


class ValueBox(QPlainTextEdit):
    """Read only, selectable, reachable by Tab, with hidden characters as chips.

    Args:
        max_lines: higher texts scroll inside the box.

    Signals:
        lines_changed: the text needs this many lines at the present width.
        secret_copied: text of a value that is shown only for a while left for the clipboard.
    """

    lines_changed = Signal(int)
    secret_copied = Signal()

    def __init__(
        self, accessible_name: str, parent: QWidget | None = None, *, max_lines: int = 10
    ) -> None:
        super().__init__(parent)
        self._text = ""
        self._pages = 1
        self._lines = 0
        self._max_lines = max_lines
        self._secrets: SecretClipboard | None = None
        self.setAccessibleName(accessible_name)
        self.setProperty("surface", "flat")
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        self.setFont(mono_font())
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.document().setDocumentMargin(_MARGIN)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        appearance().changed.connect(self._write)

    def show_value(self, text: str) -> None:
        """Show a text from its beginning; up to `PAGE_CHARACTERS` of it at first."""
        self._text, self._pages = text, 1
        self._write()

    def guard_copies(self, secrets: SecretClipboard | None) -> None:
        """While the text holds a revealed value, copy it by this way; None for the usual one."""
        self._secrets = secrets

    def createMimeDataFromSelection(self) -> QMimeData:
        """What is copied, selected for the middle button, or dragged."""
        if self._secrets is None:
            return super().createMimeDataFromSelection()
        self.secret_copied.emit()
        return self._secrets.dress(self.textCursor().selection().toPlainText())

    def show_more(self) -> None:
        """Show the next page of a very long text."""
        self._pages += 1
        self._write()

    def characters_left(self) -> int:
        """How many characters are not shown yet."""
        return max(0, len(self._text) - self._pages * PAGE_CHARACTERS)

    def set_max_lines(self, lines: int) -> None:
        """Let the box grow further, or keep it lower."""
        self._max_lines = lines
        self._fit()

    def lines_in_all(self) -> int:
        """Lines the text needs at the present width."""
        return max(1, round(self.document().size().height()))

    def minimumSizeHint(self) -> QSize:
        """Narrow enough for a pane beside two others; text wraps."""
        return QSize(56, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width needs another number of lines."""
        super().resizeEvent(event)
        self._fit()

    def _write(self) -> None:
        self.clear()
        formats = Formats(tokens())
        styles = {
            SpanKind.TEXT: formats.mono,
            SpanKind.HIDDEN: formats.chip,
            SpanKind.ODD: formats.odd,
        }
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        if not self._text:
            cursor.insertText("⟨empty⟩", formats.chip)
        shown = self._text[: self._pages * PAGE_CHARACTERS]
        for span in _in_short_lines(make_visible(shown, exact=True)):
            cursor.insertText(span.text, styles[span.kind])
        cursor.endEditBlock()
        self._fit()

    def _fit(self) -> None:
        lines = self.lines_in_all()
        fits = lines <= self._max_lines
        self.setVerticalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAlwaysOff if fits else Qt.ScrollBarPolicy.ScrollBarAsNeeded
        )
        spacing = QFontMetrics(self.font()).lineSpacing() + 1.0
        text = self._height_of_text() if fits else self._max_lines * spacing
        height = ceil(text) + 2 * _EDGE + 2 * round(_MARGIN)
        if height != self.minimumHeight():
            self.setFixedHeight(height)
        if lines != self._lines:
            self._lines = lines
            self.lines_changed.emit(lines)

    def _height_of_text(self) -> float:
        """Pixels of a text of a few lines. Lines with chips are a little higher than others."""
        height, block = 0.0, self.document().firstBlock()
        while block.isValid():
            height += self.blockBoundingRect(block).height()
            block = block.next()
        return height


def _in_short_lines(spans: list[Span]) -> Iterator[Span]:
    """The same spans with a marked break wherever a line is longer than `_MAX_LINE`."""
    length = 0
    for span in spans:
        if span.kind is SpanKind.HIDDEN:
            yield span
            length += len(span.text)
            continue
        for number, line in enumerate(span.text.split("\n")):
            if number:
                yield Span(SpanKind.TEXT, "\n")
                length = 0
            at = 0
            while length + len(line) - at > _MAX_LINE:
                room = max(1, _MAX_LINE - length)
                yield Span(span.kind, line[at : at + room])
                yield _CONTINUED
                yield Span(SpanKind.TEXT, "\n")
                at, length = at + room, 0
            if line[at:]:
                yield Span(span.kind, line[at:])
                length += len(line) - at
