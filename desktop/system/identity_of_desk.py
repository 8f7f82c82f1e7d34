"""Who signs at this desk: chosen on the window's thread, told to the engine.

The only place that connects the settings, the keyring and the demo's reviewers for that. Implements
`actions.signing.IdentityDesk`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Protocol

from desktop.actions.ports import Note, Outbox
from desktop.actions.signing import signer_of
from desktop.settings import Choice, Person, Settings, SigningRule, changed, with_signer
from desktop.store.store import Store
from desktop.system.enrolling import NewKey, make_key
from desktop.system.vault import Vault


class Spawn(Protocol):
    """Runs a coroutine on the window's loop, and shows what goes wrong in it."""

    def __call__(self, work: Coroutine[object, object, None], name: str, /) -> None:
        """Return at once."""
        ...


class IdentityOfDesk:
    """The people of this console.

    Args:
        chosen: the settings as they are now.
        choose: changes them.
        told: takes a key that was made, to be shown.
        lock: locks the console, and says why.
    """

    def __init__(
        self,
        vault: Vault,
        store: Store,
        outbox: Outbox,
        chosen: Callable[[], Settings],
        choose: Callable[[Settings], None],
        spawn: Spawn,
        told: Callable[[NewKey], None],
        lock: Callable[[str], None],
    ) -> None:
        self._vault, self._store, self._outbox = vault, store, outbox
        self._chosen, self._choose = chosen, choose
        self._spawn, self._told, self._lock = spawn, told, lock
        self._demo_trust: Path | None = None
        self._demo_person: str | None = None

    @property
    def person(self) -> Person:
        """In whose name things are done here."""
        who = self._store.signing.identity
        return Person(who.id, who.name) if who is not None else self._chosen().person

    def follow(self, demo_trust: Path | None) -> None:
        """Another broker is followed.

        Args:
            demo_trust: the demo's trust folder if it is the demo's; else None.
        """
        self._demo_trust = demo_trust
        self.look_again()

    def make_key(self, person: Person, passphrase: str, request: Path, *, replace: bool) -> None:
        """See `IdentityDesk`."""
        self._spawn(self._make_key(person, passphrase, request, replace=replace), "make key")

    def choose_person(self, reviewer_id: str) -> None:
        """See `IdentityDesk`."""
        if self._demo_trust is not None:
            self._demo_person = reviewer_id
        else:
            known = {person.id: person for person in self._chosen().signers}
            if reviewer_id in known:
                self._change(reviewer_id=reviewer_id, reviewer_name=known[reviewer_id].name)
        self.look_again()

    def choose_rule(self, rule: SigningRule, minutes: int) -> None:
        """See `IdentityDesk`."""
        self._change(signing_rule=rule, signing_minutes=minutes)
        self.look_again()

    def choose_lock(self, minutes: int) -> None:
        """See `IdentityDesk`."""
        self._change(lock_minutes=minutes)

    def choose_trust(self, folder: str) -> None:
        """See `IdentityDesk`."""
        self._change(trust=folder.strip())
        self.look_again()

    def lock_now(self) -> None:
        """See `IdentityDesk`."""
        self._lock("You locked it.")

    def look_again(self) -> None:
        """See `IdentityDesk`."""
        order = signer_of(self._chosen(), trust=self._demo_trust, bundled=self._demo_person)
        self._outbox.post(order)

    def _change(self, **news: Choice) -> None:
        self._choose(changed(self._chosen(), **news))

    async def _make_key(
        self, person: Person, passphrase: str, request: Path, *, replace: bool
    ) -> None:
        made = await make_key(self._vault, person, passphrase, request, replace=replace)
        self._choose(with_signer(self._chosen(), person))
        self._outbox.post(Note(made.entry))
        self.look_again()
        self._told(made)
