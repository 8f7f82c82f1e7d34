"""Selecting across the messages of a transcript, and what is copied then."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.views.parts.transcript_entry import EntryKind, TranscriptEntry
from desktop.views.parts.transcript_view import TranscriptView

ASKED = TranscriptEntry("m1", EntryKind.HUMAN, "Person", "09:40", "Pay **ACME**, \u202eplease.")
CALL = TranscriptEntry(
    "call",
    EntryKind.TOOL_CALL,
    "treasury_agent",
    "09:41",
    detail='{"to": "ACME"}',
    state="approved",
    collapsed_title="transfer_funds",
)
ANSWER = """It is paid.

| account | left |
|---|---:|
| main | 7 EUR |

1. `log`
2. report

```
a =  1


b = 2
```"""
ANSWERED = TranscriptEntry("m2", EntryKind.AGENT, "treasury_agent", "09:42", ANSWER)


@pytest.fixture
def view(qtbot: QtBot) -> TranscriptView:
    """A question, a call and an answer, in the active window."""
    made = TranscriptView()
    qtbot.addWidget(made)
    made.resize(640, 600)
    made.show()
    made.activateWindow()
    qtbot.waitExposed(made)
    made.set_entries([ASKED, CALL, ANSWERED])
    return made


def copied(view: TranscriptView, qtbot: QtBot) -> str:
    """What Ctrl+C puts on the clipboard."""
    qtbot.waitUntil(view.hasFocus)
    QTest.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    return QGuiApplication.clipboard().text()


def spot(view: TranscriptView, words: str, *, after: bool = False) -> QPoint:
    """Where these words begin, or end, on screen."""
    cursor = QTextCursor(view.document().find(words))
    cursor.setPosition(cursor.selectionEnd() if after else cursor.selectionStart())
    return view.cursorRect(cursor).center()


def test_the_mouse_selects_within_a_message(view: TranscriptView, qtbot: QtBot) -> None:
    """To the letter."""
    drag(view, spot(view, "ACME"), spot(view, "RLO", after=True))
    assert copied(view, qtbot) == "ACME, ⟨U+202E RLO"


def test_the_mouse_selects_from_one_message_into_another(
    view: TranscriptView, qtbot: QtBot
) -> None:
    """Whole messages then, as is seen, in order, with who speaks."""
    drag(view, spot(view, "ACME"), spot(view, "transfer_funds", after=True))
    assert copied(view, qtbot) == (
        "Person   09:40\nPay ACME, ⟨U+202E RLO⟩please.\n\n"
        "transfer_funds   approved   treasury_agent · 09:41"
    )


def test_shift_and_the_arrows_do_the_same(view: TranscriptView, qtbot: QtBot) -> None:
    """From where the cursor stands, across the gaps between messages."""
    view.setTextCursor(QTextCursor(view.document().find("please").block()))
    view.setFocus()
    for _line in range(8):
        QTest.keyClick(view, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
        if "It is" in view.textCursor().selectedText():
            break
    words = copied(view, qtbot)
    assert words.startswith("Person   09:40\nPay ACME, ⟨U+202E RLO⟩please.\n\ntransfer_funds")
    assert "treasury_agent   09:42\nIt is paid." in words


def drag(view: TranscriptView, start: QPoint, end: QPoint) -> None:
    """Drag the mouse with the left button held."""
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    kinds = QEvent.Type
    for kind, spot_at, button, held in (
        (kinds.MouseButtonPress, start, left, left),
        (kinds.MouseMove, (start + end) / 2, none, left),
        (kinds.MouseMove, end, none, left),
        (kinds.MouseButtonRelease, end, left, none),
    ):
        where = view.viewport().mapToGlobal(spot_at)
        # QTest would take it for an error that a text view leaves the release to its parent.
        event = QMouseEvent(
            kind, QPointF(spot_at), QPointF(where), button, held, Qt.KeyboardModifier.NoModifier
        )
        QApplication.sendEvent(view.viewport(), event)


def test_tables_lists_and_code_keep_their_shape(view: TranscriptView, qtbot: QtBot) -> None:
    """As plain text, and with nothing that was folded."""
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    words = copied(view, qtbot)
    assert words.startswith("Person   09:40\nPay ACME")
    assert words.endswith(
        "It is paid.\n\naccount\tleft\nmain\t7 EUR\n\n1. log\n2. report\n\na =  1\n\n\nb = 2"
    )
    assert '"to"' not in words

    view.unfold("call")
    view.selectAll()
    words = copied(view, qtbot)
    assert 'treasury_agent · 09:41\n\n{"to": "ACME"}\n\ntreasury_agent   09:42' in words
    assert "arguments" not in words, "our own links are not part of what was said"
