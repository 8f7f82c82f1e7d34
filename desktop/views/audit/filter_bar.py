"""What somebody looks for in the audit log: words, a person, a tool, an agent, an outcome, a time.

The only place that makes a query of what is chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from desktop.store.record import AuditQuery
from desktop.views.parts.choice_box import ChoiceBox
from desktop.views.parts.filter_chips import FilterChips
from desktop.views.parts.search_field import SearchField
from desktop.views.parts.visible_text import one_line

_PAUSE_MS: Final = 200
_TIMES: Final = (("all", "All time"), ("today", "Today"), ("week", "7 days"), ("month", "30 days"))
_DAYS: Final = {"today": 0, "week": 6, "month": 29}
_SHOW: Final = (("all", "All entries"), ("findings", "Findings only"))
_OUTCOMES: Final = (
    ("approve", "Approved"),
    ("edit", "Edited"),
    ("reject", "Rejected"),
    ("respond", "Answered"),
    ("executed", "Executed"),
    ("failed", "Failed"),
    ("refused", "Refused"),
    ("expired", "Expired"),
    ("in_doubt", "In doubt"),
)
#: More choices than anybody looks through; what is not here is found by words.
_MOST_CHOICES: Final = 200
_LETTERS: Final = 40


class FilterBar(QWidget):
    """The controls above the list.

    Args:
        now_ms: decides when today began.

    Signals:
        changed: another query than before; while words are typed, after a moment.
        left_for_list: the keyboard should move to what was found.
    """

    changed = Signal()
    left_for_list = Signal()

    def __init__(self, now_ms: Callable[[], int], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._now_ms = now_ms
        self.words = SearchField("Search the audit log", "Search IDs, notes, names   /")
        self.words.setObjectName("audit.search")
        self._show = FilterChips("Show", _SHOW)
        self._show.name_chips("audit.show")
        self._time = FilterChips("Time", _TIMES, tight=True)
        self._time.name_chips("audit.time")
        self._person = _box("audit.person", "Person", "Any person")
        self._tool = _box("audit.tool", "Tool", "Any tool")
        self._agent = _box("audit.agent", "Agent", "Any agent")
        self._outcome = _box("audit.outcome", "Outcome", "Any outcome")
        for value, words in _OUTCOMES:
            self._outcome.addItem(words, value)
        self._typed = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._typed.timeout.connect(self.changed)
        self.words.textChanged.connect(lambda _text: self._typed.start())
        self.words.left_for_list.connect(self.left_for_list)
        for chips in (self._show, self._time):
            chips.chosen.connect(self.changed)
        for box in (self._person, self._tool, self._agent, self._outcome):
            box.activated.connect(lambda _index: self.changed.emit())
        self._lay_out()

    def query(self) -> AuditQuery:
        """What is chosen now."""
        return AuditQuery(
            person=_choice(self._person),
            tool=_choice(self._tool),
            agent=_choice(self._agent),
            outcome=_choice(self._outcome),
            text=self.words.text().strip(),
            since_ms=self._since_ms(),
            findings_only=self._show.choice() == "findings",
        )

    def offer(self, people: Sequence[str], tools: Sequence[str], agents: Sequence[str]) -> None:
        """Let these be chosen from; what is chosen stays."""
        for box, names in ((self._person, people), (self._tool, tools), (self._agent, agents)):
            known = [str(box.itemData(at)) for at in range(1, box.count())]
            wanted = list(names[:_MOST_CHOICES])
            if known == wanted or box.view().isVisible():
                continue
            chosen = _choice(box)
            while box.count() > 1:
                box.removeItem(1)
            for name in wanted:
                box.addItem(one_line(name, _LETTERS), name)
            box.setCurrentIndex(max(box.findData(chosen), 0) if chosen else 0)

    def clear(self) -> None:
        """Look for everything."""
        for box in (self._person, self._tool, self._agent, self._outcome):
            box.setCurrentIndex(0)
        self._show.choose("all")
        self._time.choose("all")
        self.words.clear()
        self.changed.emit()

    def _since_ms(self) -> int:
        days = _DAYS.get(self._time.choice())
        if days is None:
            return 0
        today = datetime.fromtimestamp(self._now_ms() / 1000).astimezone()
        begin = today.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
        return round(begin.timestamp() * 1000)

    def _lay_out(self) -> None:
        boxes = QGridLayout()
        boxes.setHorizontalSpacing(8)
        boxes.setVerticalSpacing(6)
        for at, box in enumerate((self._person, self._tool, self._agent, self._outcome)):
            boxes.addWidget(box, at // 2, at % 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.words)
        column.addWidget(self._show)
        column.addWidget(self._time)
        column.addLayout(boxes)


def _box(name: str, what: str, every: str) -> ChoiceBox:
    box = ChoiceBox()
    box.setObjectName(name)
    box.setAccessibleName(what)
    box.addItem(every, "")
    return box


def _choice(box: ChoiceBox) -> str:
    return str(box.currentData() or "")
