"""What is asked of a log before something is written into it, so that nothing stands there twice.

The only place that says what tells one receipt, or one request, from all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from desktop.audit.entries import AuditKind


class Mark(NamedTuple):
    """What tells a receipt from all others, or a request; that has no nonce and no outcome."""

    context_id: str
    tool_call_id: str
    request_id: str
    nonce: str
    outcome: str
    kind: AuditKind = AuditKind.RECEIPT


class Known(NamedTuple):
    """What a log holds of what was asked for.

    Attributes:
        people: who decided at this desk.
        tools: by request id.
    """

    marks: frozenset[Mark] = frozenset()
    people: frozenset[str] = frozenset()
    tools: Mapping[str, str] = MappingProxyType({})
