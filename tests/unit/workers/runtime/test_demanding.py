"""Which calls a question is about, and which its answer would run."""

from __future__ import annotations

import pytest

from workers.runtime.demanding import calls_in
from workers.wire.canonical import JSON


@pytest.mark.parametrize(
    ("value", "answer", "actions"),
    [
        ({}, None, ["asked"]),
        ({"action_requests": [{"name": "a"}, {"name": "b"}]}, None, ["a", "b"]),
        (
            {"action_requests": [{"name": "a"}]},
            {"decisions": [{"type": "edit", "edited_action": {"name": "a", "args": {"n": 2}}}]},
            ["a", "a edited"],
        ),
        (
            {},
            [{"type": "edit", "args": {"action": "asked", "args": {"n": 2}}}],
            ["asked", "asked edited"],
        ),
        ({}, {"decisions": [{"type": "approve"}]}, ["asked"]),
        (
            {},
            [{"type": "accept", "args": {"action": "asked", "args": {"n": 2}}}],
            ["asked", "asked edited"],
        ),
        ({}, [{"type": "accept", "args": {"action": "asked", "args": {}}}], ["asked"]),
        (
            {"action_requests": [{"name": "a"}]},
            {"decisions": [{"type": "approve", "edited_action": {"name": "a", "args": {"n": 2}}}]},
            ["a", "a edited"],
        ),
        ({}, "words", ["asked"]),
    ],
)
def test_the_calls_of_a_question_and_of_its_answer(
    value: dict[str, JSON], answer: JSON, actions: list[str]
) -> None:
    """A batch is all of its calls, and an answer may change them."""
    found = calls_in("asked", {}, value, answer)

    assert [one.action + (" edited" if one.is_edited else "") for one in found] == actions
