"""Halts: gated calls of an agent, of a context, or of everybody are not to be started.

The only place that knows their scopes and statements. A statement may be signed, which proves who
halted; it need not be, because to stop is the safe side. Whoever can write to the broker can halt.
A halt that is signed is lifted by another statement in its place, signed too and of a higher
number; one that is not, by taking it away.
"""

from __future__ import annotations

from typing import Final

import msgspec

from workers.wire.canonical import JSON
from workers.wire.errors import BadName
from workers.wire.ids import check_agent_name, check_context_id

EVERYBODY = "all"
#: A statement may not be larger, in bytes.
MAX_HALT_BYTES: Final = 16 * 1024
_AGENT, _CONTEXT = "agent:", "context:"


class HaltStatement(msgspec.Struct, frozen=True, kw_only=True):
    """Why a scope is halted, or that it is no more.

    Attributes:
        by: who says so.
        serial: of two signed statements on a scope the higher one counts; see `next_serial`.
        lifted: the halts before it are over.
        dsse: the signature of whoever says so, over all the rest; None for none.
    """

    v: int = 1
    scope: str
    reason: str = ""
    by: str = ""
    at_ms: int = 0
    serial: int = 0
    lifted: bool = False
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


def scopes_of(agent: str, context_id: str = "") -> tuple[str, ...]:
    """The scopes that a call, or every call of an agent, belongs to."""
    of_context = (f"{_CONTEXT}{context_id}",) if context_id else ()
    return (EVERYBODY, f"{_AGENT}{agent}", *of_context)


def next_serial(at_ms: int, before: HaltStatement | None) -> int:
    """The number of a new statement on a scope, whatever the clock says.

    Args:
        at_ms: now.
        before: the newest statement that is known.
    """
    return max(at_ms, before.serial + 1 if before is not None else 0)
