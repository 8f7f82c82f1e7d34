"""The calls that stand for all calls are as many as it takes, up to a number."""

from __future__ import annotations

import pytest

from workers.wire.canonical import JSON
from workers.wire.policy.conditions import Comparison, Condition
from workers.wire.policy.rules import Policy, Rule
from workers.wire.policy.trials import Known, Trials, all_trials


def _trials(schema: JSON, *arguments: str) -> Trials:
    """For a tool of which a rule compares these arguments."""
    when = tuple(
        Condition(argument=one, comparison=Comparison.EQUALS, value="EUR") for one in arguments
    )
    rule = Rule(name="r", tool="x", agent="a", when=when)
    every = all_trials(Policy(id="p", version=1, rules=(rule,)), Known({"x": schema}))
    return next(one for one in every if (one.tool, one.agent) == ("x", "a"))


@pytest.mark.parametrize(("one", "other", "whole"), [(64, 64, True), (17, 241, False)])
def test_calls_are_tried_up_to_a_number(one: int, other: int, whole: bool) -> None:
    """As many as 64 values of one argument make with 64 of another; not one more."""
    schema = {"properties": {"a": {"enum": [*range(one)]}, "b": {"enum": [*range(other)]}}}

    found = _trials(schema, "/a", "/b")

    assert (len(found.calls), found.whole) == (4096, whole)


@pytest.mark.parametrize("enum", [[], "EUR", None])
def test_a_schema_that_names_no_values_leaves_them_open(enum: JSON) -> None:
    """It is somebody else's, and may say anything."""
    found = _trials({"properties": {"currency": {"enum": enum}}}, "/currency")

    assert [one.args for one in found.calls] == [
        {"currency": "EUR"}, {"currency": "(another)"}, {},
    ]  # fmt: skip
