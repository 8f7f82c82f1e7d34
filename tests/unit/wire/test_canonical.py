"""One value has one form, two values never share one, and what has none is refused."""

from __future__ import annotations

import json
from enum import IntEnum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.wire.approvals import args_digest
from workers.wire.canonical import (
    MAX_ARGS_DEPTH,
    MAX_DEPTH,
    MAX_SAFE_INTEGER,
    canonical_bytes,
    depth_within,
    strict_json,
)
from workers.wire.codec import decode_json
from workers.wire.errors import NotApprovable

SALT = b"0123456789abcdef"

#: Few leaves that look alike, so that a collision would be found.
_ALIKE = st.sampled_from(
    [None, "null", True, 1, 1.0, "1", 0, False, "", MAX_SAFE_INTEGER, MAX_SAFE_INTEGER + 1,
     float(MAX_SAFE_INTEGER + 1), str(MAX_SAFE_INTEGER + 1), -1, 1e-7, "$int", "é", "e\u0301"]
)  # fmt: skip
_ALIKE_VALUES = st.recursive(
    _ALIKE,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["a", "b", "int", ""]), inner, max_size=2)
    ),
    max_leaves=4,
)
_ARGS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text().filter(lambda name: name != "$int"), inner, max_size=3)
    ),
    max_leaves=10,
)


def test_the_example_of_the_standard() -> None:
    """RFC 8785, section 3.2.2: numbers, escapes and literals."""
    value = json.loads(
        r"""{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
             "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
             "literals": [null, true, false]}"""
    )

    assert canonical_bytes(value).decode() == (
        '{"literals":[null,true,false],'
        '"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_names_are_sorted_as_the_standard_sorts_them() -> None:
    """RFC 8785, section 3.2.3: by UTF-16 code units, not by code points."""
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]

    form = canonical_bytes(dict.fromkeys(names, 0))

    assert list(json.loads(form)) == [
        "\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("number", "form"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (9007199254740992.0, "9007199254740992"),
        (295147905179352830000.0, "295147905179352830000"),
        (9.999999999999997e22, "9.999999999999997e+22"),
        (1e23, "1e+23"),
        (999999999999999700000.0, "999999999999999700000"),
        (1e21, "1e+21"),
        (9.999999999999997e-7, "9.999999999999997e-7"),
        (0.000001, "0.000001"),
        (333333333.3333332, "333333333.3333332"),
    ],
)
def test_numbers_of_the_standard(number: float, form: str) -> None:
    """RFC 8785, appendix B."""
    assert canonical_bytes(number).decode() == form


def test_the_order_of_members_does_not_matter() -> None:
    """A worker and a console need not keep the order of each other's objects."""
    assert canonical_bytes({"to": "ACME", "amount": 10}) == canonical_bytes(
        {"amount": 10, "to": "ACME"}
    )


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**63, 10**4000])
def test_integers_that_lose_digits_elsewhere_travel_as_text(number: int) -> None:
    """An account number of 17 digits is not rounded by a reader that has only doubles."""
    assert strict_json({"account": number}) == {"account": {"$int": str(number)}}


def test_integers_that_are_safe_stay_numbers() -> None:
    """Up to the largest and down to the smallest."""
    assert strict_json([MAX_SAFE_INTEGER, -MAX_SAFE_INTEGER]) == [
        MAX_SAFE_INTEGER,
        -MAX_SAFE_INTEGER,
    ]


class _Priority(IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("value", "why"),
    [
        pytest.param(float("nan"), "nan is not a JSON number", id="nan"),
        pytest.param({"x": [float("inf")]}, "inf is not a JSON number", id="infinity"),
        pytest.param({"name": "\ud800"}, "half a character", id="lone-surrogate"),
        pytest.param({"\udfff": 1}, "half a character", id="lone-surrogate-in-a-name"),
        pytest.param({1: "one"}, "1 is no name", id="number-as-name"),
        pytest.param({"when": {1, 2}}, "A set has no JSON form", id="a-set"),
        pytest.param(b"bytes", "A bytes has no JSON form", id="bytes"),
        pytest.param(object(), "A object has no JSON form", id="an-object"),
        pytest.param({"$int": "7"}, "may not have a member named", id="looks-like-a-tag"),
        pytest.param(10**5000, "too many digits", id="5000-digits"),
    ],
)
def test_what_has_no_single_form_is_refused(value: object, why: str) -> None:
    """The reason is for a person, and says that nothing ran."""
    with pytest.raises(NotApprovable, match=why) as caught:
        canonical_bytes(value)

    assert "did not run" in caught.value.hint


def test_arguments_may_not_nest_so_deep_that_their_event_would_be_refused() -> None:
    """What a worker can ask, a console can read."""
    deepest = _nested(MAX_ARGS_DEPTH)
    event = {"data": {"message": {"tool_calls": [{"args": strict_json(deepest)}]}}}
    assert decode_json(json.dumps(event).encode()) == event

    with pytest.raises(NotApprovable, match="deeper than 56 levels"):
        strict_json(_nested(MAX_ARGS_DEPTH + 1))


def test_what_is_nested_without_end_is_refused() -> None:
    """A list that holds itself is no argument."""
    endless: list[object] = []
    endless.append(endless)

    with pytest.raises(NotApprovable):
        strict_json(endless)


def test_tuples_and_enumerations_take_the_form_of_what_they_hold() -> None:
    """LangChain hands arguments over as Python made them."""
    assert canonical_bytes({"pair": (1, _Priority.HIGH)}) == b'{"pair":[1,3]}'


@pytest.mark.parametrize("kind", ["list", "object"])
def test_depth_is_counted_the_same_for_lists_and_objects(kind: str) -> None:
    """Also when the innermost one is empty."""
    within = _nested(MAX_DEPTH - 1, kind, innermost=[])
    beyond = _nested(MAX_DEPTH, kind, innermost=[])

    assert depth_within(within)
    assert not depth_within(beyond)


@settings(deadline=None)
@given(_ALIKE_VALUES, _ALIKE_VALUES)
def test_two_different_values_never_share_a_digest(one: object, other: object) -> None:
    """What a reviewer saw is the only thing the decision can run."""
    digests = [args_digest("a", "pay", strict_json(value), SALT) for value in (one, other)]

    if digests[0] == digests[1]:
        assert _is_same(one, other)


@settings(deadline=None)
@given(_ARGS)
def test_a_digest_survives_the_broker(args: object) -> None:
    """The console computes from what arrived what the worker computed from what it sent."""
    sent = strict_json(args)
    event = json.dumps({"args": sent}).encode()
    arrived = decode_json(event)
    assert isinstance(arrived, dict)

    assert args_digest("a", "pay", arrived["args"], SALT) == args_digest("a", "pay", sent, SALT)


def _nested(depth: int, kind: str = "list", innermost: object = 1) -> object:
    value = innermost
    for _ in range(depth):
        value = [value] if kind == "list" else {"x": value}
    return value


def _is_same(one: object, other: object) -> bool:
    """Equal, and JSON's types kept apart (for Python, True is 1)."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_same(one[k], other[k]) for k in one)
    return one == other
