"""`make bench`: prints one JSON object per line; exit code 1 if a goal is missed.

`python -m tests.bench NAME...` runs only those whose module name contains a given word.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

import msgspec

import tests.bench


def main() -> int:
    """Run the benchmarks. Returns the exit code."""
    words = sys.argv[1:]
    names = [m.name for m in pkgutil.iter_modules(tests.bench.__path__) if "bench_" in m.name]
    missed = False
    for name in sorted(names):
        if words and not any(word in name for word in words):
            continue
        for figure in importlib.import_module(f"tests.bench.{name}").run():
            print(msgspec.json.encode(figure).decode(), flush=True)
            missed = missed or not figure.ok
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
