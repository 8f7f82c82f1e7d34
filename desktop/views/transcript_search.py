"""Finding words in a conversation: in all that is loaded of it, set in type or not.

The only place that leads a search. It looks through the lines a little at a time, so that neither
typing nor what arrives meanwhile waits for it, and asks its pane for the part to show.
"""

import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer

from desktop.store.store import Store
from desktop.views.parts.find_bar import FindBar
from desktop.views.parts.transcript_find import Finder, Place
from desktop.views.parts.transcript_marks import TranscriptMarks
from desktop.views.parts.transcript_view import TranscriptView
from desktop.views.transcript_source import TranscriptWriter

_SLICE_SECONDS: Final = 0.006
_AGAIN_MS: Final = 250
_OLDER: Final = "Older entries are not loaded"
_CUT: Final = "Of very long entries only the first part is searched"


class TranscriptSearch(QObject):
    """Connects a find bar with a transcript.

    Args:
        bring: called with the number of an entry that must be set in type now.
    """

    def __init__(
        self,
        store: Store,
        view: TranscriptView,
        bar: FindBar,
        bring: Callable[[int], None],
    ) -> None:
        super().__init__(bar)
        self._store, self._view, self._bar = store, view, bar
        self._bring = bring
        self._context_id = ""
        self._marks = TranscriptMarks(view)
        self._finder = Finder()
        self._steps: Iterator[None] = iter(())
        self._places: list[Place] = []
        self._owners: list[int] = []  # the entry of each line, by number
        self._current: tuple[str, int] | None = None  # the key of a line, and which of its finds
        self._origin = ""  # the line the reader was at when they began; each letter goes from there
        self._searching = False
        self._proposed = ""
        self._timer = QTimer(self, interval=0, singleShot=True)
        self._timer.timeout.connect(self._go_on)
        self._again = QTimer(self, interval=_AGAIN_MS, singleShot=True)
        self._again.timeout.connect(lambda: self._search(jumps=False))
        bar.words_changed.connect(self._on_words_changed)
        bar.stepped.connect(self.step)
        bar.closed.connect(self.close)

    @property
    def is_open(self) -> bool:
        """Whether a person searches."""
        return not self._bar.isHidden()

    def show_context(self, context_id: str | None) -> None:
        """Another conversation is shown: a search in this one is over."""
        if self.is_open:
            self._end()
        self._context_id = context_id or ""
        self._finder = Finder()
        self._proposed = ""

    def propose(self, words: str) -> None:
        """Offer these words to whoever searches in this conversation next, instead of none."""
        self._proposed = words

    def open(self) -> None:
        """Let a person type what to find; a selected word is a proposal, or what was proposed."""
        if not self._context_id:
            return
        selected = self._view.textCursor().selectedText()
        proposal = selected if len(selected) <= 80 and "\u2029" not in selected else ""
        proposal, self._proposed = proposal or self._proposed, ""
        self._origin = self._view.first_in_sight()
        self._bar.open(proposal)
        self._search(jumps=bool(proposal))

    def close(self) -> None:
        """Take the marks away; the place that was found last stays selected."""
        self._end()
        self._view.setFocus(Qt.FocusReason.OtherFocusReason)

    def refresh(self) -> None:
        """Something was said, or changed: look again, and leave the reader where they are."""
        if self.is_open and not self._again.isActive():
            self._again.start()

    def step(self, places: int) -> None:
        """Go to the next place (1) or the one before (-1), round and round."""
        if not self._places:
            return
        total = self._places[-1].before + self._places[-1].total
        self._go_to((self._number() - 1 + places) % total)
        self._origin = self._current[0] if self._current else ""

    def _end(self) -> None:
        self._bar.hide()
        self._timer.stop()
        self._again.stop()
        self._steps, self._places, self._current = iter(()), [], None
        self._marks.find("")

    def _on_words_changed(self, words: str) -> None:
        self._current = None
        self._marks.find(words)
        self._search(jumps=True)

    def _search(self, *, jumps: bool) -> None:
        """Begin anew; what was found before counts until this has come to its end."""
        self._again.stop()
        self._searching = True
        if self._current is None:
            self._places = []
        self._steps = self._look(self._bar.field.text(), jumps=jumps)
        self._go_on()

    def _go_on(self) -> None:
        end = time.monotonic() + _SLICE_SECONDS
        for _ in self._steps:
            if time.monotonic() > end:
                self._timer.start()
                break
        self._tell()

    def _look(self, words: str, *, jumps: bool) -> Iterator[None]:
        writer = TranscriptWriter(self._store.requests_in(self._context_id))
        owners: list[int] = []
        found: list[Place] = []
        for number, entry in enumerate(self._store.entries(self._context_id) if words else ()):
            writer.add(entry)
            owners.extend([number] * (len(writer.lines) - len(owners)))
            yield
        for place in self._finder.places(writer.lines, words):
            if place is not None:
                found.append(place)
            yield
        self._places, self._owners, self._searching = found, owners, False
        if jumps and found:
            self._go_to(self._near_reader({line.key: n for n, line in enumerate(writer.lines)}))

    def _go_to(self, at: int) -> None:
        """Show the find of this number, counted from 0."""
        place = self._places[bisect_right(self._places, at, key=lambda one: one.before) - 1]
        number = at - place.before
        self._current = (place.key, number)
        self._bring(self._owners[place.number])
        if number >= place.shown:
            self._view.unfold(place.key)
        self._marks.point_at(place.key, number)
        self._tell()

    def _near_reader(self, numbers: dict[str, int]) -> int:
        """The first find at or below where the reader was; the last one if there is none."""
        top = numbers.get(self._origin, 0)
        last = self._places[-1]
        below = (place.before for place in self._places if place.number >= top)
        return next(below, last.before + last.total - 1)

    def _number(self) -> int:
        """Which of all finds is the current one, from 1; 0 if none is."""
        for place in self._places:
            if self._current is not None and place.key == self._current[0]:
                return place.before + min(self._current[1], place.total - 1) + 1
        return 0

    def _tell(self) -> None:
        total = self._places[-1].before + self._places[-1].total if self._places else 0
        self._bar.show_count(self._number(), total, searching=self._searching)
        older = not self._store.reaches_start(self._context_id)
        words = _OLDER if older else _CUT if self._finder.is_cut else ""
        self._bar.show_note(words, may_load=older)
