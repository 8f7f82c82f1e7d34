"""People who sign at a desk of a test: their keys, a registry, a log of what happened.

The only place where tests put a `SigningDesk` together.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from desktop.actions.ports import ChooseSigner, Unlock
from desktop.audit.entries import AuditEntry
from desktop.audit.log import AuditUnavailable
from desktop.engine.attempts import Attempts
from desktop.engine.signing_desk import SigningDesk
from desktop.errors import VaultUnavailable
from desktop.settings import Person, SigningRule
from desktop.store.facts import Fact, SigningChanged
from desktop.store.signing import Signing
from workers.wire.approvals import DecisionKind
from workers.wire.signing.administering import (
    EnrolmentStatement,
    first_registry,
    sealed,
    with_enrolled,
)
from workers.wire.signing.keys import SigningKey
from workers.wire.signing.registry import Registry, Roots, open_registry
from workers.wire.signing.statements import (
    Authentication,
    DecisionStatement,
    Display,
    Meaning,
    PolicyName,
    Signer,
)
from workers.wire.signing.wrapping import wrap

PASSPHRASE = "an invented passphrase"
ROSA = Person("r.mora", "Rosa Mora")
LEE = Person("l.park", "Lee Park")
NOW = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)


STATEMENT = DecisionStatement(
    aud="treasury_agent",
    context_id="c1",
    tool_call_id="t1",
    request_id="r1",
    action="transfer_funds",
    args_digest="sha-256:" + "0" * 64,
    decision=DecisionKind.APPROVE,
    edited_args_digest="",
    meaning=Meaning.APPROVAL,
    comment="",
    reviewer=Signer(id=ROSA.id, name=ROSA.name, role="treasury"),
    iat=1,
    exp=2,
    nonce="0" * 32,
    auth=Authentication(method="passphrase", at=1),
    display=Display(digest=""),
    policy=PolicyName(id="p", version=1),
    audit_prev="",
    app="1",
)


def wrapped(key: SigningKey, passphrase: str = PASSPHRASE) -> str:
    """A key as a keyring keeps it, cheap to open."""
    return msgspec.json.encode(wrap(key, passphrase, "somebody", memory_kib=64)).decode()


def registry_of(*people: tuple[Person, SigningKey, tuple[str, ...]]) -> Registry:
    """A registry that has these people, verified."""
    root = SigningKey.generate()
    statement = first_registry(NOW)
    for person, key, roles in people:
        asked = EnrolmentStatement(
            id=person.id, name=person.name, public=key.public.text, made_at=NOW.isoformat()
        )
        statement = with_enrolled(statement, asked, roles, NOW)
    return open_registry(sealed(statement, [root]), Roots((root.public,), 1), NOW.timestamp())


class KeptKeys:
    """Keeps wrapped keys. The only fake of `KeyCustody`.

    Attributes:
        kept: by reviewer.
        refusal: what is raised instead, if anything.
    """

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.refusal: VaultUnavailable | None = None

    async def signing_key(self, reviewer_id: str) -> str:
        """See `KeyCustody`."""
        if self.refusal is not None:
            raise self.refusal
        return self.kept.get(reviewer_id, "")


@dataclass
class Desk:
    """A signing desk, and everything around it in a test's hands.

    Attributes:
        now: what time it is, seconds since the epoch.
        lasted: how long the console runs, by a clock that nobody can set.
        entries: what the audit log has.
        full: the log cannot be written.
        registry: that is believed.
    """

    folder: Path
    now: float = NOW.timestamp() + 60
    lasted: float = 0.0
    keys: KeptKeys = field(default_factory=KeptKeys)
    entries: list[AuditEntry] = field(default_factory=list)
    told: list[Signing] = field(default_factory=list)
    full: bool = False
    registry: Callable[[], Registry | None] = lambda: None

    def __post_init__(self) -> None:
        """Begin."""
        self.begin()

    def begin(self) -> None:
        """Start the console, or start it again."""
        attempts = Attempts(self.folder / "signing.json", lambda: self.now)
        self.desk = SigningDesk(
            self._hear,
            self._record,
            self.keys,
            self._believed,
            attempts,
            lambda: self.now,
            lambda: self.lasted,
        )

    @property
    def status(self) -> Signing:
        """How it stands."""
        return self.told[-1]

    @property
    def recorded(self) -> list[tuple[str, str, str]]:
        """Kind, person and detail of what the log has."""
        return [(entry.kind.value, entry.actor.id, entry.detail) for entry in self.entries]

    async def choose(
        self,
        person: Person = ROSA,
        rule: SigningRule = SigningRule.FIRST,
        signers: tuple[Person, ...] = (ROSA, LEE),
        **more: Path,
    ) -> Signing:
        """Let somebody sign, and wait until it is known how that stands."""
        order = ChooseSigner(person, signers, rule, 30, self.folder)
        self.desk.take(dataclasses.replace(order, **more))
        return await self.settle()

    async def settle(self) -> Signing:
        """Wait for what was asked."""
        while self.desk._work:
            await asyncio.gather(*self.desk._work, return_exceptions=True)
        return self.status

    def _believed(self) -> Registry | None:
        return self.registry()

    def _hear(self, fact: Fact) -> None:
        assert isinstance(fact, SigningChanged)
        self.told.append(fact.signing)

    async def _record(self, entry: AuditEntry) -> None:
        if self.full:
            raise AuditUnavailable("The disk is full.", "Make room.")
        self.entries.append(entry)


async def unlock(desk: Desk, passphrase: str = PASSPHRASE, *, to_sign: bool = True) -> None:
    """Give a passphrase, and wait for what comes of it."""
    desk.desk.take(Unlock(passphrase, to_sign))
    await desk.settle()
