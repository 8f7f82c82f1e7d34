"""What a worker says of calls before anybody decides, from the files in its trust folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from structlog.testing import capture_logs

from tests.support import trusted
from tests.support.registered import WORKER
from tests.support.trusted import LEE_PARK, TrustedFolder, envelope, later
from tests.support.waiting import await_until
from workers.runtime.demanding import AskedCall
from workers.runtime.judging import Case, Judge, Ruling, Unproven
from workers.wire.approvals import (
    ApprovalRequest,
    DecisionKind,
    Mode,
    Receipt,
    Refusal,
    Requester,
    digest_in,
)
from workers.wire.canonical import JSON
from workers.wire.policy.judging import policy_name
from workers.wire.signing.assertions import check_receipt, check_request
from workers.wire.signing.distrust import NotTrusted
from workers.wire.signing.keys import to_base64
from workers.wire.signing.statements import Meaning
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
masked = ["/iban"]

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


def _request(judge: Judge | None = None, requester: str = "jo") -> ApprovalRequest:
    """What a worker asks about a payment, under the policy that its judge knows."""
    return ApprovalRequest(
        request_id="ab" * 16,
        agent=AGENT,
        context_id="c",
        tool_call_id="t",
        action="pay",
        args_digest="sha-256:" + "12" * 32,
        salt=to_base64(b"s" * 16),
        requester=Requester(id=requester),
        policy=judge.ruling(PAY).terms if judge else None,
    )


def _case(
    request: ApprovalRequest,
    *signed: JSON,
    kind: DecisionKind = DecisionKind.APPROVE,
    **changes: Any,  # noqa: ANN401 - fields of a Case
) -> Case:
    case = Case(request, (PAY,), kind, policy_name(request), signed)
    return replace(case, **changes)


async def _refused(judge: Judge, case: Case) -> tuple[Refusal, str]:
    """Why the judge lets nothing run; a person is told what to do."""
    with pytest.raises(Unproven) as raised:
        await judge.judge(case, time.time())
    assert raised.value.title
    assert raised.value.hint
    return raised.value.refusal, raised.value.note


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
    alone, beside = judge.ruling(PAY).terms, judge.ruling(AskedCall("nothing", {}), PAY).terms
    assert alone is not None
    # What is hidden in the arguments of one call could be shown in those of another.
    assert beside == structs.replace(alone, masked=())
    assert alone.masked == ("/iban",)


def test_the_shorter_time_counts() -> None:
    """Of the code's and the policy's; none is no end."""
    assert Ruling(expires_after_seconds=60).ends_after(30) == 30
    assert Ruling(expires_after_seconds=20).ends_after(30) == 20
    assert Ruling().ends_after(30) == 30
    assert Ruling(expires_after_seconds=60).ends_after(None) == 60
    assert Ruling().ends_after(None) is None


def test_a_request_is_signed_the_same_each_time_and_by_the_present_key(
    trust: TrustedFolder,
) -> None:
    """The step that asks runs again on resume; a key that is replaced is taken at once."""
    judge = Judge(AGENT, Mode.ENFORCE, trust.path)
    request = _request()
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
    request = _request(judge)
    case = _case(request, envelope(request))

    assert await judge.judge(case, time.time()) == ("r.mora",)
    await await_until(lambda: time.time() > ends.timestamp(), "the registry to expire")

    with pytest.raises(Unproven, match="expired") as raised:
        await judge.judge(case, time.time())
    assert raised.value.refusal is Refusal.UNPREPARED


@pytest.mark.parametrize("mode", [Mode.BOUND, Mode.OBSERVE])
async def test_where_no_signature_is_demanded_one_that_is_there_is_looked_at(
    trust: TrustedFolder, mode: Mode
) -> None:
    """It counts for nobody else; too few votes, and files that are spoiled, stop nothing."""
    trust.write_policy(trusted.TWO)
    judge = Judge(AGENT, mode, trust.path)
    request = _request(judge)
    case, forged = _case(request, envelope(request)), envelope(request, request_id="cd" * 16)

    assert await judge.judge(case, time.time()) == ("r.mora",)
    assert await judge.judge(_case(request), time.time()) == ()
    assert await _refused(judge, _case(request, forged)) == (Refusal.UNTRUSTED, "wrong_request")
    for blind in (Judge(AGENT, mode), Judge(AGENT, mode, trust.path / "none")):
        assert await blind.judge(case, time.time()) == ()
    (trust.path / "registry.json").write_text("{")
    assert await judge.judge(case, time.time()) == ()


async def test_where_no_signature_is_demanded_and_no_policy_is_there_nobody_is_excluded(
    trust: TrustedFolder,
) -> None:
    """Neither who asked nor who edited: nobody has said so."""
    (trust.path / "policy.toml").unlink()
    judge = Judge(AGENT, Mode.BOUND, trust.path)
    request = _request(judge, requester="r.mora")
    edit = envelope(request, DecisionKind.EDIT, args={"amount": 6}, meaning=Meaning.AUTHORSHIP)
    also = envelope(request, DecisionKind.EDIT, args={"amount": 6})
    digest = digest_in(request, {"amount": 6})
    edited = _case(request, edit, also, kind=DecisionKind.EDIT, edited_args_digest=digest)

    assert await judge.judge(_case(request, envelope(request)), time.time()) == ("r.mora",)
    assert await judge.judge(edited, time.time()) == ("r.mora",)


async def test_enough_of_the_right_people_have_to_sign(trust: TrustedFolder) -> None:
    """Under the policy that is here, each once; else the reason is told."""
    trust.write_policy(trusted.TWO)
    judge = Judge(AGENT, Mode.ENFORCE, trust.path)
    request, by_rosa = _request(judge), _request(judge, requester="r.mora")

    both = _case(request, envelope(request), envelope(request, person=LEE_PARK))
    assert await judge.judge(replace(both, reviewer="l.park"), time.time()) == ("r.mora", "l.park")
    reject = envelope(request, DecisionKind.REJECT)
    rejected = _case(request, reject, kind=DecisionKind.REJECT)
    assert await judge.judge(rejected, time.time()) == ("r.mora",)

    few, own = _case(request, envelope(request)), _case(by_rosa, envelope(by_rosa))
    other = replace(both, reviewer="m.okafor")
    assert await _refused(judge, _case(request)) == (Refusal.UNSIGNED, "")
    assert await _refused(judge, few) == (Refusal.NOT_ENOUGH, "missing")
    assert await _refused(judge, own) == (Refusal.NOT_ENOUGH, "is_requester")
    assert await _refused(judge, other) == (Refusal.UNTRUSTED, "wrong_reviewer")


@pytest.mark.parametrize("may", [False, True])
async def test_an_answer_that_changes_arguments_has_an_editor(
    trust: TrustedFolder, may: bool
) -> None:
    """Who approves it only where the policy lets editors approve; words change nothing."""
    trust.write_policy(f"{trusted.ONE}editor_may_approve = {str(may).lower()}\n")
    judge = Judge(AGENT, Mode.ENFORCE, trust.path)
    request = _request(judge)
    changed = replace(PAY, args={"amount": 6}, is_edited=True)
    words = _case(request, envelope(request, DecisionKind.RESPOND), kind=DecisionKind.RESPOND)
    answered = replace(words, calls=(PAY, changed))

    assert await judge.judge(words, time.time()) == ("r.mora",)
    if may:
        assert await judge.judge(answered, time.time()) == ("r.mora",)
    else:
        assert await _refused(judge, answered) == (Refusal.NOT_ENOUGH, "is_editor")


@pytest.mark.parametrize(
    ("spoil", "note"),
    [
        (lambda trust: (trust.path / "registry.json").unlink(), "missing"),
        (lambda trust: trust.write_policy("rules = 3"), ""),
        (lambda trust: trust.write_policy(later(trusted.TWO.replace("= 2", "= 3"))), ""),
    ],
    ids=["no registry", "no policy", "too few people"],
)
async def test_a_worker_that_is_not_prepared_lets_nothing_run(
    trust: TrustedFolder, spoil: Callable[[TrustedFolder], object], note: str
) -> None:
    """Whoever has signed; it says why once, and again after it was mended in between."""
    trust.write_policy(trusted.ONE)
    judge = Judge(AGENT, Mode.ENFORCE, trust.path)
    request = _request(judge)
    case = _case(request, envelope(request))
    spoil(trust)

    with capture_logs() as lines:
        assert await _refused(judge, case) == (Refusal.UNPREPARED, note)
        assert await judge.problem() is not None
        assert await _refused(judge, case) == (Refusal.UNPREPARED, note)
    assert [line["event"] for line in lines] == ["nothing can be approved"]
    trust.write_policy(later(trusted.ONE))
    trust.write_registry()
    with capture_logs() as lines:
        assert await judge.problem() is None
        spoil(trust)
        assert await _refused(judge, case) == (Refusal.UNPREPARED, note)
    assert len(lines) == 1
    assert await _refused(Judge(AGENT, Mode.ENFORCE), case) == (Refusal.UNPREPARED, "missing")


def test_a_worker_without_a_folder_signs_nothing() -> None:
    """What it says goes out as it is."""
    request, judge = _request(), Judge(AGENT, Mode.ENFORCE)
    receipt = Receipt(outcome="applied", request_id="", context_id="c", agent=AGENT)

    assert judge.signed_request(request) == request
    assert judge.signed_receipt(receipt) == receipt
