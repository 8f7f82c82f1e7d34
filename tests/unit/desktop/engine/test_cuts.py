"""Telling a trimmed stream from one that was begun anew, by what brokers say of their extent."""

from __future__ import annotations

import pytest

from desktop.engine.cuts import Verdict, is_doubtful, judge
from desktop.store.records import ContextStatus, Summary
from workers.wire.ids import StreamId
from workers.wire.streams.reader import Extent, StreamEntry

#: Five entries had been read, up to the id 50-0.
KNOWN = Summary("c-1", "a", ContextStatus.RUNNING, 50, as_of="50-0", entries=5)
FOLLOWS, GAP, OTHER = Verdict.FOLLOWS, Verdict.GAP, Verdict.OTHER_STREAM


def _new(*milliseconds: int) -> list[StreamEntry]:
    return [StreamEntry(f"{at}-0", b"") for at in milliseconds]


def _extent(
    length: int, first: int | None, last: int, added: int | None, *, holds: bool = False
) -> Extent:
    return Extent(
        length, None if first is None else StreamId(first, 0), StreamId(last, 0), holds, added
    )


@pytest.mark.parametrize(
    ("new", "extent", "verdict"),
    [
        pytest.param((), None, OTHER, id="deleted"),
        pytest.param((), _extent(5, 10, 50, 5, holds=True), FOLLOWS, id="nothing-happened"),
        pytest.param((), _extent(0, None, 50, 5), FOLLOWS, id="emptied-after-reading"),
        pytest.param((), _extent(0, None, 70, 7), GAP, id="emptied-before-reading"),
        pytest.param((), _extent(2, 10, 20, 2), OTHER, id="lower-ids"),
        pytest.param((60,), _extent(3, 40, 60, 6, holds=True), FOLLOWS, id="old-ones-trimmed"),
        pytest.param((60,), _extent(5, 10, 60, 5), OTHER, id="older-state-written-to-since"),
        pytest.param((60,), _extent(9, 10, 99, 9), OTHER, id="older-state-written-to-much"),
        pytest.param((70,), _extent(1, 70, 70, 7), GAP, id="trimmed-past"),
        pytest.param((70,), _extent(1, 70, 70, None), GAP, id="trimmed-past-old-broker"),
        pytest.param((60, 70), _extent(1, 70, 70, 7), FOLLOWS, id="trimmed-after-reading"),
        pytest.param((60,), _extent(1, 60, 60, 1), OTHER, id="begun-anew"),
        pytest.param((60, 70), _extent(9, 60, 140, 9), OTHER, id="begun-anew-with-more"),
    ],
)
def test_what_became_of_a_stream(
    new: tuple[int, ...], extent: Extent | None, verdict: Verdict
) -> None:
    """Each of them asks for something else: going on, a note, or reading it anew."""
    assert judge(KNOWN, _new(*new), extent) is verdict


@pytest.mark.parametrize(
    ("new", "length", "doubtful"),
    [
        pytest.param((60,), 6, False, id="one-more"),
        pytest.param((60,), 7, False, id="another-one-arrived-since"),
        pytest.param((60,), 5, True, id="something-is-missing"),
        pytest.param((), 5, True, id="touched-for-nothing"),
    ],
)
def test_the_broker_is_asked_only_where_numbers_do_not_add_up(
    new: tuple[int, ...], length: int, doubtful: bool
) -> None:
    """Asking costs the broker three entries each time; of a part of what is new it is asked."""
    assert is_doubtful(KNOWN, _new(*new), length, is_all=True) is doubtful
    assert is_doubtful(KNOWN, _new(*new), length, is_all=False)
