"""The fault of the base package that our console guards its reviewers against.

A base worker resumes whatever waits: a second decision on one call runs the next one, which nobody
looked at (`test_base_with_base` shows it). In each story here its agent asks twice in a row, and
the first call is decided more than once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from desktop.errors import NotAllowedNow
from desktop.store.records import DecisionKind, Request, RequestKey, RequestState
from tests.interop.both_worlds import BothWorlds, answer_of, payments
from tests.support.desk import Desk
from tests.support.processes import Process
from tests.support.waiting import await_until

pytestmark = pytest.mark.xdist_group("interop")

ROUNDS = 20


@pytest_asyncio.fixture
async def desk(worlds: BothWorlds) -> AsyncIterator[Desk]:
    """A console that looks on."""
    async with Desk("r.mora") as desk:
        await desk.connect(worlds.url)
        yield desk


@pytest_asyncio.fixture
async def other_desk(worlds: BothWorlds) -> AsyncIterator[Desk]:
    """Another one, of another person."""
    async with Desk("a.lindqvist") as desk:
        await desk.connect(worlds.url)
        yield desk


async def test_a_double_click(worlds: BothWorlds, base_agent: Process, desk: Desk) -> None:
    """The second click is refused at once, and again when the next call has come."""
    first = await _ask(desk, "ACME", "Mallory")

    desk.approvals.decide(first.key, DecisionKind.APPROVE)
    with pytest.raises(NotAllowedNow, match="on its way"):
        desk.approvals.decide(first.key, DecisionKind.APPROVE)
    second = await _second_call(desk, first)
    with pytest.raises(NotAllowedNow, match="already decided"):
        desk.approvals.decide(first.key, DecisionKind.APPROVE)

    assert second.args == {"amount": 9999, "recipient": "Mallory"}
    assert payments(base_agent, "ACME", "Mallory") == [(10, "ACME")]

    # It is a request of its own: it can be looked at, and decided.
    desk.approvals.decide(second.key, DecisionKind.REJECT)
    await desk.until_state(second.key, RequestState.REJECTED)
    assert payments(base_agent, "ACME", "Mallory") == [(10, "ACME")]


async def test_two_desks_at_once(
    worlds: BothWorlds, base_agent: Process, desk: Desk, other_desk: Desk
) -> None:
    """Of two people who decide in the same moment one is heard; the other one is told."""
    for number in range(ROUNDS):
        payee, thief = f"Fenwick {number}", f"Moriarty {number}"
        first = await _ask(desk, payee, thief)
        await other_desk.until_state(first.key, RequestState.WAITING)

        # Who clicks first changes, and so does whether they agree.
        kinds = {desk: DecisionKind.APPROVE, other_desk: DecisionKind.APPROVE}
        if number % 3 == 2:
            kinds[other_desk] = DecisionKind.REJECT
        for clicks in sorted(kinds, key=lambda one: (one is desk) is bool(number % 2)):
            clicks.approvals.decide(first.key, kinds[clicks])

        winner = await _winner(first.key, desk, other_desk)
        if kinds[winner] is DecisionKind.REJECT:
            assert payments(base_agent, payee, thief) == []
            continue
        second = await _second_call(desk, first)
        assert second.args == {"amount": 9999, "recipient": thief}
        assert payments(base_agent, payee, thief) == [(10, payee)]
        assert second.state is RequestState.WAITING


async def test_two_commands_at_once(worlds: BothWorlds, base_agent: Process, desk: Desk) -> None:
    """Two processes that know nothing of each other: one applies, the other is refused."""
    firsts = [await _ask(desk, f"Gideon {n}", f"Hatteras {n}") for n in range(ROUNDS)]

    for number, first in enumerate(firsts):
        order = ("decide", *first.key, "approve")
        commands = [worlds.start_console(*order) for _ in range(2)]
        said = [answer_of(command) for command in commands]

        assert sorted(one.code for one in said) == [0, 3], said
        second = await _second_call(desk, first)
        assert second.state is RequestState.WAITING
        assert payments(base_agent, f"Gideon {number}") == [(10, f"Gideon {number}")]
        assert len(worlds.commands("base_agent", first.key.context_id)) == 1
    assert payments(base_agent, *(f"Hatteras {number}" for number in range(ROUNDS))) == []


async def _ask(desk: Desk, payee: str, thief: str) -> Request:
    """Have the agent ask twice in a row; gives the first request."""
    order = f"pay 10 to {payee} then pay 9999 to {thief}"
    context = desk.conversations.start("base_agent", order)
    [first] = await await_until(lambda: desk.store.requests_in(context), "the first call")
    assert first.args == {"amount": 10, "recipient": payee}
    return first


async def _second_call(desk: Desk, first: Request) -> Request:
    """The request that comes after the first was approved."""

    def found() -> Request | None:
        known = desk.store.requests_in(first.key.context_id)
        return known[1] if len(known) == 2 else None

    return await await_until(found, "the second call")


async def _winner(key: RequestKey, *desks: Desk) -> Desk:
    """Whose decision was applied, when everybody knows the end."""
    ends = {RequestState.APPROVED, RequestState.REJECTED, RequestState.DECIDED_ELSEWHERE}

    def state(desk: Desk) -> RequestState | None:
        request = desk.store.request(key)
        return request.state if request else None

    def winner() -> Desk | None:
        if not all(state(desk) in ends for desk in desks):
            return None
        [one] = [d for d in desks if state(d) is not RequestState.DECIDED_ELSEWHERE]
        return one

    return await await_until(winner, "one desk to be heard and the other to be told")
