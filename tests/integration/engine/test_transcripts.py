"""Transcripts: the newest entries when one is opened, older ones page by page, then no more."""

from __future__ import annotations

from desktop.actions.ports import CloseTranscript, OpenTranscript
from desktop.engine.transcripts import PAGE_ENTRIES
from desktop.store import facts
from desktop.store.records import LinkState
from tests.support import scenes
from tests.support.desk import Desk
from tests.support.hand_worker import HandWorker
from tests.support.redis_server import RedisServer
from tests.support.waiting import await_until
from workers.wire.messages import WAITING_RESPONSE
from workers.wire.streams.connection import Connection


def _said(count: int) -> list[str]:
    return [f"say {number}" for number in range(count)]


async def _say(worker: HandWorker, texts: list[str]) -> None:
    await worker.say(*(scenes.agent_says(text, message_id=text) for text in texts))


async def test_a_long_conversation_is_read_page_by_page_to_its_start(
    desk: Desk, worker: HandWorker, redis_url: str
) -> None:
    """What arrives meanwhile stands at its end; every entry is there once."""
    texts = _said(2 * PAGE_ENTRIES + 50)
    await _say(worker, texts)
    await desk.connect(redis_url)

    await desk.open(scenes.CONTEXT)
    assert desk.texts(scenes.CONTEXT) == texts[-PAGE_ENTRIES:]
    await _say(worker, ["news"])
    await await_until(lambda: "news" in desk.texts(scenes.CONTEXT), "the news")

    while desk.conversations.transcripts.read_older(scenes.CONTEXT):
        read = len(desk.texts(scenes.CONTEXT))
        await await_until(
            lambda read=read: (
                len(desk.texts(scenes.CONTEXT)) > read or desk.store.reaches_start(scenes.CONTEXT)
            ),
            "an older page",
        )

    assert desk.texts(scenes.CONTEXT) == [*texts, "news"]
    assert len(desk.told()) == len(set(desk.told()))


async def test_pages_that_have_nothing_to_show_do_not_end_the_way_back(
    desk: Desk, worker: HandWorker, redis_url: str
) -> None:
    """More than a page of notes of delegations stands between the reader and the first words."""
    await _say(worker, ["the first words"])
    await worker.say(*[scenes.tool_answers(WAITING_RESPONSE)] * (2 * PAGE_ENTRIES))
    await desk.connect(redis_url)
    await desk.open(scenes.CONTEXT)
    assert desk.texts(scenes.CONTEXT) == []

    while desk.conversations.transcripts.read_older(scenes.CONTEXT):
        before = desk.store.read_from(scenes.CONTEXT)
        await await_until(
            lambda before=before: (
                desk.store.read_from(scenes.CONTEXT) != before
                or desk.store.reaches_start(scenes.CONTEXT)
            ),
            "an older page",
        )

    assert desk.texts(scenes.CONTEXT) == ["the first words"]


async def test_a_call_that_waits_far_back_does_not_hide_what_came_after_it(
    desk: Desk, worker: HandWorker, redis_url: str
) -> None:
    """Its line may stand there before anything around it was read."""
    texts = _said(2 * PAGE_ENTRIES)
    desk.conversations.transcripts.open(scenes.CONTEXT)
    await worker.say(scenes.asks())
    await _say(worker, texts)
    await desk.connect(redis_url)
    await await_until(lambda: scenes.ACTION in desk.texts(scenes.CONTEXT), "the call")
    assert len(desk.texts(scenes.CONTEXT)) == PAGE_ENTRIES + 1

    assert desk.conversations.transcripts.read_older(scenes.CONTEXT)

    whole = [scenes.ACTION, *texts]
    await await_until(lambda: desk.texts(scenes.CONTEXT) == whole, "what came after it")


async def test_of_what_nobody_reads_no_text_is_told(
    desk: Desk, worker: HandWorker, redis_url: str
) -> None:
    """Neither before it was opened nor after it was closed; the row goes on."""
    await _say(worker, ["before"])
    await desk.connect(redis_url)
    assert desk.told() == []
    await desk.open(scenes.CONTEXT)

    desk.engine.post(CloseTranscript(scenes.CONTEXT))
    await await_until(lambda: not desk.store.is_open(scenes.CONTEXT), "it to be closed")
    await _say(worker, ["after"])

    def preview() -> str:
        row = desk.store.context(scenes.CONTEXT)
        return row.preview if row else ""

    await await_until(lambda: preview() == "after", "the row to say it")
    assert len(desk.told()) == 1


async def test_one_that_is_opened_without_a_broker_is_read_when_there_is_one(
    desk: Desk, worker: HandWorker, redis_url: str
) -> None:
    """A person does not have to ask twice."""
    await _say(worker, ["hello"])
    desk.engine.post(OpenTranscript(scenes.CONTEXT))
    await await_until(lambda: desk.store.is_open(scenes.CONTEXT), "it to be open")

    await desk.connect(redis_url)

    await await_until(lambda: desk.texts(scenes.CONTEXT) == ["hello"], "the transcript")


async def test_one_that_does_not_exist_yet_begins_with_its_first_entry(
    desk: Desk, worker: HandWorker, redis_url: str
) -> None:
    """As a conversation does that this desk has just begun."""
    desk.engine.post(OpenTranscript(scenes.CONTEXT))
    await desk.connect(redis_url)

    await _say(worker, ["hello"])

    await await_until(lambda: desk.texts(scenes.CONTEXT) == ["hello"], "the transcript")
    assert desk.store.reaches_start(scenes.CONTEXT)


async def test_an_open_transcript_is_read_on_after_the_broker_was_away(
    desk: Desk, own_redis: RedisServer
) -> None:
    """And an older page that could not be read then is read then."""
    texts = _said(PAGE_ENTRIES + 10)
    async with Connection(own_redis.url) as connection:
        await _say(HandWorker(connection), texts)
    await desk.connect(own_redis.url)
    await desk.open(scenes.CONTEXT)

    own_redis.stop()
    await desk.until_link(LinkState.CONNECTING)
    assert desk.conversations.transcripts.read_older(scenes.CONTEXT)
    own_redis.start()

    await await_until(lambda: desk.texts(scenes.CONTEXT) == texts, "the whole transcript")
    tails = [fact for fact in desk.facts if isinstance(fact, facts.TranscriptRead) and fact.is_tail]
    assert len(tails) == 2
