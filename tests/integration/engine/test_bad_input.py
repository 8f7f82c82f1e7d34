"""What should not be on a broker, and is: it is told where it lies, and disturbs nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from desktop.actions.ports import OpenTranscript
from desktop.engine import engine as engine_module
from desktop.engine.summaries import BEGUN_ANEW
from desktop.store.records import Context, EntryKind, LinkState
from tests.support import scenes
from tests.support.desk import Desk
from tests.support.proxy import TcpProxy
from tests.support.redis_server import RedisServer
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.codec import encode_event
from workers.wire.events import Event

BAD, GOOD = "c-bad", "c-good"
OPEN = (BAD, GOOD)
MIB = 1024 * 1024
DAY_MS = int(timedelta(days=1).total_seconds() * 1000)


@pytest.fixture
async def desk(monkeypatch: pytest.MonkeyPatch, redis_url: str) -> AsyncIterator[Desk]:
    """A console that tries again soon."""
    monkeypatch.setattr(engine_module, "FIRST_RETRY_SECONDS", 0.02)
    monkeypatch.setattr(engine_module, "LAST_RETRY_SECONDS", 0.1)
    async with Desk() as desk:
        yield desk


class Broker:
    """Puts on the broker what no worker would."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server

    def write(self, context_id: str, data: bytes | str, entry_id: str = "*") -> str:
        """An entry of any content."""
        with self._server.client() as client:
            return str(client.xadd(keys.progress(context_id), {"data": data}, id=entry_id))

    def say(self, context_id: str, *texts: str) -> None:
        """What an agent says."""
        for text in texts:
            event = scenes.agent_says(text, message_id=text, context_id=context_id)
            self.write(context_id, encode_event(event))

    def command(self, *words: str) -> None:
        """Anything."""
        with self._server.client() as client:
            client.execute_command(*words)


@pytest.fixture
def broker(redis_server: RedisServer) -> Broker:
    """By a way of its own."""
    return Broker(redis_server)


async def open_both(desk: Desk) -> None:
    for context_id in OPEN:
        desk.engine.post(OpenTranscript(context_id))
    await await_until(lambda: all(map(desk.store.is_read, OPEN)), "both transcripts to be read")


async def row(desk: Desk, context_id: str, *, note: str) -> Context:
    """The row of a context, once it says this."""

    def found() -> Context | None:
        context = desk.store.context(context_id)
        return context if context is not None and note in context.note else None

    return await await_until(found, f"{context_id} to say {note!r}")


async def until_last_words(desk: Desk, context_id: str, text: str) -> None:
    def said() -> bool:
        context = desk.store.context(context_id)
        return context is not None and context.preview == text

    await await_until(said, f"{context_id} to say {text!r}")


@pytest.mark.parametrize("when", ["at the start", "live"])
@pytest.mark.parametrize(
    ("kind", "command"),
    [
        ("string", ("SET", "x")),
        ("hash", ("HSET", "x", "y")),
        ("list", ("RPUSH", "x")),
        ("zset", ("ZADD", "1", "x")),
    ],
)
async def test_what_is_no_stream_says_so_in_its_row(
    desk: Desk, broker: Broker, redis_url: str, kind: str, command: tuple[str, ...], when: str
) -> None:
    """Its neighbours go on, and it is a conversation as soon as it becomes one."""
    verb, *values = command
    broker.say(GOOD, "before")
    if when == "live":
        await desk.connect(redis_url)
    broker.command(verb, keys.progress(BAD), *values)
    if when != "live":
        await desk.connect(redis_url)

    await row(desk, BAD, note=f"There is a {kind} under this name")
    broker.say(GOOD, "after")
    await until_last_words(desk, GOOD, "after")

    broker.command("DEL", keys.progress(BAD))
    broker.say(BAD, "well again")
    await until_last_words(desk, BAD, "well again")
    context = desk.store.context(BAD)
    assert context is not None
    assert not context.note


async def test_keys_of_ours_of_another_type_leave_the_console_working(
    desk: Desk, broker: Broker, redis_url: str
) -> None:
    """Index, receipts and worker list are helpers; conversations are read without them."""
    for name in (keys.CONTEXTS, keys.CONTEXT, keys.WAITING, keys.REQUEST, keys.WORKERS):
        broker.command("SET", name, "x")
    broker.command("SET", keys.RECEIPTS, "x")
    broker.command("SET", keys.inbox("odd_agent"), "x")
    broker.say(GOOD, "before")

    await desk.connect(redis_url)
    await until_last_words(desk, GOOD, "before")
    broker.say(GOOD, "after")

    await until_last_words(desk, GOOD, "after")
    assert desk.links[-1] is LinkState.ONLINE


def deep(levels: int) -> bytes:
    """JSON of an event whose message is nested so deeply."""
    event = encode_event(scenes.progress("@", context_id=BAD))
    return event.replace(b'"@"', b"[" * levels + b"]" * levels)


UNREADABLE = {
    "64 MB": (lambda: b"x" * (64 * MIB), "67,108,864 bytes"),
    "64 MB of an event": (
        lambda: encode_event(scenes.agent_says("x" * (64 * MIB), context_id=BAD)),
        "bytes; 1,048,576 are allowed",
    ),
    "1 M levels, never closed": (lambda: b'{"data":' + b"[" * 1_000_000, "nested too deeply"),
    "1 M levels": (lambda: deep(1_000_000), "bytes; 1,048,576 are allowed"),
    "half a million levels": (lambda: deep(500_000), "nested too deeply"),
    "a hundred levels": (lambda: deep(100), "nests deeper than 64 levels"),
    "no JSON": (lambda: b"\xff\xfe\x00", "not JSON"),
    "nothing": (lambda: b"", "not JSON"),
    "another conversation's": (
        lambda: encode_event(scenes.agent_says("x", context_id=GOOD)),
        "names another conversation",
    ),
}


@pytest.mark.parametrize("when", ["at the start", "live"])
@pytest.mark.parametrize("name", UNREADABLE)
async def test_an_entry_that_cannot_be_read_says_why_in_row_and_transcript(
    desk: Desk, broker: Broker, redis_url: str, name: str, when: str
) -> None:
    """It counts as an entry, keeps its place, and what follows it is read."""
    make, why = UNREADABLE[name]
    broker.say(GOOD, "before")
    broker.say(BAD, "before")
    if when == "live":
        await desk.connect(redis_url)
        await open_both(desk)
    broker.write(BAD, make())
    if when != "live":
        await desk.connect(redis_url)
        await open_both(desk)

    context = await row(desk, BAD, note=why)
    assert context.entries == 2
    assert context.preview == "before"
    await await_until(lambda: len(desk.store.entries(BAD)) == 2, "the entry in its transcript")
    shown = desk.store.entries(BAD)[1]
    assert shown.kind is EntryKind.UNREADABLE
    assert why in shown.text
    assert len(shown.text) < 2000

    broker.say(BAD, "after")
    broker.say(GOOD, "after")
    await until_last_words(desk, BAD, "after")
    await until_last_words(desk, GOOD, "after")
    assert desk.links.count(LinkState.CONNECTING) == 1


async def test_a_line_of_a_megabyte_is_shown(desk: Desk, broker: Broker, redis_url: str) -> None:
    """It is a message like others: all of it in the transcript, its beginning in the row."""
    line = "x" * 1_000_000
    await desk.connect(redis_url)
    broker.say(BAD, "before")
    broker.say(GOOD, "before")
    await until_last_words(desk, GOOD, "before")
    await open_both(desk)

    event = scenes.agent_says(line, message_id="m-line", context_id=BAD)
    broker.write(BAD, encode_event(event))

    await await_until(lambda: len(desk.store.entries(BAD)) == 2, "the line in its transcript")
    assert desk.store.entries(BAD)[1].text == line
    await until_last_words(desk, BAD, line[:120])


@pytest.fixture
async def behind_proxy(
    desk: Desk, broker: Broker, redis_server: RedisServer, redis_proxy: TcpProxy
) -> TcpProxy:
    """A console that reads two conversations, before the way to the broker is cut."""
    broker.say(BAD, "one", "two", "three")
    broker.say(GOOD, "before")
    await desk.connect(redis_server.url_at(redis_proxy.port))
    await open_both(desk)
    return redis_proxy


async def test_a_broker_put_back_to_an_older_state_is_shown_as_it_is(
    desk: Desk, broker: Broker, behind_proxy: TcpProxy
) -> None:
    """Ids go backwards: what was known of the conversation is void."""
    behind_proxy.down()
    await desk.until_link(LinkState.CONNECTING)
    broker.command("DEL", keys.progress(BAD))
    for number, text in enumerate(("one", "other")):
        event = scenes.agent_says(text, message_id=text, context_id=BAD)
        broker.write(BAD, encode_event(event), f"{1000 + number}-0")
    behind_proxy.up()

    await desk.until_texts(BAD, BEGUN_ANEW, "one", "other")
    await until_last_words(desk, BAD, "other")
    event = scenes.agent_says("on", message_id="on", context_id=BAD)
    broker.write(BAD, encode_event(event), "1002-0")
    await desk.until_texts(BAD, BEGUN_ANEW, "one", "other", "on")
    broker.say(GOOD, "after")
    await desk.until_texts(GOOD, "before", "after")


async def test_ids_that_go_backwards_under_our_eyes_are_followed(
    desk: Desk, broker: Broker, behind_proxy: TcpProxy
) -> None:
    """Somebody restores one conversation while the console looks at it."""
    broker.command("DEL", keys.progress(BAD))
    event = scenes.agent_says("restored", message_id="restored", context_id=BAD)
    broker.write(BAD, encode_event(event), "1000-0")

    await until_last_words(desk, BAD, "restored")
    # Whether it was seen to be gone in between is a matter of moments.
    told = ({BEGUN_ANEW, "restored"}, {"restored"})
    await await_until(lambda: set(desk.texts(BAD)) in told, "the transcript")
    context = desk.store.context(BAD)
    assert context is not None
    assert context.entries == 1


async def test_what_was_trimmed_before_it_was_read_is_told_as_missing(
    desk: Desk, broker: Broker, behind_proxy: TcpProxy
) -> None:
    """In the transcript where it is missing, and in the row of a conversation nobody reads."""
    broker.say("c-unread", "one", "two")
    await until_last_words(desk, "c-unread", "two")
    behind_proxy.down()
    await desk.until_link(LinkState.CONNECTING)
    for context_id in (BAD, "c-unread"):
        broker.say(context_id, "lost 1", "lost 2", "four", "five")
        broker.command("XTRIM", keys.progress(context_id), "MAXLEN", "2")
    behind_proxy.up()

    def kinds() -> list[EntryKind]:
        return [entry.kind for entry in desk.store.entries(BAD)]

    await await_until(lambda: EntryKind.GAP in kinds(), "the gap in the transcript")
    await await_until(lambda: desk.texts(BAD)[-2:] == ["four", "five"], "what is after the gap")
    assert kinds().index(EntryKind.GAP) == len(kinds()) - 3
    unread = await row(desk, "c-unread", note="Messages may be missing")
    assert unread.entries == 2
    assert unread.preview == "five"


async def test_a_clock_that_is_a_day_ahead_stops_nothing(
    desk: Desk, broker: Broker, redis_url: str
) -> None:
    """What it wrote is told with the time that it gave; others are told as ever."""
    broker.say(GOOD, "before")
    await desk.connect(redis_url)
    good = desk.store.context(GOOD)
    assert good is not None

    ahead = scenes.agent_says("tomorrow", message_id="tomorrow", context_id=BAD)
    broker.write(BAD, encode_event(ahead), f"{good.last_activity_ms + DAY_MS}-0")
    broker.say(BAD, "and on")
    broker.say(GOOD, "after")

    await until_last_words(desk, BAD, "and on")
    await until_last_words(desk, GOOD, "after")
    bad = desk.store.context(BAD)
    assert bad is not None
    assert bad.last_activity_ms == good.last_activity_ms + DAY_MS
    assert bad.entries == 2


async def test_ten_thousand_tiny_conversations_at_once_are_all_listed(
    desk: Desk, broker: Broker, redis_server: RedisServer, redis_url: str
) -> None:
    """And one that was there before goes on meanwhile."""
    broker.say(GOOD, "before")
    await desk.connect(redis_url)

    with redis_server.client() as client:
        for start in range(0, 10_000, 2000):
            batch = client.pipeline(transaction=False)
            for number in range(start, start + 2000):
                context_id = f"c-tiny-{number}"
                batch.xadd(keys.progress(context_id), {"data": encode_event(_tiny(context_id))})
            batch.execute()
    broker.say(GOOD, "after")

    await until_last_words(desk, GOOD, "after")
    await await_until(lambda: desk.store.context_count == 10_001, "all of them in the list")
    assert all(row.entries for row in desk.store.contexts())


def _tiny(context_id: str) -> Event:
    return scenes.human_says("?", context_id=context_id)
