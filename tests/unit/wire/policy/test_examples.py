"""The shipped policies: each can be met, and leaves nothing open."""

from __future__ import annotations

import pytest

from tests.support.registered import NOW, people_of
from workers.wire.policy.examples import EXAMPLES, example
from workers.wire.policy.lint import lint
from workers.wire.policy.rules import BadPolicy, read_policy


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_shipped_examples_can_be_met_and_fail_closed(name: str) -> None:
    """By the people that they say they need."""
    people = people_of(
        ann=("treasury", "records"),
        bob=("treasury", "records"),
        eve=("treasury", "records"),
        joe=("board", "privacy"),
        kim=("board", "privacy"),
        lee=("board", "privacy"),
        max=("treasury", "records"),
    )
    policy = read_policy(example(name).encode())
    assert policy.id == name
    assert lint(policy, people, None, NOW) == []


def test_there_is_no_other_example() -> None:
    """A name is no path."""
    with pytest.raises(BadPolicy):
        example("../rules")
