"""Desks that race for a request, and when each of them shows what became of it.

The only place that says who the racers are and what one of them may do on the spot.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from desktop.errors import NotAllowedNow
from desktop.store.facts import Fact
from desktop.store.quorums import edit_awaiting
from desktop.store.records import Request, RequestKey
from tests.support import registered
from tests.support.desk import Desk
from tests.support.trusted import Person, TrustedFolder, registry_of_today
from workers.wire.approvals import DecisionKind
from workers.wire.signing.keys import SigningKey
from workers.wire.signing.registry import RegisteredReviewer

MOST_DESKS = 8
PEOPLE = tuple(
    Person(SigningKey(bytes([40 + n]) * 32), f"p.{n}", f"Person {n}") for n in range(MOST_DESKS)
)
_KINDS = (*[DecisionKind.APPROVE] * 4, *[DecisionKind.EDIT] * 3, DecisionKind.REJECT)


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody signed.

    Attributes:
        amount: that would be paid.
    """

    by: str
    kind: DecisionKind
    amount: int


@dataclass
class Payment:
    """One request, and everything that was signed on it."""

    name: str
    amount: int
    quorum: int
    key: RequestKey
    said: list[Said] = field(default_factory=list)

    @property
    def args(self) -> dict[str, object]:
        """As the agent asked."""
        return {"payment": self.name, "amount": self.amount}


class Racer(Desk):
    """A desk that notes when what it shows of a request changed.

    Attributes:
        shown: of the request that is raced for, since when (seconds since the epoch).
    """

    def __init__(self, person: Person, trust: Path) -> None:
        super().__init__(signer=person, trust=trust)
        self.person = person
        self.shown: tuple[tuple[object, ...], float] = ((), 0.0)
        self._raced: RequestKey | None = None

    def race(self, key: RequestKey) -> None:
        """Look at another request from now on."""
        self._raced, self.shown = key, ((), 0.0)

    def request(self) -> Request | None:
        """What is raced for, as it is known here."""
        return self.store.request(self._raced) if self._raced else None

    def decide(self, payment: Payment, chance: random.Random) -> bool:
        """Say something about it. Returns whether it was taken, here."""
        kind = chance.choice(_KINDS)
        # Little choice, so that two may want the same.
        amount = payment.amount - chance.randint(1, 3) * (kind is DecisionKind.EDIT)
        return self._say(payment, kind, amount)

    def help_out(self, payment: Payment) -> bool:
        """Sign what others began. Returns whether it was taken, here."""
        request = self.request()
        edit = edit_awaiting(request) if request is not None else None
        if edit is not None and isinstance(edit.edited_args, dict):
            return self._say(payment, DecisionKind.EDIT, int(str(edit.edited_args["amount"])))
        return self._say(payment, DecisionKind.APPROVE, payment.amount)

    def end(self, payment: Payment) -> bool:
        """Reject it. Returns whether that was taken, here."""
        return self._say(payment, DecisionKind.REJECT, payment.amount)

    def _say(self, payment: Payment, kind: DecisionKind, amount: int) -> bool:
        args = {**payment.args, "amount": amount} if kind is DecisionKind.EDIT else None
        try:
            self.approvals.decide(payment.key, kind, args=args)  # type: ignore[arg-type]
        except NotAllowedNow:
            return False
        payment.said.append(Said(self.person.id, kind, amount))
        return True

    def _take(self, facts: list[Fact]) -> None:
        super()._take(facts)
        self.facts.clear()  # a long race is no reason to keep them
        request = self.request()
        shows = () if request is None else (request.is_open, request.decision, request.decided_by)
        if shows != self.shown[0]:
            self.shown = (shows, time.time())


def write_trust(path: Path, agent: str, policy: str) -> TrustedFolder:
    """A trust folder in which all racers are treasurers."""
    trust = TrustedFolder(path, agent)
    trust.write_policy(policy)
    trust.write_registry(version=4, reviewers=_registered(PEOPLE, agent))
    return trust


def _registered(people: Sequence[Person], agent: str) -> tuple[RegisteredReviewer, ...]:
    [known, *_] = registry_of_today(agent).reviewers
    [times] = known.keys
    dates = {"not_before": times.not_before, "not_after": times.not_after}
    return tuple(
        RegisteredReviewer(
            id=one.id,
            name=one.name,
            roles=("treasury",),
            keys=(registered.registered_key(one.key, **dates),),
        )
        for one in people
    )
