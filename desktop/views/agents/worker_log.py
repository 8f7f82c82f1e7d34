"""The log of a local worker while it is written: bounded work at each look, whatever it says."""

from collections.abc import Iterator, Sequence
from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QHideEvent,
    QShowEvent,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from desktop.actions.local_workers import LocalWorkersDesk
from desktop.qtmodels.local_wording import LogPart, LogStyle, log_parts
from desktop.qtmodels.tone import Tone
from desktop.views.parts.visible_text import visible
from desktop.views.theme import appearance, mono_font, tokens
from desktop.views.theme_tokens import Tokens

MAX_BLOCKS: Final = 20_000
_LOOK_MS: Final = 100
_BUSY_MS: Final = 16
#: At one look. A line has 4,000 characters at most.
_LINES: Final = 150
_CHARACTERS: Final = 16 * 1024


class WorkerLogView(QPlainTextEdit):
    """Shows the log of one worker, and stays at its end while the reader is there.

    Read only; what is selected is copied as plain text. While it is hidden it reads nothing.

    Signals:
        follows(bool): the end is in sight, or the reader has gone back.
    """

    follows = Signal(bool)

    def __init__(self, workers: LocalWorkersDesk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workers = workers
        self._worker_id = ""
        self._next = 0
        self._empty = True
        self.setAccessibleName("Log")
        self.setObjectName("local.log")
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        self.setFont(mono_font())
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setMaximumBlockCount(MAX_BLOCKS)
        self.setPlaceholderText("It has said nothing yet.")
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self.look)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        appearance().changed.connect(self._begin)

    def show_worker(self, worker_id: str) -> None:
        """Show the log of this worker, from the oldest line that is kept."""
        if worker_id != self._worker_id:
            self._worker_id = worker_id
            self._begin()

    @property
    def is_at_end(self) -> bool:
        """Whether the newest line is in sight."""
        bar = self.verticalScrollBar()
        return bar.value() >= bar.maximum() - 1

    def follow(self) -> None:
        """Go to the end, and stay there."""
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())
        self.follows.emit(True)

    def copy_all(self) -> None:
        """Put all that is shown on the clipboard."""
        QGuiApplication.clipboard().setText(self.toPlainText())

    def look(self) -> None:
        """Show what is new, a part of it if it is much."""
        page = self._workers.log(self._worker_id, self._next, _LINES)
        if not page.lines:
            self._timer.setInterval(_LOOK_MS)
            return
        at_end = self.is_at_end
        missed = page.first - self._next
        lines = [log_parts(line) for line in _part_of(page.lines)]
        self._next = page.first + len(lines)
        if missed > 0 and not self._empty:
            lines.insert(0, [LogPart(f"… {missed:,} lines passed by", LogStyle.FIELDS)])
        self._write(lines)
        self._timer.setInterval(_BUSY_MS if self._next < page.last else _LOOK_MS)
        if at_end:
            self.follow()

    def showEvent(self, event: QShowEvent) -> None:
        """Read on."""
        super().showEvent(event)
        self._timer.start()
        self.look()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks."""
        super().hideEvent(event)
        self._timer.stop()

    def _begin(self) -> None:
        """From the first line: another worker, or other colours."""
        self.clear()
        self._next, self._empty = 0, True
        if self._worker_id and self.isVisible():
            self.look()

    def _write(self, lines: list[list[LogPart]]) -> None:
        formats = _Formats(tokens())
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        # One edit, so that Qt lays out and drops old lines once, not once for each line.
        cursor.beginEditBlock()
        for line in lines:
            if not self._empty:
                cursor.insertBlock()
            self._empty = False
            for part in line:
                cursor.insertText(visible(part.text), formats.of(part))
        cursor.endEditBlock()

    def _on_scrolled(self) -> None:
        self.follows.emit(self.is_at_end)


class _Formats:
    """How parts of lines look in one theme."""

    def __init__(self, colours: Tokens) -> None:
        self._levels = {tone: _ink(colours.ink(tone)) for tone in Tone}
        self._styles = {
            LogStyle.TIME: _ink(colours.faint),
            LogStyle.EVENT: _ink(colours.text),
            LogStyle.FIELDS: _ink(colours.muted),
        }

    def of(self, part: LogPart) -> QTextCharFormat:
        return self._styles.get(part.style) or self._levels[part.tone]


def _ink(colour: str) -> QTextCharFormat:
    form = QTextCharFormat()
    form.setForeground(QColor(colour))
    return form


def _part_of(lines: Sequence[str]) -> Iterator[str]:
    """The first of these lines, as many as one look may take."""
    characters = 0
    for line in lines:
        yield line
        characters += len(line)
        if characters > _CHARACTERS:
            return
