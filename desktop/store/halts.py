"""Standing halts, as a desk knows them.

The only place that defines those records, and that says which of them hold a call.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from workers.wire.halts import EVERYBODY as EVERYBODY
from workers.wire.halts import agent_in as agent_in
from workers.wire.halts import context_in as context_in
from workers.wire.halts import scope_of_agent as scope_of_agent
from workers.wire.halts import scope_of_context as scope_of_context
from workers.wire.halts import scopes_of


class HaltProof(StrEnum):
    """What is known of who halted.

    `UNKNOWN`: it is signed, and nobody here knows a registry.
    """

    PROVEN = "proven"
    UNSIGNED = "unsigned"
    UNTRUSTED = "untrusted"
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"


class HaltPlace(StrEnum):
    """Where a halt stands.

    `KEPT`: its field at the broker is empty or holds something else, and workers that have seen
    it keep it. `LIFTED`: its lift is at the broker, and there are workers that do not go by it.
    """

    BROKER = "broker"
    KEPT = "kept"
    LIFTED = "lifted"


@dataclass(frozen=True, slots=True)
class Halt:
    """One scope in which no approved call is started.

    Attributes:
        by: a name of the registry if it is proven; else the statement's own word.
        serial: what its lift has to be above.
        doubt: why the signature is not believed; empty if it is, or if there is none.
        keepers: how many workers say that they keep it.
    """

    scope: str
    by: str = ""
    at_ms: int = 0
    reason: str = ""
    serial: int = 0
    proof: HaltProof = HaltProof.UNREADABLE
    doubt: str = ""
    place: HaltPlace = HaltPlace.BROKER
    keepers: int = 0


@dataclass(frozen=True, slots=True)
class HaltState:
    """What came of a halt or lift that somebody at this desk asked for; of the last on a scope."""

    is_sending: bool = True
    title: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Halts:
    """All standing halts.

    Attributes:
        unknown: why nobody here can say; empty if they are all here.
        lift_roles: who may lift, as workers say; empty for every registered reviewer.
    """

    standing: tuple[Halt, ...] = ()
    unknown: str = ""
    lift_roles: tuple[str, ...] = ()

    def of(self, scope: str) -> Halt | None:
        """The halt of a scope."""
        return next((one for one in self.standing if one.scope == scope), None)

    def holding(self, agent: str, context_id: str) -> Halt | None:
        """The widest halt that holds the calls of an agent in a context."""
        found = (self.of(scope) for scope in scopes_of(agent, context_id))
        return next((one for one in found if one is not None), None)
