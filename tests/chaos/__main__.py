"""`make chaos`: the long storms, one after the other, counted.

Prints one JSON object for each storm on standard output and what is going on on standard error.
The exit code is 1 if any promise was broken. All of them take about forty minutes on two cores.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from tests.chaos.attacks import MUTATIONS, VALUES, attack
from tests.chaos.auditing import KILLS, break_the_disk, flip_bits, kill_writers
from tests.chaos.quarrel import Quarrel
from tests.chaos.race import ROUNDS, Race
from tests.chaos.storm import Plan, Storm
from tests.support.cluster import PRIMARIES, running_cluster
from tests.support.environment import ROOT
from tests.support.proxy import TcpProxy
from tests.support.redis_server import RedisServer
from tests.support.shipped_users import CONSOLE, WORKER, settings_with_users, url_of

_HOME = "SIGNOFF_HOME"
_TELL_EVERY_SECONDS = 15
_SHOWN_LINES = 40
AUDIT = "audit"
ATTACKS = "attacks"
REVIEWERS = "reviewers"
CUT_OFF = "console"
CUT_OFF_SECONDS = 600
#: A server that swaps parts asks the others for their votes, once in two times this.
_HASTY_MS = 3000


@dataclass(frozen=True, slots=True)
class Long:
    """One of the long storms.

    Attributes:
        about: for `--help`.
        users: the file of shipped users as whom everybody connects; the administrator otherwise.
        replicas: of a Cluster's primaries; no Cluster if None.
    """

    about: str
    make: Callable[..., Storm]
    plan: Plan
    users: str = ""
    replicas: int | None = None


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
    "cut": Long(
        "the core, and replies that reach it in part",
        Storm,
        # Slowly, so that there is always a reply to cut.
        replace(_CORE, messages=5000, kills=0, freezes=0, restarts=0, cuts=200, pause_seconds=0.02),
    ),
    "cluster": Long(
        "the core on a Cluster of three",
        Storm,
        replace(_CORE, messages=5000, kills=25, freezes=8, restarts=3),
        replicas=0,
    ),
    "failovers": Long(
        "the core on a Cluster whose servers swap their parts",
        Storm,
        replace(_CORE, messages=5000, kills=25, freezes=0, restarts=0, failovers=30),
        replicas=PRIMARIES,
    ),
    "deciders": Long("2 to 8 deciders at once", Quarrel, _ROUNDS, "signoff-7.acl"),
    "deciders-hurt": Long("2 to 8 deciders, and agents that die", Quarrel, _HURT_ROUNDS),
}


def main() -> int:
    """Run them. Returns the exit code."""
    names = "\n".join(f"  {name:16}{one.about}: {_size(one.plan)}" for name, one in LONG.items())
    names += f"\n  {AUDIT:16}the audit log: {KILLS} kill -9, a failing disk, flipped bits"
    names += f"\n  {ATTACKS:16}changed decisions and random values: {MUTATIONS:,} and {VALUES:,}"
    names += f"\n  {CUT_OFF:16}the window behind a way that breaks: {CUT_OFF_SECONDS} s"
    names += f"\n  {REVIEWERS:16}2 to 8 desks that sign at once: {ROUNDS:,} rounds"
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
    others = {
        AUDIT: run_audit,
        ATTACKS: run_attacks,
        REVIEWERS: run_reviewers,
        CUT_OFF: run_console,
    }
    unknown = set(options.storm) - {*LONG, *others}
    if unknown:
        parser.error(f"there is no storm {', '.join(sorted(unknown))}")
    wanted = options.storm or [*LONG, *others]
    good = [run(name, LONG[name], options.part) for name in wanted if name in LONG]
    good += [others[name](options.part) for name in wanted if name in others]
    return 0 if all(good) else 1


def run_audit(part: float) -> bool:
    """Do to the audit log what can be done to it. Returns whether every promise was kept."""
    runs = (
        ("killed", lambda folder: kill_writers(folder, max(round(KILLS * part), 1))),
        ("disk", break_the_disk),
        ("bits", lambda folder: flip_bits(folder, max(round(1 / part), 1))),
    )
    good = True
    for name, harm in runs:
        _say(f"{AUDIT}: {name}")
        with tempfile.TemporaryDirectory(prefix="storm-") as place:
            outcome = harm(Path(place))
        line = {"storm": f"{AUDIT}-{name}", "ok": outcome.is_good, **msgspec.to_builtins(outcome)}
        print(msgspec.json.encode(line).decode(), flush=True)
        good = good and outcome.is_good
    return good


def run_attacks(part: float) -> bool:
    """Run the attacks that need no broker. Returns whether every promise was kept."""
    outcome = attack(part)
    line = {"storm": ATTACKS, "ok": outcome.is_good, **msgspec.to_builtins(outcome)}
    print(msgspec.json.encode(line).decode(), flush=True)
    return outcome.is_good


def run_reviewers(part: float) -> bool:
    """Let reviewers race. Returns whether every promise was kept."""
    rounds = max(round(ROUNDS * part), 1)
    with tempfile.TemporaryDirectory(prefix="storm-") as place, _home(place):
        server = RedisServer(Path(place), keeps_data=True)
        try:
            racing = Race(server).run(rounds, tell=lambda text: _say(f"{REVIEWERS}: {text}"))
            outcome = asyncio.run(racing)
        finally:
            server.stop()
    line = {"storm": REVIEWERS, "ok": outcome.is_good, **msgspec.to_builtins(outcome)}
    print(msgspec.json.encode(line).decode(), flush=True)
    return outcome.is_good


def run(name: str, long: Long, part: float) -> bool:
    """Run one storm, and print what was counted. Returns whether every promise was kept."""
    with tempfile.TemporaryDirectory(prefix="storm-") as place, ExitStack() as ending:
        storm = _storm(long, _part_of(long.plan, part), Path(place), ending)
        asyncio.run(_blow(name, storm))
        outcome = storm.outcome
        line = {"storm": name, "ok": outcome.is_good, **msgspec.to_builtins(outcome)}
        print(msgspec.json.encode(line).decode(), flush=True)
        if not outcome.is_good:
            _say(f"{name}: a promise was broken. The last words of its processes:")
            _say("\n".join(storm.log.read_text().splitlines()[-_SHOWN_LINES:]))
    return outcome.is_good


def run_console(part: float) -> bool:
    """Cut a console off from its broker. Returns whether every promise was kept."""
    _say(f"{CUT_OFF}: {CUT_OFF_SECONDS * part:g} s")
    # In a process of its own, whose environment is nobody's before Qt looks at it.
    command = [sys.executable, "-m", "tests.chaos.cuts", str(CUT_OFF_SECONDS * part)]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


@contextmanager
def _home(place: str) -> Iterator[None]:
    """What the product keeps is kept there, inside the block."""
    before = os.environ.get(_HOME)
    os.environ[_HOME] = place
    try:
        yield
    finally:
        os.environ.pop(_HOME)
        if before is not None:
            os.environ[_HOME] = before


def _storm(long: Long, plan: Plan, folder: Path, ending: ExitStack) -> Storm:
    """A storm over a broker of its own, which ends with the stack."""
    if long.replicas is not None:
        patience = {"node_timeout_ms": _HASTY_MS} if long.replicas else {}
        cluster = ending.enter_context(running_cluster(replicas=long.replicas, **patience))
        world = RedisServer(folder)
        ending.callback(world.stop)
        storm = long.make(cluster, plan)
        storm.world_url = world.url
        return storm
    settings = settings_with_users(long.users, folder) if long.users else ()
    server = RedisServer(folder, keeps_data=True, settings=settings)
    ending.callback(server.stop)
    storm = long.make(server, plan)
    if long.users:
        storm.worker_url = url_of(WORKER, server.port)
    if long.users and isinstance(storm, Quarrel):
        storm.console_url = url_of(CONSOLE, server.port)
    if plan.cuts:
        storm.proxy = TcpProxy(server.port)
        ending.callback(storm.proxy.close)
    return storm


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
        failovers=round(plan.failovers * part),
        cuts=round(plan.cuts * part),
    )


def _size(plan: Plan) -> str:
    return (
        f"{plan.messages} messages, {plan.kills} kill -9, {plan.freezes} freezes past the lease, "
        f"{plan.restarts} deaths of the broker, {plan.failovers} failovers, {plan.cuts} cuts"
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
