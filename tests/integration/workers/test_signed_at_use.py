"""What was proven at the desk is proven again where the call runs, over what would run there."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from langchain_core.tools import BaseTool, tool
from msgspec import structs

from tests.integration.workers.conftest import Book
from tests.integration.workers.hand_fed import CONTEXT, Desk, command, cut_off, handle, task
from tests.integration.workers.office import Office
from tests.integration.workers.test_hosting import BATCH, PER_CALL, Guest
from tests.support import trusted
from tests.support.trusted import LEE_PARK, TrustedFolder, envelope
from workers import human_approval_required
from workers.agents.questions import NOT_PROVEN
from workers.runtime.judging import Case
from workers.runtime.ports import Answer, Review
from workers.wire.approvals import ApprovalRequest, Decision, DecisionKind, Mode, Reviewer
from workers.wire.canonical import JSON
from workers.wire.dialects import PendingCall
from workers.wire.messages import Role
from workers.wire.streams.inbox import InboxEntry

AGENT = "demo_agent"
ROSA_DECIDES = Reviewer(id="r.mora", name="Rosa Mora")


@pytest.fixture
def trust(tmp_path: Path) -> TrustedFolder:
    """A folder in which Rosa and Lee may decide, each alone."""
    return TrustedFolder(tmp_path / "trust", AGENT)


def _strictly(trust: TrustedFolder) -> dict[str, Any]:
    return {"mode": Mode.ENFORCE, "trust": trust.path}


def _request(call: PendingCall) -> ApprovalRequest:
    assert call.request is not None
    return call.request


def _signed(
    office: Office,
    call: PendingCall,
    kind: DecisionKind = DecisionKind.APPROVE,
    *,
    message: str = "",
    args: JSON = None,
) -> Decision:
    """Rosa's decision, bound and signed."""
    decision = office.bound(call, kind, message=message, args=args, reviewer=ROSA_DECIDES)
    one = envelope(_request(call), kind, args=args, comment=message)
    return structs.replace(decision, envelopes=(one,))


@pytest.mark.parametrize("forged", ["unsigned", "other arguments", "of another request"])
async def test_an_answer_that_never_passed_the_desk_runs_nothing(
    office: Office, book: Book, trust: TrustedFolder, tmp_path: Path, forged: str
) -> None:
    """Somebody has written it into the checkpoint store, beside a call that waits."""
    options = _strictly(trust) | {"checkpoint_url": str(tmp_path / "threads.sqlite")}
    runner = office.describe(AGENT, [book.transfer_funds], **options)
    at_work = await office.start(runner)
    context = await office.ask(AGENT, "pay 10 to ACME")
    [call] = await office.requests(context)
    request = _request(call)
    await office.send_home(at_work)
    more: JSON = {"amount": 9999.0, "recipient": "Mallory", "urgent": False}
    is_edit = forged == "other arguments"
    claimed = {"of another request": {"request_id": 32 * "a"}}.get(forged, {})
    kept = [] if forged == "unsigned" else [envelope(request, **claimed)]
    review = Review(
        kind=DecisionKind.EDIT if is_edit else DecisionKind.APPROVE,
        request_id=request.request_id,
        args_digest=office.bound(call, args=more).binding.edited_args_digest  # type: ignore[union-attr]
        if is_edit
        else request.args_digest,
        args=more if is_edit else None,
        reviewer="r.mora",
        reviewers=("r.mora",),
        envelopes=tuple(kept),
        at=time.time(),
        policy_id="payments",
        policy_version=7,
    )

    await runner.create()
    agent = runner._agent
    assert agent is not None
    events = [event async for event in agent.run(context, Answer(call.interrupt_id, review), "9-0")]
    await runner.close()

    assert events
    assert book.payments == []
    last = (await office.receipts())[-1]
    refusal = "unsigned" if forged == "unsigned" else "untrusted"
    assert last.outcome == f"refused:{refusal}"
    assert last.reviewers == ()


async def test_a_decision_that_counts_no_longer_after_a_crash_lets_others_decide(
    office: Office, desk: Desk, book: Book, trust: TrustedFolder
) -> None:
    """It was consumed, the worker died, and the registry expired before another took over."""
    handler = await desk.worker(book.transfer_funds, **_strictly(trust))
    await handle(handler, task("pay 10 to ACME"))
    [call] = await office.requests(CONTEXT)
    first = _signed(office, call)
    await office.leave_mark(call, first)
    trust.write_registry(
        version=4, expires_at="2026-02-02T00:00:00+00:00", issued_at="2026-02-01T00:00:00+00:00"
    )
    await handle(await desk.worker(book.transfer_funds, **_strictly(trust)), command(call, first))
    assert await office.outcomes(1) == ["refused:unprepared"]
    trust.write_registry(version=5)

    second = structs.replace(
        office.bound(call, reviewer=Reviewer(id="l.park")),
        envelopes=(envelope(_request(call), person=LEE_PARK),),
    )
    await handle(
        await desk.worker(book.transfer_funds, **_strictly(trust)), command(call, second, "3-0")
    )

    assert await office.answer(CONTEXT, AGENT) == "Done: paid 10 to ACME"
    assert book.payments == [("ACME", 10.0)]


async def test_a_signed_decision_taken_before_a_crash_is_carried_out_after_it(
    office: Office, desk: Desk, book: Book, trust: TrustedFolder
) -> None:
    """The mark was set, the graph not resumed; the same message comes again."""
    handler = await desk.worker(book.transfer_funds, **_strictly(trust))
    await handle(handler, task("pay 10 to ACME"))
    [call] = await office.requests(CONTEXT)
    decision = _signed(office, call)
    await office.leave_mark(call, decision)

    await handle(
        await desk.worker(book.transfer_funds, **_strictly(trust)), command(call, decision)
    )

    assert await office.answer(CONTEXT, AGENT) == "Done: paid 10 to ACME"
    assert book.payments == [("ACME", 10.0)]


async def test_what_came_of_a_call_in_doubt_is_signed_for_as_well(
    office: Office, desk: Desk, trust: TrustedFolder
) -> None:
    """An answer nobody signed does not settle it; one that is signed does."""
    hanging = asyncio.Event()
    starts: list[str] = []

    @tool
    @human_approval_required
    async def get_city_gdp(city: str) -> str:
        """Get city gdp."""
        starts.append(city)
        hanging.set()
        return await asyncio.Future[str]()

    handler = await desk.worker(get_city_gdp, **_strictly(trust))
    await handle(handler, task("gdp of Oslo"))
    [call] = await office.requests(CONTEXT)
    approval = command(call, _signed(office, call))
    running = asyncio.create_task(
        handle(await desk.worker(get_city_gdp, **_strictly(trust)), approval)
    )
    await hanging.wait()
    await cut_off(running)
    again = await _in_doubt(office, desk, trust, get_city_gdp, approval)

    bare = command(again, office.bound(again, DecisionKind.RESPOND, message="it ran"), "3-0")
    await handle(await desk.worker(get_city_gdp, **_strictly(trust)), bare)
    assert (await office.receipts())[-1].outcome == "refused:unsigned"
    signed = _signed(office, again, DecisionKind.RESPOND, message="it ran")
    await handle(await desk.worker(get_city_gdp, **_strictly(trust)), command(again, signed, "4-0"))

    assert await office.answer(CONTEXT, AGENT) == "Done: it ran"
    assert starts == ["Oslo"]


async def _in_doubt(
    office: Office, desk: Desk, trust: TrustedFolder, tool: BaseTool, approval: InboxEntry
) -> PendingCall:
    """The second request, after another worker has found out that the call was cut off."""
    await handle(await desk.worker(tool, **_strictly(trust)), approval)
    again = (await office.requests(CONTEXT, 2))[-1]
    assert _request(again).attempt == 1
    return again


async def test_a_hosted_graph_goes_on_only_with_what_was_signed(
    office: Office, desk: Desk, trust: TrustedFolder
) -> None:
    """Its question is judged at the desk, and an answer in its own dialect is nobody's."""
    guest = Guest(PER_CALL)
    await handle(await desk.worker(graph=guest.build(), **_strictly(trust)), task("go"))
    [call] = await office.requests(CONTEXT)
    handler = await desk.worker(graph=guest.build(), **_strictly(trust))

    await handle(handler, command(call, office.bound(call)))
    assert (await office.receipts())[-1].outcome == "refused:unsigned"
    with_args = structs.replace(_signed(office, call), args={"decisions": [{"type": "edit"}]})
    await handle(handler, command(call, with_args, "3-0"))
    assert (await office.receipts())[-1].outcome == "refused:malformed"
    assert guest.answers == []
    await handle(handler, command(call, _signed(office, call), "4-0"))

    await office.answer(CONTEXT, AGENT)
    assert guest.answers == [{"type": "approve"}]


async def test_an_answer_of_more_than_words_is_signed_whole(
    office: Office, desk: Desk, trust: TrustedFolder
) -> None:
    """Another answer under the same signature is refused."""
    guest = Guest({"ask": "How many?"})
    handler = await desk.worker(graph=guest.build(), **_strictly(trust))
    await handle(handler, task("go"))
    [call] = await office.requests(CONTEXT)
    signed = _signed(office, call, DecisionKind.RESPOND, args={"many": 3})

    other = office.bound(call, DecisionKind.RESPOND, args={"many": 9999}, reviewer=ROSA_DECIDES)
    swapped = structs.replace(other, envelopes=signed.envelopes)
    await handle(handler, command(call, swapped))
    assert (await office.receipts())[-1].note == "wrong_edit"
    await handle(handler, command(call, signed, "3-0"))

    await office.answer(CONTEXT, AGENT)
    assert guest.answers == [{"many": 3}]


async def test_a_batch_demands_what_the_strictest_of_its_calls_does(
    office: Office, desk: Desk, trust: TrustedFolder
) -> None:
    """Two treasurers for a payment, also when it hides in a batch."""
    trust.write_policy(trusted.TWO.replace("[[rules]]", '[[rules]]\ntool = "pay"'))
    guest = Guest(BATCH)
    handler = await desk.worker(graph=guest.build(), **_strictly(trust))
    await handle(handler, task("go"))
    [call] = await office.requests(CONTEXT)
    policy = _request(call).policy
    assert policy is not None
    assert [one.count for one in policy.quorums] == [2]

    await handle(handler, command(call, _signed(office, call)))

    receipt = (await office.receipts())[-1]
    assert (receipt.outcome, receipt.note) == ("refused:not_enough", "missing")
    assert guest.answers == []


@pytest.mark.parametrize("word", ["accept", "edit"])
async def test_an_approval_with_other_arguments_in_it_is_an_edit(
    office: Office, desk: Desk, trust: TrustedFolder, word: str
) -> None:
    """A graph may take what it is given with a yes; so the limit looks at that, and at its author.

    What only says again what was asked, as clients of the agent inbox do, is a yes.
    """
    limit = 'when = [{argument = "/amount", comparison = "above", value = 1000}]'
    trust.write_policy(f'{trusted.ONE}\n[[rules]]\nname = "large"\nquorum = 2\n{limit}\n')
    asked: JSON = {"action": "pay", "args": {"amount": 5}}
    allowed = dict.fromkeys(("allow_accept", "allow_edit", "allow_respond"), True)
    guest = Guest({"action_request": asked, "config": allowed})
    handler = await desk.worker(graph=guest.build(), **_strictly(trust))
    await handle(handler, task("go"))
    [call] = await office.requests(CONTEXT)

    for place, (much, note) in enumerate(((1_000_000, "missing"), (6, "is_editor")), 3):
        answer: JSON = [{"type": word, "args": {"action": "pay", "args": {"amount": much}}}]
        decision = _signed(office, call, DecisionKind.RESPOND, args=answer)
        await handle(handler, command(call, decision, f"{place}-0"))
        receipt = (await office.receipts())[-1]
        assert (receipt.outcome, receipt.note) == ("refused:not_enough", note)
    assert guest.answers == []

    yes: JSON = [{"type": "accept", "args": asked}]
    again = _signed(office, call, DecisionKind.RESPOND, args=yes)
    await handle(handler, command(call, again, "5-0"))
    await office.answer(CONTEXT, AGENT)
    assert guest.answers == [yes]


async def test_what_could_not_be_proven_any_more_is_told_to_the_model(
    office: Office, desk: Desk, book: Book, trust: TrustedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The registry vanished between the desk and the call."""
    handler = await desk.worker(book.transfer_funds, **_strictly(trust))
    await handle(handler, task("pay 10 to ACME"))
    [call] = await office.requests(CONTEXT)
    judge = handler._desk._judge
    proven = judge.judge

    async def judge_and_lose(case: Case, at: float) -> tuple[str, ...]:
        counted = await proven(case, at)
        (trust.path / "registry.json").unlink()
        return counted

    monkeypatch.setattr(judge, "judge", judge_and_lose)
    await handle(handler, command(call, _signed(office, call)))

    [result] = await office.said(CONTEXT, Role.TOOL)
    assert result.text == NOT_PROVEN
    assert book.payments == []
    assert await office.outcomes(2) == ["applied", "refused:unprepared"]
