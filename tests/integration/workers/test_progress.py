"""What agents tell while they run: to consoles, to clients of the base package, to collectors."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.workers.conftest import Book
from tests.integration.workers.office import Office
from tests.support.waiting import await_until
from workers.runtime.service import serve
from workers.wire import keys
from workers.wire.approvals import Mode
from workers.wire.codec import decode_struct
from workers.wire.events import ProgressType, RequestSummary, TokenDelta
from workers.wire.ids import new_consumer_name
from workers.wire.messages import Role
from workers.wire.streams.news import listen
from workers.wire.streams.reader import Reader


async def test_the_end_is_said_once_and_only_at_the_end(office: Office, book: Book) -> None:
    """A base client stops at the first event that says so."""
    await office.hire("treasury_agent", [book.transfer_funds, book.get_city_weather])
    context = await office.ask("treasury_agent", "weather in Oslo then pay 10 to ACME")
    [call] = await office.requests(context)
    assert not any(body.is_finish for body in await office.progress(context))

    await office.decide(call)
    await office.answer(context, "treasury_agent")

    bodies = await office.progress(context)
    assert [body.is_finish for body in bodies] == [*(False for _ in bodies[1:]), True]
    assert {body.invocation_id for body in bodies} == {bodies[0].invocation_id}
    roles = [body.message["type"] for body in bodies if isinstance(body.message, dict)
             and body.type is ProgressType.MESSAGE]  # fmt: skip
    assert roles == ["human", "ai", "tool", "ai", "tool", "ai"]


async def test_what_a_person_said_is_told_to_live_listeners_too(office: Office) -> None:
    """The base package stores it and forgets to publish it."""
    await office.hire("demo_agent")
    heard: list[bytes] = []
    async with office.connection.client.pubsub() as listener:
        await listener.psubscribe(f"{keys.PROGRESS_PREFIX}*")
        context = await office.ask("demo_agent", "hello")
        await office.answer(context, "demo_agent")
        while message := await listener.get_message(timeout=0.2):
            if message["type"] == "pmessage":
                heard.append(message["data"])

    assert len(heard) == 2
    assert b'"type":"human"' in heard[0]


async def test_tokens_are_told_while_the_model_writes(office: Office) -> None:
    """Joined they are the message; they name it, and come in order."""
    await office.hire("demo_agent")
    deltas: list[TokenDelta] = []
    ready = asyncio.Event()

    async def hear() -> None:
        async for news in listen(office.connection):
            ready.set()
            if isinstance(news, TokenDelta):
                deltas.append(news)

    hearing = asyncio.create_task(hear())
    await ready.wait()
    words = " ".join(f"word{number}" for number in range(40))
    context = await office.ask("demo_agent", words)
    answer = await office.answer(context, "demo_agent")

    await await_until(lambda: "".join(d.delta for d in deltas) == answer, "all tokens")
    hearing.cancel()
    await asyncio.gather(hearing, return_exceptions=True)
    [message] = await office.said(context)
    assert {delta.message_id for delta in deltas} == {message.id}
    assert [delta.seq for delta in deltas] == list(range(len(deltas)))


async def test_a_run_that_fails_is_told_without_secrets(office: Office) -> None:
    """In the base package's words, and the context can be used again."""
    await office.hire("demo_agent")
    context = await office.ask("demo_agent", "break")

    error = await office.error(context)

    assert error.startswith("Error occurred.")
    assert "500" in error
    assert "not-a-key" not in error
    await office.stands(context, "failed")
    await office.ask("demo_agent", "hello", context)
    assert await office.answer(context, "demo_agent") == "You said: hello"
    await office.stands(context, "done")


async def test_a_context_goes_on_after_a_run_that_broke_between_calls(
    office: Office, book: Book
) -> None:
    """A model service refuses a conversation in which a call has no answer."""
    await office.hire("demo_agent", [book.get_city_weather])
    context = await office.ask("demo_agent", "weather in Oslo then break")
    await office.error(context)

    await office.ask("demo_agent", "hello", context)

    assert await office.answer(context, "demo_agent") == "You said: hello"
    asked = office.model.asked[-1]
    called = [call["id"] for message in asked for call in message.get("tool_calls") or []]
    answered = [message["tool_call_id"] for message in asked if message["role"] == "tool"]
    assert called == answered


async def test_the_index_says_how_a_context_stands(office: Office, book: Book) -> None:
    """Without arguments and without text, so that a list of contexts tells nothing else."""
    await office.hire("treasury_agent", [book.transfer_funds])
    context = await office.ask("treasury_agent", "pay 10 to ACME")
    [call] = await office.requests(context)
    await office.stands(context, "waiting")
    assert call.request is not None
    client = office.connection.client
    raw = await client.hget(keys.REQUEST, call.request.request_id)
    listed = decode_struct(raw, RequestSummary)
    assert (listed.agent, listed.action) == ("treasury_agent", "transfer_funds")
    assert b"ACME" not in raw
    assert await client.zscore(keys.WAITING, call.request.request_id) == listed.since_ms

    await office.decide(call)
    await office.answer(context, "treasury_agent")

    await office.stands(context, "done")
    assert await client.zcard(keys.WAITING) == 0
    assert await client.hlen(keys.REQUEST) == 0


@pytest.mark.parametrize("mode", Mode)
async def test_a_worker_says_who_it_is_and_what_it_demands(
    office: Office, book: Book, mode: Mode
) -> None:
    """Consoles tell people what a decision is worth with this worker."""
    await office.hire("treasury_agent", [book.transfer_funds], mode=mode, note="scripted model")

    [info] = await Reader(office.connection).workers()

    assert info.agents == ["treasury_agent"]
    assert info.tools == {"treasury_agent": ["transfer_funds"]}
    assert info.mode == str(mode)
    # One that enforces has nothing here to judge decisions by, and says that, too.
    alone = info.note == "scripted model"
    assert info.note.startswith("scripted model")
    assert alone is (mode is not Mode.ENFORCE)
    assert info.modes == {"treasury_agent": str(mode)}


async def test_a_process_of_several_agents_says_what_each_demands(office: Office) -> None:
    """Where one of them only observes, readers of one mode are told that, not the first's."""
    stop, consumer = asyncio.Event(), new_consumer_name()
    runners = [
        office.describe(name, mode=mode)
        for name, mode in (("strict_agent", Mode.ENFORCE), ("mild_agent", Mode.OBSERVE))
    ]
    for runner in runners:
        await runner.create()
    workers = [runner.worker(consumer) for runner in runners]
    serving = asyncio.create_task(serve(workers, consumer, stop))
    reader = Reader(office.connection)

    [info] = await await_until(reader.workers, "the worker to say who it is")

    assert info.mode == "observe"
    assert info.modes == {"strict_agent": "enforce", "mild_agent": "observe"}
    stop.set()
    await serving
    for runner in runners:
        await runner.close()


async def test_the_agent_may_address_the_user_by_name(office: Office) -> None:
    """As in the base package, the system prompt carries the name."""
    await office.hire("demo_agent")
    context = await office.ask("demo_agent", "hello", context={"user_name": "Jo"})
    await office.answer(context, "demo_agent")

    [system, *_] = office.model.asked[-1]
    assert system["role"] == "system"
    assert "Current username: `Jo`" in system["content"]


async def test_a_conversation_is_remembered(office: Office) -> None:
    """The next task of a context comes with what was said before."""
    await office.hire("demo_agent")
    context = await office.ask("demo_agent", "hello")
    await office.answer(context, "demo_agent")
    await office.ask("demo_agent", "again", context)
    await office.answer(context, "demo_agent", 2)

    said = [message["content"] for message in office.model.asked[-1][1:]]
    assert said == ["hello", "You said: hello", "again"]
    assert [message.text for message in await office.said(context, Role.HUMAN)] == [
        "hello",
        "again",
    ]
