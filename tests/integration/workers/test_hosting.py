"""Graphs that somebody else built, hosted as they are, with every dialect of interrupt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

import pytest
from langchain_core.messages import AIMessage, AnyMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import interrupt

from tests.integration.workers.hand_fed import CONTEXT, Desk, command, cut_off, handle, task
from tests.integration.workers.office import Office
from tests.support.waiting import await_until
from workers import AgentRunner
from workers.agents.graph import Graph
from workers.errors import NotServable
from workers.wire.approvals import DecisionKind, Mode
from workers.wire.canonical import JSON
from workers.wire.dialects import Dialect, PendingCall, read_interrupt
from workers.wire.events import ProgressType

AGENT = "hosted_agent"
APPROVE, REJECT, RESPOND = DecisionKind.APPROVE, DecisionKind.REJECT, DecisionKind.RESPOND


@dataclass
class Guest:
    """A graph that asks, and does something with the answer.

    Attributes:
        value: what it raises.
        answers: what it was resumed with, each time its node ran on.
        siblings: how often the node beside it ran.
    """

    value: object
    read: Callable[[Any], object] = lambda answer: answer
    answers: list[object] = field(default_factory=list)
    siblings: int = 0

    def build(self, **options: object) -> Graph:
        """The graph; nothing of ours is in it."""
        builder = StateGraph(MessagesState)
        builder.add_node("ask", self._ask)
        builder.add_node("beside", self._beside)
        builder.add_edge(START, "ask")
        builder.add_edge(START, "beside")
        return builder.compile(**options)  # type: ignore[arg-type]

    def _ask(self, state: MessagesState) -> dict[str, list[AnyMessage]]:  # noqa: ARG002
        answer = interrupt(self.value)
        self.answers.append(answer)
        return {"messages": [AIMessage(f"got {self.read(answer)}")]}

    def _beside(self, state: MessagesState) -> dict[str, list[AnyMessage]]:  # noqa: ARG002
        self.siblings += 1
        return {"messages": []}


CALL: JSON = {"action": "send_email", "args": {"to": "ops", "n": 3}}
PER_CALL: JSON = {"type": "tool_approval", "tool_call_id": "t1", "name": "pay", "args": {"n": 1}}
ONE: JSON = {"name": "pay", "args": {"n": 1}}
BOTH: JSON = {"allowed_decisions": ["approve", "reject"]}
BATCH: JSON = {"action_requests": [ONE, ONE], "review_configs": [BOTH, BOTH]}
INBOX: JSON = {
    "action_request": CALL,
    "config": {"allow_accept": True, "allow_ignore": True, "allow_respond": True},
}
QUESTIONS: JSON = {"type": "ask_user", "questions": [{"question": "Why?", "type": "text"}]}
NUMBER: JSON = {"response_schema": {"type": "integer"}, "ask": "How many?"}


@pytest.mark.parametrize(
    ("value", "dialect", "kind", "given", "expected"),
    [
        (PER_CALL, Dialect.TOOL_APPROVAL, APPROVE, None, {"type": "approve"}),
        (PER_CALL, Dialect.TOOL_APPROVAL, REJECT, None, {"type": "reject", "message": "why"}),
        (BATCH, Dialect.HITL_BATCH, APPROVE, None, {"decisions": 2 * [{"type": "approve"}]}),
        (INBOX, Dialect.AGENT_INBOX, APPROVE, None, [{"type": "accept", "args": None}]),
        ([INBOX], Dialect.AGENT_INBOX, RESPOND, None, [{"type": "response", "args": "why"}]),
        ({"action_request": CALL}, Dialect.SIGNOFF, APPROVE, None, {"type": "accept"}),
        (QUESTIONS, Dialect.ASK_USER, RESPOND, None, {"answers": ["why"]}),
        (QUESTIONS, Dialect.ASK_USER, REJECT, None, {"status": "cancelled", "answers": [""]}),
        (NUMBER, Dialect.SCHEMA, RESPOND, 7, 7),
        ({"ask": "What now?"}, Dialect.FREE_TEXT, RESPOND, None, "why"),
        ("What now?", Dialect.FREE_TEXT, RESPOND, None, "why"),
        (["a", {"b": 1}], Dialect.FREE_TEXT, RESPOND, {"any": 1}, {"any": 1}),
    ],
)
async def test_each_dialect_is_asked_as_it_is_and_answered_in_its_own_words(
    office: Office,
    value: JSON,
    dialect: Dialect,
    kind: DecisionKind,
    given: JSON,
    expected: JSON,
) -> None:
    """An enforcing worker binds the decision; the graph gets what its author meant it to get."""
    guest = Guest(value)
    await office.hire(AGENT, graph=guest.build())
    context = await office.ask(AGENT, "go")

    [call] = await office.requests(context)
    assert call.dialect is dialect
    assert call.request is not None
    message = "" if kind is APPROVE else "why"
    await office.decide(call, kind, message=message, args=given, edited_args_digest="")

    assert (await office.answer(context, AGENT)).startswith("got ")
    assert guest.answers == [expected]
    assert guest.siblings == 1
    assert await office.outcomes(1) == ["applied"]


@pytest.mark.parametrize("value", [PER_CALL, INBOX, [INBOX], "What now?", {"ask": 1}, QUESTIONS])
async def test_what_was_raised_is_told_with_its_id(office: Office, value: JSON) -> None:
    """Consoles of the base package look up a tool call id in every interrupt, or they die."""
    await office.hire(AGENT, graph=Guest(value).build())
    context = await office.ask(AGENT, "go", context={"user_id": "jdoe"})
    [call] = await office.requests(context)

    [told] = [
        body.message
        for body in await office.progress(context)
        if body.type is ProgressType.INTERRUPT
    ]
    assert isinstance(told, dict)
    only = value[0] if isinstance(value, list) else value
    original = only if isinstance(only, dict) else {"value": only}
    assert original.items() <= told.items()
    assert told["interrupt_id"] == call.interrupt_id != ""
    assert told["context_id"] == context
    assert isinstance(told["tool_call_id"], str)
    assert call.request is not None
    assert call.request.requester.id == "jdoe"


async def test_a_machine_s_interrupt_is_shown_and_takes_no_person_s_answer(office: Office) -> None:
    """It waits for a machine."""
    guest = Guest({"type": "hook_invocation", "request": {}})
    await office.hire(AGENT, graph=guest.build())
    context = await office.ask(AGENT, "go")
    [call] = await office.requests(context)

    assert call.dialect is Dialect.MACHINE
    await office.decide(call, APPROVE)

    assert await office.outcomes(1) == ["refused:not_allowed"]
    assert guest.answers == []


async def test_an_enforcing_worker_takes_no_answer_that_is_not_bound(office: Office) -> None:
    """An answer by interrupt id alone says nothing of what its author has seen."""
    guest = Guest(PER_CALL)
    await office.hire(AGENT, graph=guest.build())
    context = await office.ask(AGENT, "go")
    [call] = await office.requests(context)

    await _answer(office, context, call, {"type": "approve"})

    assert await office.outcomes(1) == ["refused:unbound"]
    assert guest.answers == []


@pytest.mark.parametrize(
    ("value", "wrong", "right"),
    [
        (PER_CALL, {"type": "sure"}, {"type": "reject"}),
        (BATCH, {"decisions": [{"type": "approve"}]}, {"decisions": 2 * [{"type": "reject"}]}),
        (BATCH, {"type": "approve"}, {"decisions": [{"type": "approve"}, {"type": "reject"}]}),
        (INBOX, {"type": "accept"}, [{"type": "ignore", "args": None}]),
        (QUESTIONS, {"answers": ["a", "b"]}, {"answers": ["a"]}),
        (NUMBER, "seven", 7),
        ({"action_request": CALL}, {"kind": "yes"}, {"type": "accept"}),
    ],
)
async def test_a_malformed_answer_never_reaches_the_thread(
    office: Office, value: JSON, wrong: JSON, right: JSON
) -> None:
    """It would be stored there, and break every run after it."""
    guest = Guest(value)
    await office.hire(AGENT, graph=guest.build(), mode=Mode.OBSERVE)
    context = await office.ask(AGENT, "go")
    [call] = await office.requests(context)

    await _answer(office, context, call, wrong)
    assert await office.outcomes(1) == ["refused:malformed"]
    await _answer(office, context, call, right)

    await office.answer(context, AGENT)
    assert guest.answers == [right]
    await _answer(office, context, call, right)
    assert await office.outcomes(3) == ["refused:malformed", "applied", "refused:not_pending"]
    assert len(guest.answers) == 1


def _strict(answer: object) -> str:
    if answer == "nonsense":
        raise ValueError("cannot read the answer")
    return str(answer)


@pytest.mark.parametrize("own_store", [False, True])
async def test_an_answer_that_breaks_the_run_is_taken_back_and_asked_for_again(
    office: Office, tmp_path: Path, *, own_store: bool
) -> None:
    """The next answer counts; what ran beside the question does not run again."""
    guest = Guest("What now?", _strict)
    graph = guest.build(checkpointer=InMemorySaver()) if own_store else guest.build()
    await office.hire(AGENT, graph=graph, checkpoint_url=str(tmp_path / "threads.sqlite"))
    context = await office.ask(AGENT, "go")
    [call] = await office.requests(context)

    await office.decide(call, RESPOND, message="nonsense")
    assert "cannot read the answer" in await office.error(context)
    again = await _asked_again(office, context, call)
    assert await office.outcomes(2) == ["applied", "re_asked"]
    await office.decide(call, RESPOND, message="the first request is closed")
    await office.decide(again, RESPOND, message="wait")

    assert await office.answer(context, AGENT) == "got wait"
    assert (await office.outcomes(4))[2:] == ["refused:already_decided", "applied"]
    assert guest.answers == ["nonsense", "wait"]
    assert guest.siblings == 1


async def test_a_question_of_a_subgraph_can_break_and_be_asked_again_too(office: Office) -> None:
    """Its answer is stored with the subgraph."""
    guest = Guest("What now?", _strict)
    outer = StateGraph(MessagesState)
    outer.add_node("inner", guest.build())
    outer.add_edge(START, "inner")
    await office.hire(AGENT, graph=outer.compile())
    context = await office.ask(AGENT, "go")
    [call] = await office.requests(context)

    await office.decide(call, RESPOND, message="nonsense")
    again = await _asked_again(office, context, call)
    await office.decide(again, RESPOND, message="wait")

    assert await office.answer(context, AGENT) == "got wait"
    assert guest.siblings == 1


async def test_an_answer_that_comes_again_after_a_crash_does_not_answer_the_next_question(
    office: Office, desk: Desk
) -> None:
    """One node asks twice; the worker dies between the two, with the first answer stored."""
    started = asyncio.Event()
    answers: list[object] = []

    async def ask(state: MessagesState) -> dict[str, list[AnyMessage]]:
        first = interrupt("Delete it?")
        if not started.is_set():
            started.set()
            await asyncio.Event().wait()
        second = interrupt("And the backup?")
        answers.extend([first, second])
        return {"messages": [AIMessage("deleted")]}

    builder = StateGraph(MessagesState)
    builder.add_node("ask", ask)
    builder.add_edge(START, "ask")
    await handle(await desk.worker(graph=builder.compile()), task("go"))
    context_calls = await office.requests(CONTEXT)
    entry = command(context_calls[0], office.bound(context_calls[0], RESPOND, message="yes"))
    running = asyncio.create_task(handle(await desk.worker(graph=builder.compile()), entry))
    await started.wait()
    await cut_off(running)

    await handle(await desk.worker(graph=builder.compile()), entry)

    [_, second] = await office.requests(CONTEXT, 2)
    assert answers == []
    last = command(second, office.bound(second, RESPOND, message="no"), "3-0")
    await handle(await desk.worker(graph=builder.compile()), last)
    assert answers == ["yes", "no"]


async def test_several_questions_are_answered_each_by_itself_in_any_order(office: Office) -> None:
    """The answer to one leaves the other waiting."""
    builder = StateGraph(MessagesState)
    for name in ("one", "two"):
        guest = Guest(f"Question {name}?")
        builder.add_node(name, guest._ask)
        builder.add_edge(START, name)
    await office.hire(AGENT, graph=builder.compile())
    context = await office.ask(AGENT, "go")
    first, second = await office.requests(context, 2)

    await office.decide(second, RESPOND, message="B")
    await office.decide(first, RESPOND, message="A")

    await office.answer(context, AGENT)
    told = {message.text for message in await office.said(context)}
    assert told == {"got A", "got B"}
    assert await office.outcomes(2) == ["applied", "applied"]


class Form(TypedDict, total=False):
    """A state without messages."""

    city: str
    user: str


async def test_a_graph_with_a_state_of_its_own_gets_its_input_made(office: Office) -> None:
    """From the task, and what the caller says of the user."""
    seen: list[Form] = []

    def work(state: Form) -> Form:
        seen.append(state)
        return {}

    builder = StateGraph(Form)
    builder.add_node("work", work)
    builder.add_edge(START, "work")
    await office.hire(
        AGENT,
        graph=builder.compile(),
        graph_input=lambda text, about: {"city": text, "user": about["user_name"]},
    )

    context = await office.ask(AGENT, "Oslo", context={"user_name": "J. Doe"})

    await await_until(lambda: seen == [{"city": "Oslo", "user": "J. Doe"}], "the graph to run")
    await office.stands(context, "done")


async def test_a_graph_that_nobody_can_begin_is_refused_at_the_start(office: Office) -> None:
    """Better than to fail at the first task."""
    builder = StateGraph(Form)
    builder.add_node("work", lambda _state: {})
    builder.add_edge(START, "work")
    runner = office.describe(AGENT, graph=builder.compile())

    with pytest.raises(NotServable, match="graph_input"):
        await runner.create()


def test_tools_cannot_be_added_to_a_graph_that_is_built() -> None:
    """They would not be reachable, and seem gated."""

    @tool
    def look(city: str) -> str:
        """Look."""
        return city

    runner = AgentRunner(AGENT, graph=Guest("x").build())

    with pytest.raises(NotServable, match="own tools"):
        runner.add_tool(look)


async def _answer(office: Office, context: str, call: PendingCall, answer: JSON) -> None:
    """Answer as a client does that knows the dialect and nothing of us."""
    await office.command(context, AGENT, "", {call.interrupt_id: answer})


async def _asked_again(office: Office, context: str, call: PendingCall) -> PendingCall:
    """Wait until the newest entry is another request for the same interrupt."""

    async def newest() -> PendingCall | None:
        last = (await office.progress(context))[-1]
        asked = read_interrupt(last.message)
        if last.type is not ProgressType.INTERRUPT or asked.request is None:
            return None
        return asked if asked.request != call.request else None

    again = await await_until(newest, "the question to be asked again")
    assert again.interrupt_id == call.interrupt_id
    return again
