"""`python -m tests.mutation`: how often the tests notice a change in the code that judges.

Prints one JSON object for each module, and each mutant that nobody noticed on standard error. The
exit code is 1 if fewer than nine of ten are noticed. Only the unit tests of a room are run.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from pathlib import Path
from typing import Final

from tests.mutation.mutants import Mutant, mutants
from tests.mutation.trying import try_all
from tests.support.environment import ROOT

GOAL: Final = 0.9
_SIGNING, _POLICY = "tests/unit/wire/signing", "tests/unit/wire/policy"
_ATTACKS: Final = tuple(
    f"tests/unit/wire/attacks/test_{name}.py"
    for name in ("one_decision", "replays", "two_people", "registries", "what_workers_say")
)
_RUNTIME: Final = "tests/unit/workers/runtime"


def _audit(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/unit/desktop/audit/test_{name}.py" for name in names)


#: Which tests hold which room.
ROOMS: Final[dict[str, tuple[str, ...]]] = {
    "workers/wire/signing": (_SIGNING, *_ATTACKS),
    "workers/wire/policy": (_POLICY, *_ATTACKS[:3]),
    "workers/wire/trust.py": ("tests/unit/wire/test_trust.py", _ATTACKS[3]),
    "workers/wire/seen.py": ("tests/unit/wire/test_trust.py", _ATTACKS[3]),
    "workers/runtime/judging.py": (f"{_RUNTIME}/test_judging.py",),
    "workers/runtime/demanding.py": (
        f"{_RUNTIME}/test_demanding.py",
        f"{_RUNTIME}/test_judging.py",
    ),
    "workers/runtime/addressing.py": (f"{_RUNTIME}/test_addressing.py",),
    "desktop/audit/verifying.py": _audit(
        "log", "verifying", "verifying_meanwhile", "setting_aside"
    ),
    "desktop/audit/chain.py": _audit("chain", "proofs"),
    "desktop/audit/beside.py": _audit("verifying", "retention"),
    "desktop/audit/matching.py": _audit("matching"),
    "desktop/audit/running.py": _audit("running", "verifying"),
    "desktop/audit/envelopes.py": _audit("verifying"),
    "desktop/audit/checkpoints.py": _audit("checkpoints"),
    "desktop/audit/proofs.py": _audit("chain", "proofs"),
    "desktop/audit/log.py": _audit("log", "opening", "verifying", "retention"),
    "desktop/audit/marks.py": _audit("setting_aside"),
    "desktop/audit/outside.py": _audit("setting_aside"),
    "desktop/audit/setting_aside.py": _audit("setting_aside"),
    "desktop/audit/schema.py": _audit("log", "opening", "verifying"),
    "desktop/audit/secrets.py": _audit("secrets", "verifying"),
    "desktop/audit/heads.py": _audit("secrets", "verifying"),
    "desktop/audit/retention.py": _audit("retention"),
    "desktop/audit/judging_peers.py": _audit("judging_peers"),
    "desktop/audit/cosigning.py": _audit("judging_peers"),
    "desktop/audit/taking.py": _audit("peers"),
    "desktop/audit/own_log.py": _audit("peers"),
    "desktop/audit/peers.py": _audit("peers"),
    "desktop/audit/witnesses.py": _audit("peers"),
    "desktop/audit/exporting": ("tests/unit/desktop/audit/exporting",),
}


def main() -> int:
    """Run it. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("room", nargs="*", help="a path, or the beginning of one; all unless said")
    parser.add_argument("--part", type=float, default=1.0, help="so much of each, by chance")
    options = parser.parse_args()
    noticed = tried = 0
    os.chdir(ROOT)
    for room, tests in ROOMS.items():
        for module in _modules(room):
            name = str(module)
            if options.room and not any(name.startswith(word) for word in options.room):
                continue
            chosen = _chosen(module, options.part)
            missed = try_all(tests, module, chosen)
            for one in missed:
                print(f"{module}:{one.line} {one.what}", file=sys.stderr, flush=True)
            killed = len(chosen) - len(missed)
            noticed, tried = noticed + killed, tried + len(chosen)
            line = {"module": name, "noticed": killed, "of": len(chosen)}
            print(json.dumps(line), flush=True)
    share = noticed / tried if tried else 1.0
    print(json.dumps({"noticed": noticed, "of": tried, "share": round(share, 3)}), flush=True)
    return 0 if share >= GOAL else 1


def _modules(room: str) -> list[Path]:
    path = ROOT / room
    files = sorted(path.glob("*.py")) if path.is_dir() else [path]
    return [file.relative_to(ROOT) for file in files if file.exists()]


def _chosen(module: Path, part: float) -> list[Mutant]:
    chance = random.Random(str(module))  # noqa: S311 - the same each time is what is wanted
    every = mutants((ROOT / module).read_text(encoding="utf-8"))
    return [one for one in every if part >= 1 or chance.random() < part]


if __name__ == "__main__":
    raise SystemExit(main())
