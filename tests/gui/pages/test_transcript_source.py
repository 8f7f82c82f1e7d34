"""What a reader of a transcript sees of each entry."""

from __future__ import annotations

from datetime import datetime

import pytest

from desktop.qtmodels.tone import Tone
from desktop.store.facts import GapSeen, MessageNotSent, MessageSending, UnreadableSeen
from desktop.views.parts.transcript_entry import EntryKind, TranscriptEntry
from desktop.views.transcript_source import RESULT_ON_LINE, transcript
from tests.gui.pages.morning import with_args
from tests.support.hand_fed import NOW_MS, HandFed
from tests.support.scenes import (
    ACTION,
    ARGS,
    CALL,
    CONTEXT,
    NONCE,
    agent_says,
    asks,
    base_asks,
    human_says,
    progress,
    receipt,
    tool_answers,
)
from workers.wire.approvals import DecisionKind, Outcome
from workers.wire.canonical import JSON
from workers.wire.events import ProgressType

Told = tuple[EntryKind, str, str]
CALLS = agent_says("I pay.", calls=((CALL, ACTION),))


def lines_of(fed: HandFed) -> list[TranscriptEntry]:
    """The transcript of the one conversation."""
    return transcript(fed.store.entries(CONTEXT), fed.store.requests_in(CONTEXT))


def told(fed: HandFed) -> list[Told]:
    """The same, shortened to kind, title or text, and state."""
    return [(line.kind, line.collapsed_title or line.text, line.state) for line in lines_of(fed)]


def test_people_and_agents_are_named(fed: HandFed) -> None:
    """A person's words come first, an agent speaks in its own name."""
    fed.tell(human_says("Pay it."), agent_says("I look at it."))
    lines = lines_of(fed)
    assert [(line.kind, line.speaker, line.text) for line in lines] == [
        (EntryKind.HUMAN, "Person", "Pay it."),
        (EntryKind.AGENT, "treasury_agent", "I look at it."),
    ]


def test_the_first_line_of_each_day_says_which_day_it_is(fed: HandFed) -> None:
    """A conversation may go on for weeks; the others need the time of day only."""
    day = 86_400
    fed.tell(human_says("Pay it."), seconds_ago=2 * day)
    fed.tell(agent_says("I look at it."), seconds_ago=2 * day)
    fed.tell(agent_says("It is paid.", message_id="m-2"))
    before, now = (
        datetime.fromtimestamp(NOW_MS / 1000 - gone).astimezone() for gone in (2 * day, 0)
    )
    assert [line.at for line in lines_of(fed)] == [
        f"{before:%Y-%m-%d %H:%M}",
        f"{before:%H:%M}",
        f"{now:%Y-%m-%d %H:%M}",
    ]


def test_a_call_that_waits_is_one_line_with_its_state(fed: HandFed) -> None:
    """The interrupt says nothing that the call does not say, so it is not shown again."""
    fed.tell(CALLS, asks())
    assert told(fed) == [
        (EntryKind.AGENT, "I pay.", ""),
        (EntryKind.INTERRUPT, ACTION, "waiting for approval"),
    ]
    assert "ACME Tools Ltd" in lines_of(fed)[1].detail


def test_an_interrupt_about_other_arguments_is_shown_beside_the_call(fed: HandFed) -> None:
    """Nobody can show one call in the conversation and ask about another one."""
    fed.tell(CALLS, asks(args={"recipient": "Mallory", "amount": 9999}))
    lines = lines_of(fed)
    assert [(line.kind, line.state) for line in lines[1:]] == [
        (EntryKind.TOOL_CALL, ""),
        (EntryKind.INTERRUPT, "waiting for approval"),
    ]
    assert "ACME Tools Ltd" in lines[1].detail
    assert "Mallory" in lines[2].detail


def test_an_interrupt_without_a_call_is_shown(fed: HandFed) -> None:
    """Other agents' workers may not show their calls at all."""
    fed.tell(base_asks(call=""))
    assert told(fed) == [(EntryKind.INTERRUPT, ACTION, "waiting for approval")]


@pytest.mark.parametrize(
    ("outcomes", "kind", "state", "tone"),
    [
        ((Outcome.APPLIED,), DecisionKind.APPROVE, "approved by r.mora", Tone.OK),
        ((Outcome.EXECUTED,), DecisionKind.APPROVE, "approved by r.mora, ran", Tone.OK),
        ((Outcome.FAILED,), DecisionKind.APPROVE, "approved by r.mora, ran and failed", Tone.OK),
        ((Outcome.APPLIED,), DecisionKind.REJECT, "rejected by r.mora", Tone.DANGER),
        ((Outcome.IN_DOUBT,), DecisionKind.APPROVE, "in doubt by r.mora", Tone.DANGER),
    ],
)
def test_the_call_says_what_became_of_it(
    fed: HandFed, outcomes: tuple[Outcome, ...], kind: DecisionKind, state: str, tone: Tone
) -> None:
    """By the worker's word, and it looks like any other call then."""
    fed.tell(CALLS, asks())
    fed.receive(*(receipt(outcome, decision=kind) for outcome in outcomes))
    line = lines_of(fed)[1]
    assert (line.kind, line.state, line.tone) == (EntryKind.TOOL_CALL, state, tone)


def test_a_result_is_folded_and_a_short_one_needs_no_folding(fed: HandFed) -> None:
    """Its beginning is on the line; all of it is beneath."""
    long = '{"status": "done", "rows": [' + "1, " * RESULT_ON_LINE + "2]}"
    fed.tell(tool_answers("12,040.50 EUR", call="a"), tool_answers(long, call="b"))
    short, folded = lines_of(fed)
    assert (short.text, short.detail, short.state) == ("12,040.50 EUR", "", "returned")
    assert folded.text == long[:RESULT_ON_LINE] + "…"
    assert folded.detail == long


def test_a_failed_tool_says_so_and_a_rejected_one_has_not_failed(fed: HandFed) -> None:
    """The text of a rejection is what the agent was told."""
    fed.tell(tool_answers("No such account", call="a", failed=True))
    fed.tell(CALLS, asks(), tool_answers("The reviewer rejected it.", failed=True))
    fed.receive(receipt(Outcome.APPLIED, decision=DecisionKind.REJECT, nonce=NONCE))
    results = [line for line in lines_of(fed) if line.kind is EntryKind.TOOL_RESULT]
    assert [(line.state, line.tone) for line in results] == [
        ("failed", Tone.DANGER),
        ("told to the agent", Tone.NEUTRAL),
    ]


def test_delegation_is_not_a_request(fed: HandFed) -> None:
    """One agent asks another; no person decides on that."""
    message: JSON = {"kind": "delegate", "agent": "weather_agent"}
    fed.tell(progress(message, kind=ProgressType.INTERRUPT))
    assert told(fed) == [(EntryKind.TOOL_CALL, "asks weather_agent", "")]


def test_what_is_on_its_way_says_so_and_what_did_not_leave_says_why(fed: HandFed) -> None:
    """Nobody believes an agent has read what never left."""
    fed.feed(MessageSending(CONTEXT, "treasury_agent", "Hello?", "invocation_9", NOW_MS))
    (line,) = lines_of(fed)
    assert (line.text, line.at.endswith("sending…")) == ("Hello?", True)

    fed.feed(MessageNotSent(CONTEXT, "invocation_9", "The broker went away.", "Send it again."))
    said, note = lines_of(fed)
    assert said.at.endswith("not sent")
    assert note.kind is EntryKind.ERROR
    assert "The broker went away. Send it again." in note.text


def test_errors_and_garbage_are_lines_too(fed: HandFed) -> None:
    """Nothing is left out because it cannot be read."""
    fed.tell(progress("Error occurred. The model did not answer."))
    fed.feed(UnreadableSeen(CONTEXT, f"{NOW_MS}-99", "This is not JSON.", "{{{"))
    broken, garbage = lines_of(fed)
    assert (broken.kind, broken.text) == (EntryKind.ERROR, "The model did not answer.")
    assert (garbage.kind, garbage.text, garbage.detail) == (
        EntryKind.UNREADABLE,
        "This is not JSON.",
        "{{{",
    )


def test_what_was_removed_before_it_was_read_is_a_line(fed: HandFed) -> None:
    """Where it was: a reader must not take what stands around it for all there was."""
    fed.tell_at("5-0", human_says("Pay it.")).tell_at("9-0", agent_says("I look at it."))
    fed.feed(GapSeen(CONTEXT, "9-0", "Entries were removed at the broker before they were read."))
    assert [kind for kind, _, _ in told(fed)] == [
        EntryKind.HUMAN, EntryKind.GAP, EntryKind.AGENT
    ]  # fmt: skip
    assert "removed at the broker" in lines_of(fed)[1].collapsed_title


def test_keys_differ_whatever_ids_the_wire_brings(fed: HandFed) -> None:
    """Two entries with one key would hide one of them."""
    call = ("same", ACTION)
    fed.tell(agent_says("one", message_id="same", calls=(call, call)))
    fed.tell(tool_answers("two", call="same"), agent_says("three", message_id="other"))
    fed.tell(human_says("four"), human_says("five"))
    keys = [line.key for line in lines_of(fed)]
    assert len(set(keys)) == len(keys)


def test_arguments_too_deep_to_print_do_no_harm(fed: HandFed) -> None:
    """The card refuses to approve them; the transcript says why they are missing."""
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    fed.tell(with_args(CALLS, {"recipient": "ACME"}))
    fed.tell(with_args(agent_says("", message_id="m-2", calls=(("c-2", "odd"),)), deep))  # type: ignore[arg-type]
    assert lines_of(fed)[-1].detail == "nested too deeply to be shown"
    assert ARGS["recipient"] == "ACME Tools Ltd"
