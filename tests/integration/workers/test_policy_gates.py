"""The worker's own policy says which calls wait for a person, whatever the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.workers.conftest import Book
from tests.integration.workers.hand_fed import CONTEXT, Desk, command, handle, task
from tests.integration.workers.office import ATTENTIVE, Office
from tests.support import trusted
from tests.support.trusted import LEE_PARK, TrustedFolder, envelope
from tests.support.waiting import await_until
from workers.wire.approvals import ApprovalRequest, DecisionKind, Mode, Reviewer
from workers.wire.dialects import PendingCall, read_interrupt
from workers.wire.events import ProgressType

pytestmark = pytest.mark.usefixtures("quick_looks")

AGENT = "treasury_agent"
ROSA_DECIDES = Reviewer(id="r.mora", name="Rosa Mora")
#: Up to 10 is paid without asking.
WAIVED = """
id = "payments"
version = 9

[[rules]]
name = "small"
tool = "transfer_funds"
gate = false
when = [{argument = "/amount", comparison = "at_most", value = 10}]

[[rules]]
name = "large"
tool = "transfer_funds"
risk = "medium"
expires_after_seconds = 600
requester_may_approve = true
when = [{argument = "/amount", comparison = "above", value = 10}]
"""


@pytest.fixture
def trust(tmp_path: Path) -> TrustedFolder:
    """A folder in which Rosa and Lee may decide, each alone."""
    return TrustedFolder(tmp_path / "trust")


def _request(call: PendingCall) -> ApprovalRequest:
    assert call.request is not None
    return call.request


async def test_a_tool_gates_because_the_policy_says_so(
    office: Office, book: Book, trust: TrustedFolder
) -> None:
    """Neither the code nor a rule knows it; a policy that does not know a tool gates it."""
    trust.write_policy(trusted.ONE.replace("[[rules]]", '[[rules]]\ntool = "transfer_funds"'))
    await office.hire(AGENT, [book.get_city_weather], mode=Mode.ENFORCE, trust=trust.path)
    context_id = await office.ask(AGENT, "weather in Bern")
    [call] = await office.requests(context_id)
    assert book.lookups == []

    no = envelope(_request(call), DecisionKind.REJECT)
    await office.decide(call, DecisionKind.REJECT, envelopes=[no], reviewer=ROSA_DECIDES)

    await office.answer(context_id, AGENT)
    assert book.lookups == []


async def test_a_rule_waives_what_the_code_gates_up_to_its_limit(
    office: Office, book: Book, trust: TrustedFolder
) -> None:
    """Ten are paid at once; eleven wait."""
    trust.write_policy(WAIVED)
    await office.hire(AGENT, [book.transfer_funds], mode=Mode.ENFORCE, trust=trust.path)

    small = await office.ask(AGENT, "pay 10 to ACME")
    await office.answer(small, AGENT)
    assert book.payments == [("ACME", 10.0)]
    large = await office.ask(AGENT, "pay 11 to ACME")
    [call] = await office.requests(large)

    assert book.payments == [("ACME", 10.0)]
    assert _request(call).expires_at  # as the rule says, though the code sets no time
    assert str(_request(call).risk) == "medium"


async def test_a_policy_that_cannot_be_read_gates_every_tool(
    office: Office, book: Book, trust: TrustedFolder
) -> None:
    """A typo must not let a tool run that the policy gated before."""
    trust.write_policy("rules = 3")
    await office.hire(AGENT, [book.get_city_weather], mode=Mode.ENFORCE, trust=trust.path)

    context_id = await office.ask(AGENT, "weather in Bern")

    [call] = await office.requests(context_id)
    assert book.lookups == []
    assert _request(call).policy is None


async def test_a_stricter_policy_counts_for_what_waits_already(
    office: Office, book: Book, trust: TrustedFolder
) -> None:
    """The request was made when one was enough; it is told again, and takes two from then on."""
    await office.hire(AGENT, [book.transfer_funds], mode=Mode.ENFORCE, trust=trust.path)
    context_id = await office.ask(AGENT, "pay 10 to ACME")
    [call] = await office.requests(context_id)
    rosa = envelope(_request(call))
    trust.write_policy(trusted.TWO.replace("version = 7", "version = 8"))

    await office.decide(call, envelopes=[rosa], reviewer=ROSA_DECIDES)
    assert await office.outcomes(1) == ["refused:untrusted"]
    again = await _told_under(office, context_id, call, 8)
    rosa = envelope(_request(again))
    await office.decide(again, envelopes=[rosa], reviewer=ROSA_DECIDES)
    assert await office.outcomes(2) == ["refused:untrusted", "refused:not_enough"]
    both = [rosa, envelope(_request(again), person=LEE_PARK)]
    await office.decide(again, envelopes=both, reviewer=ROSA_DECIDES)

    await office.answer(_request(call).context_id, AGENT)
    assert book.payments == [("ACME", 10.0)]


async def test_a_call_that_was_rejected_does_not_run_because_the_policy_is_milder_now(
    office: Office, desk: Desk, book: Book, trust: TrustedFolder
) -> None:
    """One that lets it run came while it waited, and the worker started anew."""
    options = {"mode": Mode.BOUND, "trust": trust.path}
    await handle(await desk.worker(book.get_city_weather, **options), task("weather in Bern"))
    [call] = await office.requests(CONTEXT)
    trust.write_policy(WAIVED.replace("transfer_funds", "get_city_weather").partition("when")[0])

    no = office.bound(call, DecisionKind.REJECT, message="not now")
    await handle(await desk.worker(book.get_city_weather, **options), command(call, no))

    assert "not now" in await office.answer(CONTEXT, "demo_agent")
    assert book.lookups == []


async def test_what_waits_is_told_again_under_a_new_policy_also_beside_a_decided_call(
    office: Office, book: Book, trust: TrustedFolder
) -> None:
    """Else the console would sign for the old one, and be refused for ever."""
    await office.hire(
        AGENT, [book.transfer_funds], mode=Mode.ENFORCE, trust=trust.path, pace=ATTENTIVE
    )
    context_id = await office.ask(AGENT, "pay 10 to ACME and pay 20 to Globex")
    first, second = await office.requests(context_id, 2)
    trust.write_policy(trusted.ONE.replace("version = 7", "version = 8"))

    for call in (first, second):
        again = await _told_under(office, context_id, call, 8)
        yes = envelope(_request(again))
        await office.decide(again, envelopes=[yes], reviewer=ROSA_DECIDES)

    await office.answer(context_id, AGENT)
    assert sorted(book.payments) == [("ACME", 10.0), ("Globex", 20.0)]


async def _told_under(
    office: Office, context_id: str, call: PendingCall, version: int
) -> PendingCall:
    """Wait until a request is told under a version of the policy."""

    async def told() -> PendingCall | None:
        for body in await office.progress(context_id):
            if body.type is ProgressType.INTERRUPT:
                found = read_interrupt(body.message)
                policy = _request(found).policy
                if found.interrupt_id == call.interrupt_id and policy and policy.version == version:
                    return found
        return None

    return await await_until(told, f"the request under version {version}")
