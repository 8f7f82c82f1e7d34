"""Signing at this desk: what the window and the commands may ask of it.

The only place that says whether a decision needs the passphrase first. The keys themselves are
with the engine; nothing here ever holds one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from desktop.actions.ports import ChooseSigner, Lock, Outbox, Unlock
from desktop.errors import NotAllowedNow
from desktop.settings import Person, Settings, SigningRule, trust_folder
from desktop.store.signing import Signing, SigningState
from desktop.store.store import Store


class SigningActions:
    """Opens and closes the signing session of this desk.

    A decision needs, in this order: `why_not` is None; `needs_passphrase` is false, or else the
    person is asked (`views.parts.passphrase_prompt`) and `unlock` is called. What comes of that
    arrives with `Changes.signing`: `status.unlocks` has grown if the passphrase was right, else
    `status.title`, `hint` and `retry_ms` say what is wrong.
    """

    def __init__(self, store: Store, outbox: Outbox) -> None:
        self._store, self._outbox = store, outbox

    @property
    def status(self) -> Signing:
        """How signing stands."""
        return self._store.signing

    def why_not(self) -> NotAllowedNow | None:
        """Why nothing can be signed here, also with a passphrase; None if it can."""
        signing = self.status
        if signing.state not in {SigningState.NO_KEY, SigningState.UNAVAILABLE}:
            return None
        title = signing.title or "You have no signing key here."
        return NotAllowedNow(title, signing.hint or "Make one in the settings.")

    def needs_passphrase(self, *, high_risk: bool = False) -> bool:
        """Whether the passphrase has to be given before the next decision.

        Args:
            high_risk: of the call that it is about.
        """
        signing = self.status
        if signing.identity is None or signing.identity.bundled:
            return False
        if signing.state is not SigningState.OPEN:
            return signing.state is SigningState.LOCKED
        rule = signing.rule
        asks = rule is SigningRule.EVERY or (rule is SigningRule.ABOVE and high_risk)
        return asks and not signing.fresh

    @property
    def has_passphrase(self) -> bool:
        """Whether there is anything to ask a passphrase for."""
        signing = self.status
        who = signing.identity
        return who is not None and not who.bundled and signing.state is not SigningState.NO_KEY

    def unlock(self, passphrase: str, *, to_sign: bool = True) -> None:
        """Try a passphrase.

        Args:
            to_sign: for a decision; else only to show who is there.
        """
        self._outbox.post(Unlock(passphrase, to_sign))

    def lock(self, why: str) -> None:
        """End the session.

        Args:
            why: as the audit log says it.
        """
        self._outbox.post(Lock(why))


class IdentityDesk(Protocol):
    """What a person can change about who signs here. No call blocks; failures are notices."""

    def make_key(self, person: Person, passphrase: str, request: Path, *, replace: bool) -> None:
        """Make a key on this computer, and write the request to be registered with it.

        Args:
            request: the file for whoever administers the registry.
            replace: also if this person has one here, which is lost by it.
        """
        ...

    def choose_person(self, reviewer_id: str) -> None:
        """Let another person sign from now on, one of `Signing.others`."""
        ...

    def choose_rule(self, rule: SigningRule, minutes: int) -> None:
        """When the passphrase is asked for, and how long a session lasts at most."""
        ...

    def choose_lock(self, minutes: int) -> None:
        """After how many minutes without a touch the console locks itself; 1 to 15."""
        ...

    def choose_trust(self, folder: str) -> None:
        """Where the registry is; empty for the usual folder."""
        ...

    def lock_now(self) -> None:
        """Lock the console, as if nobody were here."""
        ...

    def look_again(self) -> None:
        """Read the registry and the keyring again."""
        ...


def signer_of(
    chosen: Settings, *, trust: Path | None = None, bundled: str | None = None
) -> ChooseSigner:
    """The order that lets the person of the settings sign.

    Args:
        trust: the demo's folder while its broker is followed; else that of the settings counts.
        bundled: which of the demo's reviewers signs there.
    """
    person = Person(bundled, "") if trust is not None and bundled else chosen.person
    return ChooseSigner(
        person=person,
        signers=chosen.signers,
        rule=chosen.signing_rule,
        minutes=chosen.signing_minutes,
        trust=trust or trust_folder(chosen),
        bundled=trust / "reviewers" if trust is not None else None,
    )
