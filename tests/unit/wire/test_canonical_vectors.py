"""The published vectors of RFC 8785, and very many values that agree over the wire."""

from __future__ import annotations

import json
import random
from collections import defaultdict

import pytest

from tests.support.anything import anything, disagreements
from workers.wire.approvals import args_digest
from workers.wire.canonical import JSON, canonical_bytes, strict_json

#: `python -m tests.chaos attacks` tries 100,000.
VALUES = 5_000

#: The standard's test data: name, input, output.
VECTORS = {
    "arrays": (
        '[ 56, { "d": true, "10": null, "1": [ ] } ]',
        '[56,{"1":[],"10":null,"d":true}]',
    ),
    "french": (
        r"""{ "peach": "This sorting order", "p\u00e9ch\u00e9": "is wrong according to French",
              "p\u00eache": "but canonicalization MUST", "sin": "ignore locale" }""",
        '{"peach":"This sorting order","péché":"is wrong according to French",'
        '"pêche":"but canonicalization MUST","sin":"ignore locale"}',
    ),
    "structures": (
        r"""{ "1": {"f": {"f": "hi", "F": 5}, "\n": 56.0}, "10": { }, "": "empty", "a": { },
              "111": [ {"e": "yes", "E": "no" } ], "A": { } }""",
        r'{"":"empty","1":{"\n":56,"f":{"F":5,"f":"hi"}},"10":{},'
        r'"111":[{"E":"no","e":"yes"}],"A":{},"a":{}}',
    ),
    "unicode": (
        r'{ "Unnormalized Unicode": "A\u030a" }',
        '{"Unnormalized Unicode":"A\u030a"}',
    ),
    "values": (
        r"""{ "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
              "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
              "literals": [null, true, false] }""",
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    ),
    "weird": (
        r"""{ "\u20ac": "Euro Sign", "\r": "Carriage Return", "\u000a": "Newline", "1": "One",
              "\u0080": "Control\u007f", "\ud83d\ude02": "Smiley",
              "\u00f6": "Latin Small Letter O With Diaeresis",
              "\ufb33": "Hebrew Letter Dalet With Dagesh", "</script>": "Browser Challenge" }""",
        '{"\\n":"Newline","\\r":"Carriage Return","1":"One","</script>":"Browser Challenge",'
        '"\u0080":"Control\u007f","\u00f6":"Latin Small Letter O With Diaeresis",'
        '"\u20ac":"Euro Sign","\U0001f602":"Smiley",'
        '"\ufb33":"Hebrew Letter Dalet With Dagesh"}',
    ),
}


@pytest.mark.parametrize(("given", "form"), VECTORS.values(), ids=VECTORS)
def test_a_vector_of_the_standard(given: str, form: str) -> None:
    """Whoever else follows the standard digests the same bytes."""
    assert canonical_bytes(json.loads(given)) == form.encode()


def test_both_ends_of_the_wire_digest_the_same() -> None:
    """What the worker asks about, what arrives at the console, and what comes back."""
    assert disagreements(VALUES, chance=8785) == 0


def test_no_two_values_share_a_digest_but_those_that_are_one_number() -> None:
    """1 and 1.0, 0 and -0.0 are one number in JSON; nothing else is."""
    source = random.Random(8785)  # noqa: S311 - the same each time is what is wanted
    by_digest: dict[str, list[JSON]] = defaultdict(list)
    for _ in range(VALUES):
        value = strict_json({"value": anything(source, depth=3)})
        by_digest[args_digest("agent", "tool", value, bytes(16))].append(value)
    assert len(by_digest) > VALUES / 4
    assert any(len(same) > 1 for same in by_digest.values())
    for first, *others in by_digest.values():
        assert {_typed(other) for other in others} <= {_typed(first)}


def _typed(value: JSON) -> str:
    """A value with its types, numbers by their value."""
    match value:
        case bool() | None:
            return repr(value)
        case int() | float():
            return f"number {value.as_integer_ratio()}"
        case dict():
            members = sorted((name, _typed(item)) for name, item in value.items())
            return f"object {members}"
        case list():
            return f"list {[_typed(item) for item in value]}"
        case _:
            return f"text {value!r}"
