"""The list model tells Qt exactly what came, went, moved or changed."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPersistentModelIndex
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester

from desktop.qtmodels.rows import KEY_ROLE, ROW_ROLE, Row
from desktop.qtmodels.rows_model import RowsModel

ROWS = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from(("a", "b", "c"))), unique_by=lambda pair: pair[0]
)


def rows_of(pairs: list[tuple[int, str]]) -> list[tuple[int, Row]]:
    return [(key, Row(title)) for key, title in pairs]


def shown(model: RowsModel[int]) -> list[tuple[int, str]]:
    indexes = [model.index(row, 0) for row in range(model.rowCount())]
    return [(index.data(KEY_ROLE), index.data(ROW_ROLE).title) for index in indexes]


@settings(deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=6))
def test_any_sequence_of_lists_ends_as_asked(steps: list[list[tuple[int, str]]]) -> None:
    """Whatever was shown before, the list shows what it was asked to, in that order."""
    model: RowsModel[int] = RowsModel()
    for step in steps:
        model.show_rows(rows_of(step))
        assert shown(model) == step


@settings(deadline=None)
@given(ROWS, ROWS)
def test_a_row_keeps_its_persistent_index(
    before: list[tuple[int, str]], after: list[tuple[int, str]]
) -> None:
    """Selection and scroll position hang on persistent indexes; each follows its own row."""
    model: RowsModel[int] = RowsModel()
    model.show_rows(rows_of(before))
    held = {key: QPersistentModelIndex(model.index(at, 0)) for at, (key, _) in enumerate(before)}
    model.show_rows(rows_of(after))
    for key, index in held.items():
        still_there = key in dict(after)
        assert index.isValid() == still_there
        assert not still_there or index.data(KEY_ROLE) == key


def test_qt_finds_no_fault_with_the_model(qtmodeltester: ModelTester) -> None:
    """Qt's own model tester watches a life of inserts, moves, changes and removals."""
    model: RowsModel[int] = RowsModel()
    qtmodeltester.check(model)
    for step in ([(1, "a"), (2, "b")], [(3, "c"), (1, "a"), (2, "x")], [(2, "x"), (3, "c")], []):
        model.show_rows(rows_of(step))
    qtmodeltester.check(model)


def test_the_selected_request_stays_selected_while_others_arrive(qapp: QApplication) -> None:
    """A reviewer who looks at one request keeps looking at that one."""
    model: RowsModel[str] = RowsModel()
    model.show_rows([("first", Row("pay"))])
    selection = QItemSelectionModel(model)
    selection.setCurrentIndex(model.index(0, 0), QItemSelectionModel.SelectionFlag.SelectCurrent)
    model.show_rows([("newer", Row("wire")), ("first", Row("pay")), ("last", Row("sell"))])
    assert selection.currentIndex().data(KEY_ROLE) == "first"
    assert selection.currentIndex() != QModelIndex()


def test_a_screen_reader_hears_the_whole_row() -> None:
    """The accessible text says title, subtitle and origin."""
    model: RowsModel[int] = RowsModel()
    model.show_rows([(1, Row("transfer_funds", "amount: 10", "treasury_agent", "2m"))])
    assert model.index(0, 0).data() == "transfer_funds, amount: 10, treasury_agent, 2m"
