"""A console without a window on the test's own loop: engine, store and actions.

The only place where tests put these rooms together.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Self

from desktop.actions.approvals import Approvals
from desktop.actions.conversations import Conversations
from desktop.engine.engine import Engine
from desktop.settings import Person
from desktop.store.facts import EventSeen, Fact, LinkChanged, TranscriptRead, UnreadableSeen
from desktop.store.records import LinkState, Request, RequestKey, RequestState
from desktop.store.store import Store
from tests.support.waiting import await_until


class Desk:
    """An async context manager; outside it nothing runs.

    Attributes:
        links: every state of the link so far, each change once.
        facts: everything the engine has told.
    """

    def __init__(self, person: str = "r.mora", cache_folder: Path | None = None) -> None:
        self.store = Store()
        self.engine = Engine(self._take, cache_folder)
        self.links: list[LinkState] = []
        self.facts: list[Fact] = []
        chosen = Person(person, person.title())
        self.approvals = Approvals(self.store, self.engine, lambda: chosen)
        self.conversations = Conversations(self.store, self.engine, lambda: chosen)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.engine.run(), name="engine")
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        results = await asyncio.gather(self._task, return_exceptions=True)
        assert isinstance(results[0], asyncio.CancelledError), results[0]

    async def connect(self, url: str) -> None:
        """Follow a broker and wait until everything it holds is known."""
        self.engine.connect(url)
        await self.until_caught_up()

    async def until_caught_up(self) -> None:
        """Wait until the link is up and everything the broker holds is known."""
        await self.until_link(LinkState.ONLINE)
        await await_until(lambda: self.store.survey.done, "the survey to end")

    async def until_link(self, state: LinkState) -> None:
        """Wait until the link is in a state."""
        await await_until(lambda: self.store.link.state is state, f"the link to be {state}")

    async def open(self, context_id: str) -> None:
        """Open a transcript and wait until its newest entries are there."""
        self.conversations.transcripts.open(context_id)
        await await_until(lambda: self.store.is_read(context_id), "the transcript to be read")

    async def until_texts(self, context_id: str, *texts: str) -> None:
        """Open a transcript and wait until it reads like this, from top to bottom."""
        self.conversations.transcripts.open(context_id)
        await await_until(lambda: self.texts(context_id) == list(texts), f"the transcript {texts}")

    async def until_state(self, key: RequestKey, state: RequestState) -> Request:
        """Wait until a request is in a state."""

        def found() -> Request | None:
            request = self.store.request(key)
            return request if request is not None and request.state is state else None

        return await await_until(found, f"{key} to be {state}")

    def texts(self, context_id: str) -> list[str]:
        """An open transcript, only what was said."""
        return [entry.text for entry in self.store.entries(context_id)]

    def told(self, context_id: str = "") -> list[tuple[str, str]]:
        """Context and id of every entry that was told so far, of all contexts unless of one."""
        told: list[EventSeen | UnreadableSeen] = []
        for fact in self.facts:
            if isinstance(fact, TranscriptRead):
                told += fact.entries
            elif isinstance(fact, EventSeen | UnreadableSeen):
                told.append(fact)
        ids = [(fact.context_id, fact.entry_id) for fact in told]
        return [one for one in ids if context_id in {"", one[0]}]

    def _take(self, facts: list[Fact]) -> None:
        self.facts.extend(facts)
        for fact in facts:
            if isinstance(fact, LinkChanged) and self.links[-1:] != [fact.link.state]:
                self.links.append(fact.link.state)
        self.store.apply(facts)
