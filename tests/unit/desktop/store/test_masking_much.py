"""What a worker says is to be hidden: followed however much it is, and without a stall."""

from __future__ import annotations

import time

import pytest

from desktop.store.masking import find_hidden

FIELDS = 5000
ARGS = {f"field{number}": {"a": number, "b": "plain"} for number in range(FIELDS)}


@pytest.mark.parametrize(
    ("pointers", "count"),
    [
        ([f"/field{number}/a" for number in range(10_000)], FIELDS),
        ([f"/*/{number}" for number in range(10_000)] + ["/*/b"], FIELDS),
        ([f"/nothing{number}" for number in range(10_000)], 0),
        (["/*" * 5000] * 5, 0),
        ([""], 1),
    ],
    ids=["each by its name", "each below any", "of nothing", "deeper than anything", "all of it"],
)
def test_ten_thousand_pointers_are_followed_at_once(pointers: list[str], count: int) -> None:
    """A card that takes seconds to open is a stall that anybody's request could cause."""
    began = time.process_time()
    hidden = find_hidden(ARGS, pointers)

    assert len(hidden) == count
    assert time.process_time() - began < 2
