"""Many reviewers at once: whatever they decide, one outcome comes of it, and all desks show it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from desktop.store.records import Execution, Request, RequestKey, RequestState
from tests.integration.workers.conftest import Book
from tests.integration.workers.office import Office
from tests.support import registered
from tests.support.desk import Desk
from tests.support.trusted import TWO, Person, TrustedFolder, registry_of_today
from tests.support.waiting import await_until
from workers.wire.approvals import DecisionKind, Mode
from workers.wire.signing.keys import SigningKey
from workers.wire.signing.registry import RegisteredReviewer

AGENT = "demo_agent"
ROUNDS = 50
MOST_DESKS = 8
_ENDS = {RequestState.APPROVED, RequestState.REJECTED, RequestState.DECIDED_ELSEWHERE}


async def test_however_reviewers_race_there_is_one_outcome_and_all_desks_agree(
    office: Office, book: Book, tmp_path: Path
) -> None:
    """Two to eight desks sign at the same moment, for it and against it; two have to be for it."""
    people = [
        Person(SigningKey(bytes([40 + n]) * 32), f"p.{n}", f"Person {n}") for n in range(MOST_DESKS)
    ]
    trust = TrustedFolder(tmp_path / "trust", AGENT)
    trust.write_policy(TWO)
    trust.write_registry(version=4, reviewers=_registered(people))
    await office.hire(AGENT, [book.transfer_funds], mode=Mode.ENFORCE, trust=trust.path)
    chance = random.Random(20260302)  # noqa: S311 - which desks take part, not a secret
    paid = 0
    async with AsyncExitStack() as stack:
        desks = [
            await stack.enter_async_context(Desk(signer=one, trust=trust.path)) for one in people
        ]
        await asyncio.gather(*(desk.connect(office.connection.url) for desk in desks))
        for _ in range(ROUNDS):
            context_id = await office.ask(AGENT, "pay 10 to ACME")
            [call] = await office.requests(context_id)
            key = RequestKey(context_id, call.tool_call_id)
            racing = chance.sample(desks, chance.randint(2, MOST_DESKS))
            await asyncio.gather(*(desk.until_state(key, RequestState.WAITING) for desk in desks))

            kinds = [
                chance.choice((DecisionKind.APPROVE,) * 3 + (DecisionKind.REJECT,)) for _ in racing
            ]
            for desk, kind in zip(racing, kinds, strict=True):
                desk.approvals.decide(key, kind)

            decisions = await _agreed(desks, key)
            paid += decisions == {DecisionKind.APPROVE}
            if DecisionKind.REJECT not in kinds:
                assert decisions == {DecisionKind.APPROVE}
            assert len(book.payments) == paid
    assert 0 < paid < ROUNDS


async def _agreed(desks: Sequence[Desk], key: RequestKey) -> set[DecisionKind | None]:
    """What all desks show, once the request is closed on each and they show the same."""

    def stands() -> list[Request]:
        return [one for desk in desks if (one := desk.store.request(key)) is not None]

    def settled() -> bool:
        found = stands()
        ends = all(one.state in _ENDS for one in found)
        ran = {one.execution for one in found}
        is_over = ran == {Execution.EXECUTED} or {one.decision for one in found} == {
            DecisionKind.REJECT
        }
        return ends and is_over and len({(one.decision, one.decided_by) for one in found}) == 1

    await await_until(settled, "all desks to agree")
    return {one.decision for one in stands()}


def _registered(people: Sequence[Person]) -> tuple[RegisteredReviewer, ...]:
    [known, *_] = registry_of_today(AGENT).reviewers
    [times] = known.keys
    return tuple(
        RegisteredReviewer(
            id=one.id,
            name=one.name,
            roles=("treasury",),
            keys=(
                registered.registered_key(
                    one.key, not_before=times.not_before, not_after=times.not_after
                ),
            ),
        )
        for one in people
    )
