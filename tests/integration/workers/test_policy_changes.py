"""A policy that changes while a call waits: everybody sees and signs under the one in force."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from desktop.qtmodels.policy_wording import rule_lines
from desktop.store.quorums import votes_missing
from desktop.store.records import Execution, Request, RequestKey
from desktop.store.signing import Proof, Seen
from tests.integration.workers.conftest import Book
from tests.integration.workers.office import ATTENTIVE, Office
from tests.support.desk import Desk
from tests.support.trusted import LEE_PARK, ONE, ROSA_MORA, TWO, Person, TrustedFolder, envelope
from workers.wire.approvals import DecisionKind, Mode, Reviewer

pytestmark = pytest.mark.usefixtures("quick_looks")

AGENT = "demo_agent"
SEEN = Seen((("/amount", "10"),), ms_open=4_200)
STRICTER = TWO.replace("version = 7", "version = 8")


@pytest.fixture
def trust(tmp_path: Path) -> TrustedFolder:
    """Rosa and Lee are treasurers; each decides alone."""
    return TrustedFolder(tmp_path / "trust", AGENT)


async def _sits(stack: AsyncExitStack, office: Office, trust: TrustedFolder, who: Person) -> Desk:
    desk = await stack.enter_async_context(Desk(signer=who, trust=trust.path))
    await desk.connect(office.connection.url)
    return desk


def _under(version: int, request: Request) -> bool:
    policy = request.policy
    return policy is not None and policy.version == version and request.proof is Proof.PROVEN


async def test_a_call_that_waits_is_shown_under_the_policy_that_holds_now(
    office: Office, book: Book, trust: TrustedFolder
) -> None:
    """One was enough when it was asked; then it takes two, who both sign under the new version."""
    await office.hire(
        AGENT, [book.transfer_funds], mode=Mode.ENFORCE, trust=trust.path, pace=ATTENTIVE
    )
    context_id = await office.ask(AGENT, "pay 10 to ACME", context={"user_id": "boss"})
    [call] = await office.requests(context_id)
    key = RequestKey(context_id, call.tool_call_id)
    async with AsyncExitStack() as stack:
        rosa = await _sits(stack, office, trust, ROSA_MORA)
        await rosa.until(key, lambda one: _under(7, one), "the first terms")

        trust.write_policy(STRICTER)
        shown = await rosa.until(key, lambda one: _under(8, one), "the terms that hold now")
        assert votes_missing(shown) == 2
        assert "Asked under version 7 of the policy; version 8 holds now." in rule_lines(shown)
        lee = await _sits(stack, office, trust, LEE_PARK)
        assert await lee.until(key, lambda one: _under(8, one), "the same at another desk")

        rosa.approvals.decide(key, DecisionKind.APPROVE, seen=SEEN)
        await lee.until(key, lambda one: votes_missing(one) == 1, "the first signature")
        assert book.payments == []
        lee.approvals.decide(key, DecisionKind.APPROVE, seen=SEEN)
        await lee.until(key, lambda one: one.execution is Execution.EXECUTED, "the payment")
    assert book.payments == [("ACME", 10.0)]


async def test_a_decision_under_the_policy_before_is_refused_and_nothing_runs(
    office: Office, book: Book, trust: TrustedFolder
) -> None:
    """It was signed for other terms than those that hold when it comes."""
    await office.hire(AGENT, [book.transfer_funds], mode=Mode.ENFORCE, trust=trust.path)
    context_id = await office.ask(AGENT, "pay 10 to ACME", context={"user_id": "boss"})
    [call] = await office.requests(context_id)
    assert call.request is not None
    signed = envelope(call.request)
    trust.write_policy(ONE.replace("version = 7", "version = 8"))

    await office.decide(call, envelopes=[signed], reviewer=Reviewer(id="r.mora", name="Rosa Mora"))

    assert await office.outcomes(1) == ["refused:untrusted"]
    assert (await office.receipts())[0].note == "wrong_policy"
    assert book.payments == []
