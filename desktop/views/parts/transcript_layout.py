"""How one transcript entry is set in type. Knows frames and formats, not scrolling or input."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote, unquote

from PySide6.QtGui import QTextBlockFormat, QTextCursor, QTextFrame

from desktop.views.parts.document_view import ICON_INSET
from desktop.views.parts.markdown import (
    write_markdown,
    write_next_page,
    write_plain,
    write_rest,
)
from desktop.views.parts.markdown_source import page_length
from desktop.views.parts.text_formats import (
    OWN_LINK,
    Box,
    Formats,
    box_frame,
    insert_visible,
    make_spacer,
    paragraph,
)
from desktop.views.parts.transcript_entry import EntryKind, TranscriptEntry
from desktop.views.parts.visible_text import one_line

ENTRY_GAP: Final = 14.0
BOX_PADDING: Final = 13.0
_ROW_GAP: Final = 3.0
_TOGGLE: Final = f"{OWN_LINK}toggle:"
_MORE: Final = f"{OWN_LINK}more:"
_COPY: Final = f"{OWN_LINK}copy:"

_BOXES: Final = {
    EntryKind.HUMAN: Box.HUMAN,
    EntryKind.AGENT: None,
    EntryKind.TOOL_CALL: Box.TOOL,
    EntryKind.TOOL_RESULT: Box.TOOL,
    EntryKind.INTERRUPT: Box.WAITING,
    EntryKind.ERROR: Box.ERROR,
    EntryKind.UNREADABLE: Box.UNREADABLE,
    EntryKind.GAP: Box.UNREADABLE,
}
_UNTITLED: Final = {
    EntryKind.TOOL_CALL: "tool call",
    EntryKind.TOOL_RESULT: "tool result",
    EntryKind.INTERRUPT: "waiting",
    EntryKind.ERROR: "Something went wrong",
    EntryKind.UNREADABLE: "This entry could not be read",
    EntryKind.GAP: "Entries were removed before they were read",
}
_DETAIL_WORDS: Final = {
    EntryKind.TOOL_CALL: "arguments",
    EntryKind.TOOL_RESULT: "result",
    EntryKind.INTERRUPT: "arguments",
}
_SPOKEN: Final = frozenset((EntryKind.HUMAN, EntryKind.AGENT))


def gap_above(kind: EntryKind, before: EntryKind | None) -> float:
    """Pixels between an entry and the one before it; rows of tools stand closer together."""
    if before is None:
        return 1.0
    return _ROW_GAP if kind not in _SPOKEN and before not in _SPOKEN else ENTRY_GAP


def keys_in(address: str) -> tuple[str | None, str | None, str | None]:
    """The entry whose detail a link shows or hides, of which it shows more, or that it copies."""
    toggled, continued, copied = (
        unquote(address[len(kind) :]) if address.startswith(kind) else None
        for kind in (_TOGGLE, _MORE, _COPY)
    )
    return toggled, continued, copied


def long_text(entry: TranscriptEntry) -> str:
    """The text of an entry that may be too long to be set at once."""
    return entry.detail if _is_detail(entry) else entry.text


def entry_box(kind: EntryKind) -> Box | None:
    """The box painted behind an entry."""
    return _BOXES[kind]


def insert_frame(
    cursor: QTextCursor,
    kind: EntryKind,
    before: EntryKind | None,
    following: tuple[QTextFrame, EntryKind] | None,
) -> QTextFrame:
    """Make an empty frame for an entry, with the gaps around it.

    Args:
        before: the kind of the entry above it. following: the frame below it and its kind; None
            puts the new one at the end of the document.
    """
    if following is None:
        cursor.movePosition(QTextCursor.MoveOperation.End)
    else:
        cursor.setPosition(following[0].firstPosition() - 1)
    make_spacer(cursor, gap_above(kind, before))
    box = entry_box(kind)
    frame = cursor.insertFrame(box_frame(box, padding=BOX_PADDING if box else 0))
    cursor.setPosition(frame.lastPosition() + 1)
    make_spacer(cursor, 1 if following is None else gap_above(following[1], kind))
    return frame


def remove_frames(cursor: QTextCursor, first: QTextFrame, last: QTextFrame) -> None:
    """Take frames away that stand one after the other, with the gaps between them."""
    # The marks around a frame must be in the selection, or only its text is removed.
    cursor.setPosition(first.firstPosition() - 1)
    cursor.setPosition(last.lastPosition() + 1, QTextCursor.MoveMode.KeepAnchor)
    cursor.removeSelectedText()


def empty_frame(cursor: QTextCursor, frame: QTextFrame) -> None:
    """Take the words out of a frame."""
    cursor.setPosition(frame.firstPosition())
    cursor.setPosition(frame.lastPosition(), QTextCursor.MoveMode.KeepAnchor)
    cursor.removeSelectedText()


def kept_run(old: Sequence[str], new: Sequence[str]) -> tuple[int, int, int] | None:
    """What two pages of a transcript have in common, if that is one run of entries.

    Returns:
        How many old ones go before it, how many new ones come before it, and its length.
    """
    places = {key: at for at, key in enumerate(new)}
    start = next((at for at, key in enumerate(old) if key in places), None)
    if start is None:
        return None
    at = places[old[start]]
    pairs = zip(old[start:], new[at:], strict=False)
    length = next((n for n, (one, other) in enumerate(pairs) if one != other), None)
    length = min(len(old) - start, len(new) - at) if length is None else length
    is_one = len(places.keys() & set(old)) == length
    return (start, at, length) if is_one else None


def write_entry(
    frame_cursor: QTextCursor, entry: TranscriptEntry, formats: Formats, *, opened: bool, pages: int
) -> None:
    """Set an entry inside its frame, which must be empty.

    Args:
        opened: its detail is shown. pages: how many pages beyond the cap were asked for.
    """
    cursor = QTextCursor(frame_cursor)
    if entry.kind in _SPOKEN:
        _write_header(cursor, entry.speaker, entry.at, formats)
        cursor.insertBlock()
        prepared = write_markdown(cursor, entry.text, formats)
        _to_end_of(frame_cursor, cursor)
        _write_rest(cursor, entry, prepared.rest, pages, formats)
        return
    _write_row(cursor, entry, formats, opened=opened)
    if entry.kind is EntryKind.ERROR and entry.text:
        cursor.insertBlock()
        write_plain(cursor, entry.text[: page_length(entry.text)], formats)
        cursor.mergeBlockFormat(_inset())
        _write_rest(cursor, entry, entry.text[page_length(entry.text) :], pages, formats)
    if opened and entry.detail:
        _write_detail(cursor, entry, formats, pages)


def write_more(frame: QTextFrame, entry: TranscriptEntry, formats: Formats, pages: int) -> None:
    """Set the page of a long entry that was asked for last, below those that are set."""
    inner = frame.childFrames()
    where = inner[-1] if _is_detail(entry) and inner else frame
    text = long_text(entry)
    write_next_page(
        where.lastCursorPosition(),
        text[page_length(text) :],
        pages,
        _MORE + quote(entry.key),
        formats,
        code=_is_detail(entry),
        copy_link=_COPY + quote(entry.key),
    )


def _write_rest(
    cursor: QTextCursor, entry: TranscriptEntry, rest: str, pages: int, formats: Formats
) -> None:
    write_rest(
        cursor,
        rest,
        pages,
        _MORE + quote(entry.key),
        formats,
        code=_is_detail(entry),
        copy_link=_COPY + quote(entry.key),
    )


def _is_detail(entry: TranscriptEntry) -> bool:
    return entry.kind not in _SPOKEN and entry.kind is not EntryKind.ERROR


def write_draft(
    frame_cursor: QTextCursor, speaker: str, text: str, formats: Formats
) -> QTextCursor:
    """Set a message that is still being written; returns where its next words go."""
    cursor = QTextCursor(frame_cursor)
    _write_header(cursor, speaker, "writing…", formats)
    cursor.insertBlock()
    write_markdown(cursor, text, formats)
    _to_end_of(frame_cursor, cursor)
    return cursor


def _write_header(cursor: QTextCursor, speaker: str, at: str, formats: Formats) -> None:
    cursor.setBlockFormat(paragraph(below=3))
    cursor.insertText(one_line(speaker), formats.strong)
    if at:
        cursor.insertText(f"   {one_line(at)}", formats.muted)


def _write_row(
    cursor: QTextCursor, entry: TranscriptEntry, formats: Formats, *, opened: bool
) -> None:
    cursor.setBlockFormat(paragraph())
    cursor.mergeBlockFormat(_inset())
    title = entry.collapsed_title or _UNTITLED[entry.kind]
    is_tool = entry.kind in _DETAIL_WORDS
    cursor.insertText(one_line(title), formats.mono if is_tool else formats.strong)
    if entry.text and entry.kind is not EntryKind.ERROR:
        cursor.insertText(f"   {one_line(entry.text)}", formats.muted)
    if entry.state:
        ink = formats.tokens.ink(entry.tone)
        cursor.insertText(f"   {one_line(entry.state)}", formats.coloured(formats.muted, ink))
    origin = " · ".join(one_line(part) for part in (entry.speaker, entry.at) if part)
    if origin:
        cursor.insertText(f"   {origin}", formats.faint)
    if entry.detail:
        what = _DETAIL_WORDS.get(entry.kind, "details")
        link = formats.link(formats.faint, _TOGGLE + quote(entry.key))
        link.setToolTip("")
        cursor.insertText("   ", formats.faint)
        # Not broken in two: half a link is hard to aim at.
        cursor.insertText(f"{'Hide' if opened else 'Show'}\u00a0{what}", link)


def _write_detail(
    cursor: QTextCursor, entry: TranscriptEntry, formats: Formats, pages: int
) -> None:
    cursor.insertBlock()
    make_spacer(cursor, 6)
    frame = cursor.insertFrame(box_frame(Box.CODE, padding=12))
    inner = frame.firstCursorPosition()
    inner.setBlockFormat(paragraph())
    length = page_length(entry.detail)
    head, rest = entry.detail[:length], entry.detail[length:]
    insert_visible(inner, head, formats.code, formats, exact=True)
    _write_rest(inner, entry, rest, pages, formats)
    cursor.setPosition(frame.lastPosition() + 1)
    make_spacer(cursor, 1)


def _inset() -> QTextBlockFormat:
    made = QTextBlockFormat()
    made.setLeftMargin(ICON_INSET)
    return made


def _to_end_of(frame_cursor: QTextCursor, cursor: QTextCursor) -> None:
    frame = frame_cursor.currentFrame()
    cursor.setPosition(frame.lastPosition())
