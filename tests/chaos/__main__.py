"""`make chaos`: the long storms, one after the other, counted.

Prints one JSON object for each storm on standard output and what is going on on standard error.
The exit code is 1 if any promise was broken. All of them take about fifteen minutes on two cores.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from tests.chaos.quarrel import Quarrel
from tests.chaos.storm import Plan, Storm
from tests.support.redis_server import RedisServer
from tests.support.shipped_users import CONSOLE, WORKER, settings_with_users, url_of

_TELL_EVERY_SECONDS = 15
_SHOWN_LINES = 40


@dataclass(frozen=True, slots=True)
class Long:
    """One of the long storms.

    Attributes:
        about: for `--help`.
        users: the file of shipped users as whom everybody connects; the administrator otherwise.
    """

    about: str
    make: Callable[..., Storm]
    plan: Plan
    users: str = ""


_CORE = Plan(messages=20_000, contexts=300, processes=4, kills=110, freezes=35, restarts=4)
_ROUNDS = Plan(messages=1000, contexts=100, processes=2, kills=0, freezes=0, restarts=0)
_HURT_ROUNDS = replace(_ROUNDS, processes=3, kills=30, freezes=10, restarts=2, blow_seconds=0.3)
LONG = {
    "core": Long("the core alone", Storm, _CORE),
    "core-mixed": Long(
        "the core, and a base worker in its group", Storm, replace(_CORE, with_base_worker=True)
    ),
    "core-permitted": Long(
        "the core as the shipped user",
        Storm,
        replace(_CORE, messages=5000, kills=25, freezes=8, restarts=2),
        "signoff-7.acl",
    ),
    "deciders": Long("2 to 8 deciders at once", Quarrel, _ROUNDS, "signoff-7.acl"),
    "deciders-hurt": Long("2 to 8 deciders, and agents that die", Quarrel, _HURT_ROUNDS),
}


def main() -> int:
    """Run them. Returns the exit code."""
    names = "\n".join(f"  {name:16}{one.about}: {_size(one.plan)}" for name, one in LONG.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description=__doc__,
        epilog=f"storms:\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("storm", nargs="*", help="which of them; all unless said")
    parser.add_argument(
        "--part", type=float, default=1.0, help="so much of each: 0.1 is a tenth (default: 1)"
    )
    options = parser.parse_args()
    unknown = set(options.storm) - set(LONG)
    if unknown:
        parser.error(f"there is no storm {', '.join(sorted(unknown))}")
    good = [run(name, LONG[name], options.part) for name in options.storm or LONG]
    return 0 if all(good) else 1


def run(name: str, long: Long, part: float) -> bool:
    """Run one storm, and print what was counted. Returns whether every promise was kept."""
    with tempfile.TemporaryDirectory(prefix="storm-") as place:
        folder = Path(place)
        settings = settings_with_users(long.users, folder) if long.users else ""
        server = RedisServer(folder, keeps_data=True, settings=settings)
        storm = long.make(server, _part_of(long.plan, part))
        if long.users:
            storm.worker_url = url_of(WORKER, server.port)
        if long.users and isinstance(storm, Quarrel):
            storm.console_url = url_of(CONSOLE, server.port)
        try:
            asyncio.run(_blow(name, storm))
        finally:
            server.stop()
        outcome = storm.outcome
        line = {"storm": name, "ok": outcome.is_good, **msgspec.to_builtins(outcome)}
        print(msgspec.json.encode(line).decode(), flush=True)
        if not outcome.is_good:
            _say(f"{name}: a promise was broken. The last words of its processes:")
            _say("\n".join(storm.log.read_text().splitlines()[-_SHOWN_LINES:]))
    return outcome.is_good


async def _blow(name: str, storm: Storm) -> None:
    telling = asyncio.create_task(_tell(name, storm), name="progress")
    try:
        await storm.blow()
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)


async def _tell(name: str, storm: Storm) -> None:
    """Say now and then that it goes on."""
    plan, out = storm.plan, storm.outcome
    _say(f"{name}: {_size(plan)}")
    while True:
        await asyncio.sleep(_TELL_EVERY_SECONDS)
        done = f"{out.kills} killed, {out.freezes} frozen, {out.restarts} restarts"
        _say(f"{name}: {done}, {storm.progress}")


def _part_of(plan: Plan, part: float) -> Plan:
    return replace(
        plan,
        messages=max(round(plan.messages * part), 1),
        contexts=max(round(plan.contexts * part), 1),
        kills=round(plan.kills * part),
        freezes=round(plan.freezes * part),
        restarts=round(plan.restarts * part),
    )


def _size(plan: Plan) -> str:
    return (
        f"{plan.messages} messages, {plan.kills} kill -9, {plan.freezes} freezes past the lease, "
        f"{plan.restarts} deaths of the broker"
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
