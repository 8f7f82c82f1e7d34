"""A console without a window on the test's own loop: engine, store and actions.

The only place where tests put these rooms together.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from desktop import settings
from desktop.actions.approvals import Approvals
from desktop.actions.conversations import Conversations
from desktop.actions.guard import GuardedOutbox
from desktop.actions.halts import HaltActions
from desktop.actions.ports import ChooseSigner, Unlock
from desktop.actions.repairs import Repairs
from desktop.audit.keys import Keyring
from desktop.engine.engine import Engine
from desktop.settings import Person, SigningRule
from desktop.store.facts import EventSeen, Fact, LinkChanged, TranscriptRead, UnreadableSeen
from desktop.store.records import LinkState, Request, RequestKey, RequestState
from desktop.store.signing import SigningState
from desktop.store.store import Store
from tests.support import trusted
from tests.support.signing import PASSPHRASE, KeptKeys, wrapped
from tests.support.waiting import await_until


class Desk:
    """An async context manager; outside it nothing runs.

    Attributes:
        links: every state of the link so far, each change once.
        facts: everything the engine has told.
    """

    def __init__(
        self,
        person: str = "r.mora",
        cache_folder: Path | None = None,
        *,
        signer: trusted.Person | None = None,
        trust: Path | None = None,
        now: Callable[[], float] = time.time,
        keyring: Keyring | None = None,
        audit_log: Path | None = None,
    ) -> None:
        """Set it up.

        Args:
            signer: who signs here; their signing session is open from the start.
            trust: the folder with the registry.
            now: the clock that is compared with the broker's.
            keyring: holds the keys of the audit log; without one its encrypted part is not kept.
            audit_log: two that are open at once need one each; None for the person's own.
        """
        self.store = Store()
        self._signer, self._trust = signer, trust
        custody = KeptKeys()
        if signer is not None:
            person = signer.id
            custody.kept[person] = wrapped(signer.key)
            audit_log = settings.home() / person / "decisions.sqlite"
        self.engine = Engine(
            self._take, cache_folder, audit_log, keyring=keyring, custody=custody, now=now
        )
        self.links: list[LinkState] = []
        self.facts: list[Fact] = []
        chosen = Person(person, person.title())
        outbox = GuardedOutbox(self.engine, self.store)
        self.approvals = Approvals(self.store, outbox, lambda: chosen)
        self.conversations = Conversations(self.store, outbox, lambda: chosen)
        self.halts = HaltActions(self.store, outbox, lambda: chosen)
        self.repairs = Repairs(self.store, outbox, lambda: chosen)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.engine.run(), name="engine")
        if self._trust is not None:
            await self._open_signing(self._trust)
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

    async def _open_signing(self, trust: Path) -> None:
        who = self._signer
        people = (Person(who.id, who.name),) if who else ()
        person = people[0] if people else Person("nobody", "Nobody")
        self.engine.post(ChooseSigner(person, people, SigningRule.FIRST, 60, trust))
        if people:
            await await_until(
                lambda: self.store.signing.state is SigningState.LOCKED, "the key to be found"
            )
            self.engine.post(Unlock(PASSPHRASE))
            await await_until(
                lambda: self.store.signing.state is SigningState.OPEN, "the key to be open"
            )

    async def until(self, key: RequestKey, holds: Callable[[Request], bool], what: str) -> Request:
        """Wait until something holds of a request."""

        def found() -> Request | None:
            request = self.store.request(key)
            return request if request is not None and holds(request) else None

        return await await_until(found, what)

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
