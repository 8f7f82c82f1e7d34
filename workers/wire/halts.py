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
#: A statement may be numbered so far ahead of the clock, in milliseconds, and be kept. A number
#: from further ahead could not be lifted today.
AHEAD_MS: Final = 120_000
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


def agent_in(scope: str) -> str:
    """The agent whose calls a scope is; empty for another kind of scope."""
    return scope.removeprefix(_AGENT) if scope.startswith(_AGENT) else ""


def context_in(scope: str) -> str:
    """The context whose calls a scope is; empty for another kind of scope."""
    return scope.removeprefix(_CONTEXT) if scope.startswith(_CONTEXT) else ""


def scope_of_agent(agent: str) -> str:
    """The scope of an agent's calls."""
    return f"{_AGENT}{agent}"


def scope_of_context(context_id: str) -> str:
    """The scope of a context's calls."""
    return f"{_CONTEXT}{context_id}"


def next_serial(at_ms: int, newest: int = 0) -> int:
    """The number of a new statement on a scope, also where a clock was a little ahead.

    Args:
        at_ms: now.
        newest: the highest number that is known of the scope, whoever wrote it.
    """
    return max(at_ms, newest + 1) if newest <= at_ms + AHEAD_MS else at_ms
