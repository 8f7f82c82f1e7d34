"""The demo, put together: broker, model, MCP server and the team, for as long as a context is open.

The only place that starts all its parts. Everything listens on 127.0.0.1; what it starts, it stops.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workers.agents.runner import AgentRunner
from workers.demo.agents import AGENTS, World, build_team
from workers.demo.atlas import Atlas
from workers.demo.bank import Bank
from workers.demo.broker import Broker
from workers.demo.chat import MODEL_NAME
from workers.demo.clinic import Clinic
from workers.demo.effects import Effects
from workers.demo.mcp_server import McpServer
from workers.demo.model_server import ModelServer
from workers.demo.trust import prepare_trust
from workers.settings import WorkerSettings

#: What the heartbeat of these workers says, so that nobody takes the script for a model.
SCRIPTED = "scripted model"


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo's parts, up and answering; its agents are not served yet.

    Attributes:
        model_url: of the scripted model, or of the real one that was configured.
        trust: the folder that says whom its workers believe; its console needs it, too.
    """

    redis_url: str = field(repr=False)
    model_url: str
    mcp_url: str
    trust: Path
    runners: list[AgentRunner]


@asynccontextmanager
async def start_demo(
    settings: WorkerSettings, redis_url: str, folder: Path, token_delay_seconds: float
) -> AsyncIterator[Demo]:
    """Start the parts and build the team.

    Args:
        redis_url: a broker that runs already; empty: start one.
        folder: for its keys, what the agents did, and threads where the broker outlives us.
        token_delay_seconds: the scripted model's pause before each piece of text.

    Raises:
        BrokerError: there is no broker and none can be started.
        NotConfigured: the MCP server does not answer, or the demo's keys cannot be used.
    """
    trust = prepare_trust(folder, AGENTS, datetime.now(UTC))
    async with AsyncExitStack() as parts:
        broker = await parts.enter_async_context(Broker.start(redis_url or None))
        atlas = Atlas()
        mcp = await parts.enter_async_context(McpServer.start(atlas))
        # What its workers believed is forgotten with the folder, which may be made anew.
        options: dict[str, Any] = {"redis_url": broker.url, "trust": trust.path, "home": folder}
        if settings.has_model:
            model_url = settings.openai_base_url
            options |= _model(model_url, settings.openai_model, settings.openai_api_key)
            options["note"] = f"model {settings.openai_model}"
        else:
            key = secrets.token_urlsafe(24)
            server = ModelServer.start(key, token_delay_seconds)
            model_url = (await parts.enter_async_context(server)).url
            options |= _model(model_url, MODEL_NAME, key)
            options["note"] = SCRIPTED
        # Threads without the broker's streams are of no use to anybody.
        options["checkpoint_url"] = str(folder / "checkpoints.sqlite") if redis_url else ":memory:"
        world = World(Bank(datetime.now(UTC).date()), Clinic(), atlas, Effects(folder))
        team = await build_team(world, mcp.url, options)
        yield Demo(broker.url, model_url, mcp.url, trust.path, team)


def _model(url: str, name: str, key: str) -> dict[str, str]:
    return {"openai_base_url": url, "openai_model": name, "openai_api_key": key}
