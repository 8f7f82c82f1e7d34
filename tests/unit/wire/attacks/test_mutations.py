"""Whatever is changed of a decision, it is no decision any more."""

from __future__ import annotations

from itertools import islice

from tests.support.mutating import accepted, mutated

#: `python -m tests.chaos attacks` tries 200,000.
MUTATIONS = 20_000


def test_no_changed_decision_is_accepted() -> None:
    """By bytes, by texts, by members, by statements, by keys, and by parts of other decisions."""
    assert accepted(MUTATIONS) == (MUTATIONS, 0)


def test_the_same_are_tried_each_time() -> None:
    """A failure can be looked at again; another number makes others."""
    first = list(islice(mutated(50), 50))
    assert first == list(mutated(50))
    assert first != list(mutated(50, chance=1))
