"""What a computer remembers of a broker: shown at the next start, and never in the way."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import textwrap
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from desktop.engine import cache_file
from desktop.engine.cache import Cache
from desktop.engine.cache_file import path_for
from desktop.store.facts import (
    CaughtUp,
    ContextReset,
    ContextsSeen,
    Fact,
    Forgotten,
    MemoryChanged,
)
from desktop.store.local_records import Memory
from desktop.store.records import ContextStatus, Source, Summary
from tests.support.command_line import python
from tests.support.waiting import await_until
from workers.wire.streams.entries import StreamEntry

ADDRESS = "redis://broker:6379/0"
KEY = bytes(range(32))
WORDS = "Pay ACME 1250 EUR"


class Remembering:
    """A cache that runs, and what it has told."""

    def __init__(self, folder: Path, key: bytes | None = None, address: str = ADDRESS) -> None:
        self.told: list[Fact] = []
        self.cache = Cache(folder, self.told.append)
        if key is not None:
            self.cache.keep_text(key)
        self.cache.follow(address)

    def hear(self, *facts: Fact) -> None:
        """Let facts pass on their way out."""
        self.cache.see(facts)

    def summaries(self) -> list[Summary]:
        """What was remembered, as it was told."""
        return [s for fact in self.told if isinstance(fact, ContextsSeen) for s in fact.summaries]

    def memory(self) -> Memory:
        """What was said last."""
        return [fact.memory for fact in self.told if isinstance(fact, MemoryChanged)][-1]

    def troubles(self) -> list[Memory]:
        """What went wrong, each once."""
        told = [fact.memory for fact in self.told if isinstance(fact, MemoryChanged)]
        return list({memory.title: memory for memory in told if memory.title}.values())


@asynccontextmanager
async def remembering(
    folder: Path, key: bytes | None = None, address: str = ADDRESS
) -> AsyncIterator[Remembering]:
    """A console's cache from its start, when everything is read, to its end."""
    one = Remembering(folder, key, address)
    running = asyncio.create_task(one.cache.run())
    broker = one.cache._broker
    assert broker is not None
    try:
        await await_until(lambda: broker.is_read or broker.has_failed, "the cache to be read")
        yield one
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def known(number: int, preview: str = WORDS) -> Summary:
    """A context, as the broker's stream tells of it."""
    return Summary(
        f"c-{number:03}",
        "treasury_agent",
        ContextStatus.WAITING if number % 2 else ContextStatus.DONE,
        1000 + number,
        f"{1000 + number}-0",
        3,
        preview,
    )


async def remember(folder: Path, *summaries: Summary, key: bytes | None = None) -> None:
    """One session of a console."""
    async with remembering(folder, key) as one:
        one.hear(ContextsSeen(summaries))


async def recall(folder: Path, key: bytes | None = None, address: str = ADDRESS) -> list[Summary]:
    """What the next session shows at once."""
    async with remembering(folder, key, address) as one:
        assert one.troubles() == []
    return one.summaries()


def files_with(content: str | bytes, folder: Path) -> list[str]:
    sought = content.encode() if isinstance(content, str) else content
    return [path.name for path in folder.iterdir() if sought in path.read_bytes()]


def modes_in(folder: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def set_aside_in(folder: Path) -> list[str]:
    return [path.suffix for path in folder.iterdir() if path.suffix != cache_file.SUFFIX]


async def test_the_next_start_shows_the_list_at_once_and_says_that_it_is_remembered(
    tmp_path: Path,
) -> None:
    """The latest first, without a word of what was said; only its owner may read the file."""
    await remember(tmp_path, *(known(number) for number in range(250)))

    found = await recall(tmp_path)
    assert [summary.context_id for summary in found] == [f"c-{n:03}" for n in reversed(range(250))]
    first = found[0]
    assert (first.agent, first.status, first.as_of) == (
        "treasury_agent",
        ContextStatus.WAITING,
        "1249-0",
    )
    assert {(summary.source, summary.preview) for summary in found} == {(Source.CACHE, "")}
    assert files_with("ACME", tmp_path) == []
    assert files_with("broker:6379", tmp_path) == []
    assert modes_in(tmp_path) == {0o600}


@pytest.mark.parametrize("far", [2**63, 2**64 - 2, -(2**63) - 1])
async def test_one_id_from_the_end_of_time_costs_the_others_nothing(
    tmp_path: Path, far: int
) -> None:
    """Whoever writes to a broker may choose it; the list is remembered all the same."""
    odd = replace(known(2), last_activity_ms=far, entries=far)

    await remember(tmp_path, known(1), odd)

    assert {one.context_id: one.entries == 3 for one in await recall(tmp_path)} == {
        "c-001": True,
        "c-002": False,
    }


async def test_contexts_that_are_gone_are_forgotten(tmp_path: Path) -> None:
    """What the broker no longer has, and what it began anew."""
    await remember(tmp_path, known(1), known(2), known(3))
    async with remembering(tmp_path) as one:
        one.hear(ContextsSeen((known(4),)), CaughtUp(frozenset(("c-002", "c-003", "c-004"))))
        one.hear(ContextReset("c-003", "begun anew"), ContextsSeen((known(5),)))

    assert [summary.context_id for summary in await recall(tmp_path)] == ["c-005", "c-004", "c-002"]


async def test_what_the_broker_tells_first_is_not_covered_by_what_is_remembered(
    tmp_path: Path,
) -> None:
    """A broker that was emptied while the file was read has no old rows."""
    await remember(tmp_path, known(1), known(2))
    one = Remembering(tmp_path)
    one.hear(Forgotten(), ContextsSeen((known(7),)), CaughtUp(frozenset(("c-007",))))
    running = asyncio.create_task(one.cache.run())
    broker = one.cache._broker
    assert broker is not None
    await await_until(lambda: broker.is_read and not broker.has_work, "the cache to be written")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert one.summaries() == []
    assert [summary.context_id for summary in await recall(tmp_path)] == ["c-007"]


async def test_each_broker_has_a_file_of_its_own(tmp_path: Path) -> None:
    """Nothing of one is shown of another."""
    await remember(tmp_path, known(1))

    assert await recall(tmp_path, address="redis://another:6379/0") == []
    assert len(await recall(tmp_path)) == 1


def cut_in_half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def overwrite(path: Path) -> None:
    path.write_bytes(b"no database at all " * 500)


def overwrite_pages(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)


def change_the_table(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("ALTER TABLE contexts RENAME TO others")
    db.close()


def change_a_status(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("UPDATE contexts SET status = 'thinking'")
    db.close()


def write_version(number: int) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with sqlite3.connect(path) as db:
            db.execute(f"PRAGMA user_version = {number}")
        db.close()

    return write


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (cut_in_half, "damaged"),
        (overwrite, "damaged"),
        (overwrite_pages, "damaged"),
        (change_the_table, "damaged"),
        (change_a_status, "damaged"),
        (write_version(cache_file.VERSION + 1), "a newer version"),
        (write_version(0), "an older version"),
    ],
)
async def test_a_file_that_cannot_be_used_is_set_aside(
    tmp_path: Path, harm: Callable[[Path], None], words: str
) -> None:
    """The person is told, the list is read from the broker, and the next start is quick again."""
    await remember(tmp_path, *(known(number) for number in range(900)))
    harm(path_for(tmp_path, ADDRESS))

    async with remembering(tmp_path) as one:
        one.hear(ContextsSeen((known(1),)), CaughtUp(frozenset(("c-001",))))
    assert [words in memory.title for memory in one.troubles()] == [True]
    assert set_aside_in(tmp_path) == [cache_file.ASIDE]
    assert [summary.context_id for summary in await recall(tmp_path)] == ["c-001"]


async def test_a_folder_that_cannot_be_used_costs_the_cache_and_nothing_else(
    tmp_path: Path,
) -> None:
    """It is a file."""
    folder = tmp_path / "cache"
    folder.write_text("in the way")
    async with remembering(folder) as one:
        one.hear(ContextsSeen((known(1),)))

    assert ["cannot be kept" in memory.title for memory in one.troubles()] == [True]


async def test_a_full_disk_costs_the_cache_and_nothing_else(tmp_path: Path) -> None:
    """The person is told once; what was written before is still there."""
    await remember(tmp_path, known(1))
    script = textwrap.dedent(
        """
        import asyncio, resource, signal, sys
        from pathlib import Path
        from tests.integration.engine.test_cache import known, remembering
        from desktop.store.facts import ContextsSeen

        async def fill(folder):
            async with remembering(folder) as one:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
                one.hear(ContextsSeen(tuple(known(number) for number in range(4000))))
            one.hear(ContextsSeen((known(1),)))
            print([memory.title for memory in one.troubles()])

        asyncio.run(fill(Path(sys.argv[1])))
        """
    )
    ended = await python("-c", script, str(tmp_path))

    assert ended.out.count(b"cannot be kept on this computer") == 1, ended
    assert [summary.context_id for summary in await recall(tmp_path)] == ["c-001"]


async def test_two_consoles_share_a_file(tmp_path: Path) -> None:
    """Both begin it at once, both write, and neither loses anything or complains."""
    async with remembering(tmp_path) as one, remembering(tmp_path) as other:
        for number in range(0, 40, 2):
            one.hear(ContextsSeen((known(number),)))
            other.hear(ContextsSeen((known(number + 1),)))

    assert one.troubles() == other.troubles() == []
    assert len(await recall(tmp_path)) == 40


async def test_kept_text_can_be_read_with_its_key_only(tmp_path: Path) -> None:
    """It is in the next list with the key, in no file without it."""
    await remember(tmp_path, known(1), known(2, ""), key=KEY)

    assert [summary.preview for summary in await recall(tmp_path, KEY)] == ["", WORDS]
    assert [summary.preview for summary in await recall(tmp_path)] == ["", ""]
    assert files_with("ACME", tmp_path) == []
    async with remembering(tmp_path, bytes(32)) as one:
        pass
    assert [summary.preview for summary in one.summaries()] == ["", ""]
    assert ["its key has changed" in memory.title for memory in one.troubles()] == [True]


async def test_what_went_wrong_stays_said_when_more_is_kept(tmp_path: Path) -> None:
    """Figures change all the time, and say nothing of the file that was begun anew."""
    await remember(tmp_path, known(1), key=KEY)
    async with remembering(tmp_path, bytes(32)) as one:
        await await_until(lambda: bool(one.troubles()), "the other key to be noticed")
        one.cache.words.hear("c-001", [StreamEntry("1-0", b"no JSON")])
        one.cache.words.missed += 1
        await await_until(lambda: one.memory().missed == 1, "the figures")

        assert "its key has changed" in one.memory().title


async def test_after_a_change_of_the_key_it_is_said_once_and_kept_anew(tmp_path: Path) -> None:
    """A conversation at rest, which the broker tells as it was, is sealed with the new key."""
    await remember(tmp_path, known(1), known(2), key=KEY)
    other = bytes(reversed(KEY))

    async with remembering(tmp_path, other) as one:
        one.hear(ContextsSeen((known(1), known(2))))
    [trouble] = one.troubles()

    assert "its key has changed" in trouble.title
    assert [s.preview for s in await recall(tmp_path, other)] == [WORDS, WORDS]


async def test_text_of_one_context_cannot_be_passed_off_as_another_ones(tmp_path: Path) -> None:
    """Somebody who may write the file swaps two rows."""
    await remember(tmp_path, known(1, "Pay 10"), known(2, "Pay 9999"), key=KEY)
    with sqlite3.connect(path_for(tmp_path, ADDRESS)) as db:
        rows = db.execute("SELECT sealed, context_id FROM contexts ORDER BY context_id").fetchall()
        swapped = [(rows[0][0], rows[1][1]), (rows[1][0], rows[0][1])]
        db.executemany("UPDATE contexts SET sealed = ? WHERE context_id = ?", swapped)
    db.close()

    async with remembering(tmp_path, KEY) as one:
        pass
    assert [summary.preview for summary in one.summaries()] == ["", ""]


async def test_turning_it_off_deletes_the_text_kept_of_every_broker(tmp_path: Path) -> None:
    """Also of one that is not followed now, and of a file that was set aside; the lists stay."""
    await remember(tmp_path, *(known(number) for number in range(50)), key=KEY)
    other = path_for(tmp_path, "redis://another:6379/0")
    other.write_bytes(path_for(tmp_path, ADDRESS).read_bytes())
    aside = other.with_suffix(cache_file.ASIDE)
    aside.write_bytes(other.read_bytes())
    with sqlite3.connect(other) as db:
        (sealed,) = db.execute("SELECT sealed FROM contexts LIMIT 1").fetchone()
    db.close()
    assert sealed in other.read_bytes()

    async with remembering(tmp_path, KEY) as one:
        one.cache.keep_text(b"")
        await await_until(lambda: not aside.exists(), "the text to be dropped")

    assert files_with(sealed, tmp_path) == []
    assert len(await recall(tmp_path, KEY)) == 50
    assert {summary.preview for summary in await recall(tmp_path, KEY)} == {""}
