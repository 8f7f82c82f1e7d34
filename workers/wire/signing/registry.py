"""The registry: who may decide, with which keys and in which roles, and whose workers sign.

The only place that reads one. A registry is believed if enough of the root keys that this process
was configured with have signed it, if it is no older than the last one seen, and if it has not
expired: a list that nobody renews must not go on letting people decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

import msgspec

from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.dsse import Envelope, open_envelope
from workers.wire.signing.keys import VerifyKey
from workers.wire.signing.statements import REGISTRY_TYPE, Statement, moment, read_statement

_HINT: Final = "Ask whoever administers the registry for the present one."


class RegisteredKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key in the registry; times are RFC 3339 with offset.

    Attributes:
        public: base64 of 32 bytes.
        revoked_at: from then on it counts no more; what it signed before still does. Empty: never.
        reason: why it was revoked.
        device: where it was made, for people.
    """

    public: str
    not_before: str
    not_after: str
    revoked_at: str = ""
    reason: str = ""
    device: str = ""

    def check_valid(self, at: float) -> None:
        """Raise unless the key counted at a time.

        Args:
            at: seconds since the epoch.

        Raises:
            NotTrusted: before its time, after it, or revoked by then.
        """
        self.check_not_revoked(at)
        if not moment(self.not_before) <= at < moment(self.not_after):
            title = "The key of the signer is not valid at this time."
            raise NotTrusted(Distrust.KEY_NOT_VALID, title, _HINT)

    def check_not_revoked(self, at: float) -> None:
        """Raise if the key was revoked by a time, in seconds since the epoch.

        Raises:
            NotTrusted: it was.
        """
        if self.revoked_at and at >= moment(self.revoked_at):
            raise NotTrusted(Distrust.KEY_REVOKED, "The key of the signer has been revoked.", _HINT)


class RegisteredReviewer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person who may decide. An id is never given to another person."""

    id: str
    name: str
    roles: tuple[str, ...]
    keys: tuple[RegisteredKey, ...]
    email: str = ""


class RegisteredAgent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An agent whose workers sign requests and receipts."""

    name: str
    keys: tuple[RegisteredKey, ...]


class RegistryStatement(Statement, frozen=True, kw_only=True):
    """A registry as the roots sign it.

    Attributes:
        version: one more than that of the registry it follows.
    """

    version: int
    issued_at: str
    expires_at: str
    reviewers: tuple[RegisteredReviewer, ...]
    agents: tuple[RegisteredAgent, ...] = ()


@dataclass(frozen=True, slots=True)
class Roots:
    """Whose signatures make a registry: keys, and how many of them it takes."""

    keys: tuple[VerifyKey, ...]
    threshold: int

    def key(self, key_id: str) -> VerifyKey | None:
        """The root key of an id."""
        return next((key for key in self.keys if key.key_id == key_id), None)


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """A key of the registry, and whose it is: a reviewer's or an agent's, never both."""

    key: VerifyKey
    entry: RegisteredKey
    reviewer: RegisteredReviewer | None = None
    agent: RegisteredAgent | None = None

    def check_valid(self, at: float) -> None:
        """Raise unless the key counted at a time; see `RegisteredKey`."""
        self.entry.check_valid(at)


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry that was verified.

    Attributes:
        statement: all of it.
    """

    statement: RegistryStatement
    _holders: dict[str, KeyHolder] = field(default_factory=dict)

    @property
    def version(self) -> int:
        """Its number; a later one replaces it."""
        return self.statement.version

    def check_present(self, now: float, least_version: int) -> None:
        """Raise unless it still counts; what may change of one that was verified, and no more.

        Args:
            now: seconds since the epoch.
            least_version: of the newest registry that was ever believed here.

        Raises:
            NotTrusted: older than one that is known, or expired.
        """
        if self.version < least_version:
            title = f"The registry is version {self.version}; {least_version} was seen before."
            raise NotTrusted(Distrust.ROLLED_BACK, title, _HINT)
        if now >= moment(self.statement.expires_at):
            title = f"The registry expired at {self.statement.expires_at}."
            raise NotTrusted(Distrust.EXPIRED, title, _HINT)

    def holder(self, key_id: str) -> KeyHolder | None:
        """Whose key it is."""
        return self._holders.get(key_id)

    def key(self, key_id: str) -> VerifyKey | None:
        """The key of an id."""
        holder = self._holders.get(key_id)
        return holder.key if holder else None

    def reviewer(self, reviewer_id: str) -> RegisteredReviewer | None:
        """The reviewer of an id."""
        known = self.statement.reviewers
        return next((one for one in known if one.id == reviewer_id), None)

    def signs(self, agent: str) -> bool:
        """Whether the workers of an agent sign what they ask."""
        return any(one.name == agent for one in self.statement.agents)

    def with_role(self, *roles: str) -> tuple[RegisteredReviewer, ...]:
        """The reviewers who hold any of these roles."""
        wanted = set(roles)
        return tuple(one for one in self.statement.reviewers if wanted & set(one.roles))


def open_registry(envelope: Envelope, roots: Roots, now: float, least_version: int = 0) -> Registry:
    """Verify a registry.

    Args:
        now: seconds since the epoch.
        least_version: of the newest registry that was ever believed here.

    Raises:
        NotTrusted: too few root signatures, older than one that is known, expired, or one that
            contradicts itself.
    """
    opened = open_envelope(envelope, REGISTRY_TYPE, roots.key)
    if len(opened.key_ids) < roots.threshold:
        signed = f"{len(opened.key_ids)} of {roots.threshold}"
        title = f"The registry is signed by {signed} root keys that are needed."
        raise NotTrusted(Distrust.TOO_FEW_ROOTS, title, _HINT)
    statement = read_statement(opened.payload, RegistryStatement)
    registry = Registry(statement, _index(statement, roots))
    registry.check_present(now, least_version)
    return registry


def _index(statement: RegistryStatement, roots: Roots) -> dict[str, KeyHolder]:
    """Every key by its id.

    Raises:
        NotTrusted: an id or a key that is there twice, a name that is empty, a time that is none.
    """
    if statement.version < 1 or not moment(statement.issued_at) < moment(statement.expires_at):
        raise _contradiction("is of no version or time")
    people = [one.id for one in statement.reviewers]
    agents = [one.name for one in statement.agents]
    if len(set(people)) < len(people) or len(set(agents)) < len(agents):
        raise _contradiction("names somebody twice")
    printed = chain(people, agents, (one.name for one in statement.reviewers))
    if not all(name.strip() for name in printed):
        raise _contradiction("names somebody by nothing")
    holders: dict[str, KeyHolder] = {}
    for holder in _holders(statement):
        moment(holder.entry.revoked_at or holder.entry.not_before)
        if not moment(holder.entry.not_before) < moment(holder.entry.not_after):
            raise _contradiction("has a key that is never valid")
        if holder.key.key_id in holders or holder.key in roots.keys:
            raise _contradiction("gives one key to two")
        holders[holder.key.key_id] = holder
    return holders


def _holders(statement: RegistryStatement) -> Iterator[KeyHolder]:
    for reviewer in statement.reviewers:
        for entry in reviewer.keys:
            yield KeyHolder(VerifyKey.from_text(entry.public), entry, reviewer=reviewer)
    for agent in statement.agents:
        for entry in agent.keys:
            yield KeyHolder(VerifyKey.from_text(entry.public), entry, agent=agent)


def _contradiction(what: str) -> NotTrusted:
    return NotTrusted(Distrust.MALFORMED, f"The registry {what}.", _HINT)
