"""Which transcripts are read, and how far back."""

from __future__ import annotations

import pytest

from desktop.actions.ports import CloseTranscript, OpenTranscript, ReadOlder
from desktop.actions.transcripts import MOST_OPEN, Transcripts
from desktop.store.facts import EventSeen, MessageSending, TranscriptClosed, TranscriptRead
from desktop.store.store import Store
from tests.support import scenes
from tests.support.outbox import KeptOutbox

CONTEXT = scenes.CONTEXT


@pytest.fixture
def store() -> Store:
    """What this desk knows."""
    return Store()


@pytest.fixture
def outbox() -> KeptOutbox:
    """What this desk asks for."""
    return KeptOutbox()


@pytest.fixture
def transcripts(store: Store, outbox: KeptOutbox) -> Transcripts:
    """What somebody reads here."""
    return Transcripts(store, outbox)


def _page(*ids: str, reaches_start: bool = False, is_tail: bool = True) -> TranscriptRead:
    entries = tuple(EventSeen(CONTEXT, one, scenes.agent_says(one, message_id=one)) for one in ids)
    return TranscriptRead(CONTEXT, entries, reaches_start=reaches_start, is_tail=is_tail)


def test_one_that_is_open_is_not_asked_for_again(
    transcripts: Transcripts, store: Store, outbox: KeptOutbox
) -> None:
    """Going back and forth between two conversations costs the broker nothing."""
    transcripts.open(CONTEXT)
    store.apply([TranscriptRead(CONTEXT)])
    transcripts.open(CONTEXT)

    assert outbox.orders == [OpenTranscript(CONTEXT)]


def test_few_stay_open(transcripts: Transcripts, store: Store, outbox: KeptOutbox) -> None:
    """The one looked at longest ago is let go, unless something is being said in it."""
    for number in range(MOST_OPEN):
        transcripts.open(f"c-{number}")
        store.apply([TranscriptRead(f"c-{number}")])
    store.apply([MessageSending("c-0", scenes.AGENT, "hi", "i", 1)])
    transcripts.open("c-2")
    transcripts.open("c-new")
    transcripts.open("c-newer")

    closed = [order.context_id for order in outbox.orders if isinstance(order, CloseTranscript)]
    assert closed == ["c-1"]
    store.apply([TranscriptClosed("c-1")])
    transcripts.open("c-1")
    assert outbox.orders.count(OpenTranscript("c-1")) == 2


def test_a_reader_goes_back_page_by_page(
    transcripts: Transcripts, store: Store, outbox: KeptOutbox
) -> None:
    """Each page is asked for once, and none before the beginning."""
    assert not transcripts.read_older(CONTEXT)
    transcripts.open(CONTEXT)
    store.apply([TranscriptRead(CONTEXT), _page("5-0", "6-0")])

    assert transcripts.read_older(CONTEXT)
    assert transcripts.read_older(CONTEXT)
    store.apply([_page("3-0", "4-0", is_tail=False)])
    assert transcripts.read_older(CONTEXT)
    store.apply([_page("1-0", reaches_start=True, is_tail=False)])
    assert not transcripts.read_older(CONTEXT)

    asked = [order.before for order in outbox.orders if isinstance(order, ReadOlder)]
    assert asked == ["5-0", "3-0"]
