"""Halts: gated calls of an agent, of a context, or of everybody are not to be started.

The only place that knows their scopes and statements. A statement may be signed, which proves who
halted; it need not be, because to stop is the safe side. Whoever can write to the broker can halt,
and can lift a halt by taking its statement away.
"""

from __future__ import annotations

import msgspec

from workers.wire.canonical import JSON
from workers.wire.errors import BadName
from workers.wire.ids import check_agent_name, check_context_id

EVERYBODY = "all"
_AGENT, _CONTEXT = "agent:", "context:"


class HaltStatement(msgspec.Struct, frozen=True, kw_only=True):
    """Why a scope is halted.

    Attributes:
        by: who says so.
        dsse: the signature of whoever says so, over all the rest; None for none.
    """

    v: int = 1
    scope: str
    reason: str = ""
    by: str = ""
    at_ms: int = 0
    dsse: JSON = None


def check_scope(scope: str) -> str:
    """Return the scope unchanged if it is one.

    Raises:
        BadName: neither `all`, `agent:NAME` nor `context:ID`.
    """
    if scope.startswith(_AGENT):
        check_agent_name(scope.removeprefix(_AGENT))
    elif scope.startswith(_CONTEXT):
        check_context_id(scope.removeprefix(_CONTEXT))
    elif scope != EVERYBODY:
        raise BadName(
            f"{scope[:60]!r} is no scope of a halt.", "Write all, agent:NAME or context:ID."
        )
    return scope


def scopes_of(agent: str, context_id: str) -> tuple[str, ...]:
    """The scopes a call belongs to."""
    return (EVERYBODY, f"{_AGENT}{agent}", f"{_CONTEXT}{context_id}")
