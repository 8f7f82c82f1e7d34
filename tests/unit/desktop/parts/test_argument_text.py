"""Arguments read as what they are."""

from __future__ import annotations

import pytest

from desktop.views.parts.argument_text import worded


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("42", "text", "42"),
        (42, "number", "42"),
        (2**60, "number", "1152921504606846976"),
        (0.1, "number", "0.1"),
        (True, "yes/no", "true"),
        (None, "nothing", "null"),
        ([], "list, empty", "[]"),
        ({"a": 1}, "object of 1", '{\n  "a": 1\n}'),
        (float("nan"), "number", "NaN"),
    ],
)
def test_a_value_says_its_type(value: object, kind: str, text: str) -> None:
    """The text `42` is not the number 42, and `true` is not a word."""
    found = worded(value)
    assert (found.kind, found.text) == (kind, text)
    assert found.complete


def test_a_value_too_deep_to_show_is_not_complete() -> None:
    """It must not be approved by somebody who cannot see it."""
    value: list[object] = []
    for _ in range(100_000):
        value = [value]
    assert not worded(value).complete


def test_a_value_json_cannot_carry_is_not_complete() -> None:
    """Nor one that is no value at all."""
    assert not worded(object()).complete
