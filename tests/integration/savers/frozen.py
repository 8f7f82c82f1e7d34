"""A worker for tests that freezes itself between asking the broker and writing a checkpoint.

Started by `signoff-worker run`. It freezes once: in the process that finds the file named in
`FREEZE_AT` missing, at the first checkpoint after its tool has run.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

from langchain_core.tools import tool

from workers import AgentRunner
from workers.agents import fencing
from workers.runtime.leases import confirm_lease

_file = Path(os.environ["FREEZE_AT"])
_ran = False


async def _confirm_and_freeze() -> None:
    await confirm_lease()
    _freeze_once()


def _freeze_once() -> None:
    if _ran and not _file.exists():
        _file.touch()
        os.kill(os.getpid(), signal.SIGSTOP)


fencing.confirm_lease = _confirm_and_freeze


@tool
def get_city_weather(city: str) -> str:
    """Look up the weather."""
    global _ran  # noqa: PLW0603 - one process, one life
    _ran = True
    return f"sunny in {city}, says {os.getpid()}"


def runner() -> AgentRunner:
    """The agent."""
    made = AgentRunner(agent_name="demo_agent", system_prompt="You are an agent in a test.")
    made.add_tool(get_city_weather)
    return made
