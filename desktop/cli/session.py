"""The console without a window: engine, store and actions on one event loop.

The only place, beside the window's, that puts these rooms together.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from desktop import settings
from desktop.actions.approvals import Approvals
from desktop.actions.conversations import Conversations
from desktop.actions.guard import GuardedOutbox
from desktop.actions.looking import Looking
from desktop.actions.ports import Unlock
from desktop.actions.signing import signer_of
from desktop.engine.engine import Engine
from desktop.errors import ConsoleError, VaultUnavailable
from desktop.store.facts import Fact, ReadOnlyChanged, SigningChanged
from desktop.store.records import LinkState
from desktop.store.signing import SigningState
from desktop.store.store import Store
from desktop.system.vault import LogKeyring, Vault
from workers.wire.addresses import join_password

CONNECT_SECONDS = 10.0
#: For reading what a broker holds; a hundred thousand conversations take some seconds.
SURVEY_SECONDS = 120.0
TRANSCRIPT_SECONDS = 10.0
#: A keyring may ask the person first; deriving a key from a passphrase takes a second.
KEYRING_SECONDS = 40.0
_BUNDLED = "reviewers"


class Session:
    """A connected console, as an async context manager.

    Attributes:
        store: what the broker holds, read once and followed from then on.
    """

    def __init__(self, url: str, now: Callable[[], float] = time.time) -> None:
        """Set it up; nothing is connected yet.

        Args:
            now: this computer's clock, in seconds since the epoch.
        """
        self.store = Store()
        self._url = url
        # Without the keyring a log that was cut would look like any other.
        self._engine = Engine(
            self._take, keyring=LogKeyring(), custody=Vault(), now=now, attends=False
        )
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._told_of_signing = 0
        chosen, _ = settings.load()
        self.store.apply([ReadOnlyChanged(chosen.read_only)])
        self._engine.only_read(wanted=chosen.read_only)
        outbox = GuardedOutbox(self._engine, self.store)
        folder = settings.trust_folder(chosen)
        # Before the broker is followed: what it tells is proven by it.
        self._engine.trust(folder)
        # The demo's reviewers lie in its own folder, and no other has any.
        bundled = folder if (folder / _BUNDLED).is_dir() else None
        self._outbox, self._signer = outbox, signer_of(chosen, trust=bundled)
        self.approvals = Approvals(self.store, outbox, lambda: chosen.person)
        self.conversations = Conversations(self.store, outbox, lambda: chosen.person)
        self.looking = Looking(self.store, outbox, lambda: chosen.person)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._engine.run(), name="engine")
        try:
            await self._connect()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self._stop()

    async def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until something holds of the store. Returns whether it came to hold in time."""
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return condition()
        return True

    async def read(self, context_id: str) -> None:
        """Have the newest entries of a conversation read.

        Raises:
            ConsoleError: the broker went away meanwhile.
        """
        self.conversations.transcripts.open(context_id)
        if not await self.until(lambda: self.store.is_read(context_id), TRANSCRIPT_SECONDS):
            raise ConsoleError("The conversation could not be read.", self.store.link.hint)

    async def sign_in(self, passphrase: Callable[[str], str]) -> None:
        """Open the signing session of whoever the settings name.

        Args:
            passphrase: of a person of this name.

        Raises:
            ConsoleError: they have no key here, or the passphrase is wrong.
        """
        self._outbox.post(self._signer)
        await self.until(lambda: self._told_of_signing > 0, KEYRING_SECONDS)
        signing = self.store.signing
        who = signing.identity
        if who is not None and who.bundled:
            state = SigningState.LOCKED
            await self.until(lambda: self.store.signing.state is not state, KEYRING_SECONDS)
        elif signing.state is SigningState.LOCKED and who is not None:
            before = self._told_of_signing
            self._outbox.post(Unlock(passphrase(who.name)))
            await self.until(lambda: self._is_tried(before), KEYRING_SECONDS)
        signing = self.store.signing
        if signing.state is not SigningState.OPEN:
            title = signing.title or "The signing key could not be opened."
            raise ConsoleError(title, signing.hint or "Nothing was sent.")

    def _is_tried(self, before: int) -> bool:
        """Whether it is known what came of a passphrase."""
        signing = self.store.signing
        return self._told_of_signing > before and not signing.checking

    async def _connect(self) -> None:
        self._engine.connect(self._url)
        await self.until(self._settled, CONNECT_SECONDS)
        if not self.store.is_online:
            raise ConsoleError(self.store.link.title, self.store.link.hint)
        # A command looks once: everything it may show has to be known.
        if not await self.until(lambda: self.store.survey.done, SURVEY_SECONDS):
            known, total = self.store.survey.known, self.store.survey.total
            hint = f"{known:,} of {total:,} conversations were read."
            raise ConsoleError("The broker holds more than could be read in time.", hint)

    def _settled(self) -> bool:
        link = self.store.link
        # A failed attempt says why in its hint; a command does not wait for the next one.
        failed = link.state is LinkState.CONNECTING and bool(link.hint)
        return link.state in {LinkState.ONLINE, LinkState.REFUSED} or failed

    def _take(self, facts: list[Fact]) -> None:
        self._told_of_signing += sum(isinstance(fact, SigningChanged) for fact in facts)
        self.store.apply(facts)
        self._changed.set()

    async def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


async def broker_url(given: str) -> str:
    """The broker to ask: the one given, else the one of the settings with its kept password.

    Raises:
        ConsoleError: neither is there.
    """
    if given:
        return given
    chosen, _ = settings.load()
    if not chosen.broker_url:
        hint = "Give --redis-url, or set SIGNOFF_REDIS_URL."
        raise ConsoleError("No broker is set.", hint)
    try:
        password = await Vault().password(chosen.broker_url)
    except VaultUnavailable:
        password = ""  # the broker may need none; otherwise it says so
    return join_password(chosen.broker_url, password)
