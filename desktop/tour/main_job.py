"""The main job: ask for a transfer, look at what waits, approve it, reject another one, chat.

The only place that tells this part of the story.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtWidgets import QWidget

from desktop.store.local_records import DemoState
from desktop.store.records import Execution, RequestKey, RequestState
from desktop.tour.pilot import PilotLost
from desktop.tour.visit import Visit

_REASON: Final = "The invoice has not been matched yet"
_QUESTION: Final = "What is the balance of the operating account, and what were its last payments?"
_APPROVED_TASK: Final = "Transfer 250 EUR to ACME for invoice 4471"
_REJECTED_TASK: Final = "Transfer 9800 EUR to Globex for invoice 4502"
_RELEASE_TASK: Final = "Release Mira Solberg's record to Northgate Clinic"
_CHAT_TASK: Final = "What is the weather in Oslo?"
_START_SECONDS: Final = 60.0


class MainJob:
    """The scenes, in the order in which they are called."""

    def __init__(self, visit: Visit) -> None:
        self._visit, self._pilot, self._store = visit, visit.pilot, visit.store
        self._approved = self._rejected = RequestKey("", "")

    async def welcome(self) -> None:
        """The first thing that anybody sees."""
        await self._visit.pictures_of("welcome")

    async def start_demo(self) -> None:
        """From the agents page."""
        await self._pilot.click("rail.agents")
        await self._pilot.click("monitor.here")
        await self._pilot.click("agents.demo_start")
        store = self._store
        await self._pilot.until(
            lambda: store.demo.state is not DemoState.STARTING and store.demo.title,
            "the demo to start",
            _START_SECONDS,
        )
        if store.demo.state is not DemoState.RUNNING:
            raise PilotLost(store.demo.title, store.demo.hint)
        await self._pilot.until(
            lambda: store.is_online and len(store.agents()) >= 4, "the demo's four agents"
        )

    async def ask_for_transfer(self) -> None:
        """A question first, so that there is something to read."""
        context_id = await self._visit.ask("treasury_agent", _QUESTION)
        await self._visit.finished(context_id)
        await self._visit.say(context_id, _APPROVED_TASK)
        self._approved = await self._visit.waiting_in(context_id)

    async def ask_for_more(self) -> None:
        """Another transfer, and a patient's record."""
        context_id = await self._visit.ask("treasury_agent", _REJECTED_TASK)
        self._rejected = await self._visit.waiting_in(context_id)
        await self._visit.waiting_in(await self._visit.ask("records_agent", _RELEASE_TASK))

    async def open_request(self) -> None:
        """The card says what would run, and who is needed."""
        await self._visit.open_request(self._approved)
        await self._visit.pictures_of("approval")

    async def approve(self) -> None:
        """One click; the worker answers."""
        await self._pilot.click("request.approve")
        await self._visit.becomes(
            self._approved, lambda r: r.state is not RequestState.WAITING, "the click to count"
        )
        await self._visit.becomes(
            self._approved,
            lambda r: r.state is RequestState.APPROVED,
            "the worker to take the approval",
        )
        await self._visit.finished(self._approved.context_id)
        await self._visit.pictures_of("approved")

    async def check_ran(self) -> None:
        """By the worker's receipt, and by its ledger."""
        if self._visit.request(self._approved).execution is not Execution.EXECUTED:
            raise PilotLost("The worker's receipt does not say that the call ran.")
        if not self._visit.times_it_ran(self._approved):
            raise PilotLost("The worker's ledger does not hold the approved call.")

    async def reject(self) -> None:
        """With a reason in words."""
        await self._pilot.click("rail.approvals")
        await self._pilot.choose("approvals.list", self._rejected)
        await self._pilot.click("request.reject")
        await self._pilot.type_text("request.reason", _REASON)
        await self._pilot.until(
            lambda: self._pilot.find("request.confirm_reject", QWidget).isEnabled(),
            "the moment against misclicks to pass",
        )
        await self._visit.pictures_of("reject")
        await self._pilot.click("request.confirm_reject")
        await self._visit.becomes(
            self._rejected,
            lambda r: r.state is RequestState.REJECTED,
            "the worker to take the rejection",
        )
        await self._visit.finished(self._rejected.context_id)

    async def check_not_run(self) -> None:
        """And the model was told why."""
        if self._visit.times_it_ran(self._rejected):
            raise PilotLost("The worker's ledger holds the rejected call.")
        entries = self._store.entries(self._rejected.context_id)
        if not any(_REASON in entry.text for entry in entries if entry.speaker == "treasury_agent"):
            raise PilotLost("The reason of the rejection did not reach the model.")

    async def chat(self) -> None:
        """With an agent that asks others."""
        context_id = await self._visit.ask("coordinator", _CHAT_TASK)
        await self._visit.finished(context_id)
        await self._visit.say(context_id, "Thank you. What else can you do?")
        await self._visit.finished(context_id)
        await self._visit.pictures_of("conversation")

    async def look_around(self) -> None:
        """Who works, and what can be chosen."""
        await self._pilot.click("rail.agents")
        await self._pilot.click("monitor.agents")
        await self._pilot.choose("agents.list", "treasury_agent")
        monitor = self._store.monitor
        await self._pilot.until(
            lambda: len(monitor.samples("treasury_agent")) > 1, "the monitor to look twice"
        )
        await self._visit.pictures_of("agents")
        await self._pilot.click("rail.settings")
        await self._visit.pictures_of("settings")

    async def stop_demo(self) -> None:
        """Nothing is left running."""
        await self._pilot.click("rail.agents")
        await self._pilot.click("monitor.here")
        await self._pilot.click("agents.demo_stop")
        await self._pilot.until(
            lambda: self._store.demo.state is DemoState.STOPPED, "the demo to stop"
        )
