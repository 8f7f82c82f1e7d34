"""One entry of the audit log: the decision as the reviewer saw it, its signature, what came of it.

The only place that shows recorded arguments. They are masked as they were in front of the reviewer;
who asks to see a hidden value is written down.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from desktop.actions.audit import Audit
from desktop.qtmodels.audit_wording import audit_pill, shown_words
from desktop.qtmodels.tone import Tone
from desktop.qtmodels.wording import moment
from desktop.store.masking import find_hidden
from desktop.store.record import AuditDetail, AuditRow, Shown
from desktop.views.parts.arguments_view import ArgumentsView
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.copyable import Copyable
from desktop.views.parts.labels import Edge, Look, Surface, TextLabel, caption, panel
from desktop.views.parts.outcome import Outcome
from desktop.views.parts.pill import PillLabel
from desktop.views.parts.reveals import Reveals
from desktop.views.parts.value_box import ValueBox
from desktop.views.parts.visible_text import one_line

_READING_WIDTH: Final = 820
_MOST_RELATED: Final = 12
_DIGEST_LETTERS: Final = 30
_ABOVE_CAPTION: Final = 6
_TO_THE_MINUTE: Final = len("2026-11-21 09:35")
_LINE_LETTERS: Final = 50


class EntryDetail(QWidget):
    """Shows one `AuditDetail`.

    Signals:
        entry_wanted(int): the person wants to look at this entry.
        context_wanted(str): the person wants to read the conversation.
    """

    entry_wanted = Signal(int)
    context_wanted = Signal(str)

    def __init__(self, audit: Audit, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._audit = audit
        self._row = AuditRow(0, 0, "", "")
        self._title = TextLabel("", Look.SUBTITLE, wrap=True, selectable=True)
        self._title.setObjectName("audit.title")
        self._pill = PillLabel(parent=self)
        self._when = TextLabel("", Look.MUTED, wrap=True, selectable=True)
        self._open = ActionButton("Open conversation", icon_name="conversations")
        self._open.setObjectName("audit.open_context")
        self._open.clicked.connect(lambda: self.context_wanted.emit(self._row.context_id))
        self._finding = Outcome(self)
        self._finding.words.setObjectName("audit.finding")
        self._printed = _Pairs("Signature", "audit.printed")
        self._args_caption = _section("Arguments, as the reviewer saw them")
        self._reveals = Reveals(parent=self)
        self._args = ArgumentsView(self._reveals)
        self._args.setObjectName("audit.args")
        self._edited_caption = _section("Edited to")
        self._edited = ArgumentsView(self._reveals)
        self._missing = TextLabel("", Look.MUTED, wrap=True)
        self._missing.setObjectName("audit.missing")
        self._comment_caption = _section("Reason")
        self._comment = ValueBox("Reason")
        self._came_caption = _section("What came of it")
        self._came = TextLabel("", wrap=True, selectable=True)
        self._came.setObjectName("audit.came")
        self._facts = _Pairs("Recorded", "audit.facts")
        self._digests = _Digests()
        self._related = _Related()
        self._related.entry_wanted.connect(self.entry_wanted)
        self._reveals.revealed.connect(lambda at: self._audit.revealed(self._row, at))
        self._reveals.hidden.connect(lambda at: self._audit.hidden(self._row, at))
        for view in (self._args, self._edited):
            view.secret_copied.connect(lambda at: self._audit.copied(self._row, at))
        self._area = QScrollArea()
        self._lay_out()

    def show_detail(self, detail: AuditDetail) -> None:
        """Show another entry, or the same one as it stands now."""
        is_other = detail.row.number != self._row.number
        if is_other:
            self._reveals.begin()  # said of the entry before, while it is still this one
        self._row = row = detail.row
        self._title.show_text(f"{row.title}: {row.tool}" if row.tool else row.title)
        self._pill.show_pill(audit_pill(row))
        self._when.show_text(_heading(row))
        self._open.setVisible(bool(row.context_id))
        self._finding.show_outcome(
            f"{row.finding}. {detail.hint}" if row.finding else "", Tone.DANGER
        )
        self._printed.show_pairs(detail.printed)
        if is_other:
            self._show_arguments(detail)
        self._comment_caption.setVisible(bool(detail.comment))
        self._comment.setVisible(bool(detail.comment))
        self._comment.show_value(detail.comment)
        self._came_caption.setVisible(bool(detail.printed))
        self._came.setVisible(bool(detail.printed))
        self._came.show_text("\n".join(detail.outcome) or "Nothing has been heard of it yet.")
        self._facts.show_pairs(detail.facts)
        self._digests.show_pairs(detail.digests)
        self._related.show_rows(detail.related)
        if is_other:
            self._area.verticalScrollBar().setValue(0)

    def forget(self) -> None:
        """Hold no recorded value any more: nobody looks."""
        self._reveals.begin()
        self._row = AuditRow(0, 0, "", "")
        self._args.show_arguments({})
        self._edited.show_arguments({})
        self._comment.show_value("")

    def _show_arguments(self, detail: AuditDetail) -> None:
        is_kept = detail.shown is Shown.KEPT
        _fill(self._args, detail.args, detail.masked)
        _fill(self._edited, detail.edited, detail.masked)
        for widget in (self._args_caption, self._args):
            widget.setVisible(is_kept)
        for widget in (self._edited_caption, self._edited):
            widget.setVisible(is_kept and detail.edited is not None)
        words = shown_words(detail.shown)
        self._missing.show_text(words)
        self._missing.setVisible(bool(words))

    def _lay_out(self) -> None:
        head = panel(Surface.PANEL, Edge.BOTTOM)
        line = QHBoxLayout(head)
        line.setContentsMargins(22, 12, 22, 12)
        line.setSpacing(10)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._when)
        line.addLayout(words, 1)
        line.addWidget(self._pill, 0, Qt.AlignmentFlag.AlignTop)
        card = panel(Surface.CARD)
        card.setMaximumWidth(_READING_WIDTH)
        inner = QVBoxLayout(card)
        inner.setContentsMargins(18, 10, 18, 18)
        inner.setSpacing(10)
        for widget in (
            self._finding,
            self._printed,
            self._args_caption,
            self._args,
            self._edited_caption,
            self._edited,
            self._missing,
            self._comment_caption,
            self._comment,
            self._came_caption,
            self._came,
            self._facts,
            self._related,
            self._digests,
        ):
            inner.addWidget(widget)
        inner.addWidget(self._open, 0, Qt.AlignmentFlag.AlignLeft)
        content = panel(Surface.BG)
        body = QVBoxLayout(content)
        body.setContentsMargins(22, 16, 22, 16)
        body.addWidget(card)
        body.addStretch(1)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(content)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(head)
        column.addWidget(self._area, 1)


class _Pairs(QWidget):
    """Labels and texts, one pair a line, under a caption; hidden while there are none."""

    def __init__(self, title: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(18)
        self._grid.setVerticalSpacing(5)
        self._grid.setColumnStretch(1, 1)
        self._labels: list[tuple[TextLabel, TextLabel]] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(8)
        column.addWidget(_section(title))
        column.addLayout(self._grid)

    def show_pairs(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Show these."""
        while len(self._labels) < len(pairs):
            row = len(self._labels)
            label, text = TextLabel("", Look.MUTED), TextLabel("", wrap=True, selectable=True)
            self._grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(text, row, 1)
            self._labels.append((label, text))
        for at, (label, text) in enumerate(self._labels):
            is_used = at < len(pairs)
            label.setVisible(is_used)
            text.setVisible(is_used)
            if is_used:
                label.show_text(pairs[at][0])
                label.setMinimumWidth(label.sizeHint().width())
                text.show_text(pairs[at][1])
        self.setVisible(bool(pairs))


class _Digests(QWidget):
    """Ids and digests, each with a button that copies all of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("audit.digests")
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(18)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        self._values: dict[str, tuple[TextLabel, Copyable]] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(6)
        column.addWidget(_section("Ids and digests"))
        column.addLayout(self._grid)

    def show_pairs(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Show these; those of an entry before that this one lacks are hidden."""
        for label, value in self._values.values():
            label.hide()
            value.hide()
        for name, text in pairs:
            label, value = self._values.get(name) or self._add(name)
            short = f"{text[:_DIGEST_LETTERS]}…" if len(text) > _DIGEST_LETTERS + 4 else ""
            value.show_value(text, short)
            label.show()
            value.show()

    def _add(self, name: str) -> tuple[TextLabel, Copyable]:
        label, value = TextLabel(name, Look.MUTED), Copyable(name.lower())
        label.setMinimumWidth(label.sizeHint().width())
        row = len(self._values)
        self._grid.addWidget(label, row, 0)
        self._grid.addWidget(value, row, 1)
        self._values[name] = label, value
        return label, value


class _Related(QWidget):
    """The other entries about the same request, the first of them; each leads to itself."""

    entry_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("audit.related")
        self._buttons: list[ActionButton] = []
        self._numbers: list[int] = []
        self._more = TextLabel("", Look.SMALL)
        self._lines = QVBoxLayout()
        self._lines.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(4)
        column.addWidget(_section("About the same request"))
        column.addLayout(self._lines)
        column.addWidget(self._more)

    def show_rows(self, rows: Sequence[AuditRow]) -> None:
        """Show the first of these."""
        shown = rows[:_MOST_RELATED]
        self._numbers = [row.number for row in shown]
        while len(self._buttons) < len(shown):
            self._add()
        for at, button in enumerate(self._buttons):
            button.setVisible(at < len(shown))
            if at < len(shown):
                row = shown[at]
                button.setText(one_line(_line(row), _LINE_LETTERS))
                button.setAccessibleName(f"Entry {row.number}, {_line(row)}")
        self._more.show_text(f"and {len(rows) - len(shown):,} more")
        self._more.setVisible(len(rows) > len(shown))
        self.setVisible(bool(rows))

    def _add(self) -> None:
        at = len(self._buttons)
        button = ActionButton("", ButtonLook.QUIET)
        button.clicked.connect(lambda: self.entry_wanted.emit(self._numbers[at]))
        self._buttons.append(button)
        self._lines.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)


def _section(title: str) -> QLabel:
    """The caption of a part, with room between it and the part before."""
    label = caption(title)
    label.setContentsMargins(0, _ABOVE_CAPTION, 0, 0)
    return label


def _line(row: AuditRow) -> str:
    said = f": {row.pill}" if row.pill else ""
    who = f" by {row.person}" if row.person else ""
    return f"{row.title}{said}{who}, {moment(row.at_ms)[:_TO_THE_MINUTE]}"


def _heading(row: AuditRow) -> str:
    parts = (f"Entry {row.number:,}", row.agent, row.person)
    return " · ".join(part for part in parts if part)


def _fill(view: ArgumentsView, args: object, masked: Sequence[str]) -> None:
    hidden = find_hidden(args, masked)
    if isinstance(args, dict):
        view.show_arguments(args, hidden)
    elif args is None:
        view.show_arguments({})
    else:
        view.show_unstructured(args, hidden)
