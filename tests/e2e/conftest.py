"""The parts of every story: the real demo team on this test's broker, and real consoles."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.support.console import ConsolePage, running_console
from tests.support.processes import Process


class DemoTeam:
    """The demo agents, in a process of their own.

    Attributes:
        url: of the broker they serve.
    """

    def __init__(self, process: Process, home: Path) -> None:
        self.process = process
        self.url = str(process.ready["redis_url"])
        self._effects = home / "demo" / "effects.jsonl"

    @property
    def transfers(self) -> list[tuple[str, float]]:
        """Every transfer that really ran, by the team's own ledger: payee and amount."""
        return [
            (line["args"]["to"], line["args"]["amount"])
            for line in self.effects
            if line["tool"] == "transfer_funds"
        ]

    @property
    def effects(self) -> list[dict[str, Any]]:
        """Every call with an effect that really ran."""
        if not self._effects.exists():
            return []
        return [json.loads(line) for line in self._effects.read_text().splitlines()]


@pytest.fixture
def demo(worker_process: Callable[..., Process], redis_url: str, signoff_home: Path) -> DemoTeam:
    """The demo team on this test's own broker."""
    process = worker_process("demo", "--redis-url", redis_url, "--token-delay", "0")
    return DemoTeam(process, signoff_home)


@pytest_asyncio.fixture
async def console(
    demo: DemoTeam, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ConsolePage]:
    """A console that follows the demo team."""
    async with running_console(tmp_path / "desk", monkeypatch, demo.url) as page:
        yield page
