"""Whether decisions and what came of them go together.

The only place that judges that: a call that ran without a decision, and a decision of which nobody
heard again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from desktop.audit.entries import AuditKind, Glance
from desktop.audit.findings import Finding
from workers.wire.approvals import Outcome

#: A worker gets so long to say what became of a decision.
GRACE: Final = timedelta(minutes=5)
#: A call ran because of one of these, at this desk or at another.
_DECIDES: Final = frozenset(
    (AuditKind.DECISION, AuditKind.DECISION_JOINED, AuditKind.DECISION_SEEN)
)
#: After these nobody waits for a receipt any more.
_ENDS: Final = frozenset(
    (AuditKind.RECEIPT, AuditKind.DECISION_NOT_SENT, AuditKind.DECISION_JOINED)
)
#: Entries of other kinds say nothing of it.
MATCHED: Final = _DECIDES | _ENDS
_RAN: Final = frozenset((Outcome.EXECUTED, Outcome.FAILED))


class Matching:
    """Takes in the entries of a log, in order."""

    def __init__(self) -> None:
        self._decided: set[str] = set()
        self._waiting: dict[str, tuple[int, str]] = {}
        self._ran: dict[str, int] = {}

    def see(self, number: int, glance: Glance) -> None:
        """Take in an entry."""
        kind, nonce = glance.kind, glance.nonce
        if kind in _DECIDES:
            self._decided.add(nonce)
            self._ran.pop(nonce, None)
        if kind is AuditKind.DECISION:
            self._waiting[nonce] = (number, glance.at)
        elif kind in _ENDS:
            self._waiting.pop(nonce, None)
        if kind is AuditKind.RECEIPT and glance.outcome in _RAN and nonce not in self._decided:
            self._ran[nonce] = number

    def findings(self, now: datetime) -> Iterator[Finding]:
        """What does not go together.

        Args:
            now: in UTC.
        """
        for number in self._ran.values():
            yield Finding(number, "A call ran without a decision.", is_tampering=False)
        latest = (now - GRACE).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        for number, at in self._waiting.values():
            if at < latest:
                yield Finding(number, "Nobody said what became of it.", is_tampering=False)
