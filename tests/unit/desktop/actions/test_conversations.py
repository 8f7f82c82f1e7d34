"""Talking to an agent: what leaves, what is refused, and that it shows at once."""

from __future__ import annotations

import pytest

from desktop.actions.conversations import MAX_TEXT_LENGTH, Conversations
from desktop.errors import NotAllowedNow
from desktop.settings import Person
from desktop.store.records import EntryKind
from desktop.store.store import Store
from tests.support import scenes
from tests.support.learning import online_store, seen
from tests.support.outbox import KeptOutbox
from workers.wire.codec import MAX_INBOX_BYTES, encode_event
from workers.wire.errors import BadName
from workers.wire.events import AgentInvocation, Event

PERSON = Person("m.okafor@desk-2", "Mina Okafor")


def _conversations(store: Store, outbox: KeptOutbox) -> Conversations:
    return Conversations(store, outbox, lambda: PERSON, lambda: 1_772_443_000.0)


def test_a_new_conversation_begins_with_the_person_s_words() -> None:
    """They are shown at once, marked as on their way, and leave in the person's name."""
    store, outbox = online_store(), KeptOutbox()

    context_id = _conversations(store, outbox).start(scenes.AGENT, "  pay ACME \n")

    [order] = outbox.messages
    assert (order.context_id, order.agent, order.text) == (context_id, scenes.AGENT, "pay ACME")
    assert order.user == {"user_id": "m.okafor@desk-2", "user_name": "Mina Okafor"}
    [entry] = store.entries(context_id)
    assert (entry.kind, entry.text) == (EntryKind.SENDING, "pay ACME")
    assert entry.invocation_id == order.invocation_id


def test_a_conversation_goes_on() -> None:
    """Its new message stands at its end."""
    store, outbox = online_store(*seen(scenes.agent_says("Done.", finish=True))), KeptOutbox()

    _conversations(store, outbox).say(scenes.CONTEXT, scenes.AGENT, "thanks")

    assert [entry.text for entry in store.entries(scenes.CONTEXT)] == ["Done.", "thanks"]


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_nothing_is_not_sent(text: str) -> None:
    """An empty composer does nothing but say so."""
    outbox = KeptOutbox()

    with pytest.raises(NotAllowedNow, match="nothing to send"):
        _conversations(online_store(), outbox).start(scenes.AGENT, text)

    assert outbox.orders == []


def test_too_much_is_not_sent() -> None:
    """The message says how much it is and how much may be."""
    outbox = KeptOutbox()

    with pytest.raises(NotAllowedNow, match="32,001 characters") as caught:
        _conversations(online_store(), outbox).start(scenes.AGENT, "x" * 32_001)

    assert "32,000" in caught.value.hint
    assert outbox.orders == []


@pytest.mark.parametrize("character", ["x", "☂", "\x01", "\U0001f600"])
def test_the_longest_message_fits_into_an_inbox(character: str) -> None:
    """Whatever it is made of, and however it has to be escaped."""
    outbox = KeptOutbox()

    _conversations(online_store(), outbox).start(scenes.AGENT, character * MAX_TEXT_LENGTH)

    [order] = outbox.messages
    task = AgentInvocation(
        task=order.text, caller_agent="human", invocation_id=order.invocation_id, context=order.user
    )
    assert len(encode_event(Event(order.context_id, task))) < MAX_INBOX_BYTES


def test_half_a_character_does_not_stop_a_message() -> None:
    """A pasted half of an emoji has no form on the wire."""
    outbox = KeptOutbox()

    _conversations(online_store(), outbox).start(scenes.AGENT, "pay \ud83d now")

    assert outbox.messages[0].text == "pay ? now"


def test_nothing_is_sent_without_a_broker() -> None:
    """It is not kept for later behind the person's back either."""
    store, outbox = Store(), KeptOutbox()

    with pytest.raises(NotAllowedNow, match="not reachable"):
        _conversations(store, outbox).start(scenes.AGENT, "pay")

    assert outbox.orders == []
    assert store.contexts() == []


@pytest.mark.parametrize(
    ("context_id", "agent"), [(scenes.CONTEXT, "a{b}"), ("c\n1", scenes.AGENT)]
)
def test_names_that_would_break_a_key_are_refused(context_id: str, agent: str) -> None:
    """Before anything is shown or sent."""
    store, outbox = online_store(), KeptOutbox()

    with pytest.raises(BadName):
        _conversations(store, outbox).say(context_id, agent, "pay")

    assert outbox.orders == []
    assert store.contexts() == []
