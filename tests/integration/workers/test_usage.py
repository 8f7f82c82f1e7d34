"""What an agent did is told with its worker's heartbeat: runs, models, tools, tokens and cost."""

from __future__ import annotations

from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

from tests.integration.workers.office import Office
from tests.support.waiting import await_until
from workers.settings import Price, Prices
from workers.wire.events import WorkerInfo
from workers.wire.streams.reader import Reader
from workers.wire.usage import AgentUsage

#: So many tokens each answer of the stub says it has.
TOKENS_OUT = 18


@tool
def get_city_weather(city: str) -> str:
    """Look up the weather."""
    return f"{city}: rain"


@tool
def get_city_gdp(city: str) -> str:
    """Get city gdp."""
    raise LookupError(f"nobody knows what {city} makes")


async def told(office: Office, agent: str, model_calls: int) -> tuple[WorkerInfo, AgentUsage]:
    """Wait until a heartbeat tells of so many calls of a model."""

    async def is_told() -> tuple[WorkerInfo, AgentUsage] | None:
        for worker in await Reader(office.connection).workers():
            usage = worker.usage.get(agent)
            if usage is not None and usage.model.count == model_calls and not usage.running:
                return worker, usage
        return None

    return await await_until(is_told, f"the usage of {agent}")


async def test_a_heartbeat_tells_what_agents_did_and_what_it_cost(office: Office) -> None:
    """Of agents we build and of graphs we host; a price that nobody named is not made up."""
    prices = Prices({"stub": Price(tokens_in=2.0, tokens_out=8.0)}, "EUR")
    await office.hire("demo_agent", [get_city_weather, get_city_gdp], prices=prices)
    chat = ChatOpenAI(model="stub", base_url=office.model.url, api_key=lambda: "not-a-key")
    await office.hire("hosted_agent", graph=create_agent(chat, [get_city_weather]))
    ours = await office.ask("demo_agent", "weather in Oslo and gdp of Oslo")
    theirs = await office.ask("hosted_agent", "weather in Bergen")
    await office.answer(ours, "demo_agent")
    await office.answer(theirs, "hosted_agent")
    broken = await office.ask("demo_agent", "break")
    await office.error(broken)

    worker, built = await told(office, "demo_agent", 2 + 5)
    _, hosted = await told(office, "hosted_agent", 2)

    assert worker.at_ms > worker.started_ms
    assert (built.finished, built.failed, built.limit) == (1, 5, 50)
    assert built.model.failed == 5
    assert sum(built.model.buckets) == 7
    assert {name: (calls.count, calls.failed) for name, calls in built.tools.items()} == {
        "get_city_weather": (1, 0),
        "get_city_gdp": (1, 1),
    }
    assert (hosted.finished, hosted.tools["get_city_weather"].count) == (1, 1)
    assert hosted.tokens_out == built.tokens_out == 2 * TOKENS_OUT
    assert built.tokens_in > built.tokens_out
    assert built.cost == (built.tokens_in * 2 + built.tokens_out * 8) / 1_000_000
    assert (built.currency, built.unpriced) == ("EUR", 0)
    assert (hosted.cost, hosted.unpriced) == (None, 2)
