"""The signing key of this desk while it is open.

The only place that holds it, and that signs decisions and halts. It is on the engine's thread;
nothing of it reaches the window.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

from desktop.actions.elapsed import awake_and_asleep
from desktop.errors import SigningLocked
from desktop.store.signing import SigningRule
from workers.wire.halts import HaltStatement
from workers.wire.signing.assertions import HALT_TYPE, assertion
from workers.wire.signing.dsse import Envelope, seal
from workers.wire.signing.keys import SigningKey
from workers.wire.signing.statements import DECISION_TYPE, DecisionStatement, write_statement

#: A passphrase given for one decision is good for so long.
FRESH_SECONDS: Final = 60
#: A clock may be set back by so much within a session, to set it right.
_CLOCK_SECONDS: Final = 120
_HINT: Final = "Give your passphrase, and decide."


class Signer:
    """Signs while it is open, by the rule of its session.

    A session lasts by two clocks, and ends with the first: people are told a time of day, and a
    clock that somebody sets must not make it longer.

    Attributes:
        on_signed: told after each signature; it may have been the last of the session.
    """

    def __init__(
        self,
        now: Callable[[], float] = time.time,
        lasted: Callable[[], float] = awake_and_asleep,
    ) -> None:
        """Begin closed.

        Args:
            now: seconds since the epoch.
            lasted: seconds of a clock that nobody can set.
        """
        self._now, self._lasted = now, lasted
        self._begun = (0.0, 0.0)
        self._key: SigningKey | None = None
        self._opened_at = 0
        self._until = math.inf
        self._owner = ""
        self._rule = SigningRule.FIRST
        self._unused = False
        self.on_signed: Callable[[], None] = lambda: None

    def open(
        self,
        key: SigningKey,
        at: int,
        *,
        owner: str = "",
        rule: SigningRule = SigningRule.FIRST,
        until: float = math.inf,
        fresh: bool = True,
    ) -> None:
        """Hold a key, in place of the one before.

        Args:
            at: when its owner gave the passphrase, seconds since the epoch.
            owner: their id; decisions of others are not signed. Empty for whoever it is.
            until: when the session ends, seconds since the epoch.
            fresh: the passphrase was given for a decision.
        """
        self._key, self._opened_at, self._owner = key, at, owner
        self._rule, self._until, self._unused = rule, until, fresh
        self._begun = (self._now(), self._lasted())

    def close(self) -> None:
        """Let go of it. Python cannot wipe memory; docs/security.md says so."""
        self._key, self._opened_at, self._unused = None, 0, False

    @property
    def opened_at(self) -> int:
        """Seconds since the epoch; 0 while it is closed."""
        return self._opened_at

    @property
    def until(self) -> float:
        """When the session ends, seconds since the epoch; 0 while it is closed, or for never."""
        return self._until if self._key is not None and math.isfinite(self._until) else 0.0

    @property
    def fresh_until(self) -> float:
        """How long the passphrase counts as given just now, seconds since the epoch; 0 for not."""
        return self._opened_at + FRESH_SECONDS if self.is_fresh else 0.0

    @property
    def is_open(self) -> bool:
        """Whether it holds a key and its session lasts."""
        return self._key is not None and self._left(self._until) > 0

    @property
    def is_fresh(self) -> bool:
        """Whether the passphrase was given just now, and nothing was signed since."""
        is_new = self._left(self._opened_at + FRESH_SECONDS) > 0
        return self.is_open and self._unused and is_new

    @property
    def changes_in(self) -> float:
        """Seconds until one of the two ends; infinite if neither will by itself."""
        ends = [at for at in (self.until, self.fresh_until) if at]
        return max(0.0, min(map(self._left, ends), default=math.inf))

    def _left(self, until: float) -> float:
        """Seconds until a time, by the clock that comes to it first; none if it was set back."""
        began, before = self._begun
        by_clock, lasted = self._now() - began, self._lasted() - before
        if by_clock < lasted - _CLOCK_SECONDS:
            return 0.0
        return until - began - max(by_clock, lasted)

    def sign(self, statement: DecisionStatement, *, high_risk: bool = False) -> Envelope:
        """Sign a decision.

        Args:
            high_risk: of the call it is about; some sessions ask again for such calls.

        Raises:
            SigningLocked: the key is not open, its session is over, the rule wants the passphrase
                again, or the decision is another person's.
            NotTrusted: the statement has no canonical form.
        """
        key = self._key_for(statement.reviewer.id, high_risk=high_risk)
        envelope = seal(DECISION_TYPE, write_statement(statement), [key])
        self._used()
        return envelope

    def sign_halt(self, statement: HaltStatement) -> HaltStatement:
        """Sign a halt, or a lift, which counts as of high risk: it lets calls run.

        Raises:
            SigningLocked, NotTrusted: as `sign`.
        """
        key = self._key_for(statement.by, high_risk=statement.lifted)
        signed = assertion(statement, HALT_TYPE, key)
        self._used()
        return signed

    def _key_for(self, person: str, *, high_risk: bool) -> SigningKey:
        """The key, if its session lets it sign for this person now."""
        if self._key is None:
            raise SigningLocked("The signing key is locked.", _HINT)
        if not self.is_open:
            self.close()
            self.on_signed()
            raise SigningLocked("The signing session is over.", _HINT)
        asks = self._rule is SigningRule.EVERY or (self._rule is SigningRule.ABOVE and high_risk)
        if asks and not self.is_fresh:
            raise SigningLocked("This decision needs your passphrase again.", _HINT)
        if self._owner and person != self._owner:
            title = "The decision names another person than the one whose key is open."
            raise SigningLocked(title, "Choose who you are in the settings, and decide again.")
        return self._key

    def _used(self) -> None:
        self._unused = False
        if self._rule is SigningRule.EVERY:
            self.close()
        self.on_signed()
