"""The signing session of this desk: opened with the passphrase, ended by a lock.

The only place that says whether this desk can sign now, and that tries passphrases. A session also
ends when its time is over, with a wrong passphrase, and with the console.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Final

import structlog
from msgspec import structs

from desktop.actions.elapsed import awake_and_asleep
from desktop.actions.ports import ChooseSigner, Lock, Unlock
from desktop.audit.entries import AuditEntry, AuditKind, happened
from desktop.engine.attempts import LOCKED_SECONDS, Attempts
from desktop.engine.bundled import Bundled
from desktop.engine.signer import FRESH_SECONDS, Signer
from desktop.engine.signing_people import KeyCustody, SigningPeople
from desktop.errors import SignoffError, VaultUnavailable
from desktop.store.facts import Fact, SigningChanged
from desktop.store.signing import Identity, Signing, SigningRule, SigningState
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.keys import SigningKey
from workers.wire.signing.registry import Registry
from workers.wire.signing.wrapping import WrappedKey, unwrap

_WRONG: Final = "The passphrase is wrong."

_log = structlog.get_logger(__name__)


class SigningDesk:
    """Opens and closes the signer. Used on one event loop.

    Attributes:
        signer: signs while the session is open.
    """

    def __init__(
        self,
        emit: Callable[[Fact], None],
        record: Callable[[AuditEntry], Awaitable[object]],
        custody: KeyCustody,
        registry: Callable[[], Registry | None],
        attempts: Attempts,
        now: Callable[[], float] = time.time,
        lasted: Callable[[], float] = awake_and_asleep,
    ) -> None:
        """Begin with nobody.

        Args:
            record: writes an entry into the audit log; raises `AuditUnavailable`.
            custody: keeps the keys of people; those of a demo lie in its folder.
            registry: the one that is believed now; None where there is none. May raise.
            attempts: counts wrong passphrases.
            now: seconds since the epoch.
            lasted: see `Signer`.
        """
        self._emit, self._record, self._now = emit, record, now
        self._people = SigningPeople(custody, registry, now)
        self._attempts = attempts
        self.signer = Signer(now, lasted)
        self.signer.on_signed = self._on_signed
        self._choice: ChooseSigner | None = None
        self._told = Signing()
        self._turn = asyncio.Lock()
        self._session = 0
        self._work: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def take(self, order: Unlock | Lock | ChooseSigner) -> None:
        """Open the key with a passphrase, forget it, or let another person sign.

        What comes of it is emitted. Locking is done when this returns.
        """
        match order:
            case Lock():
                self._lock(order.why)
            case Unlock():
                self._spawn(self._unlock(order, self._session), "signing:unlock")
            case ChooseSigner() if order == self._choice and self.signer.is_open:
                self.look_at_registry()
            case _:
                self._end_session()
                self._choice = order
                self._spawn(self._look(self._session), "signing:look")

    async def close(self) -> None:
        """End the session; it is recorded."""
        was_open = self.signer.is_open
        self._end_session()
        for task in tuple(self._work):
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        if was_open:
            await self._try_to_record(AuditKind.SESSION_ENDED, "the console was closed")

    # -- who could sign --------------------------------------------------------------------------

    async def _look(self, session: int) -> None:
        """Find the keys of those who could sign; a demo's reviewer opens by themselves."""
        async with self._turn:
            choice = self._choice
            assert choice is not None  # noqa: S101 - nobody looks before
            signing, bundled = await self._people.look(choice)
            self._tell(replace(signing, unlocks=self._told.unlocks, rule=choice.rule))
            if bundled is not None:
                await self._open_bundled(bundled, session)

    async def _open_bundled(self, bundled: Bundled, session: int) -> None:
        try:
            key = await asyncio.to_thread(unwrap, bundled.wrapped, bundled.passphrase)
        except NotTrusted as error:
            self._refuse(SigningState.UNAVAILABLE, error.title, "Start the demo anew.")
            return
        if session == self._session:
            at = int(self._now())
            self.signer.open(key, at, owner=bundled.id)
            self._tell_open()

    def look_at_registry(self) -> None:
        """Say again what the registry says of who signs: it may be another one now."""
        if self._told.identity is not None:
            now = self._people.enrolled(self._told.identity)
            told = replace(
                self._told,
                identity=now.identity,
                registry_trouble=now.trouble,
                registry_hint=now.hint,
            )
            if told != self._told:
                self._tell(told)

    # -- the passphrase --------------------------------------------------------------------------

    async def _unlock(self, order: Unlock, session: int) -> None:
        async with self._turn:
            choice, who = self._choice, self._told.identity
            if choice is None or who is None:
                self._tell(self._told)
                return
            try:
                found = await self._people.find(choice, who.id)
            except VaultUnavailable as error:
                self._end_session()
                self._refuse(SigningState.UNAVAILABLE, error.title, error.hint)
                return
            if found.bundled is not None:
                await self._open_bundled(found.bundled, session)
            elif found.wrapped is not None:
                await self._try(order, who, found.wrapped, session)
            else:
                self._end_session()
                signing, _ = await self._people.look(choice)
                self._tell(replace(signing, unlocks=self._told.unlocks, rule=choice.rule))

    async def _try(self, order: Unlock, who: Identity, wrapped: WrappedKey, session: int) -> None:
        seconds = self._attempts.wait(who.id)
        if seconds > 0:
            words = _too_soon(seconds, is_damaged=self._attempts.is_damaged)
            self._refuse(SigningState.LOCKED, *words, seconds=seconds)
            return
        self._tell(replace(self._told, checking=True, title="", hint="", retry_ms=0))
        try:
            key = await asyncio.to_thread(unwrap, wrapped, order.passphrase)
        except NotTrusted as error:
            await self._on_wrong(error, who)
            return
        self._attempts.succeeded(who.id)
        await self._begin(key, order, who, session)

    async def _on_wrong(self, error: NotTrusted, who: Identity) -> None:
        """Whoever gives a wrong passphrase may be another; the session ends, too."""
        self._end_session()
        if error.reason is not Distrust.CANNOT_OPEN:
            hint = "Make a new key in the settings, and have it registered."
            self._refuse(SigningState.UNAVAILABLE, error.title, hint)
            return
        count = self._attempts.count(who.id) + 1
        seconds = self._attempts.failed(who.id)
        await self._try_to_record(AuditKind.PASSPHRASE_WRONG, f"{count} in a row", who)
        locked = seconds >= LOCKED_SECONDS
        hint = f"Signing is locked for {seconds / 60:.0f} minutes." if locked else ""
        self._refuse(SigningState.LOCKED, _WRONG, hint, seconds=seconds)

    async def _begin(self, key: SigningKey, order: Unlock, who: Identity, session: int) -> None:
        choice = self._choice
        assert choice is not None  # noqa: S101 - nobody unlocks without
        # Begun also where the log cannot be written: without a key nothing could be rejected, and
        # what lets a call run does not leave without its record.
        await self._try_to_record(AuditKind.SESSION_UNLOCKED, "", who)
        if session != self._session:  # locked meanwhile
            self._tell(replace(self._told, checking=False))
            return
        at = int(self._now())
        lasts = FRESH_SECONDS if choice.rule is SigningRule.EVERY else choice.minutes * 60
        self.signer.open(
            key, at, owner=who.id, rule=choice.rule, until=at + lasts, fresh=order.to_sign
        )
        self._tell_open()
        self.look_at_registry()

    # -- the session -----------------------------------------------------------------------------

    def _lock(self, why: str) -> None:
        self._end_session()
        told = self._told
        if told.state in {SigningState.OPEN, SigningState.LOCKED}:
            told = replace(told, state=SigningState.LOCKED, fresh=False, opened_ms=0, until_ms=0)
        self._tell(replace(told, checking=False, title="", hint=""))
        self._spawn(self._try_to_record(AuditKind.SESSION_LOCKED, why), "signing:record")

    def _end_session(self) -> None:
        """Forget the key; whatever is on its way to open it comes too late."""
        self._session += 1
        self.signer.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell_open(self) -> None:
        told, signer = self._told, self.signer
        until = signer.until
        self._tell(
            replace(
                told,
                state=SigningState.OPEN,
                title="",
                hint="",
                opened_ms=signer.opened_at * 1000,
                retry_ms=0,
                fresh=signer.is_fresh,
                until_ms=int(until * 1000) if until else 0,
                checking=False,
                unlocks=told.unlocks + 1,
            )
        )
        self._watch_the_clock()

    def _watch_the_clock(self) -> None:
        """Look again when the session ends, or the passphrase is no longer given just now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        seconds = self.signer.changes_in
        if math.isfinite(seconds):
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(seconds + 0.05, self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        if self.signer.is_open:
            self._tell(replace(self._told, fresh=self.signer.is_fresh))
            self._watch_the_clock()
        elif self._told.rule is SigningRule.EVERY:
            self._on_signed()
        else:
            self._lock("the signing session was over")

    def _on_signed(self) -> None:
        """After a signature, or what should have been one."""
        if self.signer.is_open:
            self._tell(replace(self._told, fresh=self.signer.is_fresh))
            return
        self._end_session()
        self._tell(
            replace(self._told, state=SigningState.LOCKED, fresh=False, opened_ms=0, until_ms=0)
        )

    def _refuse(self, state: SigningState, title: str, hint: str, *, seconds: float = 0) -> None:
        """Say that it stays closed, and why."""
        retry_ms = int((self._now() + seconds) * 1000) if seconds else 0
        self._tell(
            replace(
                self._told,
                state=state,
                title=title,
                hint=hint,
                opened_ms=0,
                until_ms=0,
                fresh=False,
                checking=False,
                retry_ms=retry_ms,
            )
        )

    def _tell(self, signing: Signing) -> None:
        self._told = signing
        self._emit(SigningChanged(signing))

    async def _try_to_record(
        self, kind: AuditKind, detail: str, who: Identity | None = None
    ) -> None:
        """Record what has happened and cannot be held back."""
        who = who or self._told.identity
        entry = happened(kind, person=who.id if who else "", name=who.name if who else "")
        try:
            await self._record(structs.replace(entry, detail=detail))
        except SignoffError as error:
            _log.error("audit log failed", error=error.title)

    def _spawn(self, work: Coroutine[object, object, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._work.add(task)
        task.add_done_callback(self._on_done)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _log.error("signing failed", error=type(error).__name__)
            self._end_session()
            title = "Signoff made a mistake, and nothing can be signed now."
            self._refuse(SigningState.UNAVAILABLE, title, "Close it, and open it again.")


def _too_soon(seconds: float, *, is_damaged: bool) -> tuple[str, str]:
    if is_damaged and seconds <= 60:
        title = "The count of wrong passphrases (signing.json) is damaged, and was taken as high."
        return title, f"Wait {math.ceil(seconds)} s; the right passphrase makes the file anew."
    if seconds > 60:
        title = "Signing is locked after several wrong passphrases."
        return title, f"The next one is taken in {seconds / 60:.0f} minutes."
    return "That was too soon after a wrong passphrase.", f"Wait {seconds:.0f} s, and try again."
