"""A worker that dies right after any of the writes to its checkpoint store.

A step of a graph ends in several writes: what each task of it did, and then the next checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, tool
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata

from tests.integration.workers.conftest import Book
from tests.integration.workers.hand_fed import CONTEXT, Desk, command, handle, task
from tests.integration.workers.office import Office
from workers.agents.fencing import FencedSaver
from workers.runtime.handling import Handler
from workers.wire.codec import encode_event
from workers.wire.errors import BrokerUnreachable
from workers.wire.events import AgentResponse, Event
from workers.wire.messages import Role
from workers.wire.streams.inbox import InboxEntry

#: Before and after each write of a whole task, and of what is left of one after an answer.
of_a_task = pytest.mark.parametrize("moment", range(1, 21))
after_an_answer = pytest.mark.parametrize("moment", range(1, 11))


class Dying(FencedSaver):
    """A store whose worker dies before or after one of its writes, and writes nothing more.

    Attributes:
        left: moments until then.
    """

    left = 10_000

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        self._be_alive()
        written = await super().aput(config, checkpoint, metadata, new_versions)
        self._be_alive()
        return written

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        self._be_alive()
        await super().aput_writes(config, writes, task_id, task_path)
        self._be_alive()

    def _be_alive(self) -> None:
        Dying.left -= 1
        if Dying.left <= 0:
            raise BrokerUnreachable("This worker is dead.")


@pytest.fixture(autouse=True)
def _mortal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.agents.runner.FencedSaver", Dying)
    monkeypatch.setattr(Dying, "left", 10_000)


async def _die_at(moment: int, handler: Handler, entry: InboxEntry) -> None:
    """Handle an entry with a worker that dies at this moment, if it lives so long."""
    Dying.left = moment
    try:
        await handle(handler, entry)
    except BrokerUnreachable:
        pass
    finally:
        Dying.left = 10_000


@of_a_task
async def test_a_task_is_done_to_its_end(office: Office, desk: Desk, moment: int) -> None:
    """Whoever takes over goes on where the dead one stood, and tells each thing once.

    But for what a model said and nobody had stored yet: it is asked again, and says it anew.
    """
    cities: list[str] = []

    @tool
    async def get_city_weather(city: str) -> str:
        """Look up the weather."""
        cities.append(city)
        return f"sunny in {city}"

    order = task("weather in Oslo and weather in Bergen")
    await _die_at(moment, await desk.worker(get_city_weather), order)

    await handle(await desk.worker(get_city_weather), order)

    assert await office.answer(CONTEXT, "demo_agent") == "Done: sunny in Oslo; sunny in Bergen"
    assert len(await office.said(CONTEXT, Role.HUMAN)) == 1
    assert sum(body.is_finish for body in await office.progress(CONTEXT)) == 1
    assert len(await office.results(CONTEXT)) == 2


@after_an_answer
async def test_a_decision_is_carried_out_to_its_end(
    office: Office, desk: Desk, book: Book, moment: int
) -> None:
    """The money is paid once, and the agent says so, also when nothing else comes."""
    await handle(await desk.worker(book.transfer_funds), task("pay 10 to ACME"))
    [call] = await office.requests(CONTEXT)
    approval = command(call, office.bound(call))
    await _die_at(moment, await desk.worker(book.transfer_funds), approval)

    await handle(await desk.worker(book.transfer_funds), approval)

    assert await office.answer(CONTEXT, "demo_agent") == "Done: paid 10 to ACME"
    assert book.payments == [("ACME", 10.0)]


@after_an_answer
async def test_a_response_reaches_the_agent_that_asked(
    office: Office, desk: Desk, moment: int
) -> None:
    """What an expert said is not lost with the worker that was told it."""
    await handle(await desk.worker(experts=["expert"]), task("ask expert: hello"))
    [message] = await office.said(CONTEXT)
    [call] = message.tool_calls
    body = AgentResponse(invocation_id=call.id, content="hello yourself")
    response = InboxEntry("2-0", encode_event(Event(CONTEXT, body)))
    await _die_at(moment, await desk.worker(experts=["expert"]), response)

    await handle(await desk.worker(experts=["expert"]), response)

    assert await office.answer(CONTEXT, "demo_agent") == "Done: hello yourself"


@of_a_task
async def test_a_task_after_one_that_was_given_up_starts_clean(
    office: Office, desk: Desk, weather: BaseTool, moment: int
) -> None:
    """Whatever the dead worker left: each call has its answer, and each answer its call."""
    await _die_at(moment, await desk.worker(weather), task("weather in Oslo"))

    following = task("hello")
    other = InboxEntry("2-0", following.data.replace(b"i-1", b"i-2"))
    await handle(await desk.worker(weather), other)

    assert (await office.answer(CONTEXT, "demo_agent", 1)) in {
        "You said: hello",
        "Done: sunny in Oslo",
    }
    asked = office.model.asked[-1]
    calls = [call["id"] for message in asked for call in message.get("tool_calls") or []]
    answers = [message["tool_call_id"] for message in asked if message["role"] == "tool"]
    assert calls == answers


@pytest.fixture
def weather() -> BaseTool:
    """A tool that anybody may use."""

    @tool
    async def get_city_weather(city: str) -> str:
        """Look up the weather."""
        return f"sunny in {city}"

    return get_city_weather
