"""However what a broker holds is told (pages, live, twice, late), the same records come of it."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.store import facts
from desktop.store.records import (
    Context,
    ContextStatus,
    Entry,
    EntryKind,
    Request,
    RequestKey,
    Source,
    Summary,
)
from desktop.store.signing import CastVote, Claim, Meaning, Proof
from desktop.store.store import Store
from tests.support import scenes
from tests.support.learning import START_MS, seen, told
from workers.wire.approvals import DecisionKind, Outcome, Receipt
from workers.wire.events import Event
from workers.wire.ids import HUMAN

OTHER = "c-other"
#: Handed over to another agent, asked in parallel, asked again, answered, reused.
_SAID = st.sampled_from(
    [
        scenes.human_says("Pay the invoice."),
        scenes.agent_says("Two calls.", calls=(("call_1", "pay"), ("call_2", "pay"))),
        scenes.asks(),
        scenes.asks(args={"amount": 2}),
        scenes.asks(attempt=1),
        scenes.asks(agent="ledger_agent"),
        scenes.asks(call="call_2"),
        scenes.base_asks(call="call_3"),
        scenes.base_asks(call="call_3", agent="ledger_agent"),
        scenes.base_asks(call="call_3", args={"amount": 3}),
        scenes.base_asks(call="call_3", interrupt_id="i-2"),
        scenes.asks(call="call_3"),
        scenes.asks(context_id=OTHER),
        scenes.tool_answers("Paid."),
        scenes.tool_answers("Paid.", call="call_2"),
        scenes.tool_answers("User declined to execute this action", call="call_3"),
        scenes.tool_answers("Booked.", call="call_3", agent="ledger_agent"),
        scenes.agent_says("Handed over.", message_id="m-2", agent="ledger_agent", caller="a"),
        scenes.agent_says("Once more.", message_id="m-4", calls=(("call_1", "pay"),)),
        scenes.agent_says("Done.", message_id="m-3", finish=True),
        scenes.agent_says("Done, in other words.", message_id="m-3"),
        scenes.agent_says("Done.", message_id="m-3", agent="ledger_agent"),
    ]
)
_RECEIPTS = st.builds(
    scenes.receipt,
    st.sampled_from([Outcome.APPLIED, Outcome.EXECUTED, Outcome.IN_DOUBT, Outcome.RE_ASKED]),
    call=st.sampled_from(["call_1", "call_2"]),
    nonce=st.sampled_from([scenes.NONCE, "ab" * 16]),
    at_ms=st.integers(0, 3),
)
_SUMMARIES = st.builds(
    Summary,
    context_id=st.sampled_from([scenes.CONTEXT, OTHER]),
    agent=st.sampled_from([scenes.AGENT, "ledger_agent"]),
    status=st.sampled_from(ContextStatus),
    last_activity_ms=st.integers(START_MS, START_MS + 3),
    as_of=st.sampled_from(["", "9-9", "10-0", "10-2"]),
    entries=st.integers(0, 2),
    preview=st.sampled_from(["", "Done."]),
    waiting=st.integers(0, 2),
    source=st.sampled_from(Source),
)
_PROOFS = st.builds(
    facts.ProofSeen,
    key=st.sampled_from([RequestKey(scenes.CONTEXT, call) for call in ("call_1", "call_3")]),
    proof=st.sampled_from(Proof),
    entry_id=st.sampled_from([f"{START_MS + second * 1000}-0" for second in range(10)]),
)
_BY_LEE = CastVote("l.park", "Lee Park", "t", DecisionKind.APPROVE, Meaning.APPROVAL, 1)
_NAMES = (scenes.request().request_id, scenes.request(attempt=1).request_id)
_AROUND = st.one_of(
    st.builds(
        facts.VotesSeen,
        key=st.just(RequestKey(scenes.CONTEXT, scenes.CALL)),
        votes=st.sampled_from([(), (_BY_LEE,)]),
        request_id=st.sampled_from(_NAMES),
    ),
    st.builds(
        facts.ClaimSeen,
        key=st.just(RequestKey(scenes.CONTEXT, scenes.CALL)),
        claim=st.sampled_from([None, Claim("l.park", "Lee Park", 5)]),
        request_id=st.sampled_from(_NAMES),
    ),
    st.builds(
        facts.GapSeen,
        context_id=st.just(scenes.CONTEXT),
        before=st.sampled_from([f"{START_MS + second * 1000}-0" for second in range(1, 10)]),
        title=st.just("Entries were removed."),
    ),
)
_REMOVED = st.builds(
    facts.InterruptsRemoved,
    context_id=st.just(scenes.CONTEXT),
    entry_ids=st.frozensets(st.sampled_from([f"{START_MS + n * 1000}-0" for n in range(10)])),
)


def _last_alone(around: list[facts.Fact]) -> list[facts.Fact]:
    """Of what one request is surrounded by, one fact of each kind: the last one counts."""
    named = {
        (type(fact), getattr(fact, "request_id", "") or getattr(fact, "entry_id", "")): fact
        for fact in around
    }
    return [*named.values()]


@dataclass(frozen=True)
class Known:
    """Everything a person could see. How a request is named on this desk is not part of it."""

    requests: list[Request]
    contexts: list[Context]
    entries: list[Entry]
    is_whole: bool


@settings(deadline=None, max_examples=200)
@given(
    said=st.lists(_SAID, max_size=10),
    receipts=st.lists(_RECEIPTS, max_size=3),
    summaries=st.lists(_SUMMARIES, max_size=4),
    around=st.lists(st.one_of(_PROOFS, _AROUND), max_size=5).map(_last_alone),
    removed=st.lists(_REMOVED, max_size=2),
    shuffle=st.randoms(use_true_random=False),
)
def test_pages_news_and_repetitions_in_any_order_make_the_same_records(
    said: list[Event],
    receipts: list[Receipt],
    summaries: list[Summary],
    around: list[facts.Fact],
    removed: list[facts.Fact],
    shuffle: random.Random,
) -> None:
    """What is live for one console is history for another, and both show the same."""
    entries = [
        facts.EventSeen(event.context_id, f"{START_MS + number * 1000}-0", event)
        for number, event in enumerate(said)
    ]
    history = [
        facts.TranscriptRead(scenes.CONTEXT, _of(scenes.CONTEXT, entries), reaches_start=True),
        *(entry for entry in entries if entry.context_id == OTHER),
        *told(*receipts),
        *(facts.ContextsSeen((summary,)) for summary in summaries),
        *around,
        *removed,
    ]

    mixed: list[facts.Fact] = [
        *_pages(entries, shuffle),
        *entries,
        *shuffle.sample(entries, k=len(entries) // 2),
        *(replace(entry, live=False) for entry in entries[::3]),
        *told(*receipts, *receipts[::2]),
        *(facts.ContextsSeen((summary,)) for summary in [*summaries, *summaries[::2]]),
        *around,
        *around[::2],
        *removed,
        *removed[::2],
    ]
    shuffle.shuffle(mixed)

    opened = facts.TranscriptRead(scenes.CONTEXT)  # one that is opened later has no gap in it
    assert _known([opened, *mixed]) == _known([opened, *history])


@settings(deadline=None)
@given(
    before=st.lists(_SAID, max_size=6),
    after=st.lists(_SAID, max_size=4),
    receipts=st.lists(_RECEIPTS, max_size=2),
    summaries=st.lists(_SUMMARIES, max_size=3),
    forgotten=st.booleans(),
)
def test_what_was_told_before_a_stream_began_anew_leaves_no_trace(
    before: list[Event],
    after: list[Event],
    receipts: list[Receipt],
    summaries: list[Summary],
    forgotten: bool,
) -> None:
    """A broker that was restored from a backup has other entries, with older ids."""
    mine = [event for event in before if forgotten or event.context_id == scenes.CONTEXT]
    voided = [one for one in summaries if forgotten or one.context_id == scenes.CONTEXT]
    opened = facts.TranscriptRead(scenes.CONTEXT)
    restored = [
        facts.EventSeen(event.context_id, f"{number + 1}-0", event)
        for number, event in enumerate(after)
    ]
    history = [
        facts.TranscriptRead(scenes.CONTEXT, _of(scenes.CONTEXT, restored), reaches_start=True),
        *(entry for entry in restored if entry.context_id == OTHER),
    ]
    reset = facts.ContextReset(scenes.CONTEXT, "It was begun anew.")
    past = [opened, *seen(*mine), *told(*receipts), facts.ContextsSeen(tuple(voided))]

    told_all = _known([*past, facts.Forgotten() if forgotten else reset, *history])

    assert told_all == _known(history)


def _of(context_id: str, entries: list[facts.EventSeen]) -> tuple[facts.EventSeen, ...]:
    return tuple(entry for entry in entries if entry.context_id == context_id)


def _pages(entries: list[facts.EventSeen], chance: random.Random) -> list[facts.TranscriptRead]:
    """A transcript in pages that overlap; together they hold all of it."""
    mine = _of(scenes.CONTEXT, entries)
    cut = chance.randint(0, len(mine))
    older = facts.TranscriptRead(
        scenes.CONTEXT, mine[: cut + 1], reaches_start=True, is_tail=cut >= len(mine)
    )
    return [older, facts.TranscriptRead(scenes.CONTEXT, mine[cut:], reaches_start=cut == 0)]


def _known(batch: list[facts.Fact]) -> Known:
    store = Store()
    for fact in batch:
        store.apply([fact])
    named = {request.key.call: _name(request) for request in store.requests_in(scenes.CONTEXT)}
    requests = [replace(one, key=one.key._replace(call=_name(one))) for one in store.requests()]
    entries = [
        replace(one, message_id="", tool_call_id=named[one.tool_call_id])
        if one.kind is EntryKind.INTERRUPT
        else one
        for one in store.entries(scenes.CONTEXT)
    ]
    requests.sort(key=lambda request: request.key)
    is_whole = store.is_read(scenes.CONTEXT) and store.reaches_start(scenes.CONTEXT)
    return Known(requests, store.contexts(), entries, is_whole)


def _name(request: Request) -> str:
    """A request by what the wire says of it, not by what was told first."""
    which = request.request_id or f"{HUMAN} {request.since_ms} {request.call.interrupt_id}"
    return f"{request.call.tool_call_id} {request.agent} {which}"
