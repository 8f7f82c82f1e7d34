"""Runs the real base `AgentCLI`; what a person would type comes from standard input.

Runs in `.base-env`, so it may import nothing of this project. Says its context ID first, as one
line of JSON; ends when it reads `exit`.
"""

# mypy: disable-error-code="import-not-found"

import argparse
import asyncio
import json

from langgraph_distributed_agent.agent_cli import AgentCLI


async def _run(agent: str, redis_url: str, timeout_seconds: float) -> None:
    cli = AgentCLI(target_agent=agent, redis_url=redis_url)
    print(json.dumps({"context_id": cli.context_id}), flush=True)
    async with asyncio.timeout(timeout_seconds):
        await cli.run()


def main() -> None:
    """Talk until `exit`; exit 0 when the session ended in time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agent", required=True)
    parser.add_argument("--redis-url", required=True)
    parser.add_argument("--timeout", type=float, default=30, help="seconds")
    options = parser.parse_args()
    asyncio.run(_run(options.agent, options.redis_url, options.timeout))


if __name__ == "__main__":
    main()
