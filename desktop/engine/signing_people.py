"""Who could sign at this desk: whose keys are here, and what the registry says of them.

The only place that looks for the keys of people, and that names their roles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, Protocol

import msgspec

from desktop.actions.ports import ChooseSigner
from desktop.engine.bundled import Bundled, bundled_reviewers
from desktop.errors import SignoffError, VaultUnavailable
from desktop.settings import Person
from desktop.store.signing import Identity, Signing, SigningState
from workers.wire.signing.registry import Registry
from workers.wire.signing.wrapping import WrappedKey

_NO_KEY: Final = ("You have no signing key here.", "Make one in the settings.")
_DAMAGED: Final = (
    "The signing key in the keyring is damaged.",
    "Make a new one in the settings, and have it registered.",
)
_NO_REGISTRY: Final = (
    "There is no registry on this computer.",
    "Put roots.json and registry.json, from whoever administers them, into the trust folder.",
)


class KeyCustody(Protocol):
    """Keeps the wrapped keys of people."""

    async def signing_key(self, reviewer_id: str) -> str:
        """A reviewer's wrapped key, as JSON; empty if there is none.

        Raises:
            VaultUnavailable: it does not answer.
        """
        ...


class NoCustody:
    """Keeps no keys. Implements `KeyCustody`."""

    async def signing_key(self, _reviewer_id: str) -> str:
        """There is none."""
        return ""


@dataclass(frozen=True, slots=True)
class Found:
    """The key of a person: one of the demo's, one of the keyring, or none."""

    bundled: Bundled | None = None
    wrapped: WrappedKey | None = None


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A person as the registry has them.

    Attributes:
        trouble, hint: why it is not believed, and what to do about it.
    """

    identity: Identity
    trouble: str = ""
    hint: str = ""


class SigningPeople:
    """Looks for them; keeps nothing."""

    def __init__(
        self,
        custody: KeyCustody,
        registry: Callable[[], Registry | None],
        now: Callable[[], float],
    ) -> None:
        """Connect it; see `SigningDesk`."""
        self._custody, self._registry, self._now = custody, registry, now

    async def look(self, choice: ChooseSigner) -> tuple[Signing, Bundled | None]:
        """Who signs by this choice, and how that stands; a demo's reviewer has yet to open."""
        bundled = bundled_reviewers(choice.bundled)
        if bundled:
            chosen = next((one for one in bundled if one.id == choice.person.id), bundled[0])
            who = self._bundled(chosen)
            others = [self._bundled(one).identity for one in bundled if one is not chosen]
            return _standing(SigningState.LOCKED, who, others), chosen
        others = [
            self.enrolled(Identity(one.id, one.name)).identity
            for one in choice.signers
            if one.id != choice.person.id
        ]
        mine = next((one for one in choice.signers if one.id == choice.person.id), None)
        if mine is None:
            return _nobody(others), None
        return await self._mine(choice, mine, others), None

    async def find(self, choice: ChooseSigner, person: str) -> Found:
        """The key of a person.

        Raises:
            VaultUnavailable: where it should be does not answer, or holds something else.
        """
        for one in bundled_reviewers(choice.bundled):
            if one.id == person:
                return Found(bundled=one)
        text = await self._custody.signing_key(person)
        if not text:
            return Found()
        try:
            return Found(wrapped=msgspec.json.decode(text, type=WrappedKey))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise VaultUnavailable(*_DAMAGED) from error

    def enrolled(self, who: Identity) -> Enrolled:
        """A person with the name and the roles that the registry gives to the holder of their key.

        Args:
            who: without a `key_id`, whichever key they have counts.
        """
        bare = replace(who, roles=())
        try:
            registry = self._registry()
            if registry is None:
                return Enrolled(bare, *_NO_REGISTRY)
            if who.key_id:
                holder = registry.holder(who.key_id)
                if holder is None or holder.reviewer is None or holder.reviewer.id != who.id:
                    return Enrolled(bare)
                holder.check_valid(self._now())
        except SignoffError as error:
            return Enrolled(bare, error.title, error.hint)
        reviewer = registry.reviewer(who.id)
        if reviewer is None:
            return Enrolled(bare)
        return Enrolled(replace(who, name=reviewer.name, roles=reviewer.roles))

    def _bundled(self, one: Bundled) -> Enrolled:
        identity = Identity(one.id, one.wrapped.label, (), one.wrapped.key_id, bundled=True)
        return self.enrolled(identity)

    async def _mine(
        self, choice: ChooseSigner, mine: Person, others: Iterable[Identity]
    ) -> Signing:
        who = Enrolled(Identity(mine.id, mine.name))
        try:
            found = await self.find(choice, mine.id)
        except VaultUnavailable as error:
            standing = _standing(SigningState.UNAVAILABLE, who, others)
            return replace(standing, title=error.title, hint=error.hint)
        if found.wrapped is None:
            return _nobody(others)
        who = self.enrolled(replace(who.identity, key_id=found.wrapped.key_id))
        return _standing(SigningState.LOCKED, who, others)


def _standing(state: SigningState, who: Enrolled, others: Iterable[Identity]) -> Signing:
    return Signing(
        state,
        who.identity,
        tuple(others),
        registry_trouble=who.trouble,
        registry_hint=who.hint,
    )


def _nobody(others: Iterable[Identity]) -> Signing:
    title, hint = _NO_KEY
    return Signing(others=tuple(others), title=title, hint=hint)
