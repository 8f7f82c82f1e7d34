"""What every scene of the tour needs: the console, the pilot, and where the pictures go.

The only place that asks an agent for something through the window, and that reads the worker's own
ledger of what ran.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from desktop.settings import Theme
from desktop.store.records import ContextStatus, Request, RequestKey, RequestState
from desktop.store.store import Store
from desktop.tour.pilot import Pilot, PilotLost
from desktop.views.main_window import MainWindow


class Stage(Protocol):
    """The console, as far as the tour needs it. Everything else goes through the window."""

    store: Store
    window: MainWindow

    def choose_theme(self, theme: Theme) -> None:
        """See `actions.desk.Desk`."""
        ...


class Visit:
    """One visit to one console.

    Args:
        directory: exists; gets the pictures.
        home: the console's `SIGNOFF_HOME`, where the demo keeps its ledger.

    Attributes:
        pictures: names of those that were left, in order.
    """

    def __init__(self, stage: Stage, directory: Path, home: Path) -> None:
        self.stage = stage
        self.store = stage.store
        self.pilot = Pilot(stage.window)
        self.directory = directory
        self.pictures: list[str] = []
        self._effects = home / "demo" / "effects.jsonl"

    async def ask(self, agent: str, text: str) -> str:
        """Begin a conversation in the window. Returns its context ID."""
        before = {row.context_id for row in self.store.contexts()}
        await self.pilot.click("rail.conversations")
        await self.pilot.click("conversations.new")
        await self.pilot.type_text("new.agent", agent)
        await self.pilot.type_text("new.text", text)
        await self.pilot.click("new.start")

        def begun() -> list[str]:
            return [r.context_id for r in self.store.contexts() if r.context_id not in before]

        await self.pilot.until(begun, "the new conversation")
        return begun()[0]

    async def say(self, context_id: str, text: str) -> None:
        """Write into the open conversation, and wait until the agent has the message."""
        before = len(self.store.entries(context_id))
        await self.pilot.type_text("composer.text", text)
        await self.pilot.click("composer.send")
        await self.pilot.until(lambda: len(self.store.entries(context_id)) > before, "the message")

    async def waiting_in(self, context_id: str) -> RequestKey:
        """The request that waits in a conversation, once there is one."""

        def waiting() -> list[RequestKey]:
            requests = self.store.requests_in(context_id)
            return [r.key for r in requests if r.state is RequestState.WAITING]

        await self.pilot.until(waiting, "a request that waits")
        return waiting()[0]

    async def finished(self, context_id: str) -> None:
        """Wait until the agent has nothing more to do there."""

        def done() -> bool:
            row = self.store.context(context_id)
            return row is not None and row.status is ContextStatus.DONE

        await self.pilot.until(done, "the conversation to finish")

    async def open_request(self, key: RequestKey) -> None:
        """Look at a request, until it may be decided."""
        await self.pilot.click("rail.approvals")
        await self.pilot.choose("approvals.list", key)
        await self.approvable()

    async def approvable(self) -> None:
        """Wait until the request in sight may be approved."""

        def offered() -> bool:
            button = self.pilot.seen("request.approve")
            return button is not None and button.isEnabled()

        await self.pilot.until(offered, "a moment to look at the request")

    async def becomes(self, key: RequestKey, holds: Callable[[Request], bool], what: str) -> None:
        """Wait until something holds of a request."""
        await self.pilot.until(lambda: holds(self.request(key)), what)

    def request(self, key: RequestKey) -> Request:
        """A request as the console knows it now.

        Raises:
            PilotLost: it knows none of this key.
        """
        request = self.store.request(key)
        if request is None:
            raise PilotLost("The request is gone.")
        return request

    def times_it_ran(self, key: RequestKey) -> int:
        """How often a call stands in the demo's ledger of effects, which the worker writes."""
        if not self._effects.exists():
            return 0
        lines = self._effects.read_text().splitlines()
        return [str(json.loads(line)["tool_call_id"]) for line in lines].count(key.call)

    async def pictures_of(self, name: str) -> None:
        """Leave a picture of the window in each theme."""
        for theme in (Theme.DARK, Theme.LIGHT):
            self.stage.choose_theme(theme)
            path = self.directory / f"{name}-{theme}.png"
            await self.pilot.picture(path)
            self.pictures.append(path.name)
