"""The same agents over each store: what waits is kept, what comes again is known."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import interrupt

from tests.integration.workers.conftest import Book
from tests.integration.workers.hand_fed import CONTEXT, Desk, handle, task
from tests.integration.workers.office import Office
from tests.support.processes import Process
from tests.support.stub_model import StubModel
from workers import AgentClient
from workers.agents.checkpoints import open_checkpoints
from workers.wire.approvals import DecisionKind
from workers.wire.ids import new_context_id

AGENT = "treasury_agent"


async def test_calls_that_wait_together_are_answered_in_any_order(
    office: Office, book: Book, store: str
) -> None:
    """The later one first; each runs what was decided for it."""
    await office.hire(AGENT, [book.transfer_funds], checkpoint_url=store)
    context = await office.ask(AGENT, "pay 10 to ACME and pay 20 to Globex")
    calls = await office.requests(context, 2)
    to_acme, to_globex = sorted(calls, key=lambda call: str(call.args))

    await office.decide(to_globex)
    await office.requests(context, 1, after=to_globex)
    await office.decide(to_acme, DecisionKind.REJECT, message="not them")

    await office.answer(context, AGENT)
    assert book.payments == [("Globex", 20.0)]


async def test_what_waited_is_decided_at_another_worker(
    office: Office, book: Book, lasting_store: str
) -> None:
    """The one that asked has gone home meanwhile."""
    described = office.describe(AGENT, [book.transfer_funds], checkpoint_url=lasting_store)
    first = await office.start(described)
    context = await office.ask(AGENT, "pay 10 to ACME")
    [call] = await office.requests(context)
    await office.send_home(first)
    await office.hire(AGENT, [book.transfer_funds], checkpoint_url=lasting_store)

    await office.decide(call)

    assert await office.answer(context, AGENT) == "Done: paid 10 to ACME"
    assert book.payments == [("ACME", 10.0)]


@pytest.fixture
async def lasting_desk(office: Office, lasting_store: str) -> AsyncIterator[Desk]:
    """A desk over each store that outlives a worker."""
    desk = Desk(office, Path(lasting_store))
    yield desk
    await desk.close()


async def test_a_message_that_comes_again_is_known(
    office: Office, lasting_desk: Desk, lasting_store: str
) -> None:
    """Its worker died after the run; the next one finds the message's id with the checkpoint."""
    first = await lasting_desk.worker(checkpoint_url=lasting_store)
    await handle(first, task("hello"))
    told = await office.progress(CONTEXT)

    await handle(await lasting_desk.worker(checkpoint_url=lasting_store), task("hello"))

    assert await office.progress(CONTEXT) == told
    assert len(office.model.asked) == 1


async def test_a_hosted_graph_is_kept_there_too(office: Office, lasting_store: str) -> None:
    """One that was compiled without a store gets ours, and goes on at another worker."""

    def ask(state: MessagesState) -> dict[str, list[AIMessage]]:
        return {"messages": [AIMessage(f"got {interrupt({'ask': 'What now?'})}")]}

    builder = StateGraph(MessagesState)
    builder.add_node("ask", ask)
    builder.add_edge(START, "ask")
    graph = builder.compile()
    first = await office.start(
        office.describe("hosted_agent", graph=graph, checkpoint_url=lasting_store)
    )
    context = await office.ask("hosted_agent", "hello")
    [call] = await office.requests(context)
    await office.send_home(first)
    await office.hire("hosted_agent", graph=graph, checkpoint_url=lasting_store)

    await office.decide(call, DecisionKind.RESPOND, message="go on")

    assert await office.answer(context, "hosted_agent") == "got go on"


async def test_names_that_look_alike_are_two_conversations(office: Office, store: str) -> None:
    """Databases may compare text without case and blanks, and cut what is long."""
    long = "c" * 180
    await office.hire("demo_agent", checkpoint_url=store)

    for context in ("case", "CASE", long + "1", long + "2"):
        await office.ask("demo_agent", f"I am {context[-4:]}", context)
        assert await office.answer(context, "demo_agent") == f"You said: I am {context[-4:]}"
        assert len(office.model.asked[-1]) == 2, "the instruction and this one sentence"


async def test_fifty_conversations_share_few_connections(
    office: Office, lasting_store: str
) -> None:
    """They wait for each other for a moment; none fails."""
    await office.hire("demo_agent", checkpoint_url=lasting_store)

    contexts = [await office.ask("demo_agent", f"number {number}") for number in range(50)]

    for number, context in enumerate(contexts):
        assert await office.answer(context, "demo_agent") == f"You said: number {number}"


async def test_many_processes_may_set_up_a_store_at_once(lasting_store: str) -> None:
    """As when a fleet starts over an empty database."""

    async def open_and_close() -> None:
        async with open_checkpoints(lasting_store) as saver:
            assert await saver.aget_tuple({"configurable": {"thread_id": "t"}}) is None

    await asyncio.gather(*(open_and_close() for _ in range(8)))


async def test_a_request_outlives_a_worker_that_was_killed(
    worker_process: Callable[..., Process],
    redis_url: str,
    stub_model: StubModel,
    lasting_store: str,
) -> None:
    """`kill -9` while it waits; another process carries the decision out."""
    environment = {
        "CHECKPOINT_DB_URL": lasting_store,
        "SIGNOFF_REDIS_URL": redis_url,
        "OPENAI_BASE_URL": stub_model.url,
        "OPENAI_MODEL": "stub",
        "OPENAI_API_KEY": "not-a-key",
        "SIGNOFF_HEARTBEAT_SECONDS": "1",
        "SIGNOFF_LEASE_SECONDS": "3",
    }
    served = "tests.integration.workers.served:one"
    client, context = AgentClient("demo_agent", redis_url), new_context_id()
    killed = worker_process("run", served, env=environment)
    await client.send_message("gdp of Oslo", context)
    async for _ in client.progress_events(context):
        pass
    killed.kill()

    second = worker_process("run", served, env=environment)
    await client.accept_tool_invocation(context)
    events = [event async for event in client.progress_events(context)]
    await client.disconnect()

    assert "500 billion" in str(events[-1].data.message)
    assert second.stop() == 0
    assert second.errors().count("Traceback") == 0
