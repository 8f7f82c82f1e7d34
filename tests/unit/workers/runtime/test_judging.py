"""What a worker says of calls before anybody decides, from the files in its trust folder."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import structs

from tests.support import trusted
from tests.support.registered import WORKER
from tests.support.trusted import TrustedFolder
from tests.support.waiting import await_until
from workers.runtime.demanding import AskedCall, calls_in
from workers.runtime.judging import Case, Judge, Ruling, Unproven
from workers.wire.approvals import (
    ApprovalRequest,
    DecisionKind,
    Mode,
    Receipt,
    Refusal,
    Requester,
)
from workers.wire.canonical import JSON
from workers.wire.policy.judging import policy_name
from workers.wire.signing.assertions import check_receipt, check_request
from workers.wire.signing.distrust import NotTrusted
from workers.wire.trust import TrustFolder

AGENT = "treasury_agent"
PAY = AskedCall("pay", {"amount": 5})
LOOK = AskedCall("look", {})
LIMITS = """
id = "payments"
version = 7

[[rules]]
name = "pay"
tool = "pay"
quorum = 2
risk = "high"
expires_after_seconds = 60

[[rules]]
name = "look"
tool = "look"
risk = "low"
expires_after_seconds = 30
meanings = ["review", "approval"]
reason_required = true

[[rules]]
name = "nothing"
tool = "nothing"
gate = false
"""


@pytest.fixture
def trust(tmp_path: Path) -> TrustedFolder:
    """A folder whose policy knows three tools."""
    trust = TrustedFolder(tmp_path / "trust")
    trust.write_policy(LIMITS)
    return trust


def test_without_a_folder_everything_is_as_in_the_code(tmp_path: Path) -> None:
    """In any mode, and with a folder that nobody has named or set up as well."""
    for mode in Mode:
        for folder in (None, tmp_path / "none"):
            judge = Judge(AGENT, mode, folder)
            assert not judge.has_policy
            assert judge.ruling(PAY) == Ruling()


def test_a_policy_that_is_lost_gates_everything(trust: TrustedFolder) -> None:
    """By the worker that has read it, and by one that starts without it and enforces."""
    judge = Judge(AGENT, Mode.BOUND, trust.path)
    assert judge.ruling(AskedCall("nothing", {})).gated is False
    (trust.path / "policy.toml").unlink()

    assert judge.ruling(AskedCall("nothing", {})).gated is True
    assert Judge(AGENT, Mode.ENFORCE, trust.path).ruling(LOOK).gated is True
    assert Judge(AGENT, Mode.BOUND, trust.path).ruling(LOOK).gated is True
    (trust.path / "policy.seen").unlink()
    assert Judge(AGENT, Mode.BOUND, trust.path).ruling(LOOK).gated is None


@pytest.mark.parametrize("mode", Mode)
def test_a_named_folder_that_is_not_there_gates_everything(tmp_path: Path, mode: Mode) -> None:
    """A disk that is not mounted, or a typo: the code gates less than the policy would."""
    judge = Judge(AGENT, mode, tmp_path / "typo", is_named=True)

    assert judge.has_policy
    assert judge.ruling(LOOK).gated is True


def test_a_new_policy_counts_at_once_and_an_old_one_gates_everything(
    trust: TrustedFolder,
) -> None:
    """Put back from a backup, or changed under its number; a later version mends it."""
    judge, nothing = Judge(AGENT, Mode.ENFORCE, trust.path), AskedCall("nothing", {})
    trust.write_policy(LIMITS.replace("version = 7", "version = 8"))
    assert judge.ruling(nothing).gated is False

    for other in (LIMITS, LIMITS.replace("version = 7", "version = 8").replace("= 2", "= 1")):
        trust.write_policy(other)
        for one in (judge, Judge(AGENT, Mode.ENFORCE, trust.path)):
            assert one.ruling(nothing).gated is True
            assert one.ruling(PAY).terms is None
    trust.write_policy(LIMITS.replace("version = 7", "version = 9"))

    terms = judge.ruling(PAY).terms
    assert terms is not None
    assert terms.version == 9


def test_a_task_is_forbidden_by_a_rule_that_gates_it_by_name(trust: TrustedFolder) -> None:
    """And by a policy that cannot be used; nobody is asked about tasks."""
    judge, task = Judge(AGENT, Mode.ENFORCE, trust.path), AskedCall("call_bot", {"task": "look"})
    assert not judge.forbids_task(task)
    assert not Judge(AGENT, Mode.ENFORCE).forbids_task(task)
    rule = '\n[[rules]]\nname = "task"\ntool = "call_bot"\n'
    for version, (words, forbidden) in enumerate(
        (
            ("", True),
            ('agent = "another"', False),
            (f'agent = "{AGENT}"', True),
            ("gate = false", False),
            ('when = [{ argument = "/task", comparison = "equals", value = "look" }]', True),
            ("quorum = two", True),
        ),
        8,
    ):
        trust.write_policy(LIMITS.replace("version = 7", f"version = {version}") + rule + words)
        assert judge.forbids_task(task) is forbidden, words


def test_calls_that_are_decided_together_demand_what_each_of_them_does(
    trust: TrustedFolder,
) -> None:
    """The most people, the shortest time, the highest risk; what needs nothing adds nothing."""
    judge = Judge(AGENT, Mode.ENFORCE, trust.path)

    ruling = judge.ruling(PAY, LOOK, AskedCall("nothing", {}))

    assert ruling.gated
    assert ruling.expires_after_seconds == 30
    assert str(ruling.risk) == "high"
    assert ruling.terms is not None
    assert [quorum.count for quorum in ruling.terms.quorums] == [2, 1]
    assert ruling.terms.meanings == ("approval",)
    assert ruling.terms.reason_required
    assert judge.ruling(*2 * [AskedCall("nothing", {})]).gated is False


def test_the_shorter_time_counts() -> None:
    """Of the code's and the policy's; none is no end."""
    assert Ruling(expires_after_seconds=60).ends_after(30) == 30
    assert Ruling(expires_after_seconds=20).ends_after(30) == 20
    assert Ruling().ends_after(30) == 30
    assert Ruling(expires_after_seconds=60).ends_after(None) == 60
    assert Ruling().ends_after(None) is None


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


def test_a_request_is_signed_the_same_each_time_and_by_the_present_key(
    trust: TrustedFolder,
) -> None:
    """The step that asks runs again on resume; a key that is replaced is taken at once."""
    judge = Judge(AGENT, Mode.ENFORCE, trust.path)
    request = ApprovalRequest(
        request_id="ab" * 16,
        agent=AGENT,
        context_id="c",
        tool_call_id="t",
        action="pay",
        args_digest="sha-256:" + "12" * 32,
        salt="",
        requester=Requester(id="jo"),
    )
    receipt = Receipt(outcome="applied", request_id="", context_id="c", agent=AGENT)
    registry = TrustFolder(trust.path).registry(time.time())

    once, again = judge.signed_request(request), judge.signed_request(request)

    assert once == again
    check_request(once, registry, time.time())
    check_receipt(judge.signed_receipt(receipt), registry, time.time())
    with pytest.raises(NotTrusted, match="not what was signed"):
        check_request(structs.replace(once, action="look"), registry, time.time())
    key = trust.path / "agents" / f"{AGENT}.key"
    key.write_text("no key")
    assert judge.signed_request(request).dsse is None
    key.unlink()
    assert judge.signed_request(request).dsse is None
    assert WORKER.public.key_id in str(once.dsse)


async def test_what_keeps_everything_from_being_approved_is_said(trust: TrustedFolder) -> None:
    """Only by a worker that wants signatures; and no more once it is mended."""
    judge = Judge(AGENT, Mode.ENFORCE, trust.path)
    assert await judge.problem() is None
    trust.write_policy(trusted.TWO.replace("quorum = 2", "quorum = 9"))

    problem = await judge.problem()

    assert problem is not None
    assert "two treasurers" in problem.title
    assert problem.hint
    assert await Judge(AGENT, Mode.BOUND, trust.path).problem() is None
    trust.write_policy(trusted.TWO)
    changed = await judge.problem()
    assert changed is not None
    assert "later version" in changed.hint
    trust.write_policy(trusted.TWO.replace("version = 8", "version = 9"))
    assert await judge.problem() is None
    assert await Judge(AGENT, Mode.ENFORCE).problem() is not None


async def test_a_registry_that_expires_between_two_decisions_lets_the_second_run_nothing(
    trust: TrustedFolder,
) -> None:
    """It is verified once; whether it still counts is asked each time."""
    trust.write_policy(trusted.ONE)
    ends = datetime.now(UTC) + timedelta(seconds=2)
    trust.write_registry(expires_at=ends.isoformat())
    judge = Judge(AGENT, Mode.ENFORCE, trust.path)
    request = ApprovalRequest(
        request_id="ab" * 16,
        agent=AGENT,
        context_id="c",
        tool_call_id="t",
        action="pay",
        args_digest="sha-256:" + "12" * 32,
        salt="",
        requester=Requester(id="jo"),
        policy=judge.ruling(PAY).terms,
    )
    signed = (trusted.envelope(request),)
    case = Case(request, (PAY,), DecisionKind.APPROVE, policy_name(request), signed)

    assert await judge.judge(case, time.time()) == ("r.mora",)
    await await_until(lambda: time.time() > ends.timestamp(), "the registry to expire")

    with pytest.raises(Unproven, match="expired") as raised:
        await judge.judge(case, time.time())
    assert raised.value.refusal is Refusal.UNPREPARED
