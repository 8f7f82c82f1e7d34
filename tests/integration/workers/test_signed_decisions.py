"""Who decided is proven before anything runs: by signatures, under the worker's own policy."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import structs

from tests.integration.workers.conftest import Book
from tests.integration.workers.office import ATTENTIVE, Office
from tests.support import trusted
from tests.support.registered import ROOT_1, STRANGER, WORKER
from tests.support.trusted import (
    LEE_PARK,
    ROSA_MORA,
    Person,
    TrustedFolder,
    envelope,
    registry_of_today,
)
from tests.support.waiting import await_until
from workers.runtime.service import UNPREPARED
from workers.wire.approvals import ApprovalRequest, DecisionKind, Mode, Receipt, Reviewer
from workers.wire.canonical import JSON
from workers.wire.dialects import PendingCall
from workers.wire.signing.assertions import check_receipt, check_request
from workers.wire.signing.statements import Meaning
from workers.wire.streams.reader import Reader
from workers.wire.trust import TrustFolder

pytestmark = pytest.mark.usefixtures("quick_looks")

AGENT = "treasury_agent"
ROSA_DECIDES = Reviewer(id="r.mora", name="Rosa Mora")


@pytest.fixture
def trust(tmp_path: Path) -> TrustedFolder:
    """A folder in which Rosa and Lee may decide, each alone."""
    return TrustedFolder(tmp_path / "trust")


async def _asked(office: Office, book: Book, trust: TrustedFolder, **context: JSON) -> PendingCall:
    """A transfer that waits at a worker in mode `enforce`."""
    await office.hire(
        AGENT, [book.transfer_funds], mode=Mode.ENFORCE, trust=trust.path, pace=ATTENTIVE
    )
    context_id = await office.ask(AGENT, "pay 10 to ACME", context=context)
    [call] = await office.requests(context_id)
    return call


def _request(call: PendingCall) -> ApprovalRequest:
    assert call.request is not None
    return call.request


async def _last_receipt(office: Office, count: int) -> Receipt:
    await office.outcomes(count)
    return (await office.receipts())[count - 1]


async def _refused(office: Office, count: int = 1) -> tuple[str, str]:
    """The outcome and note of a receipt."""
    receipt = await _last_receipt(office, count)
    return receipt.outcome, receipt.note


async def test_one_signed_approval_runs_and_everything_said_of_it_is_signed(
    office: Office, book: Book, trust: TrustedFolder
) -> None:
    """Request and receipts prove which worker they are from; the receipt says who decided."""
    call = await _asked(office, book, trust)
    request = _request(call)

    await office.decide(call, envelopes=[envelope(request)], reviewer=ROSA_DECIDES)

    assert await office.answer(request.context_id, AGENT) == "Done: paid 10 to ACME"
    assert book.payments == [("ACME", 10.0)]
    registry = TrustFolder(trust.path).registry(time.time())
    check_request(request, registry, time.time())
    receipts = await office.receipts()
    assert [(one.outcome, one.reviewers) for one in receipts] == [
        ("applied", ("r.mora",)),
        ("executed", ("r.mora",)),
    ]
    for receipt in receipts:
        check_receipt(receipt, registry, time.time())
    assert request.policy is not None
    assert (request.policy.id, request.policy.version) == ("payments", 7)
    assert request.policy.why == ("any call: 1 reviewer",)


async def test_what_nobody_signed_is_refused_and_goes_on_waiting(
    office: Office, book: Book, trust: TrustedFolder
) -> None:
    """A bound decision names a reviewer; that proves nothing here."""
    call = await _asked(office, book, trust)

    await office.decide(call)
    assert await _refused(office) == ("refused:unsigned", "")
    assert book.payments == []
    await office.decide(call, envelopes=[envelope(_request(call))], reviewer=ROSA_DECIDES)

    await office.answer(_request(call).context_id, AGENT)
    assert book.payments == [("ACME", 10.0)]


async def test_where_two_are_needed_one_is_not_enough_and_both_are(
    office: Office, book: Book, trust: TrustedFolder
) -> None:
    """Nor does the same person count twice."""
    trust.write_policy(trusted.TWO)
    call = await _asked(office, book, trust)
    rosa = envelope(_request(call))

    await office.decide(call, envelopes=[rosa], reviewer=ROSA_DECIDES)
    assert await _refused(office) == ("refused:not_enough", "missing")
    await office.decide(call, envelopes=[rosa, envelope(_request(call))], reviewer=ROSA_DECIDES)
    assert await _refused(office, 2) == ("refused:not_enough", "voted_before")
    await office.decide(call, envelopes=[rosa, rosa], reviewer=ROSA_DECIDES)
    assert await _refused(office, 3) == ("refused:untrusted", "repeated")
    assert book.payments == []
    lee = envelope(_request(call), person=LEE_PARK)
    await office.decide(call, envelopes=[rosa, lee], reviewer=ROSA_DECIDES)

    await office.answer(_request(call).context_id, AGENT)
    assert book.payments == [("ACME", 10.0)]
    assert (await office.receipts())[-1].reviewers == ("r.mora", "l.park")


async def test_one_signed_rejection_closes_what_two_would_have_to_approve(
    office: Office, book: Book, trust: TrustedFolder
) -> None:
    """Its reason, which is signed, reaches the model."""
    trust.write_policy(trusted.TWO)
    call = await _asked(office, book, trust)
    no = envelope(_request(call), DecisionKind.REJECT, comment="not a supplier")

    await office.decide(
        call,
        DecisionKind.REJECT,
        message="not a supplier",
        envelopes=[no],
        reviewer=ROSA_DECIDES,
    )

    assert "not a supplier" in await office.answer(_request(call).context_id, AGENT)
    assert book.payments == []
    assert (await office.receipts())[0].reviewers == ("r.mora",)


async def test_whoever_asked_does_not_approve(
    office: Office, book: Book, trust: TrustedFolder
) -> None:
    """Rosa asked the agent; she cannot be one of the two."""
    trust.write_policy(trusted.TWO)
    call = await _asked(office, book, trust, user_id="r.mora")
    both = [envelope(_request(call)), envelope(_request(call), person=LEE_PARK)]

    await office.decide(call, envelopes=both, reviewer=ROSA_DECIDES)

    assert await _refused(office) == ("refused:not_enough", "is_requester")
    assert book.payments == []


async def test_whoever_edits_does_not_approve_and_the_edited_call_is_what_counts(
    office: Office, book: Book, trust: TrustedFolder
) -> None:
    """Rosa changes the amount; Lee approves the change; the policy looks at the new amount."""
    trust.write_policy(trusted.ONE)
    call = await _asked(office, book, trust)
    request = _request(call)
    args: JSON = {"amount": 5.0, "recipient": "ACME", "urgent": False}
    kind = DecisionKind.EDIT
    authored = envelope(request, kind, args=args, meaning=Meaning.AUTHORSHIP)
    alone = [authored, envelope(request, kind, args=args)]

    await office.decide(call, kind, args=args, envelopes=[authored], reviewer=ROSA_DECIDES)
    assert await _refused(office) == ("refused:not_enough", "missing")
    await office.decide(call, kind, args=args, envelopes=alone, reviewer=ROSA_DECIDES)
    assert await _refused(office, 2) == ("refused:not_enough", "is_editor")
    other: JSON = {"amount": 6.0, "recipient": "ACME", "urgent": False}
    both = [authored, envelope(request, kind, LEE_PARK, args=args)]
    await office.decide(call, kind, args=other, envelopes=both, reviewer=ROSA_DECIDES)
    assert await _refused(office, 3) == ("refused:untrusted", "wrong_edit")
    assert book.payments == []
    await office.decide(call, kind, args=args, envelopes=both, reviewer=ROSA_DECIDES)

    await office.answer(request.context_id, AGENT)
    assert book.payments == [("ACME", 5.0)]
    assert (await office.receipts())[-1].reviewers == ("l.park",)


_SPOILED: dict[str, Callable[[TrustedFolder], object]] = {
    "no registry": lambda trust: (trust.path / "registry.json").unlink(),
    "no roots": lambda trust: (trust.path / "roots.json").unlink(),
    "no policy": lambda trust: (trust.path / "policy.toml").unlink(),
    "malformed policy": lambda trust: trust.write_policy("rules = 3"),
    "unsatisfiable policy": lambda trust: trust.write_policy(
        trusted.TWO.replace("quorum = 2", "quorum = 9")
    ),
    "expired": lambda trust: trust.write_registry(
        expires_at="2026-02-02T00:00:00+00:00", issued_at="2026-02-01T00:00:00+00:00"
    ),
    "rolled back": lambda trust: trust.write_registry(version=2),
    "another of the same version": lambda trust: trust.write_registry(agents=()),
    "a policy rolled back": lambda trust: trust.write_policy(
        trusted.ONE.replace("version = 7", "version = 6")
    ),
    "a policy changed under its version": lambda trust: trust.write_policy(
        trusted.TWO.replace("version = 8", "version = 7")
    ),
    "one root of two": lambda trust: trust.write_registry(ROOT_1),
}


@pytest.mark.parametrize("spoiled", _SPOILED)
async def test_without_what_proves_it_nothing_is_approved_until_it_is_mended(
    office: Office, book: Book, trust: TrustedFolder, spoiled: str
) -> None:
    """It happens while the worker runs, between request and decision; nothing is restarted."""
    call = await _asked(office, book, trust)
    yes = envelope(_request(call))
    _SPOILED[spoiled](trust)

    await office.decide(call, envelopes=[yes], reviewer=ROSA_DECIDES)
    outcome, _note = await _refused(office)
    assert outcome == "refused:unprepared"
    assert book.payments == []

    async def says_so() -> bool:
        return any(UNPREPARED in one.note for one in await Reader(office.connection).workers())

    await await_until(says_so, "the heartbeat to say that nothing can be approved")
    mended = TrustedFolder(trust.path.with_name("mended"))
    mended.write_registry(version=4)
    mended.write_policy(trusted.ONE.replace("version = 7", "version = 9"))
    for file in ("roots.json", "registry.json", "policy.toml"):
        (mended.path / file).replace(trust.path / file)
    context_id = _request(call).context_id

    async def asked_again() -> PendingCall | None:
        [told] = await office.requests(context_id)
        policy = _request(told).policy
        return told if policy is not None and policy.version == 9 else None

    again = await await_until(asked_again, "the call to be told under the policy that holds now")
    await office.decide(again, envelopes=[envelope(_request(again))], reviewer=ROSA_DECIDES)

    await office.answer(context_id, AGENT)
    assert book.payments == [("ACME", 10.0)]


async def test_a_signed_approval_does_not_pay_twice_nor_the_next_call(
    office: Office, book: Book, trust: TrustedFolder
) -> None:
    """Sent again as it is, and sent under the next request's binding."""
    call = await _asked(office, book, trust)
    yes = envelope(_request(call))
    decision = await office.decide(call, envelopes=[yes], reviewer=ROSA_DECIDES)
    context_id = _request(call).context_id
    await office.answer(context_id, AGENT)
    await office.repeat(call, decision)
    await office.ask(AGENT, "pay 10 to ACME", context_id)
    [following] = await office.requests(context_id, after=call)

    await office.decide(following, envelopes=[yes], reviewer=ROSA_DECIDES)

    outcome, note = await _refused(office, 3)
    assert (outcome, note) == ("refused:untrusted", "wrong_request")
    assert book.payments == [("ACME", 10.0)]


async def test_a_key_that_is_revoked_while_a_call_waits_counts_no_more(
    office: Office, book: Book, trust: TrustedFolder
) -> None:
    """The worker takes the new registry without a restart, and names what is wrong."""
    call = await _asked(office, book, trust)
    rosa, lee = registry_of_today(AGENT).reviewers
    revoked = structs.replace(rosa.keys[0], revoked_at=datetime.now(UTC).isoformat())
    trust.write_registry(version=4, reviewers=(structs.replace(rosa, keys=(revoked,)), lee))

    await office.decide(call, envelopes=[envelope(_request(call))], reviewer=ROSA_DECIDES)

    assert await _refused(office) == ("refused:untrusted", "key_revoked")
    assert book.payments == []


@pytest.mark.parametrize(
    ("person", "note"),
    [
        (Person(STRANGER, "r.mora", "Rosa Mora"), "unknown_key"),
        (Person(WORKER, "r.mora", "Rosa Mora"), "wrong_reviewer"),
        (Person(ROSA_MORA.key, "l.park", "Lee Park"), "wrong_reviewer"),
        (Person(ROSA_MORA.key, "r.mora", "Rosa Mora", "auditor"), "wrong_role"),
    ],
    ids=["nobody", "the agent itself", "in another name", "in another role"],
)
async def test_who_may_not_decide_is_not_believed(
    office: Office, book: Book, trust: TrustedFolder, person: Person, note: str
) -> None:
    """The receipt says what was wrong with the signature."""
    call = await _asked(office, book, trust)

    forged = envelope(_request(call), person=person)
    await office.decide(call, envelopes=[forged], reviewer=ROSA_DECIDES)

    assert await _refused(office) == ("refused:untrusted", note)
    assert book.payments == []


async def test_a_base_client_goes_on_where_the_worker_observes(
    office: Office, book: Book, trust: TrustedFolder
) -> None:
    """Its bare answer is taken, and the receipt says so; a wrong signature is not."""
    await office.hire(AGENT, [book.transfer_funds], mode=Mode.OBSERVE, trust=trust.path)
    context_id = await office.ask(AGENT, "pay 10 to ACME")
    [call] = await office.requests(context_id)
    forged = envelope(_request(call), person=Person(STRANGER, "r.mora", "Rosa Mora"))

    await office.decide(call, envelopes=[forged], reviewer=ROSA_DECIDES)
    assert (await _refused(office))[0] == "refused:untrusted"
    assert book.payments == []
    await office.command(context_id, AGENT, call.tool_call_id, {"type": "accept"})

    await office.answer(context_id, AGENT)
    assert book.payments == [("ACME", 10.0)]
    assert (await office.receipts())[1].note == "decision.unsigned_accepted"


async def test_unless_told_otherwise_nothing_runs_without_trust(
    office: Office, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No variable is set and no folder is there: the worker serves, and approves nothing."""
    monkeypatch.delenv("SIGNOFF_MODE")
    runner = office.describe(AGENT, [book.transfer_funds])
    await office.start(runner)
    context_id = await office.ask(AGENT, "pay 10 to ACME")
    [call] = await office.requests(context_id)
    assert _request(call).mode is Mode.ENFORCE

    await office.decide(call)
    await office.decide(call, envelopes=[envelope(_request(call))], reviewer=ROSA_DECIDES)
    await office.decide(call, DecisionKind.REJECT)
    await office.command(context_id, AGENT, call.tool_call_id, {"type": "accept"})

    outcomes = await office.outcomes(4)
    assert outcomes == [*(3 * ["refused:unprepared"]), "refused:unbound"]
    assert book.payments == []
    [info] = await Reader(office.connection).workers()
    assert info.note.startswith(UNPREPARED)
