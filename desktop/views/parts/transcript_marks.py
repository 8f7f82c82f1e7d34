"""Marks on words that were searched for, in the part of a transcript that is in sight.

The only place that highlights. A common letter stands in a long transcript a hundred thousand
times; only what is in sight is ever marked, and marked anew when something else comes into sight.
"""

from collections.abc import Iterator
from typing import Final

from PySide6.QtCore import QObject, QPoint, QTimer
from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor, QTextFrame
from PySide6.QtWidgets import QTextEdit

from desktop.views.parts.text_formats import is_own_link
from desktop.views.parts.transcript_view import TranscriptView
from desktop.views.theme import appearance, tokens

_SETTLE_MS: Final = 40


class TranscriptMarks(QObject):
    """Marks words in one transcript, and one place among them as the current one."""

    def __init__(self, view: TranscriptView) -> None:
        super().__init__(view)
        self._view = view
        self._words = ""
        self._current: tuple[str, int] | None = None
        self._timer = QTimer(self, interval=_SETTLE_MS, singleShot=True)
        self._timer.timeout.connect(self._mark)
        bar = view.verticalScrollBar()
        for moved in (bar.valueChanged, bar.rangeChanged, view.document().contentsChanged):
            moved.connect(self._mark_soon)
        appearance().changed.connect(self._mark_soon)

    def find(self, words: str) -> None:
        """Mark these words from now on; empty for none."""
        self._words, self._current = words, None
        self._mark()

    def point_at(self, key: str, number: int) -> None:
        """Make a place the current one, select it and bring it into sight.

        Args:
            key: of the entry. number: of the place within it, from 0; one that is not there as it
                was found (Markdown may hide it) is the entry itself.
        """
        self._current = (key, number)
        frame = self._view.frame_of(key)
        if frame is None:
            return
        place = self._place(frame, number)
        self._view.setTextCursor(place)
        self._view.bring_into_sight(place)
        self._mark()

    def _mark_soon(self) -> None:
        if self._words and not self._timer.isActive():
            self._timer.start()

    def _mark(self) -> None:
        self._timer.stop()
        view, found = self._view, []
        if self._words:
            corner = QPoint(view.viewport().width(), view.viewport().height())
            start = view.cursorForPosition(QPoint(0, 0))
            start.movePosition(QTextCursor.MoveOperation.StartOfBlock)
            end = view.cursorForPosition(corner).position()
            ink, ground = tokens().text, tokens().mark
            found = [_mark_of(c, ink, ground) for c in self._found(start.position(), end)]
            frame = view.frame_of(self._current[0]) if self._current else None
            if frame is not None and self._current is not None:
                place = self._place(frame, self._current[1])
                found.append(_mark_of(place, tokens().on_fill, tokens().fill))
        view.setExtraSelections(found)

    def _place(self, frame: QTextFrame, number: int) -> QTextCursor:
        places = self._found(frame.firstPosition(), frame.lastPosition())
        place = next((at for n, at in enumerate(places) if n == number), None)
        return place if place is not None else frame.firstCursorPosition()

    def _found(self, start: int, end: int) -> Iterator[QTextCursor]:
        document = self._view.document()
        cursor = document.find(self._words, start)
        while not cursor.isNull() and cursor.selectionStart() <= end:
            if not is_own_link(cursor.charFormat().anchorHref()):
                yield QTextCursor(cursor)
            cursor = document.find(self._words, cursor)


def _mark_of(place: QTextCursor, ink: str, ground: str) -> QTextEdit.ExtraSelection:
    form = QTextCharFormat()
    form.setForeground(QColor(ink))
    form.setBackground(QColor(ground))
    made = QTextEdit.ExtraSelection()
    # The stub knows no setters: these are plain members of the C++ struct.
    made.cursor, made.format = place, form
    return made
