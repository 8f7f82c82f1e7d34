"""What was said earlier is found, as far as a person lets this computer keep it; by nobody else."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import textwrap
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from desktop.engine import kept_words, words_file
from desktop.engine.kept_words import KeptWords
from desktop.store.local_records import Found
from desktop.store.seeking import EXCERPT_LENGTH, excerpt, sought_words
from tests.support import scenes
from tests.support.command_line import python
from tests.support.desk import Desk
from tests.support.redis_server import RedisServer
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.codec import encode_event
from workers.wire.streams.reader import StreamEntry

ADDRESS = "redis://broker:6379/0"
KEY = bytes(range(32))
OTHER = "c-other"
EARLIER = "Please pay the Grundmann invoice before Friday."


def said(number: int, text: str, context_id: str = scenes.CONTEXT) -> StreamEntry:
    """One message as it lies in a stream."""
    event = scenes.human_says(text, context_id=context_id)
    return StreamEntry(f"{1000 + number}-0", encode_event(event))


class Keeping:
    """Kept words, and what went wrong with them."""

    def __init__(self, folder: Path, key: bytes = KEY) -> None:
        self.troubles: list[str] = []
        self.words = KeptWords(folder, lambda title, _: self.troubles.append(title))
        self.words.keep(key)
        self.words.follow(ADDRESS)

    def hear(self, *entries: StreamEntry, context_id: str = scenes.CONTEXT) -> None:
        """Let entries arrive."""
        self.words.hear(context_id, entries)

    async def texts(self, context_id: str = scenes.CONTEXT) -> list[str]:
        """What is kept of one conversation."""
        kept = await self.words.messages([context_id])
        return [one.text for one in kept.get(context_id, ())]

    async def until_kept(self) -> None:
        """Wait until nothing waits."""
        done = lambda: not (self.words._waiting or self.words._due.is_set())  # noqa: E731
        await await_until(done, "the words to be kept")
        await self.words.names()  # the thread has done what it was given before


@asynccontextmanager
async def keeping(folder: Path, key: bytes = KEY) -> AsyncIterator[Keeping]:
    """From the start of a console to its end."""
    one = Keeping(folder, key)
    running = asyncio.create_task(one.words.run())
    try:
        yield one
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def words_path(folder: Path) -> Path:
    (path,) = folder.glob(f"*{words_file.SUFFIX}")
    return path


def contents(folder: Path) -> list[bytes]:
    """Of all files that are kept."""
    return [path.read_bytes() for path in folder.iterdir()]


def change(folder: Path, *statements: str) -> None:
    """Somebody who may write the file does."""
    db = sqlite3.connect(words_path(folder))
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()


def tell(server: RedisServer, *texts: str, context_id: str = scenes.CONTEXT) -> None:
    """What somebody says, one after the other."""
    with server.client() as client:
        for text in texts:
            event = scenes.human_says(text, context_id=context_id)
            client.xadd(keys.progress(context_id), {"data": encode_event(event)})


async def find(desk: Desk, text: str, context_ids: set[str]) -> Found:
    """Search until this is found."""

    async def found() -> Found | None:
        number = desk.conversations.search(text)
        await await_until(lambda: desk.store.found.number == number, "an answer")
        answer = desk.store.found
        return answer if answer.context_ids == context_ids else None

    return await await_until(found, f"{text} to be found in {context_ids}")


async def test_what_was_said_earlier_is_found_now_and_after_a_restart(
    own_redis: RedisServer, tmp_path: Path
) -> None:
    """From tails, live, and without the broker; the file holds no word of it."""
    tell(own_redis, EARLIER, "Done.")
    tell(own_redis, "Nothing else.", context_id=OTHER)
    async with Desk(cache_folder=tmp_path) as desk:
        desk.engine.keep_text(KEY)
        await desk.connect(own_redis.url)
        answer = await find(desk, "GRUNDMANN pay", {scenes.CONTEXT})
        assert answer.earlier == {scenes.CONTEXT: EARLIER}
        tell(own_redis, "The Zeppelin has landed.", "And now?", context_id=OTHER)
        answer = await find(desk, "zeppelin", {OTHER})
        assert answer.earlier == {OTHER: "The Zeppelin has landed."}
        assert (await find(desk, "nothing", {OTHER})).earlier
        assert (await find(desk, "done", {scenes.CONTEXT})).earlier == {}
    own_redis.stop()

    async with Desk(cache_folder=tmp_path) as desk:
        desk.engine.keep_text(KEY)
        desk.engine.connect(own_redis.url)
        await find(desk, "grundmann", {scenes.CONTEXT})
        await find(desk, "zeppelin", {OTHER})
    assert len(contents(tmp_path)) >= 2
    assert not any(
        word in content
        for content in contents(tmp_path)
        for word in (b"rundmann", b"Friday", b"eppelin", b"landed")
    )


async def test_without_keeping_text_only_what_the_list_shows_is_found(
    own_redis: RedisServer, tmp_path: Path
) -> None:
    """And nothing of the kind is on the disk."""
    tell(own_redis, EARLIER, "Done.")
    async with Desk(cache_folder=tmp_path) as desk:
        await desk.connect(own_redis.url)
        await find(desk, "done", {scenes.CONTEXT})
        await find(desk, "grundmann", set())
    assert not any(b"pieces" in content for content in contents(tmp_path))


async def test_what_the_broker_deleted_or_began_anew_is_found_no_longer(
    own_redis: RedisServer, tmp_path: Path
) -> None:
    """Also what was trimmed while the console was closed, which the next start sees."""
    tell(own_redis, EARLIER, "Done.")
    tell(own_redis, EARLIER, "Done.", context_id=OTHER)
    tell(own_redis, EARLIER, "Done.", context_id="c-trimmed")
    async with Desk(cache_folder=tmp_path) as desk:
        desk.engine.keep_text(KEY)
        await desk.connect(own_redis.url)
        await find(desk, "grundmann", {scenes.CONTEXT, OTHER, "c-trimmed"})
        with own_redis.client() as client:
            client.delete(keys.progress(scenes.CONTEXT))
        tell(own_redis, "Begun anew.", "Done.")
        await find(desk, "grundmann", {OTHER, "c-trimmed"})
        await find(desk, "anew", {scenes.CONTEXT})
    with own_redis.client() as client:
        client.delete(keys.progress(OTHER))
        client.xtrim(keys.progress("c-trimmed"), maxlen=1, approximate=False)

    async with Desk(cache_folder=tmp_path) as desk:
        desk.engine.keep_text(KEY)
        await desk.connect(own_redis.url)
        await find(desk, "grundmann", set())
        await find(desk, "done", {scenes.CONTEXT, "c-trimmed"})


async def test_turning_it_off_leaves_nothing_to_find(
    own_redis: RedisServer, tmp_path: Path
) -> None:
    """Not in memory, and not on the disk, under whatever key."""
    tell(own_redis, EARLIER, "Done.")
    async with Desk(cache_folder=tmp_path) as desk:
        desk.engine.keep_text(KEY)
        await desk.connect(own_redis.url)
        await find(desk, "grundmann", {scenes.CONTEXT})
        db = sqlite3.connect(words_path(tmp_path))
        (sealed,) = db.execute("SELECT sealed FROM pieces").fetchone()
        db.close()

        desk.engine.keep_text(b"")
        await find(desk, "grundmann", set())
        await await_until(
            lambda: all(sealed not in content for content in contents(tmp_path)),
            "the words to be overwritten",
        )


async def test_pieces_that_were_moved_or_changed_are_passed_over(tmp_path: Path) -> None:
    """To another conversation, to another place, by a single bit; and the person is told."""
    async with keeping(tmp_path) as one:
        for number, context_id in enumerate((scenes.CONTEXT, OTHER, "c-moved", "c-bit")):
            one.hear(said(number, f"In {context_id}", context_id), context_id=context_id)
            await one.until_kept()
    change(
        tmp_path,
        "UPDATE pieces SET sealed = (SELECT sealed FROM pieces WHERE number = 32)"
        " WHERE number = 16",
        "UPDATE pieces SET place = '1-0 1-0' WHERE number = 48",
        "UPDATE pieces SET sealed = CAST(substr(sealed, 1, 20) || x'00' AS BLOB) WHERE number = 64",
    )

    async with keeping(tmp_path) as one:
        assert await one.texts() == []
        assert await one.texts(OTHER) == [f"In {OTHER}"]
        assert await one.texts("c-moved") == await one.texts("c-bit") == []
        assert any("Somebody changed" in title for title in one.troubles)


async def test_another_key_opens_nothing_and_keeps_anew(tmp_path: Path) -> None:
    """The person is told, and what is said from now on is kept."""
    async with keeping(tmp_path) as one:
        one.hear(said(1, EARLIER))
        await one.until_kept()
    async with keeping(tmp_path, bytes(32)) as one:
        assert await one.texts() == []
        assert ["its key has changed" in title for title in one.troubles] == [True]
        one.hear(said(2, "Done."))
        await one.until_kept()
        assert await one.texts() == ["Done."]


def cut_in_half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def overwrite(path: Path) -> None:
    path.write_bytes(b"no database at all " * 500)


@pytest.mark.parametrize("harm", [cut_in_half, overwrite])
async def test_a_damaged_file_costs_its_words_and_no_search(
    own_redis: RedisServer, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    """What the list shows is found, and the words are read from the broker again."""
    tell(own_redis, EARLIER, "Done.")
    async with Desk(cache_folder=tmp_path) as desk:
        desk.engine.keep_text(KEY)
        await desk.connect(own_redis.url)
        await find(desk, "grundmann", {scenes.CONTEXT})
    harm(words_path(tmp_path))

    async with Desk(cache_folder=tmp_path) as desk:
        desk.engine.keep_text(KEY)
        await desk.connect(own_redis.url)
        await find(desk, "done", {scenes.CONTEXT})
        await find(desk, "grundmann", {scenes.CONTEXT})


async def test_a_full_disk_costs_the_words_and_nothing_else(tmp_path: Path) -> None:
    """The person is told once; what was kept before is still there."""
    async with keeping(tmp_path) as one:
        one.hear(said(1, EARLIER))
        await one.until_kept()
    script = textwrap.dedent(
        """
        import asyncio, resource, signal, sys
        from pathlib import Path
        from tests.integration.engine.test_earlier import keeping, said
        from tests.support.waiting import await_until

        async def fill(folder):
            async with keeping(folder) as one:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
                for number in range(2, 60):
                    one.hear(said(number, "word " * 1000, f"c-{number}"), context_id=f"c-{number}")
                await await_until(lambda: not one.words.is_on, "the disk to be full")
                one.hear(said(60, "more"))
            print(one.troubles)

        asyncio.run(fill(Path(sys.argv[1])))
        """
    )
    ended = await python("-c", script, str(tmp_path))

    assert ended.out.count(b"cannot be kept on this computer") == 1, ended
    async with keeping(tmp_path) as one:
        assert await one.texts() == [EARLIER]


async def test_of_a_long_conversation_the_newest_words_are_kept(tmp_path: Path) -> None:
    """Each once, however often and in whatever order it was read; a page from before adds to it."""
    async with keeping(tmp_path) as one:
        one.hear(*(said(number, f"message {number}") for number in range(10, 13)))
        await one.until_kept()
        one.hear(*(said(number, f"message {number}") for number in range(8, 12)))
        await one.until_kept()
        assert await one.texts() == [f"message {number}" for number in range(8, 13)]

        for number in range(20, 60):
            one.hear(said(number, f"{number} " + "word " * 1000))
            await one.until_kept()
        texts = await one.texts()
        assert [text.split()[0] for text in texts] == [str(n) for n in range(60 - len(texts), 60)]
        assert 10 <= len(texts) < 20


async def test_conversations_that_rest_for_longest_go_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk holds no more than it may, and how many went is told."""
    monkeypatch.setattr(words_file, "MOST_OF_ALL", 600_000)
    monkeypatch.setattr(kept_words, "_TELL_SECONDS", 0.0)
    async with keeping(tmp_path) as one:
        for number in range(300):
            context_id = f"c-{number:03}"
            one.hear(said(number, "word " * 1000, context_id), context_id=context_id)
        await one.until_kept()
        kept = await one.words.names()
        assert kept == [f"c-{number:03}" for number in range(299, 299 - len(kept), -1)]
        assert one.words.dropped == 300 - len(kept) > 0
        assert one.words.used <= 600_000


async def test_what_comes_too_fast_is_counted_and_read_with_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of a conversation is taken for whole of which something was passed over."""
    monkeypatch.setattr(kept_words, "MOST_WAITING", 2000)
    tail = [said(1, EARLIER), said(2, "word " * 1000), said(3, "Done.")]
    async with keeping(tmp_path) as one:
        one.words.hear(scenes.CONTEXT, tail[:1], is_tail=True, is_start=True)
        one.hear(tail[1])
        one.hear(tail[2])
        assert one.words.missed == 2
        await one.until_kept()
        assert await one.texts() == [EARLIER]
    monkeypatch.undo()

    async with keeping(tmp_path) as one:
        one.words.hear(scenes.CONTEXT, tail, is_tail=True, is_start=True)
        await one.until_kept()
        assert [text[:5] for text in await one.texts()] == [EARLIER[:5], "word ", "Done."]


@pytest.mark.parametrize(
    ("texts", "search", "shown"),
    [
        (["Pay ACME", "Release it"], "acme", "Pay ACME"),
        (["pay", "Pay ACME"], "acme pay", "Pay ACME"),
        (["ẞßẞ " * 30 + "Größe XL"], "grösse", None),
        (["a" * 500 + "needle" + "b" * 500], "needle", None),
        (["nothing"], "needle", ""),
    ],
)
def test_an_excerpt_shows_the_match_as_it_was_written(
    texts: list[str], search: str, shown: str | None
) -> None:
    """Whatever capitals and sharp letters do to its length."""
    words = sought_words(search)
    told = excerpt(texts, words)
    assert shown is None or told == shown
    assert shown == "" or all(word in told.casefold() for word in words)
    assert len(told) <= EXCERPT_LENGTH + 2
