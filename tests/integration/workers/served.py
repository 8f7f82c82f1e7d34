"""Agents for tests that start `signoff-worker run` as a process; the environment says with what."""

from __future__ import annotations

import os

from langchain_core.tools import tool

from workers import AgentRunner, human_approval_required


@tool
@human_approval_required
def get_city_gdp(city: str) -> str:
    """Get city gdp."""
    return f"{city}: 500 billion"


def _runner(name: str) -> AgentRunner:
    runner = AgentRunner(agent_name=name, system_prompt="You are an agent in a test.")
    runner.add_tool(get_city_gdp)
    return runner


def one() -> AgentRunner:
    """One agent."""
    return _runner("demo_agent")


async def two() -> list[AgentRunner]:
    """Two agents, made by a coroutine."""
    return [_runner("demo_agent"), _runner("economics_agent")]


@tool
def get_city_weather(city: str) -> str:
    """Look up the weather, and take the process along."""
    os._exit(9)


def deadly() -> AgentRunner:
    """An agent with a tool that kills its process."""
    runner = AgentRunner(agent_name="demo_agent", system_prompt="You are an agent in a test.")
    runner.add_tool(get_city_weather)
    return runner


nothing = 7
