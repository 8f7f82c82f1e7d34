"""The model of long lists: always in the order of time, and Qt is told how it came to be."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QItemSelectionModel, QPersistentModelIndex
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester

from desktop.qtmodels.latest_model import LatestModel
from desktop.qtmodels.rows import KEY_ROLE, ROW_ROLE, Row

KEYS = st.integers(0, 30).map(str)
TIMES = st.dictionaries(KEYS, st.integers(0, 40), max_size=30)
CHANGES = st.dictionaries(KEYS, st.none() | st.integers(0, 40), max_size=30)
STEPS = st.lists(st.tuples(st.booleans(), TIMES, CHANGES), min_size=1, max_size=6)
NARROWINGS = st.lists(
    st.tuples(st.none() | st.frozensets(KEYS), CHANGES, st.frozensets(KEYS)), max_size=6
)


def row(key: str) -> Row:
    return Row(f"row {key}")


def shown(model: LatestModel[str]) -> list[str]:
    return [model.index(at, 0).data(KEY_ROLE) for at in range(model.rowCount())]


def expected(times: dict[str, int], greatest_first: bool = True) -> list[str]:
    return sorted(times, key=lambda key: (times[key], key), reverse=greatest_first)


@settings(deadline=None)
@given(STEPS, st.booleans())
def test_any_sequence_of_changes_ends_in_the_order_of_time(
    steps: list[tuple[bool, dict[str, int], dict[str, int | None]]], greatest_first: bool
) -> None:
    """Whatever came, went and moved; and what Qt holds on to follows its own row."""
    model = LatestModel(row, greatest_first=greatest_first)
    wanted: dict[str, int] = {}
    for anew, times, changes in steps:
        held = {key: QPersistentModelIndex(model.index(model.row_of(key), 0)) for key in wanted}
        if anew:
            model.show_all(times)
            wanted = dict(times)
        else:
            model.change(changes)
            for key, time in changes.items():
                if time is None:
                    wanted.pop(key, None)
                else:
                    wanted[key] = time
        assert shown(model) == expected(wanted, greatest_first)
        assert [model.row_of(key) for key in expected(wanted, greatest_first)] == list(
            range(len(wanted))
        )
        for key, index in held.items():
            assert index.isValid() == (key in wanted)
            assert key not in wanted or index.data(KEY_ROLE) == key


@settings(deadline=None)
@given(NARROWINGS)
def test_rows_may_be_known_and_not_shown(
    steps: list[tuple[frozenset[str] | None, dict[str, int | None], frozenset[str]]],
) -> None:
    """They come back at their places; what Qt holds on to goes with them only."""
    model = LatestModel(row)
    known: dict[str, int] = {}
    visible: set[str] = set()
    for keys, changes, hidden in steps:
        model.narrow(keys)
        visible = {key for key in known if keys is None or key in keys}
        assert shown(model) == expected({key: known[key] for key in visible})
        held = {key: QPersistentModelIndex(model.index(model.row_of(key), 0)) for key in visible}

        model.change(changes, hidden)
        known = {key: time for key, time in (known | changes).items() if time is not None}
        visible = ((visible | changes.keys()) - (hidden & changes.keys())) & known.keys()
        assert shown(model) == expected({key: known[key] for key in visible})
        assert all(model.row_of(key) < 0 for key in known.keys() - visible)
        for key, index in held.items():
            assert index.isValid() == (key in visible)
    model.narrow(None)
    assert shown(model) == expected(known)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.dictionaries(st.integers(0, 2500).map(str), st.none() | st.integers(0, 5000))))
def test_rows_may_move_while_a_filter_is_looking_through_them(
    steps: list[dict[str, int | None]],
) -> None:
    """It looks at some of them at a time, and misses none and shows none twice in the end."""
    model = LatestModel(row)
    known = {str(number): number * 7 % 2500 for number in range(2500)}
    model.show_all(known)
    wanted = {key for key in known if int(key) % 3}
    model.begin_narrowing(wanted)
    for changes in steps:
        model.narrow_until(0)
        hidden = {key for key in changes if not int(key) % 3}
        wanted |= changes.keys() - hidden
        model.change(changes, hidden)
        known = {key: rank for key, rank in (known | changes).items() if rank is not None}
    model.narrow_until(float("inf"))
    assert shown(model) == expected({key: known[key] for key in known.keys() & wanted})
    model.narrow(None)
    assert shown(model) == expected(known)


def test_qt_finds_no_fault_with_the_model(qtmodeltester: ModelTester) -> None:
    """Qt's own model tester watches a life of inserts, moves and removals."""
    model = LatestModel(row)
    qtmodeltester.check(model)
    model.show_all({str(number): number for number in range(20)})
    model.change({"3": 40, "50": 5, "51": 5, "7": None})
    model.change({str(number): None for number in range(0, 20, 2)})
    model.change({str(number): number * 7 % 11 for number in range(60, 80)})
    model.narrow({"60", "61", "62", "63"})
    model.change({"60": 90, "61": None, "64": 12, "65": 13}, {"60", "64"})
    model.narrow(None)
    model.show_all({"1": 3, "90": 1})
    qtmodeltester.check(model)


def test_what_a_reader_chose_stays_chosen_while_everything_moves(qapp: QApplication) -> None:
    """Also when it moves itself, and until it goes away."""
    model = LatestModel(row)
    model.show_all({str(number): number for number in range(100)})
    selection = QItemSelectionModel(model)
    selection.setCurrentIndex(
        model.index(model.row_of("42"), 0), QItemSelectionModel.SelectionFlag.SelectCurrent
    )
    model.change({str(number): 200 - number for number in range(100)})
    assert selection.currentIndex().data(KEY_ROLE) == "42"
    assert [index.data(KEY_ROLE) for index in selection.selectedIndexes()] == ["42"]

    model.show_all({"42": 1, "new": 2})
    assert selection.currentIndex().row() == 1
    model.show_all({"new": 2})
    assert selection.selectedIndexes() == []


def test_rows_are_worded_when_they_are_looked_at() -> None:
    """A list of many costs the words of the few in sight."""
    worded: list[str] = []

    def word(key: str) -> Row:
        worded.append(key)
        return row(key)

    model = LatestModel(word)
    model.show_all({str(number): number for number in range(1000)})
    assert worded == []
    assert model.index(0, 0).data(ROW_ROLE) == row("999")
    assert model.index(0, 0).data() == "row 999"
    assert set(worded) == {"999"}
