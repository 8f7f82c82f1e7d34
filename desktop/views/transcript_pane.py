"""One conversation's transcript, fed from the store.

The only place that connects `TranscriptView` with the store. It shows a span of the entries, the
words that models are writing, and asks before a link opens.
"""

from typing import Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.actions.transcripts import Transcripts
from desktop.qtmodels.bridge import Bridge
from desktop.store.changes import Changes
from desktop.store.records import Entry, EntryKind
from desktop.store.store import Store
from desktop.views.parts.find_bar import FindBar
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.parts.link_prompt import LinkPrompt
from desktop.views.parts.transcript_view import TranscriptView
from desktop.views.transcript_search import TranscriptSearch
from desktop.views.transcript_source import (
    draft_key,
    line_keys,
    speaker_words,
    transcript,
    weight_of,
)
from desktop.views.transcript_span import Span

#: Words about reading appear if it takes longer than this.
_SLOW_MS: Final = 250
#: Fewer entries may leave nothing to scroll, and then nobody could ask for those before them.
_FEW: Final = 20


class TranscriptPane(QWidget):
    """Shows the conversation it was told to show, and keeps it up to date.

    Attributes:
        view: the transcript itself; pages give it its object name.
        link_prompt: asks before a link leaves the console.
        find_bar: where a person types what to find; `search` looks for it.
    """

    def __init__(
        self,
        store: Store,
        bridge: Bridge,
        transcripts: Transcripts,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._store, self._transcripts = store, transcripts
        self._context_id: str | None = None
        self._span = Span()
        self._entries: list[Entry] = []  # all that are loaded
        self._first = ""  # id of the first entry that was here
        self._wants_older = False
        self._drafted: dict[str, int] = {}  # key of a draft -> characters given to the view
        self.view = TranscriptView(self)
        self.link_prompt = LinkPrompt(self)
        self.find_bar = FindBar(self)
        self.search = TranscriptSearch(store, self.view, self.find_bar, self._bring)
        self.find_bar.older_wanted.connect(self._read_older)
        self.view.link_requested.connect(self.link_prompt.ask)
        self.view.top_reached.connect(self._on_top_reached)
        self.view.bottom_reached.connect(lambda: self._read_on(self._span.later(self._weigh)))
        self._reading = TextLabel("", Look.MUTED)
        self._reading.setObjectName("transcript.reading")
        self._reading.setContentsMargins(20, 8, 20, 8)
        self._reading.hide()
        # What is there in a moment needs no word that it comes.
        self._slow = QTimer(self, interval=_SLOW_MS, singleShot=True)
        self._slow.timeout.connect(self._tell_reading)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.find_bar)
        column.addWidget(self._reading)
        column.addWidget(self.view, 1)
        asked = QVBoxLayout()
        asked.setContentsMargins(16, 0, 16, 0)  # above and below it would take room even unasked
        asked.addWidget(self.link_prompt)
        column.addLayout(asked)
        bridge.changed.connect(self._on_changed)
        self._bind_keys()

    @property
    def context_id(self) -> str | None:
        """The conversation shown now, if any."""
        return self._context_id

    def show_context(self, context_id: str | None) -> None:
        """Show another conversation from its end, or none."""
        if context_id == self._context_id:
            return
        self._empty()
        self._context_id = context_id
        self.search.show_context(context_id)
        if context_id is not None:
            self._transcripts.open(context_id)
        self._show_entries()
        self._show_drafts()

    def show_entry(self, entry_id: str) -> None:
        """Scroll to an entry; one that has no line of its own shows what comes after it."""
        entries = self._store.entries(self._context_id or "")
        at = next((n for n, entry in enumerate(entries) if entry.entry_id == entry_id), None)
        if at is None:
            return
        self._bring(at)
        keys = (key for entry in entries[at:] for key in line_keys(entry))
        found = next(filter(None, map(self.view.frame_of, keys)), None)
        if found is not None:
            self.view.scroll_to_frame(found)

    def back(self) -> bool:
        """What Escape does: end a search. Returns whether there was one."""
        was_open = self.search.is_open
        if was_open:
            self.search.close()
        return was_open

    def _on_changed(self, changes: Changes) -> None:
        if self._context_id is None:
            return
        if changes.reset and self._store.context(self._context_id) is not None:
            self._transcripts.open(self._context_id)
        if changes.reset or self._context_id in changes.transcripts:
            self._show_entries()
            self._show_drafts()
            self.search.refresh()
        elif self._context_id in changes.streaming:
            self._show_drafts()

    def _empty(self) -> None:
        # Entry ids of two conversations may be equal, so the view cannot tell by itself.
        self.link_prompt.hide()
        self._drop_drafts_except(set())
        self.view.set_entries([])
        self._span, self._entries, self._first, self._wants_older = Span(), [], "", False
        self._slow.stop()
        self._reading.hide()

    def _show_entries(self) -> None:
        if self._context_id is not None:
            entries = self._entries = self._store.entries(self._context_id)
            came_before = self._count_before_first(entries)
            # That something is missing above the first line is for whoever sees that line.
            is_gap = came_before == 1 and entries[0].kind is EntryKind.GAP and not self._span.start
            span = self._span.shifted(came_before)
            self._span = span.fitted(len(entries), self._weigh, follows=self.view.is_at_end)
            if came_before and (self._wants_older or is_gap):
                self._wants_older, self._span = False, self._span.earlier(self._weigh)
            elif self._wants_older:
                # The page may have come and have no line to show: then the one before it.
                self._wants_older = self._transcripts.read_older(self._context_id)
            self._show_span(entries)
            if len(entries) < _FEW:
                self._transcripts.read_older(self._context_id)
            self._tell_reading(soon=True)

    def _count_before_first(self, entries: list[Entry]) -> int:
        """How many entries there are now before those that were here."""
        before = self._first
        self._first = entries[0].entry_id if entries else ""
        if not before or before == self._first:
            return 0
        ids = (number for number, entry in enumerate(entries) if entry.entry_id == before)
        return next(ids, 0)

    def _on_top_reached(self) -> None:
        if self._span.start:
            self._read_on(self._span.earlier(self._weigh))
        elif self._context_id is not None:
            self._wants_older = self._transcripts.read_older(self._context_id)
            self._tell_reading(soon=True)

    def _read_older(self) -> None:
        """Have more read to search in; the reader stays where they are."""
        if self._context_id is not None:
            self._transcripts.read_older(self._context_id)

    def _tell_reading(self, *, soon: bool = False) -> None:
        """Say what is being read from the broker, if that takes a while."""
        context_id = self._context_id or ""
        self._wants_older = self._wants_older and not self._store.reaches_start(context_id)
        words = "Reading earlier entries…" if self._wants_older else ""
        if self._store.is_open(context_id) and not self._store.is_read(context_id):
            words = "Reading the conversation…"
        if words and soon:
            self._slow.start()
            return
        self._slow.stop()
        self._reading.show_text(words)
        self._reading.setVisible(bool(words))

    def _read_on(self, span: Span) -> None:
        """Go on to the page before or after; there may be none."""
        if self._context_id is not None and span != self._span:
            self._span = span
            self._show_span(self._entries)
            self._show_drafts()

    def _bring(self, number: int) -> None:
        """Set the part in type in which an entry stands, if it is not."""
        if not self._span.start <= number < self._span.end:
            self._read_on(self._span.around(number, self._weigh))

    def _weigh(self, number: int) -> int:
        return weight_of(self._entries[number])

    def _show_span(self, entries: list[Entry]) -> None:
        requests = self._store.requests_in(self._context_id or "")
        shown = transcript(entries[self._span.start : self._span.end], requests)
        self.view.set_entries(shown, more_below=not self._span.reaches_end)

    def _show_drafts(self) -> None:
        # What is being written stands below the latest entry, where the reader may not be.
        is_there = self._context_id is not None and self._span.reaches_end
        drafts = self._store.streaming(self._context_id or "") if is_there else []
        self._drop_drafts_except({draft_key(draft) for draft in drafts})
        for draft in drafts:
            key = draft_key(draft)
            given = self._drafted.get(key, 0)
            if len(draft.text) > given:
                self.view.stream(key, speaker_words(draft.agent), draft.text[given:])
                self._drafted[key] = len(draft.text)

    def _drop_drafts_except(self, wanted: set[str]) -> None:
        for key in set(self._drafted) - wanted:
            self.view.drop_stream(key)
            del self._drafted[key]

    def _bind_keys(self) -> None:
        for keys, action in (
            (QKeySequence(QKeySequence.StandardKey.Find), self.search.open),
            (QKeySequence("F3"), lambda: self.search.step(1)),
            (QKeySequence("Shift+F3"), lambda: self.search.step(-1)),
        ):
            # Silent while the pane is hidden, so that each page may have one.
            shortcut = QShortcut(keys, self)
            shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
            shortcut.activated.connect(action)
