"""Following a broker: everything it holds once, then everything new, and nothing that breaks it."""

from __future__ import annotations

import pytest

from desktop.engine.deriving import TAIL_ENTRIES
from desktop.store import facts
from desktop.store.records import EntryKind, LinkState, RequestKey, RequestState, Summary
from tests.support import scenes
from tests.support.desk import Desk
from tests.support.hand_worker import HandWorker
from tests.support.learning import KEY
from tests.support.redis_server import RedisServer
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.codec import encode_event
from workers.wire.dialects import read_interrupt
from workers.wire.events import AgentProgress, Event, TokenDelta, WorkerInfo
from workers.wire.streams.connection import Connection
from workers.wire.streams.inbox import send
from workers.wire.streams.progress import ProgressWriter


async def _tell(connection: Connection, *events: Event) -> None:
    """What a worker says, one entry each."""
    for event in events:
        key = keys.progress(event.context_id)
        await connection.client.xadd(key, {"data": encode_event(event)})


async def test_what_the_broker_holds_is_known_first_and_then_what_is_new(
    desk: Desk, connection: Connection, redis_url: str
) -> None:
    """A console that starts late sees the same as one that was there."""
    await _tell(connection, scenes.human_says("pay ACME"), scenes.asks())

    await desk.connect(redis_url)
    await desk.until_texts(scenes.CONTEXT, "pay ACME", scenes.ACTION)
    assert desk.links[-3:] == [LinkState.CONNECTING, LinkState.CATCHING_UP, LinkState.ONLINE]

    await _tell(connection, scenes.tool_answers("Paid."), scenes.agent_says("Done.", finish=True))
    await _tell(connection, scenes.human_says("hi", context_id="c-new"))

    await desk.until_texts(scenes.CONTEXT, "pay ACME", scenes.ACTION, "Paid.", "Done.")
    await desk.until_texts("c-new", "hi")


async def test_the_address_that_is_shown_has_no_password(
    desk: Desk, redis_server: RedisServer, redis_url: str
) -> None:
    """Anybody may look over a shoulder."""
    await desk.connect(redis_url)

    assert desk.store.link.address == redis_server.url_without_password
    assert redis_server.password not in str(desk.facts)


async def test_a_user_without_channels_follows_all_and_is_told_what_it_misses(
    desk: Desk, own_redis: RedisServer
) -> None:
    """As Redis 7 makes a new user: whole messages come at once, only their typing does not."""
    with own_redis.client() as client:
        client.execute_command("ACL", "SETUSER", "lee", "on", ">pw", "resetchannels", "~*", "+@all")
        data = {"data": encode_event(scenes.human_says("pay ACME"))}
        client.xadd(keys.progress(scenes.CONTEXT), data)
    await desk.connect(f"redis://lee:pw@127.0.0.1:{own_redis.port}/0")

    assert desk.store.link.title == "Connected"
    assert "messages appear when they are whole" in desk.store.link.hint
    with own_redis.client() as client:
        client.xadd(keys.progress(scenes.CONTEXT), {"data": encode_event(scenes.asks())})
    await desk.until_texts(scenes.CONTEXT, "pay ACME", scenes.ACTION)


async def test_a_request_that_arrives_is_news_and_one_that_waited_is_not(
    desk: Desk, connection: Connection, redis_url: str
) -> None:
    """What waited before is in the list; what comes is announced."""
    arrived: list[RequestKey] = []
    desk.store.subscribe(lambda changes: arrived.extend(changes.arrived))
    await _tell(connection, scenes.asks())
    await desk.connect(redis_url)

    await _tell(connection, scenes.asks(call="call_2"))

    await await_until(lambda: arrived, "the second request to be announced")
    assert arrived == [RequestKey(scenes.CONTEXT, "call_2")]


async def test_a_receipt_that_was_there_before_the_console_counts(
    desk: Desk, connection: Connection, redis_url: str
) -> None:
    """A call decided yesterday does not wait today."""
    await _tell(connection, scenes.asks())
    await ProgressWriter(connection).receipt(scenes.receipt())

    await desk.connect(redis_url)

    request = desk.store.request(KEY)
    assert request is not None
    assert request.state is RequestState.APPROVED


async def test_pieces_of_a_message_are_shown_until_it_is_whole(
    desk: Desk, connection: Connection, redis_url: str
) -> None:
    """They come by channel, the message by stream."""
    await _tell(connection, scenes.human_says("hi"))
    await desk.connect(redis_url)
    await desk.open(scenes.CONTEXT)
    writer = ProgressWriter(connection)

    for number, piece in enumerate(("Good ", "day")):
        await writer.publish_tokens(
            TokenDelta(
                context_id=scenes.CONTEXT, agent="a", message_id="m-1", delta=piece, seq=number
            )
        )
    await await_until(
        lambda: [s.text for s in desk.store.streaming(scenes.CONTEXT)] == ["Good day"], "the pieces"
    )
    await _tell(connection, scenes.agent_says("Good day."))

    await desk.until_texts(scenes.CONTEXT, "hi", "Good day.")
    assert desk.store.streaming(scenes.CONTEXT) == []


async def test_agents_and_workers_are_found_while_the_console_runs(
    desk: Desk, connection: Connection, redis_url: str
) -> None:
    """An inbox that appears is an agent one can talk to."""
    await desk.connect(redis_url)
    info = WorkerInfo(
        consumer="signoff:a:1:1", agents=["weather_agent"], tools={}, version="1", mode="enforce",
        started_ms=1, note="scripted model",
    )  # fmt: skip

    await ProgressWriter(connection).heartbeat(info, 1, 60_000)
    await send(connection, "weather_agent", scenes.human_says("sun?"))

    await await_until(
        lambda: (
            [(a.name, a.note) for a in desk.store.agents()] == [("weather_agent", "scripted model")]
        ),
        "the agent and its worker",
    )


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        pytest.param(b"{nope", "not JSON", id="not-json"),
        pytest.param(b"[1]", "not an object", id="other-shape"),
        pytest.param(b'{"event_type":"agent_progress"}', "no context ID", id="no-context-id"),
        pytest.param(b'{"context_id":NaN}', "not JSON", id="nan"),
        pytest.param(b'{"data":"' + b"x" * 5_000_000 + b'"}', "5,000,011 bytes", id="5-megabytes"),
        pytest.param(b"[" * 10_000 + b"]" * 10_000, "nested too deeply", id="depth-10000"),
        pytest.param(
            encode_event(scenes.human_says("x", context_id="c-other")),
            "names another conversation",
            id="other-context",
        ),
    ],
)
async def test_an_entry_that_cannot_be_read_is_shown_where_it_arrived(
    desk: Desk, connection: Connection, redis_url: str, raw: bytes, why: str
) -> None:
    """Its neighbours in the conversation, and the other conversations, go on."""
    await desk.connect(redis_url)
    await desk.open(scenes.CONTEXT)

    await _tell(connection, scenes.human_says("before"))
    await connection.client.xadd(keys.progress(scenes.CONTEXT), {"data": raw})
    await _tell(connection, scenes.agent_says("after"))
    await _tell(connection, scenes.human_says("fine", context_id="c-neighbour"))

    await desk.until_texts("c-neighbour", "fine")
    await await_until(lambda: len(desk.texts(scenes.CONTEXT)) == 3, "all three entries")
    before, bad, after = desk.store.entries(scenes.CONTEXT)
    assert (before.text, after.text) == ("before", "after")
    assert bad.kind is EntryKind.UNREADABLE
    assert why in bad.text
    assert len(bad.text) < 1000
    assert desk.store.context("c-other") is None


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
async def test_garbage_under_our_own_keys_disturbs_nothing(
    desk: Desk, connection: Connection, redis_url: str, late: bool
) -> None:
    """Whoever can write to the broker can write nonsense."""
    if late:
        await desk.connect(redis_url)
    await connection.client.set("agent_task:text", "x")
    await connection.client.set(keys.WORKERS, "x")
    await connection.client.xadd(keys.RECEIPTS, {"data": "{nope"})
    await connection.client.xadd(keys.RECEIPTS, {"other": "x"})
    await connection.client.publish(keys.tokens(scenes.CONTEXT), b"\xff")
    if not late:
        await desk.connect(redis_url)

    await _tell(connection, scenes.asks())
    await ProgressWriter(connection).receipt(scenes.receipt())

    await desk.until_state(KEY, RequestState.APPROVED)
    assert desk.links.count(LinkState.CONNECTING) == 1


async def test_a_flush_empties_the_console(
    desk: Desk, connection: Connection, redis_url: str
) -> None:
    """What it shows is what the broker holds; what comes after is shown."""
    await _tell(connection, scenes.asks())
    await desk.connect(redis_url)

    await connection.client.flushall()
    await await_until(lambda: desk.store.contexts() == [], "nothing to be left")
    await desk.until_caught_up()
    assert desk.store.requests() == []
    await _tell(connection, scenes.human_says("again"))

    await desk.until_texts(scenes.CONTEXT, "again")


async def test_another_broker_with_a_conversation_of_the_same_name_is_another_story(
    desk: Desk, connection: Connection, redis_url: str, own_redis: RedisServer
) -> None:
    """Nothing of the first is shown as if it were on the second, and nothing there is skipped."""
    async with Connection(own_redis.url) as other:
        await _tell(other, scenes.human_says("on the other"))
    await _tell(connection, scenes.human_says("on the first"), scenes.asks())
    await desk.connect(redis_url)

    desk.engine.connect(own_redis.url)
    await desk.until_texts(scenes.CONTEXT, "on the other")
    assert desk.store.requests() == []

    desk.engine.connect(redis_url)
    await desk.until_texts(scenes.CONTEXT, "on the first", scenes.ACTION)


async def test_a_call_that_waits_far_back_in_a_long_conversation_is_found(
    desk: Desk, connection: Connection, redis_url: str
) -> None:
    """Only what still waits is told from there."""
    await _tell(
        connection,
        scenes.asks(call="call_answered_early"),
        scenes.tool_answers("Paid.", call="call_answered_early"),
        scenes.asks(call="call_forgotten"),
        scenes.base_asks(call="call_answered_late", agent="records_agent"),
    )
    chatter = [scenes.agent_says("...", message_id=f"m-{n}") for n in range(2 * TAIL_ENTRIES)]
    await _tell(connection, *chatter)
    late = scenes.tool_answers("Found.", call="call_answered_late", agent="records_agent")
    await _tell(connection, late)

    await desk.connect(redis_url)

    assert [request.key.call for request in desk.store.requests() if request.is_open] == [
        "call_forgotten"
    ]
    assert len(desk.store.requests()) == 1


@pytest.mark.parametrize("chatter", [5, 2 * TAIL_ENTRIES], ids=["near", "far-back"])
async def test_calls_that_wait_are_found_however_far_back_they_are(
    desk: Desk, connection: Connection, redis_url: str, chatter: int
) -> None:
    """An id that was used before, its answer, a question without a call: none hides what waits."""
    await _tell(
        connection,
        scenes.asks(args={"amount": 1}),
        scenes.tool_answers("Paid 1."),
        scenes.asks(args={"amount": 2}),
        scenes.base_asks(call="call_theirs", args={"amount": 3}),
        scenes.tool_answers("Paid 3.", call="call_theirs"),
        scenes.base_asks(call="call_theirs", args={"amount": 4}),
        scenes.hosted_asks({"question": "Which account?"}),
        scenes.hosted_asks({"question": "Which bank?"}, number=1),
    )
    said = [scenes.agent_says("...", message_id=f"m-{number}") for number in range(chatter)]
    await _tell(connection, *said)
    answered = scenes.hosted_asks({"question": "Which bank?"}, number=1).body
    assert isinstance(answered, AgentProgress)
    call = read_interrupt(answered.message)
    assert call.request is not None
    decided = call.request.request_id
    await HandWorker(connection).tell(scenes.with_request(scenes.receipt(call=""), decided))
    await connection.client.hset(keys.decisions(scenes.CONTEXT), decided, "a mark")
    await connection.client.expire(keys.decisions(scenes.CONTEXT), 60)

    await desk.connect(redis_url)

    waiting = [one for one in desk.store.requests_in(scenes.CONTEXT) if one.is_open]
    waiting.sort(key=lambda request: str(request.args))
    assert [request.args for request in waiting] == [
        {"amount": 2},
        {"amount": 4},
        {"question": "Which account?"},
    ]
    assert [bool(request.choices) for request in waiting] == [True, False, True]


async def test_a_burst_ends_with_what_the_streams_hold(
    desk: Desk, connection: Connection, redis_url: str
) -> None:
    """However often a conversation changed between two looks: the newest entry, and how many."""
    await desk.connect(redis_url)
    contexts = [f"c-{number}" for number in range(300)]

    for round_ in range(20):
        async with connection.client.pipeline(transaction=False) as batch:
            for context_id in contexts:
                said = scenes.agent_says(f"{round_}", context_id=context_id)
                batch.xadd(keys.progress(context_id), {"data": encode_event(said)})
            await batch.execute()

    def summaries() -> dict[str, Summary]:
        seen = [fact for fact in desk.facts if isinstance(fact, facts.ContextsSeen)]
        return {one.context_id: one for fact in seen for one in fact.summaries}

    await await_until(lambda: {one.entries for one in summaries().values()} == {20}, "all counts")
    for context_id in contexts:
        [(entry_id, _)] = await connection.client.xrevrange(keys.progress(context_id), count=1)
        assert summaries()[context_id].as_of == entry_id.decode()
    assert {row.preview for row in desk.store.contexts()} == {"19"}
