"""The programs of the base package, each started as a process of its own.

The only place that knows how they are called.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.processes import Process, StartProcess

_SCRIPTS = Path(__file__).parent / "base_scripts"


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the base client saw.

    Attributes:
        events: the progress events, as the base package understood them.
        end: `finish`, `interrupt`, or what the order to the client came to.
    """

    events: list[dict[str, Any]]
    end: str

    def messages(self, kind: str) -> list[dict[str, Any]]:
        """The messages of one LangChain type: `human`, `ai`, `tool`."""
        messages = [event["data"]["message"] for event in self.events]
        return [one for one in messages if isinstance(one, dict) and one.get("type") == kind]


class BasePackage:
    """Starts the programs of the base package against one broker."""

    def __init__(self, python: Path, redis_url: str, start: StartProcess, folder: Path) -> None:
        self.redis_url = redis_url
        self._python = str(python)
        self._start = start
        self._folder = folder

    def worker(self, agent: str, model_url: str, subagents: Iterable[str] = ()) -> Process:
        """A worker that serves `agent`; ready when it listens.

        Its tools: `get_city_weather` (free), `get_city_gdp`, `transfer_funds` (gated). What the
        gated ones did is in `json_lines()`, as `{"ran": name, "args": {...}}`.
        """
        options = ["--agent", agent, "--redis-url", self.redis_url, "--model-url", model_url]
        options += ["--checkpoints", str(self._folder / f"{agent}.db")]
        for subagent in subagents:
            options += ["--subagent", subagent]
        script = str(_SCRIPTS / "worker.py")
        name = f"base-{agent}"
        return self._start(self._python, script, *options, name=name, ready="^Consumer group")

    def client(self, agent: str, context: str, *order: str) -> Conversation:
        """Let the base client do one thing: `talk TEXT`, `send TEXT`, `accept`, `last`, ...

        See `base_scripts/client.py`. Blocks until it is done.
        """
        options = ["--agent", agent, "--redis-url", self.redis_url, "--context", context]
        script = str(_SCRIPTS / "client.py")
        process = self._start(self._python, script, *options, *order, name="base-client")
        assert process.wait_until_ended() == 0, process.log()
        *events, last = process.json_lines()
        return Conversation(events, last["end"])

    def talk(
        self,
        agent: str,
        context: str,
        text: str,
        *answers: str,
        user: Mapping[str, str] | None = None,
    ) -> Conversation:
        """Say something and answer what is asked back.

        Args:
            answers: `accept` or `reject`, in the order they are given.
            user: the context dictionary, such as `user_name`.
        """
        options = ["--user", json.dumps(dict(user or {})), "--answers", *answers]
        return self.client(agent, context, "talk", text, *options)

    def cli(self, agent: str, *typed: str) -> Process:
        """Run the base command line with what a person types, to its end."""
        options = ["--agent", agent, "--redis-url", self.redis_url]
        script = str(_SCRIPTS / "cli_session.py")
        typed_text = "".join(f"{line}\n" for line in typed)
        process = self._start(self._python, script, *options, name="base-cli", stdin=typed_text)
        assert process.wait_until_ended() == 0, process.log()
        return process
