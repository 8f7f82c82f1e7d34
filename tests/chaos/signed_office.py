"""`python -m tests.chaos.signed_office URL FOLDER`: an agent that pays, and takes signed decisions.

The only place that says how many people a payment takes in a race. Everything real but the model;
its trust folder is `FOLDER/trust`, its book lies in FOLDER.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import structlog

from tests.chaos.office import Book, Script
from tests.chaos.worker import PACE
from workers import AgentRunner
from workers.app import run_workers
from workers.wire.approvals import Mode

AGENT = "treasury_agent"
#: Above it a payment takes two.
LIMIT = 1000
POLICY = f"""
id = "payments"
version = 7

[[rules]]
name = "any payment"
roles = ["treasury"]

[[rules]]
name = "two above a limit"
roles = ["treasury"]
quorum = 2
when = [{{ argument = "/amount", comparison = "above", value = {LIMIT} }}]
"""


async def main(url: str, folder: Path) -> None:
    """Serve until SIGTERM."""
    runner = AgentRunner(
        AGENT,
        redis_url=url,
        model=Script(),
        mode=Mode.ENFORCE,
        trust=folder / "trust",
        pace=PACE,
        checkpoint_url=str(folder / f"{AGENT}.sqlite"),
    )
    runner.add_tool(Book(folder).transfer_funds)
    await run_workers([runner], on_listening=lambda: print("{}", flush=True))


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(file=sys.stderr))
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
