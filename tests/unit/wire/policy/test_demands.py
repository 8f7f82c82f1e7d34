"""What a policy demands: never less than any of its rules, and a gate where it is silent."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.wire.approvals import Risk
from workers.wire.canonical import JSON, strict_json
from workers.wire.policy.conditions import Comparison, Condition, Truth, evaluate
from workers.wire.policy.demands import Demand, Quorum, demand
from workers.wire.policy.rules import BadPolicy, Policy, read_policy
from workers.wire.signing.statements import Meaning

PAYMENTS = b"""
id = "payments"
version = 7

[[rules]]
name = "Any transfer"
tool = "transfer_funds"
roles = ["treasury"]
expires_after_seconds = 3600
risk = "medium"
meanings = ["approval", "responsibility"]

[[rules]]
name = "Large transfers"
tool = "transfer_funds"
when = [{ argument = "/amount", comparison = "above", value = 10000 }]
roles = ["treasury", "board"]
quorum = 2
reason_required = true
dwell_seconds = 5
expires_after_seconds = 600
masked = ["/iban"]

[[rules]]
name = "Looking is free"
tool = "get_balance"
gate = false

[[rules]]
name = "Small things are free, in euros"
tool = "buy"
gate = false
when = [
  { argument = "/price", comparison = "at_most", value = 5 },
  { argument = "/currency", comparison = "equals", value = "EUR" },
]
"""
POLICY = read_policy(PAYMENTS)


def _demand(action: str, args: JSON, policy: Policy = POLICY) -> Demand:
    return demand(policy, "treasury_agent", action, strict_json(args))


def _policy(rules: str) -> bytes:
    return b'id = "p"\nversion = 1\n[[rules]]\n' + rules.encode()


def test_all_rules_that_apply_count_together() -> None:
    """The strictest word on each thing."""
    small = _demand("transfer_funds", {"amount": 10_000})
    large = _demand("transfer_funds", {"amount": 10_000.01})

    assert small.quorums == (Quorum(1, ("treasury",)),)
    assert (small.expires_after_seconds, small.risk) == (3600, Risk.MEDIUM)
    assert small.meanings == (Meaning.APPROVAL, Meaning.RESPONSIBILITY)
    assert large.quorums == (Quorum(1, ("treasury",)), Quorum(2, ("treasury", "board")))
    assert (large.expires_after_seconds, large.dwell_seconds) == (600, 5)
    assert (large.reason_required, large.risk, large.masked) == (True, Risk.HIGH, ("/iban",))
    assert large.meanings == (Meaning.APPROVAL,)
    assert not large.requester_may_approve
    assert not large.editor_may_approve
    assert large.why == (
        "Any transfer: 1 reviewer in the role treasury",
        "Large transfers: 2 reviewers in the role treasury or board",
    )


@pytest.mark.parametrize(
    "amount",
    [None, "a lot", "NaN", True, [], {}, {"$int": "9"}, "1e9", "10000.01", 2**60, " 10001 "],
    ids=str,
)
def test_what_a_limit_cannot_read_is_over_it(amount: JSON) -> None:
    """Nobody gets around a limit by writing a number strangely."""
    args: JSON = {"amount": amount} if amount != {"$int": "9"} else {"amont": 1}
    assert len(_demand("transfer_funds", args).quorums) == 2


def test_approval_is_waived_only_where_a_rule_surely_says_so() -> None:
    """In doubt a person decides."""
    free: JSON = {"price": 5, "currency": "eur "}
    assert not _demand("get_balance", {}).gated
    assert not _demand("buy", free).gated
    for args in ({"price": 5}, {"price": "x", "currency": "EUR"}, {"price": 6, "currency": "EUR"},
                 {"price": 1, "currency": "USD"}, {"price": 1, "currency": None}):  # fmt: skip
        assert _demand("buy", args).gated
    everything_gated = read_policy(PAYMENTS + b'[[rules]]\nname = "All"\n')
    assert _demand("get_balance", {}, everything_gated).gated


@given(st.text(), st.text(), st.dictionaries(st.text(max_size=4), st.integers()))
def test_what_no_rule_knows_is_gated(agent: str, action: str, args: dict[str, int]) -> None:
    """An unknown tool, or one that is misspelt in the policy."""
    known = {rule.tool for rule in POLICY.rules}
    found = demand(POLICY, agent, action, strict_json({}))
    assert found.gated or action in known
    assert demand(Policy(id="p", version=1, rules=()), agent, action, {}).quorums == (Quorum(1),)
    assert args is not None


@pytest.mark.parametrize(
    ("comparison", "value", "found", "truth"),
    [
        (Comparison.EQUALS, "eur", "EUR", Truth.YES),
        (Comparison.EQUALS, "eur", 5, Truth.NO),
        (Comparison.EQUALS, 5, "5.00", Truth.YES),
        (Comparison.EQUALS, 5, "five", Truth.UNKNOWN),
        (Comparison.EQUALS, True, True, Truth.YES),
        (Comparison.EQUALS, 1, True, Truth.NO),
        (Comparison.EQUALS, 1, [1], Truth.UNKNOWN),
        (Comparison.ONE_OF, ("a", "b"), "B", Truth.YES),
        (Comparison.ONE_OF, ("a", "b"), "c", Truth.NO),
        (Comparison.ONE_OF, (1, 2), "c", Truth.UNKNOWN),
        (Comparison.NONE_OF, ("eur", "usd"), " EUR", Truth.NO),
        (Comparison.NONE_OF, ("eur", "usd"), "GBP", Truth.YES),
        (Comparison.NONE_OF, ("eur",), [], Truth.UNKNOWN),
        (Comparison.AT_MOST, 0.3, "0.30", Truth.YES),
        (Comparison.ABOVE, 2**53, 2**53 + 1, Truth.YES),
        (Comparison.ABOVE, 5, "Infinity", Truth.UNKNOWN),
    ],
)
def test_conditions(comparison: Comparison, value: object, found: JSON, truth: Truth) -> None:
    """Numbers by value, exactly; texts whatever their case."""
    assert isinstance(value, str | int | float | tuple)
    condition = Condition(argument="/a~1b/c~0d", comparison=comparison, value=value)
    assert evaluate(condition, strict_json({"a/b": {"c~d": found}})) is truth


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff",
        b"id = ",
        b'id = "p"\nversion = 1\n',
        b'id = " "\nversion = 1\nrules = []\n',
        b'id = "p"\nversion = 0\nrules = []\n',
        b'id = "p"\nversion = 1\nrules = []\nrule = []\n',
        _policy('name = "a"\ntool = "x"\nqorum = 2\n'),
        _policy('name = "a"\nquorum = 0\n'),
        _policy('name = " "\n'),
        _policy('name = "a"\ntool = ""\n'),
        _policy('name = "a"\ndwell_seconds = -1\n'),
        _policy('name = "a"\ndwell_seconds = nan\n'),
        _policy('name = "a"\nexpires_after_seconds = 0\n'),
        _policy('name = "a"\nexpires_after_seconds = inf\n'),
        _policy('name = "a"\ngate = false\n'),
        _policy('name = "a"\ngate = false\ntool = "x"\nquorum = 2\n'),
        _policy('name = "a"\nmasked = ["iban"]\n'),
        _policy('name = "a"\nwhen = [{argument = "/a", comparison = "above", value = "x"}]\n'),
        _policy('name = "a"\nwhen = [{argument = "/a", comparison = "above", value = true}]\n'),
        _policy('name = "a"\nwhen = [{argument = "/a", comparison = "one_of", value = 1}]\n'),
        _policy('name = "a"\nwhen = [{argument = "/a", comparison = "equals", value = [1]}]\n'),
        _policy('name = "a"\nwhen = [{argument = "/a", comparison = "none_of", value = 1}]\n'),
        _policy('name = "a"\nwhen = [{argument = "/a", comparison = "none_of", value = []}]\n'),
        _policy('name = "a"\nwhen = [{argument = "/a", comparison = "like", value = 1}]\n'),
        _policy(
            'name = "a"\nwhen = [{argument = "/a", comparison = "above", value = 1, unit = "k"}]\n'
        ),
        _policy('name = "a"\n[[rules]]\nname = "a"\n'),
    ],
    ids=range(26),
)
def test_a_policy_that_cannot_be_meant_is_refused(raw: bytes) -> None:
    """A misspelt word is an error, never a rule that does not apply."""
    with pytest.raises(BadPolicy) as caught:
        read_policy(raw)
    assert caught.value.title
    assert caught.value.hint


def test_a_policy_that_is_too_large_is_not_read() -> None:
    """256 KiB are read, and not one byte more."""
    assert read_policy(PAYMENTS.ljust(256 * 1024, b"#")) == POLICY
    with pytest.raises(BadPolicy, match="262,145 bytes"):
        read_policy(PAYMENTS.ljust(256 * 1024 + 1, b"#"))


def test_a_number_that_is_none_is_not_compared() -> None:
    """A tagged integer that somebody spoiled on the way."""
    limit = Condition(argument="/amount", comparison=Comparison.ABOVE, value=1)
    assert evaluate(limit, {"amount": {"$int": "much"}}) is Truth.UNKNOWN
    assert evaluate(limit, {"amount": {"$int": str(2**60)}}) is Truth.YES


def test_an_empty_policy_is_one_that_gates_everything(tmp_path: Path) -> None:
    """The safest policy is the shortest."""
    file = tmp_path / "policy.toml"
    file.write_bytes(b'id = "p"\nversion = 1\nrules = []\n')
    assert demand(read_policy(file.read_bytes()), "a", "b", {}).gated
