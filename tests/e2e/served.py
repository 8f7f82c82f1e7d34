"""Agents for stories that `signoff-worker run` serves: a slow payment, and a graph of LangChain's.

The environment says where they note what really ran.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

from workers import AgentRunner, human_approval_required

#: Names the file of notes.
LEDGER = "SIGNOFF_TEST_LEDGER"
PAYMENTS, HOSTED = "payments_agent", "hosted_agent"


def _note(**what: object) -> int:
    """Note that something ran. Returns how much has been noted so far."""
    path = Path(os.environ[LEDGER])
    with path.open("a") as ledger:
        ledger.write(json.dumps(what) + "\n")
    return len(path.read_text().splitlines())


@tool
@human_approval_required
async def transfer_funds(amount: int, recipient: str) -> str:
    """Transfer money to a payee."""
    if _note(amount=amount, recipient=recipient) == 1:
        await asyncio.Event().wait()  # the first start never comes back
    return f"{amount} sent to {recipient}"


def payments() -> AgentRunner:
    """An agent of ours, whose first payment is never heard of again."""
    runner = AgentRunner(agent_name=PAYMENTS, system_prompt="You pay.")
    runner.add_tool(transfer_funds)
    return runner


@tool("transfer_funds")
def pay(amount: int, recipient: str) -> str:
    """Transfer money to a payee."""
    _note(amount=amount, recipient=recipient)
    return f"{amount} sent to {recipient}"


def hosted() -> AgentRunner:
    """A graph that knows nothing of us, and asks about all calls of a turn at once."""
    graph = create_agent(
        ChatOpenAI(model="stub", max_retries=0),
        [pay],
        middleware=[HumanInTheLoopMiddleware(interrupt_on={"transfer_funds": True})],
    )
    return AgentRunner(agent_name=HOSTED, graph=graph)
