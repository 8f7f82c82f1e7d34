"""Lists: the keyboard moves, the place is kept, and nothing moves on by itself."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from desktop.qtmodels.rows import Row
from desktop.qtmodels.rows_model import RowsModel
from desktop.views.parts.list_view import RowList
from desktop.views.parts.row_delegate import ROW_HEIGHT
from desktop.views.theme import tokens

Rows = list[tuple[str, Row]]


def rows(*numbers: int) -> Rows:
    """Rows with a key and a title for each number."""
    return [(f"k{n}", Row(f"row {n}", initial="R")) for n in numbers]


@pytest.fixture
def model() -> RowsModel[str]:
    """Fifty rows."""
    made: RowsModel[str] = RowsModel()
    made.show_rows(rows(*range(50)))
    return made


@pytest.fixture
def view(qtbot: QtBot, model: RowsModel[str]) -> RowList:
    """A list of fifty rows of which five are in sight, with the keyboard."""
    made = RowList("Approval requests")
    model.setParent(made)
    made.setModel(model)
    qtbot.addWidget(made)
    made.resize(320, 5 * ROW_HEIGHT)
    made.show()
    made.activateWindow()
    qtbot.waitExposed(made)
    made.setFocus()
    qtbot.waitUntil(made.hasFocus)
    return made


def test_j_and_k_and_arrows_move(view: RowList) -> None:
    """The first J stands on the first row; the ends hold."""
    for key, row in [
        (Qt.Key.Key_J, 0),
        (Qt.Key.Key_J, 1),
        (Qt.Key.Key_Down, 2),
        (Qt.Key.Key_K, 1),
        (Qt.Key.Key_Up, 0),
        (Qt.Key.Key_K, 0),
        (Qt.Key.Key_End, 49),
        (Qt.Key.Key_J, 49),
        (Qt.Key.Key_Home, 0),
    ]:
        QTest.keyClick(view, key)
        assert view.current_row() == row


def test_choosing_tells_once_and_enter_opens(view: RowList, qtbot: QtBot) -> None:
    """A page learns what to show."""
    with qtbot.waitSignal(view.row_chosen) as chosen:
        QTest.keyClick(view, Qt.Key.Key_J)
    with qtbot.waitSignal(view.row_opened) as opened:
        QTest.keyClick(view, Qt.Key.Key_Return)
    assert (chosen.args, opened.args) == ([0], [0])


def test_the_keyboard_coming_in_chooses_nothing(view: RowList) -> None:
    """What stands on the card is what a person asked to see."""
    assert view.hasFocus()
    assert view.current_row() is None


def test_letters_are_left_to_the_page(view: RowList) -> None:
    """A approves; the list must not search for titles that begin with an A."""
    view.choose_row(3)
    QTest.keyClick(view, Qt.Key.Key_A)
    QTest.keyClick(view, Qt.Key.Key_R)
    assert view.current_row() == 3


def test_rows_that_come_in_above_do_not_move_the_reader(
    view: RowList, model: RowsModel[str]
) -> None:
    """The chosen row and what is in sight stay, though every row number changes."""
    view.choose_row(20)
    seen = title_at_top(view)
    model.show_rows(rows(100, 101, 102, *range(50)))
    assert view.current_row() == 23
    assert title_at_top(view) == seen


def test_a_reader_at_the_top_sees_what_is_new(view: RowList, model: RowsModel[str]) -> None:
    """Without scrolling."""
    model.show_rows(rows(100, *range(50)))
    assert title_at_top(view) == "row 100"


def test_a_decided_row_is_not_followed_by_the_next(
    view: RowList, model: RowsModel[str], qtbot: QtBot
) -> None:
    """Or a second press of A would approve a call that nobody looked at."""
    view.choose_row(2)
    with qtbot.waitSignal(view.row_left), qtbot.assertNotEmitted(view.row_chosen):
        model.show_rows(rows(0, 1, *range(3, 50)))
    assert view.current_row() is None
    assert not view.selectedIndexes()

    QTest.keyClick(view, Qt.Key.Key_J)
    assert view.current_row() == 2  # the reader goes on where they were, by their own hand


def test_tab_enters_and_leaves_the_list(view: RowList) -> None:
    """Tab does not walk through a hundred thousand rows."""
    assert not view.tabKeyNavigation()
    assert view.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_an_empty_list_still_shows_that_it_has_the_keyboard(
    view: RowList, model: RowsModel[str]
) -> None:
    """The ring is at the edge of the list then."""
    model.show_rows([])
    picture = view.viewport().grab().toImage()
    assert picture.pixelColor(1, 100).name() == tokens().focus


def test_the_chosen_row_shows_a_ring(view: RowList) -> None:
    """Drawn by the delegate, two pixels wide."""
    view.choose_row(0)
    picture = view.viewport().grab().toImage()
    assert picture.pixelColor(160, 4).name() == tokens().focus


def test_screen_readers_get_the_whole_row(model: RowsModel[str]) -> None:
    """Not only what is not cut."""
    index = model.index(0, 0)
    assert model.data(index, int(Qt.ItemDataRole.AccessibleTextRole)) == "row 0"


def test_a_row_of_hostile_words_is_painted(view: RowList, model: RowsModel[str]) -> None:
    """Longer than the list, in many lines, with hidden characters, with nothing at all."""
    hostile = Row("x\u202e" * 100_000, "a\nb\x00", "\ud800", "9" * 50, None, hue=-7)
    model.show_rows([("a", hostile), ("b", Row(""))])
    assert not view.viewport().grab().isNull()


def test_a_hundred_thousand_rows_are_no_slower_than_a_dozen(
    view: RowList, model: RowsModel[str]
) -> None:
    """Showing, changing and adding cost what is in sight."""
    many = rows(*range(100_000))
    model.show_rows(many)
    view.viewport().repaint()
    view.choose_row(99_999)

    started = time.monotonic()
    for _ in range(20):
        model.dataChanged.emit(model.index(99_990, 0), model.index(99_990, 0))
        view.viewport().repaint()
    assert (time.monotonic() - started) / 20 < 0.05


def title_at_top(view: RowList) -> str:
    """The title of the first row in sight."""
    return str(view.indexAt(view.viewport().rect().topLeft()).data())


def test_what_is_cut_in_a_row_is_told_to_whoever_points_at_it(
    view: RowList, model: RowsModel[str]
) -> None:
    """Also what else there is to say; a row that is read whole says nothing more."""
    long = "It was started five times and failed each time: the disk is full."
    model.show_rows([("k0", Row("short", "line")), ("k1", Row(long, "line", "agent", hint="Look"))])
    places = [view.visualRect(model.index(row, 0)).center() for row in (0, 1)]
    for place in places:
        there = view.viewport().mapToGlobal(place)
        QApplication.sendEvent(view.viewport(), QHelpEvent(QEvent.Type.ToolTip, place, there))
        assert QToolTip.text() == ("" if place is places[0] else f"{long}\nLook")
    QToolTip.hideText()
