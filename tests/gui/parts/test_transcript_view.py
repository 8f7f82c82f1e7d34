"""The transcript: one document that follows the end, keeps its place and opens on request."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QTextCursor, QTextDocument
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.settings import Theme
from desktop.views.parts.transcript_entry import EntryKind, TranscriptEntry
from desktop.views.parts.transcript_view import TranscriptView
from desktop.views.theme import apply_theme

LINES = "A sentence that is long enough to need more than one line of the window. " * 4


@pytest.fixture
def view(qtbot: QtBot) -> TranscriptView:
    """An empty transcript in a window."""
    made = TranscriptView()
    qtbot.addWidget(made)
    made.resize(640, 420)
    made.show()
    qtbot.waitExposed(made)
    return made


def said(number: int, text: str = LINES) -> TranscriptEntry:
    """A message of an agent."""
    return TranscriptEntry(f"m{number}", EntryKind.AGENT, "treasury_agent", "09:41", text)


CALL = TranscriptEntry(
    "call",
    EntryKind.TOOL_CALL,
    "treasury_agent",
    "09:42",
    detail='{"account": "OPS-1"}',
    state="waiting for approval",
    collapsed_title="transfer_funds",
)


def test_what_was_there_before_anybody_looked_is_read_from_its_end(qtbot: QtBot) -> None:
    """A conversation that is led to opens at its latest words, as one that is read later does."""
    made = TranscriptView()
    qtbot.addWidget(made)
    made.resize(640, 420)
    made.set_entries([said(number) for number in range(30)])
    made.show()
    qtbot.waitExposed(made)

    bar = made.verticalScrollBar()
    assert made.is_at_end
    assert bar.value() == bar.maximum() > 0


def test_entries_are_set_in_order(view: TranscriptView) -> None:
    """Speaker, time and words, one after the other."""
    view.set_entries([said(1, "first **words**"), CALL, said(2, "second")])
    lines = [line for line in view.toPlainText().splitlines() if line]
    assert lines == [
        "treasury_agent   09:41",
        "first words",
        "transfer_funds   waiting for approval   treasury_agent · 09:42   Show arguments",
        "treasury_agent   09:41",
        "second",
    ]


@pytest.mark.parametrize("kind", list(EntryKind))
def test_every_kind_of_entry_can_be_set(view: TranscriptView, kind: EntryKind) -> None:
    """Also with texts missing, and with hostile ones."""
    view.set_entries(
        [
            TranscriptEntry("bare", kind, "", ""),
            TranscriptEntry(
                "full", kind, "<b>x</b>\u202e", "now", "<img src=x>", "\x00", "\u200b", "\ud800"
            ),
        ]
    )
    view.follow("signoff-toggle:full")
    text = view.toPlainText()
    assert "<b>x</b>⟨U+202E RLO⟩" in text
    assert "\u202e" not in text


def test_what_a_tool_got_and_gave_is_folded_until_asked_for(view: TranscriptView) -> None:
    """A click on the link opens it, another closes it."""
    view.set_entries([said(1, "before"), CALL, said(2, "after")])
    assert "OPS-1" not in view.toPlainText()

    view.anchorClicked.emit(QUrl("signoff-toggle:call"))
    assert '{"account": "OPS-1"}' in view.toPlainText()
    assert "Hide arguments" in view.toPlainText()
    assert view.toPlainText().index("OPS-1") < view.toPlainText().index("after")

    view.anchorClicked.emit(QUrl("signoff-toggle:call"))
    assert "OPS-1" not in view.toPlainText()


def test_the_keyboard_opens_a_tool_call(view: TranscriptView, qtbot: QtBot) -> None:
    """Tab goes to the link, Enter opens it."""
    view.set_entries([CALL])
    view.activateWindow()
    view.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(view.hasFocus)
    QTest.keyClick(view, Qt.Key.Key_Tab)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert "OPS-1" in view.toPlainText()


def test_what_is_open_stays_open_when_its_state_changes(view: TranscriptView) -> None:
    """The reader is looking at it."""
    view.set_entries([CALL])
    view.follow("signoff-toggle:call")
    view.set_entries([replace(CALL, state="approved")])
    assert "OPS-1" in view.toPlainText()
    assert "waiting for approval" not in view.toPlainText()


def test_a_key_of_any_characters_can_be_opened(view: TranscriptView, qtbot: QtBot) -> None:
    """Keys come from the wire."""
    odd = "a b/ä%2F\u202e#?&"
    view.set_entries([replace(CALL, key=odd)])
    with qtbot.assertNotEmitted(view.link_requested):
        view.anchorClicked.emit(QUrl(first_address(view)))
    assert "OPS-1" in view.toPlainText()


def test_words_appear_as_they_are_written(view: TranscriptView, qtbot: QtBot) -> None:
    """Tokens of a message stream in at the end, under the name of who speaks."""
    view.set_entries([said(1, "before")])
    for word in ("It ", "is ", "**sun", "ny**."):
        view.stream("m2", "weather_agent", word)
    qtbot.waitUntil(lambda: view.toPlainText().rstrip().endswith("."))
    assert "weather_agent   writing…" in view.toPlainText()


def test_the_whole_message_takes_the_place_of_its_words(view: TranscriptView, qtbot: QtBot) -> None:
    """Losing words on the way loses nothing, and late words change nothing."""
    view.stream("m1", "treasury_agent", "It is su")
    qtbot.waitUntil(lambda: "It is su" in view.toPlainText())
    view.append_entry(said(1, "It is **sunny**."))
    view.stream("m1", "treasury_agent", " late")

    assert view.toPlainText().count("It is") == 1
    assert "It is sunny." in view.toPlainText()
    assert "writing" not in view.toPlainText()
    assert "late" not in view.toPlainText()


def test_two_agents_may_write_at_once(view: TranscriptView, qtbot: QtBot) -> None:
    """Each under its own name; what is complete stands above what is being written."""
    view.stream("a", "records_agent", "alpha ")
    view.stream("b", "weather_agent", "beta ")
    view.stream("a", "records_agent", "omega")
    view.append_entry(said(1, "complete"))
    qtbot.waitUntil(lambda: "omega" in view.toPlainText() and "beta" in view.toPlainText())
    text = view.toPlainText()
    assert text.index("complete") < text.index("alpha omega") < text.index("beta")


def test_a_withdrawn_message_leaves_nothing(view: TranscriptView, qtbot: QtBot) -> None:
    """Neither its words nor its name nor a gap."""
    view.set_entries([said(1, "before")])
    height = view.document().size().height()
    view.stream("m2", "weather_agent", "never mind")
    qtbot.waitUntil(lambda: "never mind" in view.toPlainText())
    view.drop_stream("m2")
    assert "weather_agent" not in view.toPlainText()
    assert view.document().size().height() == height


def test_the_reader_at_the_end_stays_at_the_end(view: TranscriptView) -> None:
    """New entries scroll by themselves."""
    view.set_entries([said(n) for n in range(12)])
    assert at_end(view)
    view.append_entry(said(99))
    assert at_end(view)


def test_the_reader_who_scrolled_up_is_left_alone(view: TranscriptView, qtbot: QtBot) -> None:
    """Neither entries nor words being written move what is being read."""
    view.set_entries([said(n) for n in range(12)])
    view.verticalScrollBar().setValue(100)
    view.append_entry(said(99))
    view.stream("m100", "treasury_agent", LINES)
    qtbot.waitUntil(lambda: view.toPlainText().count("A sentence") > 13 * 4)
    assert view.verticalScrollBar().value() == 100

    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum())
    view.append_entry(said(101))
    assert at_end(view)


def test_older_entries_come_in_above_without_moving_the_reader(view: TranscriptView) -> None:
    """The first line in sight is still the first line in sight."""
    view.set_entries([said(n, f"entry {n}. {LINES}") for n in range(20, 40)])
    view.verticalScrollBar().setValue(500)
    before = first_line_in_sight(view)
    view.set_entries([said(n, f"entry {n}. {LINES}") for n in range(40)])
    assert first_line_in_sight(view) == before


def test_reaching_the_top_asks_for_older_entries(view: TranscriptView, qtbot: QtBot) -> None:
    """Only when a reader goes there, not when entries are set."""
    with qtbot.assertNotEmitted(view.top_reached):
        view.set_entries([said(n) for n in range(12)])
    with qtbot.waitSignal(view.top_reached):
        view.verticalScrollBar().setValue(0)


def test_another_conversation_starts_at_its_end_with_nothing_open(view: TranscriptView) -> None:
    """What was opened or written there has nothing to do with here."""
    view.set_entries([CALL, *(said(n) for n in range(12))])
    view.follow("signoff-toggle:call")
    view.stream("x", "weather_agent", "words of the other one")
    view.verticalScrollBar().setValue(0)

    view.set_entries([replace(said(n), key=f"other{n}") for n in range(12)])
    assert at_end(view)
    assert "words of the other one" not in view.toPlainText()
    view.set_entries([CALL])
    assert "OPS-1" not in view.toPlainText()


def test_a_selection_crosses_messages_and_copies_as_plain_text(view: TranscriptView) -> None:
    """What a person takes with them is what they saw, hidden characters and all."""
    view.set_entries([said(1, "one \u202e**bold**"), CALL, said(2, "two")])
    view.selectAll()
    data = view.createMimeDataFromSelection()
    assert data.formats() == ["text/plain"]
    assert "one ⟨U+202E RLO⟩bold" in data.text()
    assert "two" in data.text()
    assert "\ufffc" not in data.text()


def test_a_link_is_told_and_not_opened(view: TranscriptView, qtbot: QtBot) -> None:
    """Only the page may ask, and only the person may say yes."""
    view.set_entries([said(1, "[report](https://example.invalid/report)")])
    with qtbot.waitSignal(view.link_requested) as told:
        view.anchorClicked.emit(QUrl(first_address(view)))
    assert told.args == ["https://example.invalid/report"]
    assert "report" in view.toPlainText()  # it did not go anywhere


def test_nothing_is_ever_loaded(view: TranscriptView) -> None:
    """Even if a picture came into the document, Qt would get nothing for it."""
    kind = QTextDocument.ResourceType.ImageResource.value
    assert view.loadResource(kind, QUrl("file:///etc/passwd")) is None


def test_a_long_entry_is_cut_and_goes_on_when_asked(view: TranscriptView) -> None:
    """64 K characters at a time; the reader always knows how much is left."""
    view.set_entries([said(1, "start" + " x" * 75_000)])
    assert "Show the rest as plain text (84,469 characters)" in view.toPlainText()
    view.follow("signoff-more:m1")
    view.follow("signoff-more:m1")
    assert "Show the rest" not in view.toPlainText()
    assert view.toPlainText().count("x") == 75_000


def test_a_changed_theme_changes_what_is_written(
    view: TranscriptView, dressed: QApplication
) -> None:
    """And neither what is open nor what is still being written is lost."""
    view.set_entries([CALL, said(1, "words")])
    view.follow("signoff-toggle:call")
    view.stream("m2", "weather_agent", "still writing")
    apply_theme(dressed, Theme.DARK)
    assert "OPS-1" in view.toPlainText()
    cursor = view.document().find("words")
    assert cursor.charFormat().foreground().color().lightness() > 200


def at_end(view: TranscriptView) -> bool:
    """Whether the end is in sight."""
    bar = view.verticalScrollBar()
    return bar.maximum() > 0 and bar.value() == bar.maximum()


def first_line_in_sight(view: TranscriptView) -> tuple[str, int]:
    """The words at the top edge, and how far they are scrolled."""
    cursor = view.cursorForPosition(view.viewport().rect().topLeft())
    cursor.movePosition(QTextCursor.MoveOperation.StartOfBlock)
    return cursor.block().text()[:20], view.cursorRect(cursor).top()


def first_address(view: TranscriptView) -> str:
    """The address of the first link."""
    block = view.document().begin()
    while block.isValid():
        part = block.begin()
        while not part.atEnd():
            address = part.fragment().charFormat().anchorHref()
            if address:
                return address
            part += 1
        block = block.next()
    raise AssertionError("there is no link")
