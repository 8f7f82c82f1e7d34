"""Every argument is there, in full, as what it is."""

from __future__ import annotations

import json
import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from desktop.views.parts.arguments_view import ArgumentsView
from desktop.views.parts.value_box import PAGE_CHARACTERS, ValueBox
from tests.gui.parts.gallery import ARGUMENTS


@pytest.fixture
def view(qtbot: QtBot) -> ArgumentsView:
    """An empty view in a narrow pane."""
    made = ArgumentsView()
    qtbot.addWidget(made)
    made.resize(340, 800)
    made.show()
    qtbot.waitExposed(made)
    return made


def test_every_argument_is_shown_in_order(view: ArgumentsView) -> None:
    """Names and values; what a person approves is what they could read."""
    view.show_arguments(ARGUMENTS)
    names = [box.accessibleName().partition(",")[0] for box in view.findChildren(ValueBox)]
    assert [name for name in names if name in ARGUMENTS] == list(ARGUMENTS)
    assert view.value_box("amount").toPlainText() == "4182.5"
    assert view.value_box("memo").toPlainText() == "Quarterly settlement. " * 11 + (
        "Quarterly settlement.⟨space⟩"
    )
    assert json.loads(view.value_box("lines").toPlainText()) == ARGUMENTS["lines"]
    assert view.is_complete()


def test_hidden_characters_in_names_and_values_are_chips(view: ArgumentsView) -> None:
    """Also the ones that prose may have."""
    view.show_arguments({"am\u200bount": "10\u00a0000\t\u202e1", "": "", "deep": {"k": "\u200b"}})
    assert view.value_box("am\u200bount").toPlainText() == (
        "10⟨U+00A0 NBSP⟩000⟨U+0009 TAB⟩⟨U+202E RLO⟩1"
    )
    assert view.value_box("am\u200bount").accessibleName() == "am⟨U+200B ZWSP⟩ount, text"
    assert view.value_box("").toPlainText() == "⟨empty⟩"
    assert "⟨U+200B ZWSP⟩" in view.value_box("deep").toPlainText()


def test_a_value_that_fits_does_not_scroll(view: ArgumentsView) -> None:
    """Up to ten lines stand there in full."""
    view.show_arguments({"text": "\n".join(f"line {n}" for n in range(10))})
    QApplication.processEvents()
    assert view.value_box("text").verticalScrollBar().maximum() == 0


def test_a_long_value_scrolls_and_expands(view: ArgumentsView) -> None:
    """The button says how long it is."""
    view.show_arguments({"text": "\n".join(f"line {n}" for n in range(40))})
    QApplication.processEvents()
    box = view.value_box("text")
    low = box.height()
    assert box.verticalScrollBar().maximum() > 0

    QTest.mouseClick(button(view, "Expand (40 lines)"), Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    assert box.height() > 3 * low
    assert box.verticalScrollBar().maximum() == 0
    assert button(view, "Fold").isVisible()


def test_a_value_of_five_megabytes_can_be_read_to_its_end(view: ArgumentsView) -> None:
    """Page by page; one endless line never reaches Qt as one."""
    value = "x" * 5_000_000 + "END"
    started = time.monotonic()
    view.show_arguments({"text": value})
    QApplication.processEvents()
    assert time.monotonic() - started < 5

    box = view.value_box("text")
    assert box.characters_left() == len(value) - PAGE_CHARACTERS
    while box.characters_left():
        QTest.mouseClick(button(view, "Show more"), Qt.MouseButton.LeftButton)
    assert box.toPlainText().endswith("END")
    assert max(len(line) for line in box.toPlainText().splitlines()) < 2_100
    assert box.toPlainText().count("x") == 5_000_000


def test_ten_thousand_arguments_are_all_there(view: ArgumentsView) -> None:
    """A row each for the first, one text for all others."""
    started = time.monotonic()
    view.show_arguments({f"key{n}": n for n in range(10_000)})
    assert time.monotonic() - started < 5
    rest = json.loads(view.value_box("9,800 more arguments").toPlainText())
    assert rest["key9999"] == 9999


def test_a_value_that_cannot_be_shown_makes_the_call_unapprovable(view: ArgumentsView) -> None:
    """The page asks before it offers to approve."""
    deep: list[object] = []
    for _ in range(10_000):
        deep = [deep]
    view.show_arguments({"fine": 1, "deep": deep})
    assert not view.is_complete()
    assert "too deeply" in view.value_box("deep").toPlainText()


def test_arguments_that_are_no_object_are_shown_as_they_came(view: ArgumentsView) -> None:
    """Foreign workers send what they like."""
    view.show_unstructured(["rm", "-rf", "/"])
    assert json.loads(view.value_box("arguments").toPlainText()) == ["rm", "-rf", "/"]


def test_another_call_leaves_nothing_of_the_one_before(view: ArgumentsView) -> None:
    """Not even for a moment."""
    view.show_arguments({"amount": 10})
    view.show_arguments({})
    assert not [box for box in view.findChildren(ValueBox) if box.isVisible()]
    with pytest.raises(KeyError):
        view.value_box("amount")


def test_values_can_be_reached_and_left_with_tab_and_selected(view: ArgumentsView) -> None:
    """By keyboard as by mouse; nothing can be typed into them."""
    view.show_arguments({"amount": 10})
    box = view.value_box("amount")
    assert box.focusPolicy() & Qt.FocusPolicy.TabFocus
    assert box.tabChangesFocus()
    assert box.isReadOnly()
    box.selectAll()
    assert box.textCursor().selectedText() == "10"


def test_all_of_it_can_be_copied(view: ArgumentsView) -> None:
    """As JSON, with hidden characters still visible."""
    view.show_arguments({"amount": 10, "to": "ACME\u202e"})
    assert json.loads(view.as_text()) == {"amount": "10", "to": "ACME⟨U+202E RLO⟩"}


def button(view: ArgumentsView, text: str) -> QPushButton:
    """The visible button whose words begin like this."""
    found = [
        b for b in view.findChildren(QPushButton) if b.isVisible() and b.text().startswith(text)
    ]
    assert found, [b.text() for b in view.findChildren(QPushButton) if b.isVisible()]
    return found[0]


@pytest.mark.parametrize("length", [1_000, 2_500, 4_096, 9_000, 30_000])
def test_one_long_line_finds_its_height(qtbot: QtBot, length: int) -> None:
    """Whatever its length and width, with and without the scroll bar."""
    box = ValueBox("Value", max_lines=12)
    qtbot.addWidget(box)
    box.resize(300, 80)
    box.show()
    box.show_value("0123456789" * (length // 10))
    for width in (200, 310, 290, 301, 600, 300):
        box.resize(width, box.height())
        QApplication.processEvents()
    assert box.lines_in_all() > 12
    assert box.verticalScrollBar().maximum() > 0
