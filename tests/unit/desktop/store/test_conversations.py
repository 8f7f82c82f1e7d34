"""A conversation as a person reads it: in order, each thing once, nothing hidden."""

from __future__ import annotations

import pytest

from desktop.engine.summaries import summarise
from desktop.store import facts
from desktop.store.changes import Changes
from desktop.store.local_records import Demo, DemoState
from desktop.store.records import ContextStatus, EntryKind, Link, LinkState
from desktop.store.store import Store
from tests.support import scenes
from tests.support.learning import START_MS, online_store, seen, told
from workers.wire.approvals import Outcome
from workers.wire.events import AgentInvocation, Event, TokenDelta, Unrecognised, WorkerInfo

WRITING = facts.MessageSending(
    scenes.CONTEXT, scenes.AGENT, "pay ACME", "invocation_9", START_MS + 60_000
)


def _texts(store: Store) -> list[str]:
    return [entry.text for entry in store.entries(scenes.CONTEXT)]


def _status(store: Store) -> ContextStatus:
    context = store.context(scenes.CONTEXT)
    assert context is not None
    return context.status


def _delta(text: str, seq: int) -> facts.TokenSeen:
    return facts.TokenSeen(
        TokenDelta(
            context_id=scenes.CONTEXT, agent=scenes.AGENT, message_id="m-1", delta=text, seq=seq
        )
    )


def test_a_conversation_reads_from_top_to_bottom() -> None:
    """Who said what, which tool was called, what it said, and how it ended."""
    store = online_store(
        *seen(
            scenes.human_says("pay ACME"),
            scenes.agent_says("One moment.", calls=((scenes.CALL, scenes.ACTION),)),
            scenes.asks(),
            scenes.tool_answers("Paid."),
            scenes.agent_says("Done.", message_id="m-2", finish=True),
        )
    )

    assert [(entry.kind, entry.speaker, entry.text) for entry in store.entries(scenes.CONTEXT)] == [
        (EntryKind.HUMAN, "human", "pay ACME"),
        (EntryKind.AGENT, scenes.AGENT, "One moment."),
        (EntryKind.INTERRUPT, scenes.AGENT, scenes.ACTION),
        (EntryKind.TOOL_RESULT, scenes.ACTION, "Paid."),
        (EntryKind.AGENT, scenes.AGENT, "Done."),
    ]
    [context] = store.contexts()
    assert (context.agent, context.status) == (scenes.AGENT, ContextStatus.DONE)
    assert (context.preview, context.last_activity_ms) == ("Done.", START_MS + 4000)


def test_an_entry_that_arrives_late_takes_its_place() -> None:
    """By the number of the stream, where 10 comes after 9."""
    store = Store()
    store.apply([facts.TranscriptRead(scenes.CONTEXT)])
    for entry_id, text in (("10-0", "third"), ("9-1", "second"), ("9-0", "first")):
        event = scenes.agent_says(text, message_id=text)
        store.apply([facts.EventSeen(scenes.CONTEXT, entry_id, event)])

    assert _texts(store) == ["first", "second", "third"]


def test_a_message_that_is_told_twice_is_shown_once() -> None:
    """The base package tells some messages again."""
    store = online_store(*seen(scenes.agent_says("Hello."), scenes.agent_says("Hello.")))

    assert _texts(store) == ["Hello."]


@pytest.mark.parametrize("backwards", [False, True], ids=["live", "read-back"])
@pytest.mark.parametrize("agent", [scenes.AGENT, "ledger_agent"], ids=["its-own", "another-s"])
def test_another_message_under_a_used_id_is_shown_too(agent: str, backwards: bool) -> None:
    """Nothing that was said is left out, whoever gave it whatever id."""
    batch = seen(
        scenes.agent_says("Refunded 5.", calls=(("call_1", "refund"),)),
        scenes.agent_says("Refunded 5,000,000 to Mallory.", agent=agent),
        scenes.agent_says("Refunded 5.", calls=(("call_2", "refund"),)),
        scenes.agent_says("Refunded 5.", calls=(("call_1", "refund"),)),
    )

    store = online_store(batch[0], *(reversed(batch[1:]) if backwards else batch[1:]))

    assert _texts(store) == ["Refunded 5.", "Refunded 5,000,000 to Mallory.", "Refunded 5."]
    named = [entry.message_id for entry in store.entries(scenes.CONTEXT)]
    assert named == ["m-1", "", ""], "lines are told apart in a view by what they are called"


def test_messages_without_an_id_are_all_shown() -> None:
    """Base workers echo a person's words without one."""
    store = online_store(*seen(scenes.human_says("again"), scenes.human_says("again")))

    assert _texts(store) == ["again", "again"]


def test_the_note_of_a_delegation_is_not_shown() -> None:
    """`waiting response...` is the base package talking to itself."""
    store = online_store(*seen(scenes.tool_answers("waiting response...")))

    assert store.entries(scenes.CONTEXT) == []
    assert [context.preview for context in store.contexts()] == [""]


def test_an_agent_that_is_called_by_another_does_not_take_over_the_conversation() -> None:
    """The row names whom the person addresses."""
    store = online_store(
        *seen(
            scenes.human_says("pay"),
            scenes.agent_says("Balance is fine.", agent="records_agent", caller=scenes.AGENT),
        )
    )

    [context] = store.contexts()
    assert context.agent == scenes.AGENT


@pytest.mark.parametrize(
    ("events", "status"),
    [
        pytest.param((scenes.human_says("pay"),), ContextStatus.RUNNING, id="asked"),
        pytest.param((scenes.agent_says("Hm."),), ContextStatus.RUNNING, id="on-its-way"),
        pytest.param((scenes.asks(),), ContextStatus.WAITING, id="waits"),
        pytest.param((scenes.agent_says("Done.", finish=True),), ContextStatus.DONE, id="done"),
        pytest.param(
            (scenes.agent_says("Done.", finish=True, caller="coordinator"),),
            ContextStatus.RUNNING,
            id="only-a-subagent-is-done",
        ),
        pytest.param(
            (scenes.progress("Error occurred. No model."),), ContextStatus.FAILED, id="failed"
        ),
        pytest.param(
            (scenes.progress("Error occurred. No model.", caller="coordinator"),),
            ContextStatus.RUNNING,
            id="only-a-subagent-has-failed",
        ),
    ],
)
def test_a_conversation_says_how_it_stands(
    events: tuple[Event, ...], status: ContextStatus
) -> None:
    """From what was said last."""
    assert _status(online_store(*seen(*events))) is status


def test_an_error_is_shown_without_its_prefix() -> None:
    """The kind of the entry says that it is one."""
    store = online_store(*seen(scenes.progress("Error occurred. No model.")))

    [entry] = store.entries(scenes.CONTEXT)
    assert (entry.kind, entry.text, entry.failed) == (EntryKind.ERROR, "No model.", True)


def test_an_entry_that_cannot_be_read_is_shown_as_such() -> None:
    """Its neighbours stay, and so does the state of the conversation."""
    bad = facts.UnreadableSeen(scenes.CONTEXT, f"{START_MS + 9000}-0", "Not JSON.", "{nope")
    store = online_store(*seen(scenes.agent_says("Done.", finish=True)), bad)

    assert _texts(store) == ["Done.", "Not JSON.\n{nope"]
    assert store.entries(scenes.CONTEXT)[1].kind is EntryKind.UNREADABLE
    assert _status(store) is ContextStatus.DONE


def test_a_conversation_of_which_nothing_can_be_read_has_failed() -> None:
    """It is listed, so that somebody looks at it."""
    bad = facts.ContextsSeen((summarise("c-bad", [("1-0", b"{half")]),))

    [context] = online_store(bad).contexts()

    assert (context.context_id, context.status) == ("c-bad", ContextStatus.FAILED)
    assert context.note


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (Unrecognised(event_type="agent_halt", data=None), "agent_halt"),
        (AgentInvocation(task="x", caller_agent="a", invocation_id="i"), "AgentInvocation"),
    ],
)
def test_an_event_of_an_unknown_kind_is_named(
    body: Unrecognised | AgentInvocation, shown: str
) -> None:
    """A person sees that something was said which this version does not understand."""
    store = online_store(*seen(Event(scenes.CONTEXT, body)))

    [text] = _texts(store)
    assert text.splitlines()[1] == shown


def test_a_message_grows_while_the_model_writes_and_is_then_replaced() -> None:
    """Pieces are shown at once; the whole message takes their place."""
    store = online_store(*seen(scenes.human_says("hi")))

    changes = store.apply([_delta("Good ", 0), _delta("day", 1), _delta("day", 1)])
    assert [piece.text for piece in store.streaming(scenes.CONTEXT)] == ["Good day"]
    assert changes.streaming == {scenes.CONTEXT}

    store.apply(seen(scenes.agent_says("Good day."), first=1))
    assert store.streaming(scenes.CONTEXT) == []
    assert _texts(store) == ["hi", "Good day."]


def test_a_piece_that_comes_after_its_message_is_dropped() -> None:
    """Channels and streams are not in step."""
    store = online_store(*seen(scenes.agent_says("Good day.")))

    changes = store.apply([_delta("Good ", 0)])

    assert store.streaming(scenes.CONTEXT) == []
    assert not changes


def test_pieces_of_a_run_that_ended_go_away() -> None:
    """What was being written is either written or will never be."""
    store = online_store(*seen(scenes.human_says("hi")), _delta("I see", 0))

    store.apply(seen(scenes.progress("Error occurred. No model."), first=1))

    assert store.streaming(scenes.CONTEXT) == []


def test_pieces_for_a_conversation_nobody_knows_are_dropped() -> None:
    """The stream will tell of it."""
    store = online_store()

    assert not store.apply([_delta("x", 0)])
    assert store.contexts() == []


def test_a_message_of_this_desk_is_shown_until_the_broker_shows_it() -> None:
    """It appears at once, marked as on its way, and is never there twice."""
    store = online_store()
    store.apply([WRITING])
    [entry] = store.entries(scenes.CONTEXT)
    assert (entry.kind, entry.text) == (EntryKind.SENDING, "pay ACME")
    assert _status(store) is ContextStatus.RUNNING

    store.apply(seen(scenes.human_says("pay ACME", invocation_id="invocation_9")))

    assert [entry.kind for entry in store.entries(scenes.CONTEXT)] == [EntryKind.HUMAN]


def test_a_message_that_did_not_leave_says_so() -> None:
    """And the conversation does not look as if somebody worked on it."""
    store = online_store(*seen(scenes.agent_says("Done.", finish=True)), WRITING)

    changes = store.apply(
        [facts.MessageNotSent(scenes.CONTEXT, "invocation_9", "No broker.", "Nothing was sent.")]
    )

    entry = store.entries(scenes.CONTEXT)[-1]
    assert entry.failed
    assert entry.note == "Not sent: No broker. Nothing was sent."
    assert _status(store) is ContextStatus.DONE
    assert changes.contexts == {scenes.CONTEXT}


def test_a_message_that_waits_behind_a_decision_says_so() -> None:
    """Only the one that was parked, and not one that never left."""
    failed = facts.MessageSending(scenes.CONTEXT, scenes.AGENT, "lost", "invocation_8", START_MS)
    store = online_store(*seen(scenes.asks()), failed, WRITING)
    store.apply([facts.MessageNotSent(scenes.CONTEXT, "invocation_8", "No broker.")])

    parked = scenes.receipt(Outcome.PARKED, call="", nonce="", note="invocation_9")
    store.apply(told(parked))

    notes = [
        entry.note for entry in store.entries(scenes.CONTEXT) if entry.invocation_id[-1] in "89"
    ]
    assert notes == ["Not sent: No broker.", "Waits for the decision above"]


def test_a_message_parked_behind_a_delegation_does_not_speak_of_a_decision() -> None:
    """There is nothing above to decide on."""
    store = online_store(*seen(scenes.human_says("look")), WRITING)

    store.apply(told(scenes.receipt(Outcome.PARKED, call="", note="invocation_9")))

    assert store.entries(scenes.CONTEXT)[-1].note == "Waits until the agent is free"


def test_conversations_that_the_broker_no_longer_holds_go_away() -> None:
    """With their requests; one with a message on its way stays."""
    store = online_store(*seen(scenes.asks(), scenes.human_says("hi", context_id="c-2")))
    store.apply([facts.MessageSending("c-3", scenes.AGENT, "hi", "i", START_MS)])

    changes = store.apply([facts.CaughtUp(frozenset({"c-2"}))])

    assert changes.reset
    assert {context.context_id for context in store.contexts()} == {"c-2", "c-3"}
    assert store.requests() == []


def test_another_broker_starts_from_nothing() -> None:
    """Not even a conversation of the same name is mixed up with the other broker's."""
    store = online_store(*seen(scenes.asks()), WRITING)

    changes = store.apply([facts.Forgotten(), *seen(scenes.human_says("hi"))])

    assert changes.reset
    assert store.requests() == []
    assert _texts(store) == ["hi"]
    assert not store.apply([facts.Forgotten(), *seen(scenes.asks(), live=False)]).arrived


def test_the_latest_conversation_leads_the_list() -> None:
    """By its last entry."""
    store = online_store(
        *seen(scenes.human_says("a", context_id="c-1"), scenes.human_says("b", context_id="c-2"))
    )
    store.apply(seen(scenes.agent_says("later", context_id="c-1"), first=5))

    assert [context.context_id for context in store.contexts()] == ["c-1", "c-2"]


def test_listeners_hear_each_batch_once_and_only_if_something_changed() -> None:
    """A view repaints what a batch touched, once."""
    store = Store()
    heard: list[Changes] = []
    stop = store.subscribe(heard.append)

    store.apply(seen(scenes.human_says("a"), scenes.agent_says("b")))
    store.apply([])
    store.apply([facts.EventSeen(scenes.CONTEXT, f"{START_MS}-0", scenes.human_says("a"))])
    stop()
    store.apply(seen(scenes.agent_says("c", message_id="m-3"), first=9))

    assert len(heard) == 1
    assert heard[0].transcripts == {scenes.CONTEXT}


def test_the_link_the_agents_and_the_demo_are_told() -> None:
    """Everything that is always visible."""
    store = Store()
    worker = WorkerInfo(
        consumer="signoff:a:1:1", agents=["echo"], tools={}, version="1", mode="enforce",
        started_ms=1, note="scripted model",
    )  # fmt: skip

    changes = store.apply(
        [
            facts.LinkChanged(Link(LinkState.ONLINE, "Connected")),
            facts.AgentsSeen(("human", "treasury_agent"), (worker,)),
            facts.DemoChanged(Demo(DemoState.RUNNING, "4 demo agents are running")),
        ]
    )

    assert store.is_online
    assert [(agent.name, agent.note) for agent in store.agents()] == [
        ("echo", "scripted model"),
        ("treasury_agent", ""),
    ]
    assert store.demo.state is DemoState.RUNNING
    assert (changes.link, changes.agents, changes.demo) == (True, True, True)


def test_lists_do_not_jump_between_things_of_the_same_time() -> None:
    """Whatever order the broker names them in."""
    same_time = [scenes.asks(context_id=context_id) for context_id in ("c-2", "c-1", "c-3")]
    facts_of_one_moment = [fact for event in same_time for fact in seen(event)]

    one, other = online_store(*facts_of_one_moment), online_store(*reversed(facts_of_one_moment))

    assert one.contexts() == other.contexts()
    assert one.requests() == other.requests()
