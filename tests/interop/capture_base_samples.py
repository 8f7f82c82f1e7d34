"""Captures one real message of each kind from the base package, for the contract tests.

    python -m tests.interop.capture_base_samples

Runs the real base worker and client against a real redis-server and a scripted model, and writes
what they put on the streams to `tests/contract/samples/base/`, byte for byte. A sample that exists
is never overwritten: samples are frozen, and only added to.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis

from tests.interop.base_env import python_of_base_env
from tests.interop.base_package import BasePackage
from tests.support.environment import ROOT
from tests.support.processes import Processes
from tests.support.redis_server import RedisServer
from tests.support.stub_model import StubModel
from tests.support.waiting import wait_until

_SAMPLES = ROOT / "tests" / "contract" / "samples" / "base"
_USER = {"user_id": "u-0417", "user_name": "Mina Okafor"}

Pick = Callable[[dict[str, Any]], bool]


def _progress(pick: Callable[[dict[str, Any], Any], bool]) -> Pick:
    """A pick among progress events by their data and their message."""
    return lambda event: (
        event["event_type"] == "agent_progress" and pick(event["data"], event["data"]["message"])
    )


def _typed(kind: str, pick: Callable[[dict[str, Any], Any], bool]) -> Pick:
    """A pick among LangChain messages of one type."""
    return _progress(
        lambda data, message: (
            isinstance(message, dict) and message.get("type") == kind and pick(data, message)
        )
    )


def _other(event_type: str, pick: Callable[[dict[str, Any]], bool]) -> Pick:
    return lambda event: event["event_type"] == event_type and pick(event["data"])


_KINDS: dict[str, Pick] = {
    "human_message": _typed("human", lambda _, m: "Zürich" in m["content"]),
    "ai_message": _typed("ai", lambda _, m: m["content"].startswith("You said")),
    "ai_message_with_tool_call": _typed("ai", lambda _, m: len(m["tool_calls"]) == 1),
    "ai_message_with_two_tool_calls": _typed("ai", lambda _, m: len(m["tool_calls"]) == 2),
    "tool_message": _typed("tool", lambda _, m: m["name"] == "get_city_weather"),
    "tool_message_rejected": _typed("tool", lambda _, m: m["content"].startswith("User declined")),
    "tool_message_waiting": _typed("tool", lambda _, m: m["content"] == "waiting response..."),
    "interrupt": _progress(
        lambda d, m: d["type"] == "interrupt" and m["action_request"]["action"] == "transfer_funds"
    ),
    "interrupt_of_subagent": _progress(
        lambda d, _: d["type"] == "interrupt" and d["caller_agent"] == "coordinator"
    ),
    "interrupt_of_two_calls": _progress(
        lambda d, m: d["type"] == "interrupt" and m["action_request"]["args"].get("city") == "Bern"
    ),
    "error_string": _progress(lambda _, m: isinstance(m, str)),
    "finish": _typed("ai", lambda d, m: d["is_finish"] and m["content"].startswith("Done")),
    "finish_of_subagent": _typed(
        "ai", lambda d, _: d["is_finish"] and d["caller_agent"] == "coordinator"
    ),
    "finish_after_reject": _typed("ai", lambda _, m: m["content"] == "Tool Rejected"),
    "agent_invocation": _other("agent_invocation", lambda d: d["context"] == _USER),
    "agent_invocation_from_agent": _other(
        "agent_invocation", lambda d: d["caller_agent"] == "coordinator"
    ),
    "agent_command": _other("agent_command", lambda d: d["payload"]["type"] == "accept"),
    "agent_command_reject": _other("agent_command", lambda d: d["payload"]["type"] == "reject"),
    "agent_response": _other(
        "agent_response",
        lambda d: d["content"].startswith("Done") and d["invocation_id"].startswith("invocation_"),
    ),
    "agent_response_to_agent": _other(
        "agent_response", lambda d: d["invocation_id"].startswith("call_")
    ),
    "agent_response_busy": _other("agent_response", lambda d: "retry later" in d["content"]),
}


def main() -> int:
    """Run the base package through everything it can say, and keep one of each."""
    python = python_of_base_env()
    model = StubModel()
    try:
        with tempfile.TemporaryDirectory(prefix="capture-") as name:
            folder = Path(name)
            server = RedisServer(folder)
            processes = Processes(folder)
            try:
                base = BasePackage(python, server.url, processes.start, folder)
                _let_it_talk(base, server, model.url)
                entries = _entries(server)
            finally:
                processes.stop_all()
                server.stop()
    finally:
        model.close()
    missing = [kind for kind, pick in _KINDS.items() if not _keep(kind, pick, entries)]
    if missing:
        print(f"The base package did not say: {', '.join(missing)}", file=sys.stderr)
    return bool(missing)


def _let_it_talk(base: BasePackage, server: RedisServer, model_url: str) -> None:
    base.worker("demo_agent", model_url)
    base.worker("coordinator", model_url, subagents=["economics_agent"])
    base.worker("economics_agent", model_url)

    base.talk("demo_agent", "c-weather", "weather in Zürich", user=_USER)
    base.talk("demo_agent", "c-hello", "good morning ☀ 你好")
    base.talk("demo_agent", "c-pay", "pay 1250 to ACME Tools Ltd", "accept")
    base.talk("demo_agent", "c-no", "pay 980 to Globex", "reject")
    base.talk("demo_agent", "c-two", "gdp of Graz and gdp of Bern")
    base.talk("coordinator", "c-team", "ask economics_agent: gdp of Oslo", "accept")

    # While its interrupt waits, the agent turns a second task away.
    base.client("demo_agent", "c-two", "send", "weather in Graz")
    wait_until(lambda: "retry later" in str(_entries(server)), "the agent to say it is busy")
    base.client("demo_agent", "c-broken", "send", "break")
    wait_until(lambda: "Error occurred" in str(_entries(server)), "the agent to say it failed")


def _entries(server: RedisServer) -> list[tuple[str, str]]:
    """Key and data of everything on the streams: key by key, oldest first."""
    found: list[tuple[str, str]] = []
    with redis.from_url(server.url, decode_responses=True) as client:
        for key in sorted(client.scan_iter("agent_*")):
            found += [(key, fields["data"]) for _, fields in client.xrange(key)]
    return found


def _keep(kind: str, pick: Pick, entries: list[tuple[str, str]]) -> bool:
    """Write the first entry of a kind, unless there is one from earlier."""
    path = _SAMPLES / f"{kind}.json"
    if path.exists():
        return True
    for key, data in entries:
        if pick(json.loads(data)):
            sample = {"key": key, "entry": {"data": data}}
            path.write_text(json.dumps(sample, indent=2, ensure_ascii=False) + "\n")
            print(path.relative_to(ROOT))
            return True
    return False


if __name__ == "__main__":
    sys.exit(main())
