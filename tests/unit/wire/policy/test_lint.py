"""What is wrong with a policy is found before a call meets it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from tests.support.registered import LEE, NOW, ROSA, STRANGER, people_of, registered_key, registry
from workers.wire.policy.conditions import Comparison, Condition
from workers.wire.policy.lint import FindingKind, lint, unmet
from workers.wire.policy.rules import Policy, Rule
from workers.wire.policy.trials import MOST_TRIALS, Known
from workers.wire.signing.registry import RegisteredReviewer, Registry
from workers.wire.signing.statements import Meaning, moment

UNMET, OPEN, NOTE = FindingKind.CANNOT_BE_MET, FindingKind.FAILS_OPEN, FindingKind.NOTE
TREASURY = ("treasury",)
#: Whoever asked and whoever edited may approve: nobody is left out.
FREE = {"requester_may_approve": True, "editor_may_approve": True}


def _policy(*rules: Rule) -> Policy:
    return Policy(id="p", version=1, rules=rules)


def _when(argument: str, comparison: str, value: object) -> tuple[Condition, ...]:
    assert isinstance(value, str | int | float | tuple)
    return (Condition(argument=argument, comparison=Comparison(comparison), value=value),)


def _found(
    *rules: Rule, known: Registry | None = None, workers: Known | None = None
) -> list[tuple[str, FindingKind]]:
    found = lint(_policy(*rules), known, workers, NOW)
    assert all(finding.title for finding in found)
    return [(finding.rule, finding.kind) for finding in found]


ABOVE = _when("/amount", "above", 10)
BELOW = _when("/amount", "at_most", 10)
EURO = _when("/currency", "equals", "EUR")
INSIDE = (*_when("/d/e", "above", 1), *_when("/d/e", "at_most", 1))
TWO_THINGS = (*_when("/a", "equals", "b"), *_when("/a/b", "above", 1))


@pytest.mark.parametrize(
    ("rules", "findings"),
    [
        ([Rule(name="ok", roles=TREASURY, **FREE)], []),
        ([Rule(name="free", tool="x", gate=False)], []),
        ([Rule(name="two", roles=TREASURY, quorum=2, **FREE)], []),
        ([Rule(name="two", roles=TREASURY, quorum=2)], [("two", NOTE)]),
        ([Rule(name="one", quorum=1)], [("one", NOTE)]),
        ([Rule(name="three", quorum=3, **FREE)], [("three", UNMET)]),
        ([Rule(name="typo", roles=("tresury",))], [("typo", UNMET), ("typo", NOTE)]),
        (
            [
                Rule(name="a", tool="x", meanings=(Meaning.REVIEW,), **FREE),
                Rule(name="b", agent="bot", **FREE),
                Rule(name="c", tool="y", agent="other", **FREE),
            ],
            [("a + b", UNMET)],
        ),
        (
            [
                Rule(name="small", tool="x", when=BELOW, **FREE),
                Rule(name="large", tool="x", when=ABOVE, meanings=(Meaning.REVIEW,), **FREE),
            ],
            [("small + large", NOTE)],
        ),
    ],
    ids=["met", "free", "two", "two but", "edited", "three", "typo", "together", "apart"],
)
def test_a_rule_that_nobody_could_meet(
    rules: list[Rule], findings: list[tuple[str, FindingKind]]
) -> None:
    """By the present registry: two reviewers, one of them in both roles."""
    assert _found(*rules, known=registry()) == findings


def test_rules_that_meet_need_people_for_all_of_them() -> None:
    """One person votes in one role: who holds both is no two people."""
    rules = (
        Rule(name="checks", tool="pay", roles=TREASURY, **FREE),
        Rule(name="board", tool="pay", when=ABOVE, roles=("board",), **FREE),
    )
    both = people_of(ann=("treasury", "board"))
    assert ("checks + board", UNMET) in _found(*rules, known=both)
    assert _found(*rules, known=people_of(ann=("treasury", "board"), bob=TREASURY)) == []
    strict = tuple(structs.replace(rule, requester_may_approve=False) for rule in rules)
    three = people_of(ann=TREASURY, bob=TREASURY, eve=("board",))
    assert ("checks + board", NOTE) in _found(*strict, known=three)
    four = people_of(ann=TREASURY, bob=TREASURY, eve=("board",), joe=("board",))
    assert _found(*strict, known=four) == []


def test_a_worker_asks_with_each_decision_what_could_never_run() -> None:
    """It hears of nothing else, and not later than the registry changes."""
    three = _policy(Rule(name="three", quorum=3, **FREE), Rule(name="free", tool="x", gate=False))
    [found] = unmet(three, registry(), NOW)
    assert (found.rule, found.kind, found.fatal) == ("three", UNMET, True)
    assert unmet(three, people_of(ann=TREASURY, bob=TREASURY, eve=TREASURY), NOW) == ()
    assert unmet(three, registry(), NOW) == (found,)


def test_only_people_who_could_sign_are_counted() -> None:
    """A key that was struck out or has ended, and a person without a role, approve nothing."""
    rosa, lee = registry().statement.reviewers
    struck = structs.replace(
        rosa, keys=(registered_key(ROSA, revoked_at="2026-03-01T00:00:00Z", reason="lost"),)
    )
    ended = structs.replace(lee, keys=(registered_key(LEE, not_after="2026-02-01T00:00:00+00:00"),))
    nothing = RegisteredReviewer(id="n", name="No Role", roles=(), keys=(registered_key(STRANGER),))
    known = registry(reviewers=(struck, ended, nothing))
    found = lint(_policy(Rule(name="one", **FREE)), known, None, NOW)
    assert [(f.rule, f.kind) for f in found] == [("one", UNMET), ("", NOTE), ("", NOTE)]
    assert "Rosa Mora" in found[1].title
    assert "Lee Park" in found[2].title
    nobody = lint(_policy(), registry(reviewers=(struck,)), None, NOW)
    assert [(f.rule, f.kind) for f in nobody] == [("", UNMET), ("", NOTE)]


def test_what_runs_out_soon_is_told() -> None:
    """A registry in its last week, a key in its last month."""
    rosa, lee = registry().statement.reviewers
    old = structs.replace(rosa, keys=(registered_key(ROSA, not_after="2026-03-20T00:00:00Z"),))
    known = registry(reviewers=(old, lee), expires_at="2026-03-05T00:00:00+00:00")
    found = lint(_policy(Rule(name="ok", **FREE)), known, None, NOW)
    assert [(f.rule, f.kind) for f in found] == [("", NOTE), ("", NOTE)]
    assert "2026-03-05" in found[0].title
    assert "Rosa Mora" in found[1].title


@pytest.mark.parametrize(
    ("ends", "days", "told"),
    [
        ("2026-04-01T00:00:00+00:00", 7, "The registry expires"),
        ("2027-01-01T00:00:00+00:00", 30, "The last key of Rosa Mora ends"),
    ],
    ids=["registry", "key"],
)
def test_it_is_told_so_many_days_before(ends: str, days: int, told: str) -> None:
    """From the second on; and a key that has ended has ended."""
    ok = _policy(Rule(name="ok", **FREE))

    def titles(at: float) -> str:
        return "\n".join(one.title for one in lint(ok, registry(), None, at))

    begins = moment(ends) - days * 24 * 3600
    assert told not in titles(begins)
    assert told in titles(begins + 1)
    assert "Rosa Mora has no key that counts" in titles(moment("2027-01-01T00:00:00+00:00"))


@pytest.mark.parametrize(
    ("rules", "findings"),
    [
        ([Rule(name="never", tool="x", when=(*ABOVE, *BELOW))], [("never", OPEN)]),
        ([Rule(name="never", tool="x", gate=False, when=(*ABOVE, *BELOW))], [("never", NOTE)]),
        (
            [Rule(name="n", tool="x", when=(*EURO, *_when("/currency", "none_of", ("eur",))))],
            [("n", OPEN)],
        ),
        ([Rule(name="n", tool="x", when=INSIDE)], [("n", OPEN)]),
        ([Rule(name="n", tool="x", when=TWO_THINGS)], [("n", OPEN)]),
        (
            [
                Rule(
                    name="between",
                    tool="x",
                    when=(
                        *_when("/amount", "above", 1),
                        *_when("/amount", "at_most", 2),
                        *_when("/amount", "none_of", (2,)),
                    ),
                )
            ],
            [],
        ),
        ([Rule(name="no", tool="x", when=_when("/urgent", "equals", False))], []),
        (
            [Rule(name="free", tool="x", gate=False), Rule(name="large", tool="x", when=ABOVE)],
            [("free", OPEN)],
        ),
        (
            [Rule(name="free", tool="x", gate=False), Rule(name="all")],
            [("free", NOTE)],
        ),
        ([Rule(name="free", tool="x", gate=False, when=BELOW)], [("free", OPEN)]),
        (
            [
                Rule(
                    name="free",
                    tool="x",
                    gate=False,
                    when=(*BELOW, *_when("/amount", "above", 0)),
                )
            ],
            [],
        ),
        ([Rule(name="free", tool="x", gate=False, when=EURO)], [("free", OPEN)]),
        ([Rule(name="euros", tool="x", when=(*EURO, *ABOVE), quorum=2)], [("euros", OPEN)]),
        (
            [
                Rule(name="euros", tool="x", when=(*EURO, *ABOVE), quorum=2),
                Rule(name="few", tool="x", when=_when("/currency", "none_of", ("EUR",))),
                Rule(name="dollars", tool="x", when=_when("/currency", "equals", "USD"), quorum=2),
                Rule(name="other", tool="y", quorum=2),
            ],
            [("euros", OPEN)],
        ),
        (
            [
                Rule(name="euros", tool="x", when=(*EURO, *ABOVE), quorum=2),
                Rule(name="rest", tool="x", when=_when("/currency", "none_of", ("EUR",)), quorum=2),
            ],
            [],
        ),
        (
            [
                Rule(name="euros", tool="x", when=(*EURO, *ABOVE), quorum=2),
                Rule(name="any", tool="x", when=_when("/amount", "above", 5), quorum=2),
            ],
            [],
        ),
        (
            [
                Rule(name="euros", tool="x", when=(*EURO, *ABOVE), quorum=2),
                Rule(name="again", tool="x", when=EURO, quorum=2),
                Rule(name="gap", tool="x", when=_when("/currency", "none_of", ("EUR", "GBP"))),
            ],
            [("euros", OPEN)],
        ),
        ([Rule(name="free", tool="x", gate=False, when=_when("/payee", "equals", "ACME"))], []),
        (
            [
                Rule(name="free", tool="x", agent="a", gate=False),
                Rule(name="large", tool="x", agent="b", when=ABOVE),
                Rule(name="elsewhere", tool="y", agent="a", when=ABOVE),
            ],
            [],
        ),
        (
            [
                Rule(name="free", tool="x", gate=False),
                Rule(name="large", tool="x", agent="b", when=ABOVE),
            ],
            [("free", OPEN)],
        ),
    ],
    ids=[
        "never", "never waives", "never by text", "never inside", "never both", "between", "no",
        "swallows", "waives nothing", "negative",
        "limited", "any amount", "one currency", "few", "all", "no currency", "gap", "payee",
        "apart", "one agent",
    ],
)  # fmt: skip
def test_nothing_lets_through_more_than_it_seems_to(
    rules: list[Rule], findings: list[tuple[str, FindingKind]]
) -> None:
    """Conditions that never hold, waivers that swallow gates, limits of one currency."""
    assert _found(*rules) == findings


def test_a_finding_says_for_which_calls() -> None:
    """For all, or for those that lack an argument."""
    rules = (
        Rule(name="small", tool="x", when=BELOW, **FREE),
        Rule(name="large", tool="x", when=ABOVE, meanings=(Meaning.REVIEW,), **FREE),
        Rule(name="three", tool="y", quorum=3, **FREE),
    )
    titles = {one.rule: one.title for one in lint(_policy(*rules), registry(), None, NOW)}
    assert titles["small + large"].endswith("by all of them for a call without /amount.")
    assert titles["three"].endswith("3 of anybody.")


@pytest.mark.parametrize(
    ("missed", "kind"),
    [
        ({}, NOTE),
        ({"quorum": 2}, OPEN),
        ({"roles": TREASURY}, OPEN),
        ({"reason_required": True}, OPEN),
    ],
    ids=str,
)
def test_a_rule_that_misses_its_tool_is_bad_if_it_asks_for_more_than_no_rule_does(
    missed: dict[str, Any], kind: FindingKind
) -> None:
    """A call that no rule knows needs one approval, of anybody."""
    found = _found(Rule(name="typo", tool="y", **missed), workers=Known({"x": {}}))
    assert found == [("typo", kind)]


def test_words_that_no_worker_knows_are_told() -> None:
    """A rule for two people that misses its tool leaves it to one."""
    schema = {
        "properties": {
            "amount": {"type": "number"},
            "currency": {"enum": ["EUR", "USD"]},
            "payee": {"type": "object", "properties": {"iban": {}}},
        }
    }
    workers = Known({"transfer_funds": schema, "search": {}}, ("treasury_agent",))
    found = lint(
        _policy(
            Rule(name="tool", tool="transfer_fund", quorum=2),
            Rule(name="harmless", tool="transfer_fund", gate=False),
            Rule(name="agent", agent="tresury_agent", roles=TREASURY),
            Rule(name="argument", tool="transfer_funds", when=_when("/amont", "above", 1)),
            Rule(name="hidden", tool="transfer_funds", masked=("/payee/bic", "/payee/iban")),
            Rule(name="anything", tool="search", masked=("/x",), when=_when("/y/z", "above", 1)),
            Rule(name="pounds", tool="transfer_funds", when=_when("/currency", "equals", "GBP")),
        ),
        known=workers,
    )
    assert [(f.rule, f.kind) for f in found] == [
        ("pounds", OPEN),
        ("harmless", NOTE),
        ("tool", OPEN),
        ("harmless", NOTE),
        ("agent", OPEN),
        ("argument", NOTE),
        ("hidden", OPEN),
    ]
    assert "'transfer_funds' is meant?" in found[2].title
    assert "/payee/bic" in found[-1].title


@pytest.mark.parametrize(
    ("rule", "workers", "findings"),
    [
        (Rule(name="list", tool="x", gate=False, when=_when("/p", "none_of", ("a",))), None,
         [("list", OPEN)]),
        (Rule(name="free", tool="x", gate=False,
              when=(*_when("/p", "none_of", ("a",)), *_when("/q", "one_of", ("b",)))), None, []),
        (Rule(name="task", tool="call_bot", quorum=2, **FREE), Known({}, ("bot",)),
         [("task", UNMET)]),
        (Rule(name="task", tool="call_bot", quorum=2, **FREE), None, [("task", NOTE)]),
        (Rule(name="task", tool="call_bot", gate=False), Known({}, ("bot",)), []),
        (Rule(name="tool", tool="call_taxi", **FREE), Known({"call_taxi": {}}, ("bot",)), []),
    ],
    ids=["all but", "of some", "task", "perhaps a task", "task waived", "no task"],
)  # fmt: skip
def test_what_a_rule_says_in_vain_is_told(
    rule: Rule, workers: Known | None, findings: list[tuple[str, FindingKind]]
) -> None:
    """A list of what is forbidden waives every other spelling; nobody is asked about tasks."""
    assert _found(rule, workers=workers) == findings


def test_a_policy_with_very_many_conditions_is_not_tried_for_ever() -> None:
    """What could not be proven is told."""
    conditions = tuple(_when(f"/a{number}", "equals", "x")[0] for number in range(12))
    found = _found(Rule(name="many", tool="x", when=conditions))
    assert MOST_TRIALS < 3**12
    assert found == [("x", NOTE)]


def test_conditions_may_look_into_what_others_compare() -> None:
    """Booleans, numbers and texts of one argument, and an argument that is two things."""
    rules = (
        Rule(name="a", tool="x", when=_when("/a", "equals", True)),
        Rule(name="b", tool="x", when=_when("/a", "one_of", ("b", 1))),
        Rule(name="c", tool="x", when=_when("/d/e", "equals", "f")),
    )
    assert _found(*rules) == []
    inside = Rule(name="d", tool="x", when=_when("/a/b", "above", 1))
    assert _found(*rules, inside) == _found(inside, *rules) == []
