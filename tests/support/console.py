"""The page object: a real console, spoken to in a reviewer's sentences.

The only place in the tests that knows the names of the window's controls; it presses them through
the product's own pilot, so what a person could not press a test cannot press either.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget

from desktop.console import Console
from desktop.store.records import (
    ContextStatus,
    Execution,
    LinkState,
    Request,
    RequestKey,
    RequestState,
)
from desktop.tour.pilot import Pilot

ARGUMENTS = dict[str, object]


class Approvals:
    """The approvals page, as a reviewer uses it."""

    def __init__(self, console: ConsolePage) -> None:
        self._console = console

    async def wait_for(self, action: str, **wanted: object) -> Request:
        """The request for this tool with these arguments, once it waits."""

        def found() -> list[Request]:
            return [
                request
                for request in self._console.store.requests()
                if request.state is RequestState.WAITING
                and request.call.action == action
                and isinstance(request.args, dict)
                and wanted.items() <= request.args.items()
            ]

        await self._console.pilot.until(found, f"a request for {action} {wanted}")
        return found()[0]

    async def open(self, request: Request) -> None:
        """Bring the window to the front, where it can be read, and click its row."""
        self._console.window.activateWindow()
        await self._console.pilot.click("rail.approvals")
        await self._console.pilot.choose("approvals.list", request.key)

    async def click_approve(self, request: Request) -> None:
        """Open it and click Approve once."""
        await self.open(request)
        await self._console.pilot.click("request.approve")

    async def approve(self, request: Request) -> Request:
        """Approve it, and wait until the worker says that it ran."""
        await self.click_approve(request)
        return await self.until(request, RequestState.APPROVED, Execution.EXECUTED)

    async def reject(self, request: Request, reason: str) -> Request:
        """Reject it with a reason, and wait for the worker's word."""
        await self.open(request)
        await self._console.pilot.click("request.reject")
        await self._console.pilot.type_text("request.reason", reason)
        await self._console.pilot.click("request.confirm_reject")
        return await self.until(request, RequestState.REJECTED)

    async def edit(self, request: Request, **fields: str) -> Request:
        """Change arguments in the form, send them, and wait until the worker says that it ran."""
        await self.open(request)
        await self._console.pilot.click("request.edit")
        for name, text in fields.items():
            await self._console.pilot.type_text(f"request.field.{name}", text)
        await self._console.pilot.click("request.send")
        return await self.until(request, RequestState.EDITED, Execution.EXECUTED)

    async def respond(self, request: Request, text: str) -> Request:
        """Answer in words, which also marks a call in doubt as done."""
        await self.open(request)
        await self._console.pilot.click("request.respond")
        await self._console.pilot.type_text("request.field.answer", text)
        await self._console.pilot.click("request.send")
        return await self.until(request, RequestState.RESPONDED)

    async def run_again(self, request: Request) -> Request:
        """Start a call in doubt once more, and confirm it."""
        await self.open(request)
        await self._console.pilot.click("request.again")
        await self._console.pilot.click("request.confirm_again")
        return await self.until(request, RequestState.APPROVED, Execution.EXECUTED)

    async def decide_each(self, request: Request, *decisions: str) -> Request:
        """Decide on each call of a batch by the words of the form."""
        await self.open(request)
        await self._console.pilot.click("request.respond")
        for number, words in enumerate(decisions):
            await self._console.pilot.pick(f"request.field.{number}.decision", words)
        await self._console.pilot.click("request.send")
        return await self.until(request, RequestState.RESPONDED)

    async def in_doubt(self, action: str) -> Request:
        """The request that asks what became of a call, once it waits."""

        def found() -> list[Request]:
            requests = self._console.store.requests()
            return [
                request
                for request in requests
                if request.call.is_in_doubt
                and request.call.action == action
                and request.state is RequestState.WAITING
            ]

        await self._console.pilot.until(found, f"{action} to be in doubt")
        return found()[0]

    async def asked(self, context_id: str) -> Request:
        """Whatever waits in a conversation, once something does."""

        def found() -> list[Request]:
            requests = self._console.store.requests_in(context_id)
            return [request for request in requests if request.state is RequestState.WAITING]

        await self._console.pilot.until(found, "a request")
        return found()[0]

    async def until(
        self, request: Request, state: RequestState, execution: Execution | None = None
    ) -> Request:
        """Wait until the request stands so."""

        def stands() -> bool:
            now = self.now(request.key)
            return now.state is state and execution in {None, now.execution}

        await self._console.pilot.until(stands, f"{request.call.action} to be {state}")
        return self.now(request.key)

    def now(self, key: RequestKey) -> Request:
        """The request as this desk knows it."""
        request = self._console.store.request(key)
        assert request is not None
        return request

    def outcome(self) -> str:
        """What the open card says became of it."""
        return self._console.words("request.outcome")

    def can_approve(self) -> bool:
        """Whether the open card's Approve may be pressed."""
        button = self._console.pilot.seen("request.approve")
        return isinstance(button, QAbstractButton) and button.isEnabled()


class ConsolePage:
    """A running console.

    Attributes:
        approvals: its approvals page.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.store = console.store
        self.window = console.window
        self.pilot = Pilot(console.window)
        self.approvals = Approvals(self)

    async def online(self) -> None:
        """Wait until what is shown is what the broker holds."""
        await self.pilot.until(lambda: self.store.is_online, "the link to be up")

    async def link(self, state: LinkState) -> str:
        """Wait for a state of the link. Returns the words a person reads."""
        await self.pilot.until(lambda: self.store.link.state is state, f"the link to be {state}")
        return self.words("link.state")

    async def ask(self, agent: str, text: str) -> str:
        """Begin a conversation in the window. Returns its context ID."""
        before = {row.context_id for row in self.store.contexts()}
        await self.pilot.click("rail.conversations")
        await self.pilot.click("conversations.new")
        await self.pilot.type_text("new.agent", agent)
        await self.pilot.type_text("new.text", text)
        await self.pilot.click("new.start")

        def fresh() -> set[str]:
            return {row.context_id for row in self.store.contexts()} - before

        await self.pilot.until(fresh, "the new conversation")
        return fresh().pop()

    async def finished(self, context_id: str, status: ContextStatus = ContextStatus.DONE) -> str:
        """Wait until a conversation has ended so. Returns its last words."""

        def ended() -> bool:
            row = self.store.context(context_id)
            return row is not None and row.status is status

        await self.pilot.until(ended, f"the conversation to be {status}")
        return self.store.entries(context_id)[-1].text

    def words(self, name: str) -> str:
        """Everything a person can read inside a control, and what a screen reader says of it."""
        widget = self.pilot.find(name, QWidget)
        labels = [widget, *widget.findChildren(QLabel)]
        read = [label.text() for label in labels if isinstance(label, QLabel) and label.isVisible()]
        return " ".join([*read, widget.accessibleName(), widget.accessibleDescription()])


@asynccontextmanager
async def running_console(
    home: Path, monkeypatch: pytest.MonkeyPatch, url: str = ""
) -> AsyncIterator[ConsolePage]:
    """A console with its window open, following a broker if one is given, stopped at the end.

    Args:
        home: its `SIGNOFF_HOME`; consoles that share one share their person and settings.
    """
    monkeypatch.setenv("SIGNOFF_HOME", str(home))
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    page = ConsolePage(Console(application))
    page.window.show()
    page.console.start(url, demo=False)
    try:
        if url:
            await page.online()
        yield page
    finally:
        await page.console.stop()
