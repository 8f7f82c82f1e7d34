"""`make chaos`: the long storms. Prints what was counted as JSON; exit 1 if a promise broke."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec

from tests.chaos.storm import Outcome, Plan, Storm
from tests.support.cluster import PRIMARIES, running_cluster
from tests.support.proxy import TcpProxy
from tests.support.redis_server import RedisServer


def main() -> int:
    """Run it. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (
        ("messages", 20_000),
        ("kills", 135),
        ("freezes", 35),
        ("restarts", 4),
        ("cuts", 300),
        ("failovers", 60),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    plan = Plan(
        messages=options.messages,
        contexts=300,
        processes=4,
        kills=options.kills,
        freezes=options.freezes,
        restarts=options.restarts,
    )
    cutting = replace(plan, kills=0, freezes=0, restarts=0, cuts=options.cuts, blow_seconds=0.2)
    storms = (
        lambda server: Storm(server, plan),
        lambda server: Storm(server, replace(plan, with_base_worker=True)),
        lambda server: Storm(server, cutting, proxy=TcpProxy(server.port)),
    )
    swapping = replace(plan, freezes=0, restarts=0, failovers=options.failovers)
    outcomes = [_on_one_server(storm) for storm in storms]
    outcomes += [
        _on_a_cluster(plan),
        _on_a_cluster(swapping, replicas=PRIMARIES, node_timeout_ms=3000),
    ]
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


def _on_one_server(storm: Callable[[RedisServer], Storm]) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="storm-") as folder:
        server = RedisServer(Path(folder), keeps_data=True)
        blowing = storm(server)
        try:
            return _told(asyncio.run(blowing.blow()))
        finally:
            if blowing.proxy is not None:
                blowing.proxy.close()
            server.stop()


def _on_a_cluster(plan: Plan, **options: int) -> Outcome:
    with (
        tempfile.TemporaryDirectory(prefix="storm-") as folder,
        running_cluster(**options) as cluster,
    ):
        world = RedisServer(Path(folder))
        try:
            return _told(asyncio.run(Storm(cluster, plan, world_url=world.url).blow()))
        finally:
            world.stop()


def _told(outcome: Outcome) -> Outcome:
    print(msgspec.json.encode(outcome).decode(), flush=True)
    return outcome


if __name__ == "__main__":
    raise SystemExit(main())
