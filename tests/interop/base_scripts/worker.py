"""Serves one agent with the real base package, as its README says.

Runs in `.base-env`, so it may import nothing of this project. It is ready when the base package
prints that it has its consumer group. What its gated tools really did is printed as lines of
JSON with the key `ran`.
"""

# mypy: disable-error-code="import-not-found, untyped-decorator"

import argparse
import asyncio
import json
from typing import Annotated

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import InjectedToolCallId, tool
from langgraph_distributed_agent.agent_runner import AgentRunner
from langgraph_distributed_agent.utils import human_approval_required


def _ran(name: str, **args: object) -> None:
    print(json.dumps({"ran": name, "args": args}, ensure_ascii=False), flush=True)


@tool
def get_city_weather(city: str) -> str:
    """Get the weather of a city."""
    return f"It is sunny in {city}, 21 °C."


@tool
@human_approval_required
def get_city_gdp(
    city: str,
    config: RunnableConfig,
    injected_tool_call_id: Annotated[str, InjectedToolCallId],
) -> str:
    """Get the gross domestic product of a city."""
    _ran("get_city_gdp", city=city)
    return f"The GDP of {city} is 500 billion."


@tool
@human_approval_required
def transfer_funds(
    amount: int,
    recipient: str,
    config: RunnableConfig,
    injected_tool_call_id: Annotated[str, InjectedToolCallId],
) -> str:
    """Transfer an amount of euros to a recipient."""
    _ran("transfer_funds", amount=amount, recipient=recipient)
    return f"Transferred {amount} EUR to {recipient}."


async def _serve(options: argparse.Namespace) -> None:
    runner = AgentRunner(
        agent_name=options.agent,
        system_prompt="You are a helpful assistant.",
        redis_url=options.redis_url,
        mysql_url=options.checkpoints,
        openai_base_url=options.model_url,
        openai_model=options.model,
        openai_api_key=options.model_key,
    )
    for each in (get_city_weather, get_city_gdp, transfer_funds):
        runner.add_tool(each)
    for subagent in options.subagent:
        runner.add_subagent(subagent, f"Hand a task to {subagent}.")
    await runner.start()


def main() -> None:
    """Serve until ended by a signal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agent", required=True)
    parser.add_argument("--redis-url", required=True)
    parser.add_argument("--model-url", required=True)
    parser.add_argument("--model", default="scripted")
    parser.add_argument("--model-key", default="not-a-key")
    parser.add_argument("--checkpoints", required=True, help="a file whose name ends in .db")
    parser.add_argument("--subagent", action="append", default=[], help="may be given many times")
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
