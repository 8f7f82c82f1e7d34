"""Halting calls, and letting them run again.

The only place that says who at this desk may do which now. To stop is always allowed; to let calls
run again is a decision like any other: recorded, and signed where the halt is.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from msgspec import structs

from desktop.actions.guard import read_only
from desktop.actions.ports import Outbox, SayHalt
from desktop.actions.signing import SigningActions
from desktop.actions.words import fit_to_travel
from desktop.audit.entries import AuditKind, comment_digest, happened
from desktop.errors import NotAllowedNow, PassphraseWanted
from desktop.settings import Person
from desktop.store.clock import ClockState
from desktop.store.facts import HaltSaid
from desktop.store.halts import HaltProof, HaltState
from desktop.store.record import AuditHealth
from desktop.store.signing import SigningState
from desktop.store.store import Store
from workers.wire.errors import BadName
from workers.wire.halts import (
    EVERYBODY,
    HaltStatement,
    agent_in,
    check_scope,
    context_in,
    next_serial,
)
from workers.wire.ids import new_nonce

MAX_REASON_LENGTH = 1000
_SIGNED = frozenset((HaltProof.PROVEN, HaltProof.UNKNOWN))


class HaltActions:
    """Halts and lifts of the person at this desk.

    Attributes:
        signing: asked whether the passphrase is wanted first.
    """

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        person: Callable[[], Person],
        now_seconds: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._outbox, self._person = store, outbox, person
        self._now_seconds = now_seconds
        self.signing = SigningActions(store, outbox)

    @property
    def signs(self) -> bool:
        """Whether what this desk says of halts is signed, so that workers remember it."""
        return self._store.signing.state in {SigningState.OPEN, SigningState.LOCKED}

    def why_not(self, scope: str, *, lifted: bool) -> NotAllowedNow | None:
        """Why this may not be done now; None if it may.

        `PassphraseWanted` is the last reason of all: with the passphrase it may.
        """
        try:
            check_scope(scope)
        except BadName as error:
            return NotAllowedNow(error.title, error.hint)
        refusal = read_only(self._store)
        if refusal is not None:
            return refusal
        if not self._store.is_online:
            return NotAllowedNow("The broker is not reachable.", "Try when the link is back.")
        said = self._store.halt_said(scope)
        if said is not None and said.is_sending:
            return NotAllowedNow("This is on its way.", "Wait for the broker's answer.")
        refusal = self._why_not_lift(scope) if lifted else None
        if refusal is None and self.signs and self.signing.needs_passphrase(high_risk=lifted):
            return PassphraseWanted("This is signed, and your signing key is locked.", "")
        return refusal

    def say(self, scope: str, reason: str, *, lifted: bool = False) -> None:
        """Halt the calls of a scope, or lift their halt.

        Args:
            scope: `all`, `agent:NAME` or `context:ID`.
            reason: for whoever finds it, and for the record; up to 1000 characters.

        Raises:
            NotAllowedNow: see `why_not`, or there is no reason; nothing was sent.
        """
        refusal = self.why_not(scope, lifted=lifted)
        if refusal is not None:
            raise refusal
        reason = fit_to_travel(reason).strip()[:MAX_REASON_LENGTH]
        if not reason:
            raise NotAllowedNow("There is no reason.", "Write why, for whoever finds it.")
        person, at_ms = self._person(), int(self._now_seconds() * 1000)
        before = self._store.halts.of(scope)
        number = next_serial(at_ms, before.serial if before else 0)
        statement = HaltStatement(
            scope=scope, reason=reason, by=person.id, at_ms=at_ms, serial=number, lifted=lifted
        )
        kind = AuditKind.HALT_LIFTED if lifted else AuditKind.HALT_SET
        entry = happened(kind, person=person.id, name=person.name)
        nonce = new_nonce()
        record = structs.replace(
            entry,
            agent=agent_in(scope),
            context_id=context_in(scope),
            nonce=nonce,
            comment_digest=comment_digest(reason, nonce),
            detail="all calls" if scope == EVERYBODY else "",
        )
        self._store.apply([HaltSaid(scope, HaltState())])
        self._outbox.post(SayHalt(statement, self.signs, record))

    def _why_not_lift(self, scope: str) -> NotAllowedNow | None:
        """What there is against letting calls run again."""
        standing, signing = self._store.audit_standing, self._store.signing
        if standing.health in {AuditHealth.UNWRITABLE, AuditHealth.TAMPERED}:
            return NotAllowedNow(standing.title or "The audit log is not fine.", standing.hint)
        if self._store.clock.state is ClockState.WRONG:
            return NotAllowedNow(self._store.clock.title, self._store.clock.hint)
        halt = self._store.halts.of(scope)
        if halt is None or (halt.proof not in _SIGNED and not halt.keepers):
            return None
        refusal = self.signing.why_not()
        if refusal is not None:
            return NotAllowedNow(f"This halt takes a signed lift. {refusal.title}", refusal.hint)
        wanted = self._store.halts.lift_roles
        mine = signing.identity.roles if signing.identity else ()
        if wanted and not set(wanted) & set(mine):
            title = f"Lifting a halt takes the role {' or '.join(wanted)}, which you do not have."
            return NotAllowedNow(title, "Somebody who holds it has to. You may halt.")
        if not mine:
            title = "You are in no role of the registry, so your signature would not count."
            return NotAllowedNow(title, "Ask whoever administers the registry to enrol you.")
        return None
