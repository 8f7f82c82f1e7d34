"""Who signs at this desk, what others have signed, and what the reviewer saw.

The only place that defines those records. They hold no key and no passphrase, and arguments only
where somebody changed them and others have to see what they join.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from desktop.settings import SigningRule as SigningRule
from workers.wire.approvals import DecisionKind
from workers.wire.canonical import JSON
from workers.wire.signing.statements import Meaning as Meaning


class SigningState(StrEnum):
    """Whether this desk can sign now."""

    NO_KEY = "no_key"
    LOCKED = "locked"
    OPEN = "open"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Identity:
    """A person who can sign at this desk.

    Attributes:
        id: the registry's; names them in every decision.
        roles: by the registry; none while nobody has enrolled them.
        bundled: made with the demo, for the demo's agents alone; its key opens by itself.
    """

    id: str
    name: str
    roles: tuple[str, ...] = ()
    key_id: str = ""
    bundled: bool = False


@dataclass(frozen=True, slots=True)
class Signing:
    """Signing at this desk, as it stands.

    Attributes:
        identity: who would sign.
        others: who else could, after a change of person.
        title, hint: why it cannot be done now; empty while it can.
        opened_ms: when the passphrase was given, ms since the epoch; 0 while it is locked.
        retry_ms: after wrong passphrases, when the next is taken; 0 at once.
        rule: when the passphrase is asked for.
        fresh: it was given just now, and nothing was signed since.
        until_ms: when the session ends by itself, ms since the epoch; 0 for never.
        checking: a passphrase is being tried.
        unlocks: how many were right so far; tells a right one from a wrong one.
        registry_trouble, registry_hint: why what the registry says of them does not count, and
            what to do about it; empty if it does.
    """

    state: SigningState = SigningState.NO_KEY
    identity: Identity | None = None
    others: tuple[Identity, ...] = ()
    title: str = ""
    hint: str = ""
    opened_ms: int = 0
    retry_ms: int = 0
    rule: SigningRule = SigningRule.FIRST
    fresh: bool = False
    until_ms: int = 0
    checking: bool = False
    unlocks: int = 0
    registry_trouble: str = ""
    registry_hint: str = ""


class Proof(StrEnum):
    """What is known of who asks.

    `NONE`: nobody signs for this agent, or nobody here knows a registry. `PROVEN`: a worker of the
    agent signed the request as it is shown. `BROKEN`: the registry says that the agent signs, and
    this request is not what it signed; approving it is refused.
    """

    NONE = "none"
    PROVEN = "proven"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class CastVote:
    """A signed decision on a request that others have to join.

    Attributes:
        objection: why it does not count; empty if it does.
        edited_args_digest: of the arguments it is about, if somebody changed them.
        edited_args: those arguments, as they travel; None if nobody did, or if what came beside the
            signature is not what was signed.
        comment: what its reviewer wrote.
    """

    reviewer_id: str
    reviewer_name: str
    role: str
    decision: DecisionKind
    meaning: Meaning
    at_ms: int
    objection: str = ""
    edited_args_digest: str = ""
    edited_args: JSON = field(default=None, repr=False)
    comment: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody looks at a request now. It holds nobody back."""

    by_id: str
    by_name: str
    until_ms: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What the reviewer saw of a request before the click.

    Attributes:
        fields: JSON pointer and text of each argument, as it was rendered.
        masked, revealed: pointers of values that stayed hidden, and of those that were shown.
        ms_open: how long the request was open.
    """

    fields: tuple[tuple[str, str], ...] = ()
    masked: tuple[str, ...] = ()
    revealed: tuple[str, ...] = ()
    ms_open: int = 0
