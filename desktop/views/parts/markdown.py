"""The one sanitising renderer: Markdown from agents into a document, character by character.

Text is inserted through a cursor and never handed to an HTML parser, so markup in it cannot
come alive: there is no way from here to an image, a script or a local file. Pictures become
their words and address, links show where they lead, hidden characters become chips.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

from markdown_it.token import Token
from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QColor,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
    QTextFrame,
    QTextList,
    QTextListFormat,
)

from desktop.views.parts.code_colours import colour_line
from desktop.views.parts.markdown_source import (
    Prepared,
    link_target,
    pages_length,
    parse,
    sanitise,
)
from desktop.views.parts.text_formats import (
    Box,
    Formats,
    box_frame,
    continued_paragraph,
    insert_visible,
    make_spacer,
    paragraph,
    table_format,
)
from desktop.views.parts.visible_text import visible

INDENT_PIXELS: Final = 24
_GAP: Final = 9
_QUOTE_INSET: Final = 12  # from the bar painted at the left edge of a quote to its words
_LINE_BREAK: Final = "\u2028"
_RULE: Final = int(QTextFormat.Property.BlockTrailingHorizontalRulerWidth)
_BULLETS: Final = (
    QTextListFormat.Style.ListDisc,
    QTextListFormat.Style.ListCircle,
    QTextListFormat.Style.ListSquare,
)
_ALIGN: Final = {
    "text-align:right": Qt.AlignmentFlag.AlignRight,
    "text-align:center": Qt.AlignmentFlag.AlignHCenter,
}

_Lists: TypeAlias = list[tuple[QTextListFormat, QTextList | None]]


def write_markdown(cursor: QTextCursor, text: str, formats: Formats) -> Prepared:
    """Render Markdown at the cursor, which must stand in an empty block of its own frame.

    Returns:
        What was rendered and what is left: when `rest` is not empty the caller offers it.
    """
    prepared = sanitise(text)
    tokens = parse(prepared)
    if tokens is None:
        write_plain(cursor, prepared.head, formats)
    else:
        _Writer(cursor, formats).write(tokens)
    return prepared


def write_plain(cursor: QTextCursor, text: str, formats: Formats) -> None:
    """Show a text exactly as it is, at the cursor, in the block the cursor stands in."""
    cursor.setBlockFormat(paragraph())
    insert_visible(cursor, text, formats.body, formats)


def write_rest(
    cursor: QTextCursor,
    rest: str,
    pages: int,
    link: str,
    formats: Formats,
    *,
    code: bool = False,
    copy_link: str = "",
) -> None:
    """Continue after a capped text: the pages a person asked for, then a link for the next one.

    Args:
        rest: what the cap left over; shown as plain text, a page at a time.
        pages: how many pages were asked for so far.
        link: what choosing "show the rest" is reported as. copy_link: the same for "copy all".
    """
    if not rest:
        return
    for page in range(pages):
        if pages_length(rest, page) < len(rest):
            cursor.insertBlock()
            _write_page(cursor, rest, page, formats, code=code)
    left = len(rest) - pages_length(rest, pages)
    if left > 0:
        cursor.insertBlock(paragraph(above=_GAP))
        _write_links(cursor, left, link, copy_link, formats)


def write_next_page(
    cursor: QTextCursor,
    rest: str,
    pages: int,
    link: str,
    formats: Formats,
    *,
    code: bool = False,
    copy_link: str = "",
) -> None:
    """Put the page asked for last in place of the link for it; the cursor stands in its block.

    What is above is not set again: otherwise each page of a long text would cost more than the
    one before. The arguments are those of `write_rest`.
    """
    cursor.movePosition(QTextCursor.MoveOperation.StartOfBlock)
    end = QTextCursor.MoveOperation.EndOfBlock
    cursor.movePosition(end, QTextCursor.MoveMode.KeepAnchor)
    cursor.removeSelectedText()
    _write_page(cursor, rest, pages - 1, formats, code=code)
    left = len(rest) - pages_length(rest, pages)
    if left > 0:
        cursor.insertBlock(paragraph(above=_GAP))
        _write_links(cursor, left, link, copy_link, formats)


def _write_page(cursor: QTextCursor, rest: str, page: int, formats: Formats, *, code: bool) -> None:
    # A block of its own for each: Qt breaks a long line in time that grows with its square.
    cursor.setBlockFormat(paragraph(above=_GAP) if page == 0 else continued_paragraph())
    text = rest[pages_length(rest, page) : pages_length(rest, page + 1)]
    insert_visible(cursor, text, formats.code if code else formats.body, formats)


def _write_links(
    cursor: QTextCursor, left: int, link: str, copy_link: str, formats: Formats
) -> None:
    words = f"Show the rest as plain text ({left:,} characters)"
    cursor.insertText(words, formats.link(formats.muted, link))
    if copy_link:
        cursor.insertText("   ", formats.muted)
        cursor.insertText("Copy all of it", formats.link(formats.muted, copy_link))


class _Writer:
    """Walks the parser's tokens. One writer renders one text.

    Attributes:
        _empty: the cursor stands in a block nobody has claimed yet.
        _first: nothing was written yet in this frame, so no gap is wanted above.
    """

    def __init__(self, cursor: QTextCursor, formats: Formats) -> None:
        self._cursor = cursor
        self._formats = formats
        self._empty = True
        self._first = True
        self._frames: list[tuple[QTextFrame, _Lists]] = []
        self._lists: _Lists = []
        self._item_pending = False
        self._tight = False

    def write(self, tokens: Sequence[Token]) -> None:
        at = 0
        while at < len(tokens):
            token = tokens[at]
            if token.type == "table_open":
                end = next(i for i in range(at, len(tokens)) if tokens[i].type == "table_close")
                self._table(tokens[at:end])
                at = end
            elif token.type in {"heading_open", "paragraph_open"}:
                level = int(token.tag[1]) if token.type == "heading_open" else 0
                self._tight = token.hidden
                self._paragraph(tokens[at + 1], level)
                at += 2  # the inline token and the closing one
            else:
                self._block(token)
            at += 1
        if self._empty:
            make_spacer(self._cursor, 1)

    def _block(self, token: Token) -> None:
        match token.type:
            case "fence" | "code_block":
                self._code(token.content)
            case "hr":
                self._rule()
            case "blockquote_open":
                inset = _QUOTE_INSET if self._frames else 0
                left = self._indent() * INDENT_PIXELS + inset
                self._open_frame(Box.QUOTE, padding=4, left=left)
            case "blockquote_close":
                self._close_frame()
            case "bullet_list_open" | "ordered_list_open":
                self._open_list(token)
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                self._item_pending = True
            case "list_item_close" if self._item_pending:
                self._begin(paragraph())  # an item with nothing in it still counts
            case _:
                pass

    # -- blocks ---------------------------------------------------------------------------------

    def _indent(self) -> int:
        return len(self._lists)

    def _begin(self, block: QTextBlockFormat) -> None:
        if not self._first:
            in_list = self._tight and bool(self._lists)
            block.setTopMargin(3 if in_list else _GAP)
        if self._frames:
            block.setLeftMargin(_QUOTE_INSET)
        if self._empty:
            self._cursor.setBlockFormat(block)
            self._cursor.setBlockCharFormat(self._formats.body)
        else:
            self._cursor.insertBlock(block, self._formats.body)
        if self._item_pending:
            self._join_list()
        elif self._lists:
            block.setIndent(self._indent())
            self._cursor.setBlockFormat(block)
        self._empty = self._first = self._item_pending = False

    def _join_list(self) -> None:
        form, made = self._lists[-1]
        if made is None:
            self._lists[-1] = (form, self._cursor.createList(form))
        else:
            made.add(self._cursor.block())

    def _open_list(self, token: Token) -> None:
        form = QTextListFormat()
        form.setIndent(self._indent() + 1)
        if token.type == "ordered_list_open":
            form.setStyle(QTextListFormat.Style.ListDecimal)
            form.setStart(int(token.attrs.get("start", 1)))
        else:
            form.setStyle(_BULLETS[min(self._indent(), len(_BULLETS) - 1)])
        self._lists.append((form, None))

    def _paragraph(self, inline: Token, level: int) -> None:
        self._begin(paragraph())
        base = self._formats.heading(level) if level else self._formats.body
        _Inline(self._cursor, self._formats).write(inline.children or (), base)

    def _rule(self) -> None:
        block = paragraph()
        block.setProperty(_RULE, 100)
        block.setBackground(QColor(self._formats.tokens.outline))
        self._begin(block)

    def _open_frame(self, box: Box, *, padding: float, left: float) -> None:
        if self._item_pending:
            self._begin(paragraph())
        if not self._empty:
            self._cursor.insertBlock()
        make_spacer(self._cursor, 1 if self._first else _GAP)
        frame = self._cursor.insertFrame(box_frame(box, padding=padding, left=left, below=_GAP))
        self._cursor = frame.firstCursorPosition()
        self._frames.append((frame, self._lists))
        self._lists = []  # indents count from the edge of the frame
        self._empty = self._first = True

    def _close_frame(self) -> None:
        if self._empty:
            make_spacer(self._cursor, 1)
        frame, self._lists = self._frames.pop()
        self._cursor.setPosition(frame.lastPosition() + 1)
        self._empty, self._first = True, False

    def _code(self, content: str) -> None:
        self._open_frame(Box.CODE, padding=12, left=self._indent() * INDENT_PIXELS)
        self._cursor.setBlockFormat(paragraph())
        formats = self._formats
        by_colour: dict[str, QTextCharFormat] = {}
        for number, line in enumerate(content.rstrip("\n").split("\n")):
            if number:
                self._cursor.insertBlock(paragraph())
            for colour, piece in colour_line(line):
                if colour not in by_colour:
                    shade = str(getattr(formats.tokens, colour))
                    by_colour[colour] = formats.coloured(formats.code, shade)
                insert_visible(self._cursor, piece, by_colour[colour], formats)
        self._empty = False
        self._close_frame()

    def _table(self, tokens: Sequence[Token]) -> None:
        rows: list[list[tuple[Token, Token]]] = []
        for at, token in enumerate(tokens):
            if token.type == "tr_open":
                rows.append([])
            elif token.type in {"th_open", "td_open"}:
                rows[-1].append((token, tokens[at + 1]))
        if self._item_pending:
            self._begin(paragraph())
        if not self._empty:
            self._cursor.insertBlock()
        make_spacer(self._cursor, 1 if self._first else _GAP)
        columns = max(len(row) for row in rows)
        table = self._cursor.insertTable(len(rows), columns, table_format(self._formats.tokens))
        for row, cells in enumerate(rows):
            for column, (opening, inline) in enumerate(cells):
                cursor = table.cellAt(row, column).firstCursorPosition()
                block = QTextBlockFormat()
                align = str(opening.attrs.get("style", ""))
                block.setAlignment(_ALIGN.get(align, Qt.AlignmentFlag.AlignLeft))
                cursor.setBlockFormat(block)
                head = opening.type == "th_open"
                base = self._formats.strong if head else self._formats.body
                _Inline(cursor, self._formats).write(inline.children or (), base)
        self._cursor.setPosition(table.lastPosition() + 1)
        self._empty, self._first = True, False


class _Inline:
    """Writes the words of one paragraph or cell."""

    def __init__(self, cursor: QTextCursor, formats: Formats) -> None:
        self._cursor = cursor
        self._formats = formats
        self._links: list[tuple[str, int]] = []

    def write(self, tokens: Sequence[Token], base: QTextCharFormat) -> None:
        stack = [base]
        for token in tokens:
            if token.type.endswith("_open"):
                stack.append(self._opened(token, stack[-1]))
            elif token.type.endswith("_close"):
                # markdown-it pairs every mark; the guard is for a parser that one day does not.
                if len(stack) > 1:
                    stack.pop()
                if token.type == "link_close":
                    self._show_target()
            else:
                self._leaf(token, stack[-1])

    def _opened(self, token: Token, current: QTextCharFormat) -> QTextCharFormat:
        made = QTextCharFormat(current)
        match token.type:
            case "strong_open":
                made.setFontWeight(600)
            case "em_open":
                made.setFontItalic(True)
            case "s_open":
                made.setFontStrikeOut(True)
            case "link_open":
                address = str(token.attrs.get("href", ""))
                self._links.append((address, self._cursor.position()))
                target = link_target(address)
                if target:
                    made = self._formats.link(current, target)
            case _:
                pass
        return made

    def _leaf(self, token: Token, form: QTextCharFormat) -> None:
        formats = self._formats
        match token.type:
            case "softbreak" | "hardbreak":
                # A chat keeps the line ends its author typed.
                self._cursor.insertText(_LINE_BREAK, form)
            case "code_inline":
                made = QTextCharFormat(form)
                made.setFont(formats.code.font())
                if not made.isAnchor():
                    made.setBackground(QColor(formats.tokens.code))
                insert_visible(self._cursor, token.content, made, formats)
            case "image":
                address = str(token.attrs.get("src", ""))
                insert_visible(self._cursor, token.content, form, formats)
                note = f" (picture, not loaded: {address})"
                insert_visible(self._cursor, note, self._aside(form), formats)
            case _:
                insert_visible(self._cursor, token.content, form, formats)

    def _show_target(self) -> None:
        address, start = self._links.pop()
        reader = QTextCursor(self._cursor)
        reader.setPosition(start, QTextCursor.MoveMode.KeepAnchor)
        shown = reader.selectedText()
        if visible(address, exact=True) not in {shown, f"mailto:{shown}"}:
            insert_visible(self._cursor, f" ({address})", self._formats.muted, self._formats)

    def _aside(self, form: QTextCharFormat) -> QTextCharFormat:
        # A picture inside a link stays part of the link, so that the whole of it can be chosen.
        return form if form.isAnchor() else self._formats.muted
