"""`make chaos`: the long storm. Prints what was counted as JSON; exit code 1 if a promise broke."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

import msgspec

from tests.chaos.storm import Plan, Storm
from tests.support.redis_server import RedisServer


def main() -> int:
    """Run it. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("messages", 20_000), ("kills", 135), ("freezes", 35), ("restarts", 4)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    is_good = True
    for with_base_worker in (False, True):
        plan = Plan(
            messages=options.messages,
            contexts=300,
            processes=4,
            kills=options.kills,
            freezes=options.freezes,
            restarts=options.restarts,
            with_base_worker=with_base_worker,
        )
        with tempfile.TemporaryDirectory(prefix="storm-") as folder:
            server = RedisServer(Path(folder), keeps_data=True)
            try:
                outcome = asyncio.run(Storm(server, plan).blow())
            finally:
                server.stop()
        print(msgspec.json.encode(outcome).decode(), flush=True)
        is_good = is_good and outcome.is_good
    return 0 if is_good else 1


if __name__ == "__main__":
    raise SystemExit(main())
