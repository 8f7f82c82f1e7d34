"""The shipped users on a Cluster: all that console, worker and doctor do there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support import scenes
from tests.support.cluster import Cluster, running_cluster
from tests.support.command_line import python
from tests.support.desk import Desk
from tests.support.environment import ROOT
from tests.support.processes import Process
from tests.support.stub_model import StubModel
from tests.support.waiting import await_until
from workers.wire.approvals import DecisionKind
from workers.wire.streams.connection import Connection
from workers.wire.streams.guard import send_once

CONSOLE, WORKER = "signoff-console", "signoff-worker"


@pytest.fixture(params=["signoff.acl", "signoff-7.acl"])
def guarded(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A Cluster with the shipped users on every server; their password is their name."""
    users = ROOT / "resources" / "redis" / request.param
    with running_cluster(settings=(f"include {users}",)) as cluster:
        for node in cluster.nodes:
            with node.client() as client:
                for user in (CONSOLE, WORKER):
                    client.execute_command("ACL", "SETUSER", user, f">{user}")
        yield cluster


def _url(cluster: Cluster, user: str) -> str:
    return cluster.url_without_password.replace("://", f"://{user}:{user}@")


async def test_console_and_worker_do_their_work_as_these_users(
    guarded: Cluster, worker_process: Callable[..., Process], stub_model: StubModel
) -> None:
    """Follow, chat and decide; the agent runs what was approved, and the doctor misses nothing."""
    environment = {
        "SIGNOFF_REDIS_URL": _url(guarded, WORKER),
        "OPENAI_BASE_URL": stub_model.url,
        "OPENAI_MODEL": "stub",
        "OPENAI_API_KEY": "not-a-key",
    }
    crew = "tests.integration.operations.crew:treasury"
    worker = worker_process("run", crew, env=environment)
    async with Desk() as desk:
        await desk.connect(_url(guarded, CONSOLE))
        await await_until(lambda: len(desk.store.agents()) == 1, "the agent to be seen")
        context_id = desk.conversations.start("treasury_agent", "gdp of Oslo")
        await await_until(desk.store.requests, "the request")
        [request] = desk.store.requests()
        desk.approvals.decide(request.key, DecisionKind.APPROVE)
        await await_until(
            lambda: any("500 billion" in text for text in desk.texts(context_id)), "the result"
        )
    examined = await python("-m", "workers", "doctor", "--json", env=environment)
    told = {one["check"]: one["level"] for one in examined.json["findings"]}
    assert told["permissions"] == "ok"
    assert worker.stop() == 0
    assert "not permit" not in worker.errors()


async def test_the_console_decides_a_foreign_call_once(guarded: Cluster) -> None:
    """Mark and message are two steps there, and both are permitted."""
    async with Connection(_url(guarded, CONSOLE)) as console:
        agent, event = "treasury_agent", scenes.human_says("hello")

        assert await send_once(console, agent, event, call="c", mark="first")
        assert not await send_once(console, agent, event, call="c", mark="second")
