"""Does one thing with the real base `AgentClient` and prints what came of it as lines of JSON.

Runs in `.base-env`, so it may import nothing of this project. Each progress event is one line,
just as the base package understood it; `{"end": ...}` is the last one.
"""

# mypy: disable-error-code="import-not-found"

import argparse
import asyncio
import json

from langgraph_distributed_agent.agent_client import AgentClient


def _print(line: object) -> None:
    print(json.dumps(line, ensure_ascii=False), flush=True)


async def _talk(client: AgentClient, options: argparse.Namespace) -> str:
    """Send one message, stream, and answer each interrupt with the next answer."""
    await client.send_message(options.text, options.context, json.loads(options.user))
    answers = list(options.answers)
    while True:
        end = await _stream(client, options.context)
        if end != "interrupt" or not answers:
            return end
        await _answer(client, options.context, answers.pop(0))


async def _stream(client: AgentClient, context: str) -> str:
    """Print progress until the base client thinks it is over; returns why."""
    end = "nothing"
    async for event in client.progress_events(context):
        _print(event.model_dump(mode="json"))
        end = "interrupt" if event.data.type == "interrupt" else "finish"
    return end


async def _answer(client: AgentClient, context: str, answer: str) -> str:
    if answer == "accept":
        done = await client.accept_tool_invocation(context)
    else:
        done = await client.reject_tool_invocation(context)
    return f"{answer} sent" if done else "nothing waits"


async def _run(options: argparse.Namespace) -> None:
    client = AgentClient(target_agent=options.agent, redis_url=options.redis_url)
    try:
        async with asyncio.timeout(options.timeout):
            if options.do == "talk":
                end = await _talk(client, options)
            elif options.do == "send":
                await client.send_message(options.text, options.context, json.loads(options.user))
                end = "sent"
            elif options.do == "progress":
                end = await _stream(client, options.context)
            elif options.do == "last":
                event = await client.get_last_event(options.context)
                _print(event.model_dump(mode="json") if event else None)
                end = "last"
            elif options.do == "history":
                for entry in await client.get_chat_history(options.context):
                    _print(entry["data"].model_dump(mode="json"))
                end = "history"
            else:
                end = await _answer(client, options.context, options.do)
        _print({"end": end})
    finally:
        await client.disconnect()


def main() -> None:
    """Do one thing; exit 0 when it was done in time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agent", required=True)
    parser.add_argument("--redis-url", required=True)
    parser.add_argument("--context", required=True)
    parser.add_argument("--timeout", type=float, default=30, help="seconds")
    things = parser.add_subparsers(dest="do", required=True)
    for name in ("talk", "send"):
        thing = things.add_parser(name)
        thing.add_argument("text")
        thing.add_argument("--user", default="{}", help="the context dictionary, as JSON")
    things.choices["talk"].add_argument("--answers", nargs="*", default=[])
    for name in ("progress", "accept", "reject", "last", "history"):
        things.add_parser(name)
    asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
