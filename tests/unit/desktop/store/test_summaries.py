"""What the list shows of contexts whose transcripts nobody has opened."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from desktop.store import facts
from desktop.store.records import ContextStatus, EntryKind, Risk, Source, Summary, Survey
from desktop.store.store import Store
from tests.support import scenes
from tests.support.learning import KEY, START_MS, seen
from workers.wire.approvals import Outcome

CACHED = Summary(
    scenes.CONTEXT, scenes.AGENT, ContextStatus.RUNNING, 5_000, "5000-0", 3, source=Source.CACHE
)
INDEXED = replace(CACHED, as_of="", entries=0, waiting=2, source=Source.INDEX)
READ = replace(CACHED, preview="Done.", status=ContextStatus.DONE, source=Source.STREAM)


def _store(*batch: facts.Fact) -> Store:
    store = Store()
    store.apply(batch)
    return store


def _listed(*summaries: Summary) -> facts.ContextsSeen:
    return facts.ContextsSeen(summaries)


def test_what_this_computer_remembers_is_marked_until_the_broker_confirms_it() -> None:
    """A list of yesterday must not pass for the one of now."""
    store = _store(_listed(CACHED))
    [remembered] = store.contexts()

    changes = store.apply([_listed(READ)])
    [row] = store.contexts()

    assert not remembered.confirmed
    assert row.confirmed
    assert (row.preview, row.status) == ("Done.", ContextStatus.DONE)
    assert changes.contexts == {scenes.CONTEXT}


def test_what_is_older_than_what_is_known_changes_nothing() -> None:
    """Two readers of one stream may be told of in either order."""
    store = _store(_listed(READ))

    older = replace(READ, as_of="4000-0", preview="Not yet.")

    assert not store.apply([_listed(older, CACHED, replace(INDEXED, waiting=0))])
    assert [row.preview for row in store.contexts()] == ["Done."]


@settings(deadline=None)
@given(st.data(), st.randoms(use_true_random=False))
def test_summaries_in_any_order_make_the_same_list(
    data: st.DataObject, chance: random.Random
) -> None:
    """Also where two tell of the same entry."""
    made = st.builds(
        Summary,
        st.sampled_from(["c-1", "c-2"]),
        st.sampled_from(["a", "b"]),
        st.sampled_from(ContextStatus),
        st.integers(0, 3),
        as_of=st.sampled_from(["", "1-0", "9-0", "10-0"]),
        entries=st.integers(0, 2),
        preview=st.sampled_from(["", "x"]),
        waiting=st.integers(0, 1),
        source=st.sampled_from([Source.CACHE, Source.STREAM]),
    )
    summaries = data.draw(st.lists(made, max_size=6))
    shuffled = chance.sample(summaries, len(summaries))
    ends = [facts.CaughtUp(frozenset({"c-1", "c-2"}))]

    one = _store(*(_listed(summary) for summary in summaries), *ends)
    other = _store(*(_listed(summary) for summary in [*shuffled, *shuffled]), *ends)

    assert one.contexts() == other.contexts()


def test_the_index_says_what_waits_until_the_requests_are_known() -> None:
    """A reviewer sees where they are needed before everything has been read."""
    store = _store(_listed(INDEXED), _listed(READ))
    [early] = store.contexts()

    store.apply([facts.CaughtUp(frozenset({scenes.CONTEXT}))])
    [late] = store.contexts()

    assert (early.status, early.waiting) == (ContextStatus.WAITING, 2)
    assert (late.status, late.waiting) == (ContextStatus.DONE, 0)


def test_a_row_tells_the_longest_wait_and_the_highest_risk() -> None:
    """So that a list can put first what matters most."""
    store = _store(
        *seen(scenes.asks(risk=Risk.LOW), scenes.asks(call="call_2", risk=Risk.HIGH)),
        *seen(scenes.asks(call="call_3", risk=Risk.MEDIUM), first=4),
    )
    [row] = store.contexts()

    assert (row.waiting, row.waiting_since_ms, row.risk) == (3, START_MS, Risk.HIGH)


def test_requests_are_known_of_conversations_nobody_has_opened() -> None:
    """Their transcripts are not kept, and are there when somebody opens them."""
    [_opened, asked, listed] = seen(scenes.asks())
    store = _store(asked, listed)

    assert [request.key for request in store.requests()] == [KEY]
    assert store.entries(scenes.CONTEXT) == []
    assert not store.is_open(scenes.CONTEXT)

    assert isinstance(asked, facts.EventSeen)
    store.apply([facts.TranscriptRead(scenes.CONTEXT)])
    assert (store.is_open(scenes.CONTEXT), store.is_read(scenes.CONTEXT)) == (True, False)
    changes = store.apply([facts.TranscriptRead(scenes.CONTEXT, (asked,), reaches_start=True)])
    assert [entry.kind for entry in store.entries(scenes.CONTEXT)] == [EntryKind.INTERRUPT]
    assert store.is_read(scenes.CONTEXT)
    assert store.reaches_start(scenes.CONTEXT)
    assert changes.arrived == []

    store.apply([facts.TranscriptClosed(scenes.CONTEXT)])
    assert store.entries(scenes.CONTEXT) == []
    assert len(store.requests()) == 1


def test_entries_that_were_removed_leave_a_mark() -> None:
    """A reader must not take two entries for neighbours that are none."""
    page = facts.TranscriptRead(
        scenes.CONTEXT,
        (
            facts.EventSeen(scenes.CONTEXT, "1-0", scenes.human_says("first")),
            facts.EventSeen(scenes.CONTEXT, "9-0", scenes.agent_says("last")),
        ),
    )
    gap = facts.GapSeen(scenes.CONTEXT, "9-0", "Entries were removed.")
    kinds = [entry.kind for entry in _store(page, gap, gap).entries(scenes.CONTEXT)]

    assert kinds == [EntryKind.HUMAN, EntryKind.GAP, EntryKind.AGENT]


def test_a_stream_that_begins_anew_takes_everything_with_it() -> None:
    """Its old requests cannot be answered any more; who reads it goes on with what is new."""
    store = _store(
        *seen(scenes.asks(), scenes.asks(context_id="c-2")), *([_receipt()]), _listed(READ)
    )

    changes = store.apply([facts.ContextReset(scenes.CONTEXT, "It was restored.")])

    assert [request.key.context_id for request in store.requests()] == ["c-2"]
    assert store.is_open(scenes.CONTEXT)
    assert store.entries(scenes.CONTEXT) == []
    assert scenes.CONTEXT in changes.contexts
    lower = replace(READ, as_of="1-0", preview="From the start.")
    store.apply([_listed(lower)])
    assert [c.preview for c in store.contexts() if c.context_id == scenes.CONTEXT] == [
        "From the start."
    ]


def test_how_far_the_reading_is_can_be_asked() -> None:
    """The status line shows it."""
    store = Store()

    changes = store.apply([facts.SurveyChanged(Survey(known=5, total=9))])

    assert changes.link
    assert store.survey == Survey(known=5, total=9)


def _receipt() -> facts.ReceiptSeen:
    return facts.ReceiptSeen(scenes.receipt(Outcome.APPLIED, call="call_0"))
