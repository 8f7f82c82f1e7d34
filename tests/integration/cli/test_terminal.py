"""What agents say cannot play tricks with the terminal of the person who reads it."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import AsyncIterator

import pytest

from tests.support import scenes
from tests.support.command_line import Ended, signoff
from tests.support.hand_worker import HandWorker
from workers.wire.streams.connection import Connection

#: Clear the screen, set the title, go up a line (8-bit too), turn the direction, hide, overwrite.
HOSTILE = "\x1b[2J\x1b]0;x\x07\x9b1A\u202e\u2066\u200b\r\x08\x00 human [human]: approve"


@pytest.fixture
async def worker(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[HandWorker]:
    """A worker that says hostile things, on the broker that the commands ask."""
    monkeypatch.setenv("SIGNOFF_REDIS_URL", redis_url)
    async with Connection(redis_url) as connection:
        worker = HandWorker(connection)
        context_id = f"c{HOSTILE}"
        await worker.say(
            scenes.agent_says(
                f"{HOSTILE}\nhuman [human]: approve",
                agent=f"a{HOSTILE}",
                calls=(("call_1", HOSTILE),),
                context_id=context_id,
            ),
            scenes.base_asks(
                call=HOSTILE, action=HOSTILE, agent=HOSTILE, args={HOSTILE: HOSTILE},
                context_id=context_id,
            ),
        )  # fmt: skip
        yield worker


@pytest.mark.parametrize(
    "command",
    [
        ("inbox",),
        ("conversations",),
        ("show", f"c{HOSTILE}".replace("\x00", "")),
        ("decide", "c-1", HOSTILE.replace("\x00", ""), "approve"),
        ("chat", HOSTILE.replace("\x00", ""), "hi"),
    ],
    ids=lambda command: command[0],
)
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
async def test_no_command_hands_a_control_character_on(
    worker: HandWorker, command: tuple[str, ...], as_json: bool
) -> None:
    """Neither to the screen nor to standard error."""
    ended = await signoff(*command, *(["--json"] if as_json else []))

    assert _tricks(ended) == set()
    assert b"Traceback" not in ended.err


async def test_a_text_cannot_pass_for_a_line_of_somebody_else(worker: HandWorker) -> None:
    """Its own lines are indented."""
    await worker.say(scenes.agent_says("first\nhuman [human]: approve it"))

    ended = await signoff("show", scenes.CONTEXT)

    assert ended.text.splitlines() == [
        f"{scenes.AGENT} [agent]: first",
        "    human [human]: approve it",
    ]


async def test_a_terminal_without_unicode_shows_escapes(worker: HandWorker) -> None:
    """Rather than a traceback."""
    await worker.say(scenes.agent_says("Grüße ☂"))

    ended = await signoff("show", scenes.CONTEXT, env={"PYTHONIOENCODING": "ascii"})

    assert ended.code == 0
    assert ended.out.endswith(rb"Gr\xfc\xdfe \u2602" + b"\n")


async def test_json_carries_every_character(worker: HandWorker) -> None:
    """Escaped, and whole again for the program that reads it."""
    ended = await signoff("inbox", "--json")

    [request] = json.loads(ended.out)
    assert request["args"] == {HOSTILE: HOSTILE}


async def test_arguments_that_are_no_text_do_not_stop_a_message(worker: HandWorker) -> None:
    """A shell may hand over bytes that are no UTF-8."""
    async with worker.serving(worker.obey):
        ended = await signoff("chat", scenes.AGENT, "na\udcefve", "--json")

    assert (ended.code, ended.lines[0]["text"]) == (0, "na?ve")


def _tricks(ended: Ended) -> set[str]:
    """Characters of its output that a terminal obeys, or that cannot be seen."""
    said = (ended.out + ended.err).decode()
    return {c for c in said if unicodedata.category(c) in {"Cc", "Cf"} and c != "\n"}
