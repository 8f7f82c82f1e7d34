"""Ask, look, click, and the worker runs that and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from desktop.store.records import ContextStatus, Execution, RequestState
from tests.e2e.conftest import DemoTeam
from tests.support.console import ConsolePage, running_console
from tests.support.waiting import await_until

pytestmark = pytest.mark.qt_loop


async def test_an_approved_transfer_runs_once(console: ConsolePage, demo: DemoTeam) -> None:
    """Nothing runs while the call waits; one click runs it; the agent tells the person."""
    context_id = await console.ask("treasury_agent", "Transfer 250 EUR to ACME for invoice 4471")
    request = await console.approvals.wait_for("transfer_funds", to="ACME")
    assert demo.transfers == []

    await console.approvals.approve(request)
    last_words = await console.finished(context_id)

    assert demo.transfers == [("ACME", 250)]
    assert "250" in last_words
    assert "ran it" in console.approvals.outcome()


async def test_a_rejection_reaches_the_model_with_its_reason(
    console: ConsolePage, demo: DemoTeam
) -> None:
    """The call does not run, and the agent goes on knowing why."""
    context_id = await console.ask("treasury_agent", "Transfer 9800 EUR to Globex")
    request = await console.approvals.wait_for("transfer_funds", to="Globex")

    rejected = await console.approvals.reject(request, "The invoice is not matched yet")
    last_words = await console.finished(context_id)

    assert demo.transfers == []
    assert rejected.execution is Execution.NOT_RUN
    assert "The invoice is not matched yet" in last_words


async def test_a_second_accept_never_reaches_the_next_call(
    console: ConsolePage, demo: DemoTeam
) -> None:
    """Two clicks on one request run one transfer, even when the agent asks again at once."""
    await console.ask("treasury_agent", "pay 10 to ACME, then pay 9999 to Mallory")
    first = await console.approvals.wait_for("transfer_funds", amount=10)
    await console.approvals.click_approve(first)
    button = console.pilot.seen("request.approve")
    if button is not None:
        console.pilot.press(Qt.Key.Key_A)
        console.pilot.press(Qt.Key.Key_A)

    await console.approvals.wait_for("transfer_funds", to="Mallory")
    console.pilot.press(Qt.Key.Key_A)  # still on the first card, which is decided
    await console.approvals.until(first, RequestState.APPROVED, Execution.EXECUTED)
    assert demo.transfers == [("ACME", 10)]


async def test_two_calls_of_one_turn_are_decided_one_by_one(
    console: ConsolePage, demo: DemoTeam
) -> None:
    """Both wait; the second may be approved first; the other stays as it is until rejected."""
    context_id = await console.ask("treasury_agent", "pay 10 to ACME and 20 to Globex")
    acme = await console.approvals.wait_for("transfer_funds", to="ACME")
    globex = await console.approvals.wait_for("transfer_funds", to="Globex")

    await console.approvals.approve(globex)
    assert demo.transfers == [("Globex", 20)]
    assert console.approvals.now(acme.key).state is RequestState.WAITING

    await console.approvals.reject(acme, "Paid by card")
    await console.finished(context_id)
    assert demo.transfers == [("Globex", 20)]


async def test_a_gated_call_of_an_expert_is_a_request_of_its_own(
    console: ConsolePage, demo: DemoTeam
) -> None:
    """The coordinator delegates; the expert's call waits under the expert's name; all answer."""
    context_id = await console.ask("coordinator", "What is the GDP of Paris?")
    request = await console.approvals.wait_for("get_city_gdp", city="Paris")
    assert request.agent == "treasury_agent"
    row = console.store.context(context_id)
    assert row is not None
    assert (row.agent, row.status) == ("coordinator", ContextStatus.WAITING)

    await console.approvals.approve(request)
    await console.finished(context_id)
    assert [effect["tool"] for effect in demo.effects] == ["get_city_gdp"]


async def test_the_first_of_two_desks_wins_and_the_other_is_told(
    console: ConsolePage, demo: DemoTeam, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both reviewers click at once: one transfer, one winner, and the other desk says so."""
    async with running_console(tmp_path / "other-desk", monkeypatch, demo.url) as other:
        await console.ask("treasury_agent", "Transfer 75 EUR to Initech")
        here = await console.approvals.wait_for("transfer_funds", to="Initech")
        there = await other.approvals.wait_for("transfer_funds", to="Initech")
        await console.approvals.open(here)
        await console.pilot.until(console.approvals.can_approve, "Approve here")
        await other.approvals.open(there)
        await other.pilot.until(other.approvals.can_approve, "Approve there")
        await other.pilot.click("request.approve")
        await console.pilot.click("request.approve")

        states = (RequestState.APPROVED, RequestState.DECIDED_ELSEWHERE)

        def both_know() -> bool:
            now = [console.approvals.now(here.key).state, other.approvals.now(there.key).state]
            return sorted(now) == sorted(states)

        await await_until(both_know, "one desk to have approved, and the other to know")
        assert not console.approvals.can_approve()
        assert not other.approvals.can_approve()
        await console.finished(here.key.context_id)
        assert demo.transfers == [("Initech", 75)]


async def test_a_request_is_still_there_after_the_console_was_closed(
    console: ConsolePage, demo: DemoTeam, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits, waits on the broker: a console opened later shows it and can decide it."""
    await console.ask("treasury_agent", "Transfer 40 EUR to ACME")
    await console.approvals.wait_for("transfer_funds", to="ACME")
    async with running_console(tmp_path / "later", monkeypatch, demo.url) as later:
        request = await later.approvals.wait_for("transfer_funds", to="ACME")
        await later.approvals.approve(request)
        assert demo.transfers == [("ACME", 40)]
        # The first desk learns it from the worker, not from the other desk.
        await console.approvals.until(request, RequestState.APPROVED)
