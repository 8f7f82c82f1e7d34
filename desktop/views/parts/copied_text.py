"""What a selection in a rendered document is as plain text: the words as they are seen.

The only place that decides what copying gives. Chips stand for hidden characters as they do on
screen, cells of a table are parted by tabs, items of a list keep their marks; links by which we
unfold something are not part of what was said.
"""

from collections.abc import Iterator
from typing import Final

from PySide6.QtGui import QTextBlock, QTextCursor, QTextList, QTextTable

from desktop.views.parts.text_formats import is_continued, is_own_link, is_spacer

_CLOSE: Final = 3.0  # pixels between lines that belong together
_SEEN_AS: Final = str.maketrans({"\u2028": "\n", "\u00a0": " ", "\ufdd0": None, "\ufdd1": None})


def copied_text(selection: QTextCursor) -> str:
    """The selected words; empty if nothing is selected."""
    start, end = selection.selectionStart(), selection.selectionEnd()
    lines: list[str] = []
    row: tuple[int, int] | None = None  # the table, and its row, that the last line is
    gap = False  # spacers of nested frames follow each other, and are one gap on screen
    for block in _blocks(selection, start, end):
        form = block.blockFormat()
        if is_spacer(form):
            gap = True
            continue
        words, here = _words(block, start, end), _row_of(block)
        if here is not None and here == row:
            lines[-1] = f"{lines[-1]}\t{words}"
        elif lines and not gap and is_continued(form):
            lines[-1] += words
        else:
            is_after_table = row is not None and here is None
            if lines and (gap or is_after_table or form.topMargin() > _CLOSE):
                lines.append("")
            lines.append(words)
        gap, row = False, here
    return "\n".join(lines)


def _blocks(selection: QTextCursor, start: int, end: int) -> Iterator[QTextBlock]:
    block = selection.document().findBlock(start)
    while start < end and block.isValid() and block.position() < end:
        yield block
        block = block.next()


def _words(block: QTextBlock, start: int, end: int) -> str:
    """The selected words of a block, with the mark of a list if its beginning is selected."""
    parts: list[str] = []
    has_link = False
    at = block.begin()
    while not at.atEnd():
        piece = at.fragment()
        if is_own_link(piece.charFormat().anchorHref()):
            has_link = True
        else:
            first = max(0, start - piece.position())
            parts.append(piece.text()[first : max(0, end - piece.position())])
        at += 1
    words = "".join(parts).translate(_SEEN_AS)
    # Of a block that stands in no list, the list is None, whatever the stub says.
    listed: object = block.textList()
    if isinstance(listed, QTextList) and start <= block.position():
        mark = listed.itemText(block)
        words = f"{mark if mark[:1].isalnum() else '-'} {words}"
    return words.rstrip(" ") if has_link else words


def _row_of(block: QTextBlock) -> tuple[int, int] | None:
    cursor = QTextCursor(block)
    table: object = cursor.currentTable()
    if not isinstance(table, QTextTable):
        return None
    return table.firstPosition(), table.cellAt(cursor).row()
