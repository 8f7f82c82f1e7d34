"""Reading what a broker holds: rows first, what follows from older entries after, nothing twice."""

from __future__ import annotations

import pytest

from desktop.engine import survey as survey_module
from desktop.store import facts
from desktop.store.records import ContextStatus, RequestKey
from tests.support import scenes
from tests.support.desk import Desk
from tests.support.hand_worker import HandWorker
from tests.support.redis_server import RedisServer
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.codec import encode_event
from workers.wire.events import ContextSummary, RequestSummary
from workers.wire.streams.connection import Connection
from workers.wire.streams.progress import ProgressWriter


async def test_rows_are_told_before_requests_are_derived(
    desk: Desk, worker: HandWorker, redis_url: str
) -> None:
    """A list can be read while the rest is found out; of what nobody opened, little is told."""
    for number in range(30):
        context_id = f"c-{number}"
        await worker.say(
            scenes.human_says("pay", context_id=context_id),
            scenes.asks(context_id=context_id),
            scenes.tool_answers("Paid.", context_id=context_id),
            scenes.agent_says("All done.", context_id=context_id, finish=True),
        )

    await desk.connect(redis_url)

    kinds = [type(fact) for fact in desk.facts]
    assert kinds.index(facts.ContextsSeen) < kinds.index(facts.EventSeen)
    assert kinds.index(facts.EventSeen) < kinds.index(facts.CaughtUp)
    rows = desk.store.contexts()
    assert {(row.status, row.preview, row.entries) for row in rows} == {
        (ContextStatus.DONE, "All done.", 4)
    }
    # The call and its answer, of four entries each.
    assert len(desk.told()) == len(set(desk.told())) == 60
    assert not any(fact.live for fact in desk.facts if isinstance(fact, facts.EventSeen))


async def test_what_the_index_says_and_no_stream_bears_out_goes_away(
    desk: Desk, worker: HandWorker, connection: Connection, redis_url: str
) -> None:
    """It is a help, shown until the streams are read, and no truth."""
    writer = ProgressWriter(connection)
    await worker.say(scenes.agent_says("Done.", context_id="c-there", finish=True))
    for context_id in ("c-there", "c-gone"):
        summary = ContextSummary(agent="a", status=ContextStatus.RUNNING, last_activity_ms=1_000)
        await writer.index_context(context_id, summary)

    await desk.connect(redis_url)

    told = [fact for fact in desk.facts if isinstance(fact, facts.ContextsSeen)]
    assert "c-gone" in {one.context_id for one in told[0].summaries}
    [row] = desk.store.contexts()
    assert (row.context_id, row.status, row.agent) == ("c-there", ContextStatus.DONE, scenes.AGENT)


async def test_what_waits_by_the_index_is_derived_first(
    desk: Desk, worker: HandWorker, connection: Connection, redis_url: str
) -> None:
    """A reviewer sees it before a hundred other conversations are looked through."""
    for number in range(100):
        await worker.say(scenes.asks(context_id=f"c-{number}"))
    waiting = RequestSummary(context_id="c-99", agent="a", action="x", risk="high", since_ms=1)
    await ProgressWriter(connection).index_request("r-1", waiting)

    await desk.connect(redis_url)

    assert desk.told()[0][0] == "c-99"
    assert len(desk.store.requests()) == 100


async def test_how_far_the_reading_is_can_be_followed(
    desk: Desk, worker: HandWorker, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It only grows, and ends with everything."""
    monkeypatch.setattr(survey_module, "PROGRESS_SECONDS", 0)
    for number in range(150):
        await worker.say(scenes.asks(context_id=f"c-{number}"))

    await desk.connect(redis_url)

    told = [fact.survey for fact in desk.facts if isinstance(fact, facts.SurveyChanged)]
    assert [one.derived for one in told] == sorted(one.derived for one in told)
    last = told[-1]
    assert (last.known, last.derived, last.total, last.done) == (150, 150, 150, True)
    assert not any(one.done for one in told[:-1])


async def test_a_call_that_waits_five_thousand_entries_back_is_found(
    desk: Desk, worker: HandWorker, redis_server: RedisServer, redis_url: str
) -> None:
    """However long the others went on since."""
    await worker.say(scenes.asks(call="call_forgotten"))
    chatter = encode_event(scenes.agent_says("..."))
    with redis_server.client() as client, client.pipeline(transaction=False) as batch:
        for _ in range(5000):
            batch.xadd(keys.progress(scenes.CONTEXT), {"data": chatter})
        batch.execute()

    await desk.connect(redis_url)

    request = desk.store.request(RequestKey(scenes.CONTEXT, "call_forgotten"))
    assert request is not None
    assert request.is_open
    [row] = desk.store.contexts()
    assert (row.entries, row.status) == (5001, ContextStatus.WAITING)
    assert len(desk.told()) == 1


async def test_whom_a_person_addresses_is_found_behind_what_other_agents_say(
    desk: Desk, worker: HandWorker, redis_url: str
) -> None:
    """The last entry alone does not tell it."""
    await worker.say(
        scenes.human_says("pay"),
        scenes.agent_says("", calls=(("call_1", "call_records_agent"),)),
        scenes.agent_says("", message_id="m-2", agent="records_agent", caller=scenes.AGENT),
    )

    await desk.connect(redis_url)

    [row] = desk.store.contexts()
    assert (row.agent, row.preview) == (scenes.AGENT, "pay")


async def test_ten_thousand_conversations_created_at_once_are_all_there(
    desk: Desk, redis_server: RedisServer, redis_url: str
) -> None:
    """While the console follows: each is a row, with its entries counted."""
    await desk.connect(redis_url)

    with redis_server.client() as client, client.pipeline(transaction=False) as batch:
        for number in range(10_000):
            event = scenes.agent_says("hi", context_id=f"c-{number}", finish=True)
            batch.xadd(keys.progress(event.context_id), {"data": encode_event(event)})
        batch.execute()

    await await_until(lambda: desk.store.context_count == 10_000, "all of them")
    assert {(row.preview, row.entries) for row in desk.store.contexts()} == {("hi", 1)}


async def test_what_arrives_while_the_broker_is_surveyed_is_neither_missed_nor_doubled(
    desk: Desk, redis_server: RedisServer, redis_url: str
) -> None:
    """Old calls and new ones, in conversations that are read at that moment."""
    with redis_server.client() as client:

        def ask(call: str) -> None:
            with client.pipeline(transaction=False) as batch:
                for number in range(500):
                    event = scenes.asks(call=call, context_id=f"c-{number}")
                    batch.xadd(keys.progress(event.context_id), {"data": encode_event(event)})
                batch.execute()

        ask("call_old")
        desk.engine.connect(redis_url)
        await await_until(lambda: desk.store.context_count, "the first rows")
        ask("call_new")
        await desk.until_caught_up()

    await await_until(lambda: len(desk.store.requests()) == 1000, "every call")
    assert len(desk.told()) == len(set(desk.told())) == 1000
    assert {row.entries for row in desk.store.contexts()} == {2}
