"""Ids are ordered as the broker orders them, and names that would break a key are refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.wire import ids
from workers.wire.errors import BadName
from workers.wire.ids import StreamId, check_agent_name, check_context_id


def test_stream_ids_are_ordered_as_numbers() -> None:
    """As text, `10-0` would come before `9-1`."""
    texts = ["10-0", "9-1", "9-10", "9-2", "0-1"]

    ordered = sorted(texts, key=StreamId.parse)

    assert ordered == ["0-1", "9-1", "9-2", "9-10", "10-0"]


@settings(deadline=None)
@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_a_stream_id_is_written_as_it_was_read(milliseconds: int, sequence: int) -> None:
    """Positions go back to the broker."""
    text = f"{milliseconds}-{sequence}"

    assert str(StreamId.parse(text)) == text


@pytest.mark.parametrize("text", ["", "-", "now", "1-x", "x-1"])
def test_what_is_no_stream_id_is_refused(text: str) -> None:
    """A caller that mixes up ids learns it at once."""
    with pytest.raises(ValueError, match="invalid literal"):
        StreamId.parse(text)


@pytest.mark.parametrize("name", ["treasury_agent", "a", "Büro-7", "x" * 200, "a:b", "東京"])
def test_usual_agent_names_are_taken(name: str) -> None:
    """Any script, any length a person would type."""
    assert check_agent_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "a{b", "a}b", "{x}", "two words", "a\tb", "a\nb", "a#b", "a\x00", "a\u202eb", "x" * 201],
)
def test_names_that_would_break_a_key_or_a_screen_are_refused(name: str) -> None:
    """Braces would tear keys apart on a Cluster; hidden characters would fool a reader."""
    with pytest.raises(BadName, match="cannot be an agent name") as caught:
        check_agent_name(name)

    assert caught.value.title.isprintable()


@pytest.mark.parametrize("context_id", ["c-1", "two words", "a#b", "x" * 200])
def test_context_ids_may_be_what_base_clients_make_them(context_id: str) -> None:
    """They are names given by others."""
    assert check_context_id(context_id) == context_id


@pytest.mark.parametrize("context_id", ["", "x" * 201, "a\nb", "a\x1b[2J", "a\u200fb"])
def test_context_ids_with_hidden_characters_are_refused(context_id: str) -> None:
    """What is refused is shown escaped."""
    with pytest.raises(BadName, match="cannot be a context ID") as caught:
        check_context_id(context_id)

    assert caught.value.title.isprintable()


def test_made_ids_are_unlike_each_other_and_fit_our_own_rules() -> None:
    """A context made here passes the check made there."""
    made = {ids.new_context_id() for _ in range(100)} | {ids.new_nonce() for _ in range(100)}

    assert len(made) == 200
    assert all(check_context_id(one) == one for one in made)
    assert ids.new_invocation_id().startswith("invocation_")
    assert ids.new_consumer_name().startswith(ids.CONSUMER_PREFIX)
    assert ids.new_consumer_name() != ids.new_consumer_name()
