"""Entries longer than anybody reads, and words that come faster than anybody reads."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from desktop.views.parts.transcript_entry import EntryKind, TranscriptEntry
from desktop.views.parts.transcript_view import TranscriptView

MILLION = 1_000_000
#: More characters than this are not set at once, whatever they are; Qt would take a minute.
MOST_AT_ONCE = 70_000


@pytest.fixture
def view(qtbot: QtBot) -> TranscriptView:
    """An empty transcript in a window."""
    made = TranscriptView()
    qtbot.addWidget(made)
    made.resize(640, 420)
    made.show()
    qtbot.waitExposed(made)
    return made


def entry(kind: EntryKind, text: str) -> TranscriptEntry:
    """An entry with a long text where its kind has it."""
    spoken = kind in {EntryKind.AGENT, EntryKind.ERROR}
    return TranscriptEntry(
        "long", kind, "a", "09:41", text if spoken else "", "" if spoken else text
    )


@pytest.mark.parametrize("kind", [EntryKind.AGENT, EntryKind.TOOL_RESULT, EntryKind.ERROR])
@pytest.mark.parametrize("text", ["x" * MILLION, "ab\n" * (MILLION // 3), "**b** `c` " * 100_000])
def test_a_million_characters_come_in_parts(
    view: TranscriptView, kind: EntryKind, text: str
) -> None:
    """A line without a gap, a file of short lines, nothing but marks: a part at a time is set.

    The reader always knows how much is left, gets more when they ask for it, and can take all of
    it with them exactly as it came.
    """
    view.set_entries([entry(kind, text)])
    view.unfold("long")
    shown = view.toPlainText()
    assert "Show the rest as plain text" in shown
    assert len(shown) < MOST_AT_ONCE

    view.anchorClicked.emit(QUrl("signoff-more:long"))
    first = len(view.toPlainText())
    assert len(shown) < first < 2 * MOST_AT_ONCE
    view.anchorClicked.emit(QUrl("signoff-more:long"))
    assert first < len(view.toPlainText()) < 3 * MOST_AT_ONCE
    assert view.toPlainText().count("Show the rest") == 1

    view.anchorClicked.emit(QUrl("signoff-copy:long"))
    assert QGuiApplication.clipboard().text() == text


def test_parts_are_copied_as_the_one_line_they_are(view: TranscriptView) -> None:
    """Where a part ends, no line does."""
    text = "".join(f"{number:05}" for number in range(6_000))
    view.set_entries([entry(EntryKind.TOOL_RESULT, text)])
    view.unfold("long")
    for _part in range(3):
        view.follow("signoff-more:long")
    assert "Show the rest" not in view.toPlainText()
    view.selectAll()
    head, *rest = view.createMimeDataFromSelection().text().split("\n")[2:]
    assert head + "".join(rest) == text
    assert [len(line) for line in rest] == [0, len(text) - len(head)]


def test_parts_stay_when_the_entry_is_set_again(view: TranscriptView) -> None:
    """Another theme or another state changes nothing of what a reader asked for."""
    view.set_entries([entry(EntryKind.AGENT, "x" * 40_000)])
    view.follow("signoff-more:long")
    view.follow("signoff-more:long")
    before = view.toPlainText()
    view.render_again()
    assert view.toPlainText() == before


def test_a_burst_of_words_is_set_at_once(view: TranscriptView, qtbot: QtBot) -> None:
    """However many come, the document changes thirty times a second at most."""
    view.stream("m", "agent", "first ")
    qtbot.waitUntil(lambda: "first" in view.toPlainText())
    changes: list[int] = []
    view.document().contentsChange.connect(lambda *_: changes.append(1))
    for number in range(1_000):
        view.stream("m", "agent", f"w{number} ")
    assert changes == []
    qtbot.waitUntil(lambda: "w999" in view.toPlainText())
    assert len(changes) < 5


def test_a_line_without_gaps_is_not_streamed_to_its_end(view: TranscriptView, qtbot: QtBot) -> None:
    """Each word of it would be laid out with all before; the whole message shows all of it."""
    view.stream("m", "agent", "begin ")
    for _piece in range(100):
        view.stream("m", "agent", "y" * 1_000)
    qtbot.waitUntil(lambda: "yyy" in view.toPlainText())
    assert view.toPlainText().count("y") < 10_000
    view.append_entry(TranscriptEntry("m", EntryKind.AGENT, "agent", "09:41", "begin " + "y" * 9))
    assert view.toPlainText().count("y") == 9
