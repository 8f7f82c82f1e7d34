"""Facts about signatures: who signs here, what others have signed, and what is proven.

The only place that defines them; `store.facts` offers them with all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from desktop.store.clock import Clock
from desktop.store.records import RequestKey
from desktop.store.signing import CastVote, Claim, Proof, Signing


@dataclass(frozen=True, slots=True)
class SigningChanged:
    """Whether and as whom this desk signs."""

    signing: Signing


@dataclass(frozen=True, slots=True)
class ClockSeen:
    """How this computer's clock stands."""

    clock: Clock


@dataclass(frozen=True, slots=True)
class VotesSeen:
    """The signed decisions that wait with a request, all of them, in the order they came.

    Attributes:
        key: the call's name is its tool call id.
        request_id: the worker's, which tells requests of one tool call id apart; empty to mean the
            request of exactly this key.
    """

    key: RequestKey
    votes: tuple[CastVote, ...]
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class DecisionJoined:
    """A signed decision of this desk waits with the request until others have signed, too."""

    key: RequestKey
    nonce: str


@dataclass(frozen=True, slots=True)
class ClaimSeen:
    """Who looks at a request now; None: nobody else.

    Attributes:
        key, request_id: see `VotesSeen`.
    """

    key: RequestKey
    claim: Claim | None
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class ProofSeen:
    """Whether the worker's signature under a request holds.

    Attributes:
        key: see `VotesSeen`.
        entry_id: of the interrupt that was looked at, so that none is believed for another;
            empty to mean the request of exactly this key.
    """

    key: RequestKey
    proof: Proof
    entry_id: str = ""


@dataclass(frozen=True, slots=True)
class ReviewersSeen:
    """Who is in the registry that this console believes.

    Attributes:
        names: printed name by id.
    """

    names: Mapping[str, str]
