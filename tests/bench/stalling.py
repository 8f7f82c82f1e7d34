"""What should not be on a broker, put there while the window's thread is timed.

The only place that knows what is poured in; `tests.bench.watching` runs it.
`python -m tests.bench.stalling URL NAME` pours: from a process of its own, because to build an
entry of 64 MB holds up every thread of the one that does it.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterable

from tests.bench.crowd import CONTEXTS, Pen, command, context_id, sample, worded, xadd
from tests.bench.watched import Watched, until
from workers.wire import keys

MIB = 1024 * 1024
TINY = 100_000
#: The one that is open, and most of this happens in.
OPEN = CONTEXTS - 1
REST_SECONDS = 3.0
#: What comes of it after it was told is part of it.
AFTER_SECONDS = 1.5
_CHUNK = 1000

Poured = Callable[[], Iterable[bytes]]


async def stalls(watched: Watched, url: str) -> dict[str, float]:
    """The longest gap between two frames for each of them, in ms."""
    found: dict[str, float] = {}
    async with watched.following(url):
        watched.window.open_context(context_id(OPEN))
        await until(lambda: watched.console.store.is_read(context_id(OPEN)))
        await asyncio.sleep(1)  # at rest is when nothing has happened for a while
        watched.gaps.start()
        await asyncio.sleep(REST_SECONDS)
        found["rest"] = max(watched.gaps.taken_ms)
        for name, (_, count) in POURED.items():
            before = _entries(watched)
            watched.gaps.start()
            pouring = (sys.executable, "-m", "tests.bench.stalling", url, name)
            await asyncio.to_thread(subprocess.run, pouring, check=True)
            await until(lambda before=before, count=count: _entries(watched) >= before + count)
            await asyncio.sleep(AFTER_SECONDS)
            found[name] = max(watched.gaps.taken_ms)
    return found


def _entries(watched: Watched) -> int:
    """Conversations there are, and entries of the open one."""
    row = watched.console.store.context(context_id(OPEN))
    return watched.console.store.context_count + (row.entries if row else 0)


def _pour(url: str, name: str) -> None:
    with Pen(url) as pen:
        for one in POURED[name][0]():
            pen.write((one,))


def _said(text: bytes) -> bytes:
    """An answer of the open conversation, of these words."""
    whole = worded(sample("finish"), context_id(OPEN), f"stall-{len(text)}")
    head, _, rest = whole.partition(b'"content":"')
    return head + b'"content":"' + text + rest[rest.index(b'"') :]


def _large() -> Iterable[bytes]:
    yield xadd(context_id(OPEN), _said(b"x" * (64 * MIB)))


def _deep() -> Iterable[bytes]:
    yield xadd(context_id(OPEN), b'{"context_id":"x","data":' + b"[" * 1_000_000)
    yield xadd(context_id(OPEN), b"[" * 500_000 + b"]" * 500_000)


def _line() -> Iterable[bytes]:
    yield xadd(context_id(OPEN), _said(b"x" * 1_000_000))


def _words() -> Iterable[bytes]:
    yield xadd(context_id(OPEN), _said(b"so many **words** _here_ " * 38_000))


def _odd() -> Iterable[bytes]:
    for number in range(_CHUNK):
        yield command(b"SET", keys.progress(f"c-odd-{number}").encode(), b"x")


def _tiny() -> Iterable[bytes]:
    kind = sample("human_message")
    for start in range(0, TINY, _CHUNK):
        names = [f"c-tiny-{number}" for number in range(start, start + _CHUNK)]
        yield b"".join(xadd(name, worded(kind, name, "1")) for name in names)


def _trimmed() -> Iterable[bytes]:
    kind = sample("tool_message")
    name = context_id(OPEN)
    for start in range(0, 20_000, _CHUNK):
        yield b"".join(
            xadd(name, worded(kind, name, f"t-{number}")) for number in range(start, start + _CHUNK)
        )


#: What is poured in, and how many entries and conversations it makes.
POURED: dict[str, tuple[Poured, int]] = {
    "an event of 64 MB": (_large, 1),
    "two of a million brackets": (_deep, 2),
    "a line of 1 MB in the open conversation": (_line, 1),
    "a megabyte of marked-up words there": (_words, 1),
    "a thousand keys that are no streams": (_odd, _CHUNK),
    "20,000 entries at once in the open conversation": (_trimmed, 20_000),
    f"{TINY:,} conversations begun at once": (_tiny, TINY),
}


if __name__ == "__main__":
    _pour(*sys.argv[1:])
