"""Our agents in the interop stories: the same tools as the worker of the base package has there.

    python -m workers run tests.interop.our_scripts.agents:open_team

Broker, model and mode come from the environment. What the gated tools really did is printed as
lines of JSON with the key `ran`, as the base worker's script does.
"""

from __future__ import annotations

import json

from langchain_core.tools import tool

from workers import AgentRunner, human_approval_required
from workers.runtime.pace import Pace

#: As usual, but what failed is tried again at once.
QUICK = Pace(first_retry_seconds=0.01, longest_retry_seconds=0.02)


def _ran(name: str, **args: object) -> None:
    print(json.dumps({"ran": name, "args": args}, ensure_ascii=False), flush=True)


@tool
def get_city_weather(city: str) -> str:
    """Get the weather of a city."""
    return f"It is sunny in {city}, 21 °C."


@tool
@human_approval_required
def get_city_gdp(city: str) -> str:
    """Get the gross domestic product of a city."""
    _ran("get_city_gdp", city=city)
    return f"The GDP of {city} is 500 billion."


@tool
@human_approval_required
def transfer_funds(amount: int, recipient: str) -> str:
    """Transfer an amount of euros to a recipient."""
    _ran("transfer_funds", amount=amount, recipient=recipient)
    return f"Transferred {amount} EUR to {recipient}."


def open_team() -> list[AgentRunner]:
    """For clients of the base package: one that works, one that asks theirs, one that shares."""
    coordinator = _agent("our_coordinator")
    coordinator.add_subagent("base_agent", "Hand a task to the agent of the base package.")
    return [_agent("our_agent"), coordinator, _agent("shared_agent")]


def strict_team() -> list[AgentRunner]:
    """For consoles and clients of ours."""
    return [_agent("strict_agent"), _agent("main_agent")]


def _agent(name: str) -> AgentRunner:
    runner = AgentRunner(agent_name=name, pace=QUICK)
    for each in (get_city_weather, get_city_gdp, transfer_funds):
        runner.add_tool(each)
    return runner
