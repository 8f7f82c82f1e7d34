"""One broker that the base package and we share, with everybody on it a process of its own.

The only place that starts our side of the interop stories. It lives as long as the tests of this
folder run, because each process of either side takes two seconds to start: a story uses context
IDs of its own, and looks only at what happened in those.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from tests.interop.base_package import BasePackage
from tests.support.keys import leaked_keys
from tests.support.processes import JSON_LINE, Process, Processes
from tests.support.redis_server import RedisServer
from tests.support.stub_model import StubModel
from tests.support.waiting import wait_until


@dataclass(frozen=True, slots=True)
class Said:
    """What the console's command answered.

    Attributes:
        code: its exit code.
        answer: its last line of JSON.
    """

    code: int
    answer: Any


class BothWorlds:
    """The broker, the model, and whoever is started on them.

    Attributes:
        base: the programs of the base package.
        broker: a client for looking at what the programs left.
    """

    def __init__(self, python: Path, folder: Path, url: str, model: StubModel) -> None:
        self.url = url
        self.model = model
        self.processes = Processes(folder)
        self.base = BasePackage(python, url, self.processes.start, folder)
        # The types of its replies are unions of those of every protocol version.
        self.broker: Any = redis.Redis.from_url(url, decode_responses=True, protocol=2)
        self._folder = folder

    def base_worker(self, agent: str, *subagents: str) -> Process:
        """A worker of the base package; see `BasePackage.worker`."""
        return self.base.worker(agent, self.model.url, subagents)

    def our_worker(self, team: str, mode: str) -> Process:
        """A worker of ours: a team of `our_scripts.agents`, in a mode; ready when it listens."""
        name = f"tests.interop.our_scripts.agents:{team}"
        return self.run("-m", "workers", "run", name, env={"SIGNOFF_MODE": mode}, ready=True)

    def run(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        stdin: str = "",
        ready: bool = False,
    ) -> Process:
        """Run Python here with broker and model in the environment, by our and the base's names.

        Args:
            env: more of it.
            ready: wait until it says that it is.
        """
        everything = {
            "SIGNOFF_REDIS_URL": self.url,
            "REDIS_URL": self.url,
            "OPENAI_BASE_URL": self.model.url,
            "OPENAI_MODEL": "scripted",
            "OPENAI_API_KEY": "not-a-key",
            **(env or {}),
        }
        pattern = JSON_LINE if ready else None
        command = (sys.executable, *arguments)
        start = self.processes.start
        return start(*command, name="ours", env=everything, stdin=stdin, ready=pattern)

    def start_console(self, *arguments: str) -> Process:
        """Start a `signoff` command, and do not wait for its end."""
        return self.run("-m", "desktop", *arguments, "--json")

    def console(self, *arguments: str) -> Said:
        """Run a `signoff` command to its end."""
        return answer_of(self.start_console(*arguments))

    def inbox(self, context: str) -> list[Any]:
        """What `signoff inbox` lists for one context."""
        return [one for one in self.console("inbox").answer if one["context_id"] == context]

    def wait_for_request(self, context: str, *, after: str = "") -> Any:  # noqa: ANN401 - JSON
        """Wait until one call waits in a context, and return how `signoff inbox` lists it.

        Args:
            after: the tool call that waited before.
        """

        def only() -> Any:  # noqa: ANN401 - JSON
            waiting = self.inbox(context)
            return waiting[0] if [one["tool_call_id"] != after for one in waiting] == [True] else 0

        return wait_until(only, f"one request to wait in {context}")

    def progress(self, context: str) -> list[Any]:
        """The `data` of the progress events of a context."""
        return [event["data"] for event in self._events(f"agent_task:{context}")]

    def commands(self, agent: str, context: str) -> list[Any]:
        """The decisions that lie in an inbox; a base worker deletes nothing there."""
        return [
            event["data"]
            for event in self._events(f"agent_event:{agent}")
            if event["context_id"] == context and event["event_type"] == "agent_command"
        ]

    def told(self, stream: str, context: str) -> str:
        """Everything a stream holds about one context, as text to look for words in."""
        return "\n".join(json.dumps(e) for e in self._events(stream) if e["context_id"] == context)

    def log(self) -> str:
        """What those who still run have printed, and the last three who ended."""
        started = self.processes.started
        shown = [one for one in started[:-3] if one.exit_code is None] + started[-3:]
        return "\n".join(process.log() for process in shown)

    def groups(self, context: str) -> list[Any]:
        """The consumer groups on the progress of a context."""
        return list(self.broker.xinfo_groups(f"agent_task:{context}"))

    def _events(self, stream: str) -> list[Any]:
        return [json.loads(fields["data"]) for _, fields in self.broker.xrange(stream)]


def answer_of(command: Process) -> Said:
    """Wait for the end of a command that prints JSON."""
    code = command.wait_until_ended()
    lines = command.output().splitlines()
    assert lines, command.log()
    return Said(code, json.loads(lines[-1]))


def payments(worker: Process, *recipients: str) -> list[tuple[int, str]]:
    """The transfers a worker really made to these recipients, in order."""
    ran = [line["args"] for line in worker.json_lines() if line.get("ran") == "transfer_funds"]
    return [(a["amount"], a["recipient"]) for a in ran if a["recipient"] in recipients]


@contextmanager
def both_worlds(python: Path) -> Iterator[BothWorlds]:
    """A broker and a model for both, and a check of what is left on the broker at the end."""
    with tempfile.TemporaryDirectory(prefix="both-worlds-") as name:
        folder = Path(name)
        server, model = RedisServer(folder), StubModel()
        worlds = BothWorlds(python, folder, server.url, model)
        try:
            yield worlds
            worlds.processes.stop_all()
            assert leaked_keys(worlds.broker) == []
        finally:
            worlds.processes.stop_all()
            worlds.broker.close()
            server.stop()
            model.close()
