"""The transcript of one conversation: one document, so that a selection may cross messages.

The only place that keeps frames, drafts and the scroll position together. Entries come from
outside and are shown, never changed; what a person opened (`Show arguments`) is kept here.

The document is a row of frames with a thin empty block before each (Qt wants one):
`gap [entry] gap [entry] ... gap [draft] tail`. Messages still being written come last.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QCursor, QGuiApplication, QResizeEvent, QTextCursor, QTextFrame
from PySide6.QtWidgets import QToolTip, QWidget

from desktop.views.parts.document_view import DocumentView
from desktop.views.parts.text_formats import Formats, box_frame
from desktop.views.parts.transcript_draft import RENDER_MS, Draft
from desktop.views.parts.transcript_entry import EntryKind, TranscriptEntry
from desktop.views.parts.transcript_layout import (
    BOX_PADDING,
    empty_frame,
    entry_box,
    insert_frame,
    kept_run,
    keys_in,
    long_text,
    remove_frames,
    write_entry,
    write_more,
)
from desktop.views.theme import tokens

_FLUSH_MS: Final = 33  # words appear at most 30 times a second
_READING_WIDTH: Final = 900  # pixels; lines longer than this are hard to read
_BOTTOM_SLACK: Final = 6  # pixels from the end that still count as "at the end"


@dataclass(slots=True)
class _Shown:
    """An entry and the frame it is set in."""

    entry: TranscriptEntry
    frame: QTextFrame


class TranscriptView(DocumentView):
    """Shows entries, follows the end while the reader is there, and never while not.

    Signals:
        top_reached: the reader scrolled to the first entry; older ones may be wanted.
        bottom_reached: the reader scrolled to the last one, and there are later ones.
        link_requested (inherited): a person chose a link; nothing was opened.
    """

    top_reached = Signal()
    bottom_reached = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Transcript", parent)
        self._shown: list[_Shown] = []
        self._by_key: dict[str, _Shown] = {}
        self._drafts: dict[str, Draft] = {}
        self._opened: set[str] = set()
        self._pages: dict[str, int] = {}
        self._at_end = True
        self._more_below = False
        self._busy = False
        # Making them takes longer than setting a short entry in them.
        self._formats = Formats(tokens())
        self.document().setDocumentMargin(20)
        self._flush_timer = QTimer(self, interval=_FLUSH_MS, singleShot=True)
        self._flush_timer.timeout.connect(self._flush_drafts)
        # A writer that pauses leaves its last words rough until then.
        self._tidy_timer = QTimer(self, interval=RENDER_MS, singleShot=True)
        self._tidy_timer.timeout.connect(self._flush_drafts)
        bar = self.verticalScrollBar()
        bar.valueChanged.connect(self._on_scrolled)
        bar.rangeChanged.connect(self._on_length_changed)

    # -- what it is given -------------------------------------------------------------------------

    @property
    def is_at_end(self) -> bool:
        """Whether the reader is at the latest entry, and goes along with what comes."""
        return self._at_end and not self._more_below

    def set_entries(self, entries: Sequence[TranscriptEntry], *, more_below: bool = False) -> None:
        """Show exactly these entries, with as little change to what is shown as possible.

        Entries of another conversation (no key in common) start at the end, with nothing open.
        Older entries put in front leave the reader where they were.

        Args:
            more_below: these are not the latest; the reader stays, instead of following the end.
        """
        # Whoever was at the end of a part reads on from there.
        self._at_end, self._more_below = self.is_at_end and not more_below, more_below
        old_keys = self.keys
        if [entry.key for entry in entries[: len(old_keys)]] == old_keys:
            self._put(entries)
            return
        kept = kept_run(old_keys, [entry.key for entry in entries])
        if kept is not None:
            self._shift(entries, *kept)
            return
        if not set(old_keys) & {entry.key for entry in entries}:
            self._opened.clear()
            self._pages.clear()
            self._drafts.clear()
            self._at_end = True
        self._rebuild(list(entries))

    def append_entry(self, entry: TranscriptEntry) -> None:
        """Add an entry at the end; it takes the place of a draft with the same key."""
        if entry.key in self._drafts:
            self.drop_stream(entry.key)
        cursor = self._edit()
        draft = next(iter(self._drafts.values()), None)
        following = (draft.frame, EntryKind.AGENT) if draft is not None else None
        frame = insert_frame(cursor, entry.kind, self._last_kind(), following)
        self._add(entry, frame, len(self._shown))
        self._done(cursor)

    def update_entry(self, entry: TranscriptEntry) -> None:
        """Replace the entry with the same key, in place. An unknown key changes nothing."""
        shown = self._by_key.get(entry.key)
        if shown is not None and shown.entry != entry:
            shown.entry = entry
            self._write_again(shown)

    def put_entry(self, entry: TranscriptEntry) -> None:
        """Add the entry, or replace the one with its key."""
        if entry.key in self._by_key:
            self.update_entry(entry)
        else:
            self.append_entry(entry)

    def stream(self, message_id: str, speaker: str, text: str) -> None:
        """Add words to a message that is being written. Shown within 33 ms, at the end."""
        if message_id in self._by_key:
            return  # the whole message is here already; late words add nothing
        draft = self._drafts.get(message_id)
        if draft is None:
            cursor = self._edit()
            last = EntryKind.AGENT if self._drafts else self._last_kind()
            draft = Draft(speaker, insert_frame(cursor, EntryKind.AGENT, last, None))
            draft.begin(self._formats)
            self._drafts[message_id] = draft
            self._done(cursor)
        draft.pending.append(text)
        if not self._flush_timer.isActive():
            self._flush_timer.start()

    def drop_stream(self, message_id: str) -> None:
        """Take a message that is being written away again: it was withdrawn or is complete."""
        draft = self._drafts.pop(message_id, None)
        if draft is not None:
            cursor = self._edit()
            remove_frames(cursor, draft.frame, draft.frame)
            self._done(cursor)

    def render_again(self) -> None:
        """Set every entry anew, in the colours of the theme in force."""
        self._formats = Formats(tokens())
        self._rebuild([shown.entry for shown in self._shown])

    # -- where things are in it --------------------------------------------------------------------

    @property
    def keys(self) -> list[str]:
        """Of the entries that are set, from top to bottom."""
        return [shown.entry.key for shown in self._shown]

    def frame_of(self, key: str) -> QTextFrame | None:
        """Where an entry is set; None for one that is not."""
        shown = self._by_key.get(key)
        return shown.frame if shown is not None else None

    def first_in_sight(self) -> str:
        """The key of the entry at the top of what is seen; empty for none."""
        anchor = self._anchor()
        return anchor[0] if anchor is not None else ""

    def unfold(self, key: str) -> None:
        """Show the detail of an entry."""
        if key not in self._opened:
            self._opened.add(key)
            self._write_again(self._by_key.get(key))

    def bring_into_sight(self, cursor: QTextCursor) -> None:
        """Scroll to a place, unless it is in sight, and no further than needed for some context."""
        room = self.viewport().height()
        spot = self.cursorRect(cursor)
        if spot.top() < 0 or spot.bottom() > room:
            self._scroll_to(self.verticalScrollBar().value() + spot.top() - room // 3)

    def scroll_to_frame(self, frame: QTextFrame) -> None:
        """Put the beginning of an entry at the top of what is seen."""
        self._scroll_to(round(self._area_top(frame)))

    def follow(self, address: str) -> None:
        """Show or hide details, or the next page of a long text; other links are only told of."""
        toggled, continued, copied = keys_in(address)
        if toggled is not None:
            self._opened ^= {toggled}
            self._write_again(self._by_key.get(toggled))
        elif continued is not None:
            self._show_more(continued)
        elif copied is not None:
            if copied in self._by_key:
                QGuiApplication.clipboard().setText(long_text(self._by_key[copied].entry))
                QToolTip.showText(QCursor.pos(), "Copied", self)
        else:
            super().follow(address)

    def boxed_frames(self) -> Iterable[QTextFrame]:
        """Frames of the entries that are in sight."""
        top = self.verticalScrollBar().value()
        bottom = top + self.viewport().height()
        for shown in self._shown[self._first_below(top) :]:
            if self._area_top(shown.frame) > bottom:
                return
            yield shown.frame
        yield from (draft.frame for draft in self._drafts.values())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep lines readable in a wide window."""
        side = max(0, (self.width() - _READING_WIDTH) // 2)
        if self.viewportMargins().left() != side:
            self.setViewportMargins(side, 0, side, 0)
        super().resizeEvent(event)

    # -- the document -----------------------------------------------------------------------------

    def _edit(self) -> QTextCursor:
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        return cursor

    def _done(self, cursor: QTextCursor) -> None:
        self._busy = True  # layout moves the scroll bar; that is not the reader scrolling
        cursor.endEditBlock()
        self._busy = False
        self._follow_end()

    def _put(self, entries: Sequence[TranscriptEntry]) -> None:
        """Add or replace them all; the document is laid out once and not for each."""
        cursor = self._edit()
        for entry in entries:
            self.put_entry(entry)
        self._done(cursor)

    def _last_kind(self) -> EntryKind | None:
        return self._shown[-1].entry.kind if self._shown else None

    def _add(self, entry: TranscriptEntry, frame: QTextFrame, at: int) -> None:
        shown = _Shown(entry, frame)
        self._shown.insert(at, shown)
        self._by_key[entry.key] = shown
        self._write(shown)

    def _write(self, shown: _Shown) -> None:
        key = shown.entry.key
        write_entry(
            shown.frame.firstCursorPosition(),
            shown.entry,
            self._formats,
            opened=key in self._opened,
            pages=self._pages.get(key, 0),
        )

    def _show_more(self, key: str) -> None:
        shown = self._by_key.get(key)
        if shown is not None:
            self._pages[key] = self._pages.get(key, 0) + 1
            cursor = self._edit()
            write_more(shown.frame, shown.entry, self._formats, self._pages[key])
            self._done(cursor)

    def _write_again(self, shown: _Shown | None) -> None:
        if shown is None:
            return
        cursor = self._edit()
        empty_frame(cursor, shown.frame)
        kind = entry_box(shown.entry.kind)
        shown.frame.setFrameFormat(box_frame(kind, padding=BOX_PADDING if kind else 0))
        self._write(shown)
        self._done(cursor)

    def _shift(self, entries: Sequence[TranscriptEntry], gone: int, new: int, kept: int) -> None:
        """Set what came, take away what went; what stays between them is not set again."""
        anchor = None if self.is_at_end else self._anchor()
        cursor = self._edit()
        for out in (self._shown[gone + kept :], self._shown[:gone]):
            if out:
                remove_frames(cursor, out[0].frame, out[-1].frame)
            for shown in out:
                del self._by_key[shown.entry.key]
        self._shown = self._shown[gone : gone + kept]
        following = (self._shown[0].frame, self._shown[0].entry.kind)
        before: EntryKind | None = None
        for at, entry in enumerate(entries[:new]):
            frame = insert_frame(cursor, entry.kind, before, following)
            self._add(entry, frame, at)
            before = entry.kind
        self._done(cursor)
        self._put(entries[new:])
        if anchor is not None:
            self._return_to(*anchor)

    def _rebuild(self, entries: list[TranscriptEntry]) -> None:
        anchor = None if self.is_at_end else self._anchor()
        drafts = self._drafts
        self._shown, self._by_key, self._drafts = [], {}, {}
        self._busy = True
        self.document().clear()
        cursor = self._edit()
        for entry in entries:
            frame = insert_frame(cursor, entry.kind, self._last_kind(), None)
            self._add(entry, frame, len(self._shown))
        self._done(cursor)
        for message_id, draft in drafts.items():
            self.stream(message_id, draft.speaker, draft.text + "".join(draft.pending))
        if anchor is not None:
            self._return_to(*anchor)

    def _flush_drafts(self) -> None:
        cursor = self._edit()
        for draft in self._drafts.values():
            draft.flush(cursor, self._formats)
        self._done(cursor)
        if any(draft.rough for draft in self._drafts.values()):
            self._tidy_timer.start()

    # -- where the reader is ----------------------------------------------------------------------

    def _on_scrolled(self, value: int) -> None:
        if self._busy:
            return
        bar = self.verticalScrollBar()
        self._at_end = value >= bar.maximum() - _BOTTOM_SLACK
        if value == bar.minimum() and bar.maximum() > 0:
            self.top_reached.emit()
        elif self._at_end and self._more_below:
            self.bottom_reached.emit()

    def _on_length_changed(self) -> None:
        if not self._busy:
            self._follow_end()

    def _follow_end(self) -> None:
        if self.is_at_end:
            bar = self.verticalScrollBar()
            self._busy = True
            bar.setValue(bar.maximum())
            self._busy = False

    def _area_top(self, frame: QTextFrame) -> float:
        return self.document().documentLayout().frameBoundingRect(frame).top()

    def _area_bottom(self, frame: QTextFrame) -> float:
        return self.document().documentLayout().frameBoundingRect(frame).bottom()

    def _first_below(self, height: float) -> int:
        """Index of the first entry that ends below a height of the document."""
        return bisect_left(self._shown, height, key=lambda shown: self._area_bottom(shown.frame))

    def _anchor(self) -> tuple[str, float] | None:
        """The entry at the top of what is seen, and how far it is scrolled under the edge."""
        top = self.verticalScrollBar().value()
        index = self._first_below(top)
        if index >= len(self._shown):
            return None
        shown = self._shown[index]
        return shown.entry.key, top - self._area_top(shown.frame)

    def _return_to(self, key: str, offset: float) -> None:
        shown = self._by_key.get(key)
        if shown is not None:
            self._scroll_to(round(self._area_top(shown.frame) + offset))

    def _scroll_to(self, height: int) -> None:
        # Qt guesses the length and corrects it later; a place to return to must be right now.
        length = round(self.document().size().height()) - self.viewport().height()
        self._busy = True
        self.verticalScrollBar().setRange(0, max(0, length))
        self._busy = False
        self.verticalScrollBar().setValue(height)
