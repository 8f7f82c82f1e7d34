"""`python -m tests.mutation`: how often the tests notice a change in the code that judges.

Prints one JSON object for each module, and each mutant that nobody noticed on standard error. The
exit code is 1 if fewer than nine of ten are noticed. A copy of the code is changed, never this one.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.mutation.mutants import mutants
from tests.support.environment import ROOT

GOAL: Final = 0.9
#: A mutant that makes a test run for ever is noticed.
MOST_SECONDS: Final = 120
_SIGNING, _POLICY = "tests/unit/wire/signing", "tests/unit/wire/policy"
_ATTACKS: Final = tuple(
    f"tests/unit/wire/attacks/test_{name}.py"
    for name in ("one_decision", "replays", "two_people", "registries", "what_workers_say")
)
#: Which tests hold which room.
ROOMS: Final[dict[str, tuple[str, ...]]] = {
    "workers/wire/signing": (_SIGNING, *_ATTACKS),
    "workers/wire/policy": (_POLICY, *_ATTACKS[:3]),
    "workers/wire/trust.py": ("tests/unit/wire/test_trust.py", _ATTACKS[3]),
    "desktop/audit/verifying.py": ("tests/unit/desktop/audit",),
}


def main() -> int:
    """Run it. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("room", nargs="*", help="a path, or the beginning of one; all unless said")
    parser.add_argument("--part", type=float, default=1.0, help="so much of each, by chance")
    options = parser.parse_args()
    noticed = tried = 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as place:
        copy = Path(place) / "tree"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "__pycache__", "docs"))
        for room, tests in ROOMS.items():
            for module in _modules(room):
                name = str(module)
                if options.room and not any(name.startswith(word) for word in options.room):
                    continue
                killed, made = _try(copy, module, tests, options.part)
                noticed, tried = noticed + killed, tried + made
                print(json.dumps({"module": name, "noticed": killed, "of": made}), flush=True)
    share = noticed / tried if tried else 1.0
    print(json.dumps({"noticed": noticed, "of": tried, "share": round(share, 3)}), flush=True)
    return 0 if share >= GOAL else 1


def _modules(room: str) -> list[Path]:
    path = ROOT / room
    files = sorted(path.glob("*.py")) if path.is_dir() else [path]
    return [file.relative_to(ROOT) for file in files if file.exists()]


def _try(copy: Path, module: Path, tests: tuple[str, ...], part: float) -> tuple[int, int]:
    """Try the mutants of a module. Returns how many were noticed, and how many there were."""
    file = copy / module
    before = file.read_text(encoding="utf-8")
    chance = random.Random(str(module))  # noqa: S311 - the same each time is what is wanted
    chosen = [one for one in mutants(before) if part >= 1 or chance.random() < part]
    killed = 0
    try:
        for mutant in chosen:
            file.write_text(mutant.source, encoding="utf-8")
            if _fails(copy, tests):
                killed += 1
            else:
                print(f"{module}:{mutant.line} {mutant.what}", file=sys.stderr, flush=True)
    finally:
        file.write_text(before, encoding="utf-8")
    return killed, len(chosen)


def _fails(copy: Path, tests: tuple[str, ...]) -> bool:
    """Whether a test fails, is not even collected, or does not end."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(copy)}
    try:
        ended = subprocess.run(
            command, cwd=copy, env=environ, capture_output=True, timeout=MOST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return True
    return ended.returncode != 0


if __name__ == "__main__":
    raise SystemExit(main())
