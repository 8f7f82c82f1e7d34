"""The console without a window: each command, its JSON and its exit code, on a real broker."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from tests.support import scenes
from tests.support.command_line import python, signoff
from tests.support.hand_worker import HandWorker
from tests.support.redis_server import RedisServer
from workers.wire import keys
from workers.wire.approvals import DecisionKind, Outcome, read_decision
from workers.wire.canonical import JSON
from workers.wire.events import AgentCommand, Event
from workers.wire.streams.connection import Connection

APPLIED, STATED_ERROR, REFUSED, NO_ANSWER = 0, 2, 3, 4


@pytest.fixture
async def worker(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[HandWorker]:
    """A worker by hand, on the broker that the commands ask."""
    monkeypatch.setenv("SIGNOFF_REDIS_URL", redis_url)
    async with Connection(redis_url) as connection:
        yield HandWorker(connection)


async def test_the_inbox_lists_what_waits(worker: HandWorker) -> None:
    """Of our workers and of foreign ones, the longest waiting first, with every argument."""
    await worker.say(scenes.human_says("pay"), scenes.asks())
    await worker.say(scenes.base_asks(call="call_2", action="get_city_gdp", context_id="c-base"))
    await worker.say(scenes.asks(call="call_3"))
    await worker.tell(scenes.receipt(Outcome.APPLIED, call="call_3"))

    ended = await signoff("inbox", "--json")

    assert ended.code == 0
    since = [request["since"] for request in ended.json]
    assert since == sorted(since)
    foreign, ours = sorted(ended.json, key=lambda request: request["context_id"])
    assert ours.pop("since").endswith("Z")
    assert ours == {
        "request_id": scenes.request().request_id,
        "context_id": scenes.CONTEXT,
        "agent": scenes.AGENT,
        "tool_call_id": scenes.CALL,
        "action": scenes.ACTION,
        "args": scenes.ARGS,
        "masked": [],
        "dialect": "signoff",
        "decisions": ["approve", "reject"],
        "in_doubt": False,
    }
    assert (foreign["request_id"], foreign["dialect"]) == (None, "base")
    assert (foreign["context_id"], foreign["tool_call_id"]) == ("c-base", "call_2")


async def test_cards_and_patients_are_masked(worker: HandWorker) -> None:
    """In the inbox and in the transcript, for people and for programs: both end up in logs."""
    secrets = {"card_number": "4111 1111 1111 1111", "cvv": "123", "patient_name": "Ada Example"}
    args: dict[str, JSON] = {**secrets, "amount": 1250}
    await worker.say(scenes.asks(args=args))

    inbox, as_json = await signoff("inbox"), await signoff("inbox", "--json")
    shown, shown_json = (
        await signoff("show", scenes.CONTEXT),
        await signoff("show", scenes.CONTEXT, "--json"),
    )

    for told in (inbox.text, as_json.text, shown.text, shown_json.text):
        assert not any(secret in told for secret in secrets.values())
    assert "masked: /card_number, /cvv, /patient_name" in inbox.text
    assert as_json.json[0]["masked"] == ["/card_number", "/cvv", "/patient_name"]
    assert as_json.json[0]["args"]["amount"] == 1250


async def test_an_empty_inbox_says_so(worker: HandWorker) -> None:
    """In words for a person, as an empty list for a program."""
    assert (await signoff("inbox")).text == "Nothing waits for a decision.\n"
    assert (await signoff("inbox", "--json")).json == []


async def test_conversations_are_listed_the_latest_first(worker: HandWorker) -> None:
    """As many as asked for."""
    await worker.say(scenes.agent_says("Done.", finish=True, context_id="c-done"))
    await worker.say(scenes.asks())

    rows = (await signoff("conversations", "--json")).json
    latest = (await signoff("conversations", "--json", "--limit", "1")).json

    assert latest == rows[:1]
    assert sorted(rows, key=lambda row: row["last_activity"], reverse=True) == rows
    stands = {row["context_id"]: (row["agent"], row["status"], row["waiting"]) for row in rows}
    assert stands == {
        "c-done": (scenes.AGENT, "done", 0),
        scenes.CONTEXT: (scenes.AGENT, "waiting", 1),
    }
    assert len((await signoff("conversations")).text.splitlines()) == 2


async def test_a_conversation_is_shown_whole(worker: HandWorker) -> None:
    """Every entry, also the one that cannot be read, and every request with its state."""
    await worker.say(
        scenes.human_says("pay"), scenes.agent_says("", calls=((scenes.CALL, scenes.ACTION),))
    )
    await worker.say(scenes.asks())
    await worker._connection.client.xadd(keys.progress(scenes.CONTEXT), {"data": "{nope"})

    shown = (await signoff("show", scenes.CONTEXT, "--json")).json

    assert [entry["kind"] for entry in shown["entries"]] == [
        "human",
        "agent",
        "interrupt",
        "unreadable",
    ]
    assert shown["entries"][1]["tool_calls"] == [
        {"id": scenes.CALL, "name": scenes.ACTION, "args": scenes.ARGS}
    ]
    [request] = shown["requests"]
    assert (request["state"], request["execution"]) == ("waiting", "not_run")
    assert (shown["status"], shown["waiting"]) == ("waiting", 1)


async def test_an_unknown_conversation_is_a_stated_error(worker: HandWorker) -> None:
    """With a hint where to look."""
    ended = await signoff("show", "c-nowhere", "--json")

    assert ended.code == STATED_ERROR
    assert ended.json["error"]["title"] == "There is no conversation c-nowhere."
    assert b"signoff conversations" in ended.err


@pytest.mark.parametrize("decision", ["approve", "reject", "respond"])
async def test_a_decision_is_sent_and_its_receipt_awaited(
    worker: HandWorker, decision: str
) -> None:
    """Exit 0 means that the worker has applied it; the reason went along."""
    await worker.say(scenes.asks(allowed=tuple(DecisionKind)))

    async with worker.serving(worker.obey):
        ended = await signoff(
            "decide", scenes.CONTEXT, scenes.CALL, decision, "--reason", "checked", "--json"
        )

    assert (ended.code, ended.json) == (APPLIED, {"outcome": "applied", "decision": decision})
    [event] = worker.taken
    assert isinstance(event.body, AgentCommand)
    assert read_decision(event.body.payload).message == "checked"


async def test_an_edit_is_sent_with_its_arguments(worker: HandWorker) -> None:
    """All of them, as they are to run; exit 0 means that the worker has taken them."""
    await worker.say(scenes.asks(allowed=tuple(DecisionKind)))
    edited = {**scenes.ARGS, "amount": 7}
    edit = ("decide", scenes.CONTEXT, scenes.CALL, "edit", "--json", "--args")

    broken = await signoff(*edit, "{amount: 7}")
    same = await signoff(*edit, json.dumps(scenes.ARGS))
    assert (broken.code, same.code) == (REFUSED, REFUSED)
    assert "not JSON" in broken.json["reason"]
    assert same.json["reason"] == "Nothing is changed."
    async with worker.serving(worker.obey):
        ended = await signoff(*edit, json.dumps(edited))

    assert (ended.code, ended.json) == (APPLIED, {"outcome": "applied", "decision": "edit"})
    [event] = worker.taken
    assert isinstance(event.body, AgentCommand)
    assert read_decision(event.body.payload).args == edited


async def test_a_call_in_doubt_is_run_again_only_when_that_is_meant(worker: HandWorker) -> None:
    """The inbox says what is unknown; a habit of approving starts nothing twice."""
    await worker.say(scenes.asks_again())

    [listed] = (await signoff("inbox", "--json")).json
    told = (await signoff("inbox")).text
    approve = ("decide", listed["context_id"], listed["tool_call_id"], "approve", "--json")
    refused = await signoff(*approve)
    async with worker.serving(worker.obey):
        await signoff(*approve, "--again", "--wait", "1")

    assert listed["in_doubt"] is True
    assert listed["decisions"] == ["approve", "reject", "respond"]
    assert f"started {scenes.STARTED}, outcome unknown" in told
    assert refused.code == REFUSED
    assert "may have taken effect" in refused.json["reason"]
    assert len(worker.taken) == 1


async def test_a_structured_question_is_answered_whole(worker: HandWorker) -> None:
    """What would break the graph is refused here."""
    await worker.say(
        scenes.hosted_asks({"type": "ask_user", "questions": [{"question": "Which?"}]})
    )
    [listed] = (await signoff("inbox", "--json")).json
    respond = ("decide", listed["context_id"], listed["tool_call_id"], "respond", "--json")

    refused = await signoff(*respond, "--args", '{"answers": []}')
    async with worker.serving(worker.obey):
        await signoff(*respond, "--args", '{"answers": ["OPS-1"]}', "--wait", "1")

    assert refused.code == REFUSED
    assert "1 questions take as many answers" in refused.json["reason"]
    [event] = worker.taken
    assert isinstance(event.body, AgentCommand)
    assert read_decision(event.body.payload).args == {"answers": ["OPS-1"]}


async def test_a_decided_call_is_refused_and_nothing_is_sent(worker: HandWorker) -> None:
    """The second decision on one request."""
    await worker.say(scenes.asks())
    await worker.tell(scenes.receipt())

    ended = await signoff("decide", scenes.CONTEXT, scenes.CALL, "reject", "--json")

    assert ended.code == REFUSED
    assert ended.json["outcome"] == "refused"
    assert ended.json["reason"] == "This request is already decided."
    assert await worker._connection.client.exists(keys.inbox(scenes.AGENT)) == 0


async def test_a_call_nobody_knows_is_refused(worker: HandWorker) -> None:
    """A typing mistake decides nothing."""
    ended = await signoff("decide", scenes.CONTEXT, "call_9", "approve", "--json")

    assert (ended.code, ended.json["outcome"]) == (REFUSED, "refused")


async def test_a_refusal_of_the_worker_is_told_with_its_reason(worker: HandWorker) -> None:
    """Sent, and not applied."""
    await worker.say(scenes.asks())

    async with worker.serving(worker.refuse):
        ended = await signoff("decide", scenes.CONTEXT, scenes.CALL, "approve", "--json")

    assert ended.code == REFUSED
    assert "does not match" in ended.json["reason"]
    assert ended.json["state"] == "waiting"


async def test_a_worker_that_is_away_gives_no_answer(worker: HandWorker) -> None:
    """The decision lies in its inbox; this command does not wait for ever."""
    await worker.say(scenes.asks())

    ended = await signoff(
        "decide", scenes.CONTEXT, scenes.CALL, "approve", "--wait", "0.3", "--json"
    )

    assert (ended.code, ended.json["outcome"]) == (NO_ANSWER, "no_answer")
    assert await worker._connection.client.xlen(keys.inbox(scenes.AGENT)) == 1


@pytest.mark.parametrize("decision", ["approve", "reject"])
async def test_a_base_worker_s_call_is_decided_once(worker: HandWorker, decision: str) -> None:
    """Its tool's message is the proof; a second decision never reaches it."""
    await worker.say(scenes.base_asks())

    async with worker.serving(worker.obey_like_the_base_package):
        first = await signoff("decide", scenes.CONTEXT, scenes.CALL, decision, "--json")
        second = await signoff("decide", scenes.CONTEXT, scenes.CALL, decision, "--json")

    assert (first.code, second.code) == (APPLIED, REFUSED)
    assert len(worker.taken) == 1


async def test_a_chat_is_followed_to_its_end(worker: HandWorker) -> None:
    """One line for each entry, and one for how it stands."""
    async with worker.serving(worker.obey):
        ended = await signoff("chat", scenes.AGENT, "good morning", "--json")

    asked, answered, end = ended.lines
    assert ended.code == 0
    assert (asked["kind"], asked["text"]) == ("human", "good morning")
    assert (answered["kind"], answered["text"]) == ("agent", "You said: good morning")
    assert end == {"context_id": worker.taken[0].context_id, "status": "done", "requests": []}


async def test_a_chat_ends_where_a_decision_is_needed(worker: HandWorker) -> None:
    """The last line carries what waits, in the form of the inbox."""

    async def ask(event: Event) -> None:
        await worker.say(scenes.asks(context_id=event.context_id))

    async with worker.serving(ask):
        ended = await signoff("chat", scenes.AGENT, "pay ACME", "--context", "c-chat", "--json")

    end = ended.lines[-1]
    assert (ended.code, end["context_id"], end["status"]) == (0, "c-chat", "waiting")
    assert [request["tool_call_id"] for request in end["requests"]] == [scenes.CALL]


async def test_a_chat_in_a_known_conversation_shows_only_what_is_new(worker: HandWorker) -> None:
    """Not all that was said before."""
    await worker.say(scenes.agent_says("Long ago.", message_id="m-0", finish=True))

    async with worker.serving(worker.obey):
        ended = await signoff("chat", scenes.AGENT, "again", "--context", scenes.CONTEXT, "--json")

    assert [line.get("text") for line in ended.lines] == ["again", "You said: again", None]


async def test_an_agent_that_is_away_gives_no_answer(worker: HandWorker) -> None:
    """It is said, with the context in which an answer may still come."""
    ended = await signoff("chat", scenes.AGENT, "hello", "--wait", "0.3", "--json")

    assert ended.code == NO_ANSWER
    assert ended.lines[-1]["status"] == "no_answer"


@pytest.mark.parametrize("text", ["", "   "])
async def test_a_chat_without_words_is_a_stated_error(worker: HandWorker, text: str) -> None:
    """Nothing is sent."""
    ended = await signoff("chat", scenes.AGENT, text, "--json")

    assert (ended.code, ended.json["error"]["title"]) == (STATED_ERROR, "There is nothing to send.")


async def test_a_wrong_password_is_a_stated_error(redis_server: RedisServer) -> None:
    """On standard error for a person, as JSON for a program; the password appears in neither."""
    url = f"redis://:not-the-password@127.0.0.1:{redis_server.port}/0"

    ended = await signoff("inbox", "--redis-url", url, "--json")

    assert ended.code == STATED_ERROR
    assert ended.json["error"]["title"] == "The broker refused the user name or password."
    assert b"not-the-password" not in ended.out + ended.err


@pytest.mark.parametrize(
    ("url", "title"),
    [
        ("redis://127.0.0.1:1/0", "The broker does not answer"),
        ("http://127.0.0.1", "This is not a broker address"),
        ("", "No broker is set."),
    ],
)
async def test_no_broker_is_a_stated_error(url: str, title: str) -> None:
    """At once, and in one sentence."""
    ended = await signoff("inbox", "--json", "--redis-url", url)

    assert ended.code == STATED_ERROR
    assert ended.json["error"]["title"].startswith(title)
    assert b"Traceback" not in ended.err


async def test_the_broker_may_be_named_before_the_command(redis_url: str) -> None:
    """As options of a program usually may."""
    assert (await signoff("--redis-url", redis_url, "inbox", "--json")).json == []


async def test_neither_qt_nor_an_agent_framework_is_loaded(worker: HandWorker) -> None:
    """The commands run where there is no display, and start fast."""
    script = (
        "import sys; from desktop.cli import main; code = main(['inbox', '--json']);"
        "heavy = {name.partition('.')[0] for name in sys.modules}"
        " & {'PySide6', 'shiboken6', 'qasync', 'langgraph', 'langchain', 'langchain_core'};"
        "sys.exit(code or (9 if heavy else 0))"
    )

    assert (await python("-c", script)).code == 0
