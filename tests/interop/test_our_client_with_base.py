"""Our client with a worker of the base package."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from desktop.store.records import DecisionKind, Request, RequestState
from tests.interop.both_worlds import BothWorlds, payments
from tests.support.desk import Desk
from tests.support.processes import Process
from tests.support.waiting import await_until
from workers import AgentClient
from workers.client.foreign import CallsNotToldApart

pytestmark = pytest.mark.xdist_group("interop")


@pytest_asyncio.fixture
async def client(worlds: BothWorlds, base_agent: Process) -> AsyncIterator[AgentClient]:
    """A client of ours that talks to the base worker's agent."""
    client = AgentClient("base_agent", worlds.url)
    yield client
    await client.disconnect()


async def test_a_question_is_answered(client: AgentClient) -> None:
    """The stream ends when the base worker has finished, and the history holds it all."""
    await client.send_message("weather in Zürich", "c-asked")

    said = await _follow(client, "c-asked")

    assert [message["type"] for message in said] == ["human", "ai", "tool", "ai"]
    assert said[-1]["content"] == "Done: It is sunny in Zürich, 21 °C."
    assert len(await client.get_chat_history("c-asked")) == 4
    last = await client.get_last_event("c-asked")
    assert last is not None
    assert last.data.is_finish


async def test_a_call_is_accepted(
    client: AgentClient, worlds: BothWorlds, base_agent: Process
) -> None:
    """It hears of the request, accepts, and hears the end; nothing was grouped on the stream."""
    await client.send_message("pay 10 to Ullswater", "c-client-accept")
    [*_, asked] = await _follow(client, "c-client-accept")
    assert asked["action_request"]["args"] == {"amount": 10, "recipient": "Ullswater"}

    assert await client.accept_tool_invocation("c-client-accept")

    assert (await _follow(client, "c-client-accept"))[-1]["content"].startswith("Done: Transferred")
    assert payments(base_agent, "Ullswater") == [(10, "Ullswater")]
    assert not await client.accept_tool_invocation("c-client-accept")
    assert worlds.groups("c-client-accept") == []


async def test_a_call_is_rejected(
    client: AgentClient, worlds: BothWorlds, base_agent: Process
) -> None:
    """Nothing runs, and the run ends for it."""
    await client.send_message("pay 10 to Vireo", "c-client-reject")
    await _follow(client, "c-client-reject")

    assert await client.reject_tool_invocation("c-client-reject", "Not this month.")

    assert (await _follow(client, "c-client-reject"))[-1]["content"] == "Tool Rejected"
    assert payments(base_agent, "Vireo") == []
    assert worlds.groups("c-client-reject") == []


def test_chat_in_the_terminal(worlds: BothWorlds, base_agent: Process) -> None:
    """`signoff-worker chat` shows exactly what would run, and takes yes and no."""
    typed = "pay 11 to Whimbrel\ny\npay 12 to Xenops\nn\ntoo much\nexit\n"

    chat = worlds.run("-m", "workers", "chat", "base_agent", stdin=typed)

    assert chat.wait_until_ended() == 0, chat.log()
    assert "base_agent wants to call transfer_funds with" in chat.output()
    assert "Transferred 11 EUR to Whimbrel." in chat.output()
    assert payments(base_agent, "Whimbrel", "Xenops") == [(11, "Whimbrel")]


async def test_the_client_and_a_desk_at_once(
    client: AgentClient, worlds: BothWorlds, base_agent: Process
) -> None:
    """A person at a desk and our client decide the same call: the next one is not run by that."""
    async with Desk() as desk:
        await desk.connect(worlds.url)
        for number in range(10):
            payee, thief = f"Yarrow {number}", f"Zander {number}"
            context = f"c-client-desk-{number}"
            await client.send_message(f"pay 10 to {payee} then pay 9999 to {thief}", context)
            [first] = await _requests(desk, context, 1)

            accepting = asyncio.create_task(client.accept_tool_invocation(context))
            desk.approvals.decide(first.key, DecisionKind.APPROVE)
            await accepting

            [_, second] = await _requests(desk, context, 2)
            assert second.state is RequestState.WAITING
            assert len(worlds.commands("base_agent", context)) == 1
            assert payments(base_agent, payee, thief) == [(10, payee)]


async def test_two_calls_at_once_are_not_answered(
    client: AgentClient, worlds: BothWorlds, base_agent: Process
) -> None:
    """A base worker falls silent for ever when it is answered then, so nothing is sent."""
    await client.send_message("gdp of Graz and gdp of Bern", "c-client-two")
    await await_until(lambda: len(worlds.progress("c-client-two")) == 4, "both calls")

    with pytest.raises(CallsNotToldApart, match="cannot tell"):
        await client.accept_tool_invocation("c-client-two")

    assert worlds.commands("base_agent", "c-client-two") == []


async def _requests(desk: Desk, context: str, count: int) -> list[Request]:
    """The requests of a context, when there are so many."""

    def found() -> list[Request] | None:
        known = desk.store.requests_in(context)
        return known if len(known) == count else None

    return await await_until(found, f"{count} requests")


async def _follow(client: AgentClient, context: str) -> list[Any]:
    """What is told until the base worker has finished or waits."""
    async with asyncio.timeout(20):
        return [event.data.message async for event in client.progress_events(context)]
