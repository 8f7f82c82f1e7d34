"""Agents that make trouble for whoever runs them in several processes."""

from __future__ import annotations

import sys
import time

from tests.integration.workers.served import get_city_gdp, one
from workers import AgentRunner


def talkative() -> AgentRunner:
    """Prints while it is made, also what looks like the line of a worker that listens."""
    print("a tool was made")
    print('{"agents": ["somebody"], "pid": 1}', flush=True)
    return one()


def stubborn() -> AgentRunner:
    """An agent whose process is blocked for ever by the time it is asked to end."""

    class Runner(AgentRunner):
        async def close(self) -> None:
            _block()

    runner = one()
    runner.__class__ = Runner
    return runner


def _block() -> None:
    sys.stderr.write("I will not go\n")
    sys.stderr.flush()
    while True:
        time.sleep(60)


def treasury() -> AgentRunner:
    """An agent by a name that the shipped users may write to."""
    runner = AgentRunner(agent_name="treasury_agent", system_prompt="You are an agent in a test.")
    runner.add_tool(get_city_gdp)
    return runner
