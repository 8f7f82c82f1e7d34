"""The tour: the main job, done in the real window against the real demo, with pictures.

The only place that tells the story: ask for a transfer, look at what waits, approve it, reject
another one with a reason, chat. It succeeds only if the worker's own ledger says that the approved
call ran and the rejected one did not.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import msgspec
from PySide6.QtWidgets import QWidget

from desktop.settings import Theme
from desktop.store.records import (
    ContextStatus,
    DemoState,
    Execution,
    Request,
    RequestKey,
    RequestState,
)
from desktop.store.store import Store
from desktop.tour.pilot import Pilot, PilotLost
from desktop.views.main_window import MainWindow
from workers.wire.errors import SignoffError

REASON = "The invoice has not been matched yet"
QUESTION = "What is the balance of the operating account, and what were its last payments?"
APPROVED_TASK = "Transfer 250 EUR to ACME for invoice 4471"
REJECTED_TASK = "Transfer 9800 EUR to Globex for invoice 4502"
RELEASE_TASK = "Release Mira Solberg's record to Northgate Clinic"
CHAT_TASK = "What is the weather in Oslo?"
START_SECONDS = 60.0


class Step(msgspec.Struct, frozen=True):
    """One step of the report."""

    name: str
    ok: bool
    seconds: float
    problem: str = ""


class Report(msgspec.Struct):
    """What `report.json` holds."""

    ok: bool
    steps: list[Step]
    screenshots: list[str]


class Stage(Protocol):
    """The console, as far as the tour needs it. Everything else goes through the window."""

    store: Store
    window: MainWindow

    def choose_theme(self, theme: Theme) -> None:
        """See `actions.desk.Desk`."""
        ...


async def run_tour(stage: Stage, directory: Path, home: Path) -> bool:
    """Drive a console's window through the main job.

    Args:
        directory: exists; gets the pictures and `report.json`.
        home: the console's `SIGNOFF_HOME`, where the demo keeps its ledger.

    Returns:
        Whether every step succeeded.
    """
    tour = _Tour(stage, directory, home)
    await tour.run()
    report = tour.report()
    (directory / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    for step in report.steps:
        mark = "ok" if step.ok else "FAILED"
        print(f"{mark:6} {step.seconds:6.2f} s  {step.name}  {step.problem}".rstrip())  # noqa: T201
    return report.ok


class _Tour:
    """The story, step by step; the first step that fails ends it."""

    def __init__(self, stage: Stage, directory: Path, home: Path) -> None:
        self._stage = stage
        self._pilot = Pilot(stage.window)
        self._directory = directory
        self._effects = home / "demo" / "effects.jsonl"
        self._steps: list[Step] = []
        self._pictures: list[str] = []
        self._approved = RequestKey("", "")
        self._rejected = RequestKey("", "")

    def report(self) -> Report:
        return Report(
            bool(self._steps) and all(step.ok for step in self._steps), self._steps, self._pictures
        )

    async def run(self) -> None:
        story: tuple[tuple[str, Callable[[], Awaitable[None]]], ...] = (
            ("start without a broker", self._welcome),
            ("start the demo", self._start_demo),
            ("ask the treasury agent for a transfer", self._ask_for_transfer),
            ("ask for two more calls that wait", self._ask_for_more),
            ("open the request", self._open_request),
            ("approve it by a click", self._approve),
            ("the worker ran the approved call", self._check_ran),
            ("reject a second call with a reason", self._reject),
            ("the worker did not run the rejected call", self._check_not_run),
            ("chat with the coordinator", self._chat),
            ("look at agents and settings", self._look_around),
            ("stop the demo", self._stop_demo),
        )
        for name, step in story:
            began = time.monotonic()
            problem = ""
            try:
                await step()
            except SignoffError as error:
                problem = f"{error.title} {error.hint}".strip()
            seconds = round(time.monotonic() - began, 3)
            self._steps.append(Step(name, not problem, seconds, problem))
            if problem:
                await self._pictures_of("failed")
                return

    async def _welcome(self) -> None:
        await self._pictures_of("welcome")

    async def _start_demo(self) -> None:
        await self._pilot.click("rail.agents")
        await self._pilot.click("monitor.here")
        await self._pilot.click("agents.demo_start")
        store = self._stage.store
        await self._pilot.until(
            lambda: store.demo.state is not DemoState.STARTING and store.demo.title,
            "the demo to start",
            START_SECONDS,
        )
        if store.demo.state is not DemoState.RUNNING:
            raise PilotLost(store.demo.title, store.demo.hint)
        await self._pilot.until(
            lambda: store.is_online and len(store.agents()) >= 4, "the demo's four agents"
        )

    async def _ask_for_transfer(self) -> None:
        context_id = await self._ask("treasury_agent", QUESTION)
        await self._finished(context_id)
        await self._say(context_id, APPROVED_TASK)
        self._approved = await self._waiting_in(context_id)

    async def _ask_for_more(self) -> None:
        context_id = await self._ask("treasury_agent", REJECTED_TASK)
        self._rejected = await self._waiting_in(context_id)
        await self._waiting_in(await self._ask("records_agent", RELEASE_TASK))

    async def _open_request(self) -> None:
        await self._pilot.click("rail.approvals")
        await self._pilot.choose("approvals.list", self._approved)
        await self._pilot.until(self._approve_is_offered, "a moment to look at the request")
        await self._pictures_of("approval")

    def _approve_is_offered(self) -> bool:
        button = self._pilot.seen("request.approve")
        return button is not None and button.isEnabled()

    async def _approve(self) -> None:
        await self._pilot.click("request.approve")
        await self._pilot.until(
            lambda: self._request(self._approved).state is not RequestState.WAITING,
            "the click to count",
        )
        await self._pilot.until(
            lambda: self._request(self._approved).state is RequestState.APPROVED,
            "the worker to take the approval",
        )
        await self._finished(self._approved.context_id)
        await self._pictures_of("approved")

    async def _check_ran(self) -> None:
        if self._request(self._approved).execution is not Execution.EXECUTED:
            raise PilotLost("The worker's receipt does not say that the call ran.")
        if self._approved.call not in self._calls_that_ran():
            raise PilotLost("The worker's ledger does not hold the approved call.")

    async def _reject(self) -> None:
        await self._pilot.click("rail.approvals")
        await self._pilot.choose("approvals.list", self._rejected)
        await self._pilot.click("request.reject")
        await self._pilot.type_text("request.reason", REASON)
        await self._pilot.until(
            lambda: self._pilot.find("request.confirm_reject", QWidget).isEnabled(),
            "the moment against misclicks to pass",
        )
        await self._pictures_of("reject")
        await self._pilot.click("request.confirm_reject")
        await self._pilot.until(
            lambda: self._request(self._rejected).state is RequestState.REJECTED,
            "the worker to take the rejection",
        )
        await self._finished(self._rejected.context_id)

    async def _check_not_run(self) -> None:
        if self._rejected.call in self._calls_that_ran():
            raise PilotLost("The worker's ledger holds the rejected call.")
        entries = self._stage.store.entries(self._rejected.context_id)
        if not any(REASON in entry.text for entry in entries if entry.speaker == "treasury_agent"):
            raise PilotLost("The reason of the rejection did not reach the model.")

    async def _chat(self) -> None:
        context_id = await self._ask("coordinator", CHAT_TASK)
        await self._finished(context_id)
        await self._say(context_id, "Thank you. What else can you do?")
        await self._finished(context_id)
        await self._pictures_of("conversation")

    async def _look_around(self) -> None:
        await self._pilot.click("rail.agents")
        await self._pilot.click("monitor.agents")
        await self._pilot.choose("agents.list", "treasury_agent")
        monitor = self._stage.store.monitor
        await self._pilot.until(
            lambda: len(monitor.samples("treasury_agent")) > 1, "the monitor to look twice"
        )
        await self._pictures_of("agents")
        await self._pilot.click("rail.settings")
        await self._pictures_of("settings")

    async def _stop_demo(self) -> None:
        await self._pilot.click("rail.agents")
        await self._pilot.click("monitor.here")
        await self._pilot.click("agents.demo_stop")
        await self._pilot.until(
            lambda: self._stage.store.demo.state is DemoState.STOPPED, "the demo to stop"
        )

    async def _ask(self, agent: str, text: str) -> str:
        """Begin a conversation in the window. Returns its context ID."""
        store = self._stage.store
        before = {row.context_id for row in store.contexts()}
        await self._pilot.click("rail.conversations")
        await self._pilot.click("conversations.new")
        await self._pilot.type_text("new.agent", agent)
        await self._pilot.type_text("new.text", text)
        await self._pilot.click("new.start")
        await self._pilot.until(
            lambda: any(row.context_id not in before for row in store.contexts()),
            "the new conversation",
        )
        return next(row.context_id for row in store.contexts() if row.context_id not in before)

    async def _say(self, context_id: str, text: str) -> None:
        """Write into the open conversation, and wait until the agent has the message."""
        store = self._stage.store
        before = len(store.entries(context_id))
        await self._pilot.type_text("composer.text", text)
        await self._pilot.click("composer.send")
        await self._pilot.until(lambda: len(store.entries(context_id)) > before, "the message")

    async def _waiting_in(self, context_id: str) -> RequestKey:
        """The request that waits in a conversation, once there is one."""
        store = self._stage.store

        def waiting() -> list[RequestKey]:
            requests = store.requests_in(context_id)
            return [r.key for r in requests if r.state is RequestState.WAITING]

        await self._pilot.until(waiting, "a request that waits")
        return waiting()[0]

    async def _finished(self, context_id: str) -> None:
        store = self._stage.store

        def done() -> bool:
            row = store.context(context_id)
            return row is not None and row.status is ContextStatus.DONE

        await self._pilot.until(done, "the conversation to finish")

    async def _pictures_of(self, name: str) -> None:
        for theme in (Theme.DARK, Theme.LIGHT):
            self._stage.choose_theme(theme)
            path = self._directory / f"{name}-{theme}.png"
            await self._pilot.picture(path)
            self._pictures.append(path.name)

    def _request(self, key: RequestKey) -> Request:
        request = self._stage.store.request(key)
        if request is None:
            raise PilotLost("The request is gone.")
        return request

    def _calls_that_ran(self) -> set[str]:
        """Tool call ids in the demo's ledger of effects, written by the worker itself."""
        if not self._effects.exists():
            return set()
        lines = self._effects.read_text().splitlines()
        return {str(json.loads(line)["tool_call_id"]) for line in lines}
