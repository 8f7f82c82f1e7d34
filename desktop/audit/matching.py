"""What `due` says of entries that are read in order, without an index.

The only place that finds that in a verification, which believes no index. The page asks the index,
and comes to the same. Whether what ran is what was decided, a verification finds alone: `running`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from desktop.audit.due import RECEIPT_SECONDS, SETTLING, Due, due_at_first, milliseconds_of
from desktop.audit.entries import AuditKind, Glance
from desktop.audit.findings import Finding
from desktop.audit.wording import finding_title

#: Those that something is missing of are looked through when there are so many; most is settled.
_MOST_WAITING: Final = 10_000
#: Of the kinds of entries that settle something, what they settle.
_RULES: Final = {
    kind: tuple(rule for rule in SETTLING if kind in rule.kinds)
    for rule in SETTLING
    for kind in rule.kinds
}
#: Entries of other kinds say nothing of it.
MATCHED: Final = frozenset((*_RULES, AuditKind.DECISION, AuditKind.RECEIPT))


class _Waiting(NamedTuple):
    """An entry of which something is missing, or with which something is wrong."""

    due: Due
    at: str
    nonce: str
    request: str


class Matching:
    """Takes in the entries of a log, in order."""

    def __init__(self) -> None:
        self._waiting: dict[int, _Waiting] = {}
        self._look_through_at = _MOST_WAITING
        self._settled: dict[tuple[Due, str], set[str]] = {
            (rule.due, rule.column): set() for rule in SETTLING
        }

    def see(self, number: int, glance: Glance) -> None:
        """Take in an entry."""
        named = {"nonce": glance.nonce, "request": glance.request_id}
        for rule in _RULES.get(glance.kind, ()):
            if not rule.field or getattr(glance, rule.field) in rule.words:
                self._settled[rule.due, rule.column].add(named[rule.column])
        due = due_at_first(glance)
        if due:
            self._waiting[number] = _Waiting(due, glance.at, glance.nonce, glance.request_id)
            if len(self._waiting) >= self._look_through_at:
                kept = {at: one for at, one in self._waiting.items() if not self._is_settled(one)}
                self._waiting, self._look_through_at = kept, 2 * len(kept) + _MOST_WAITING

    def findings(self, now_ms: int) -> Iterator[Finding]:
        """What does not go together.

        Args:
            now_ms: milliseconds since the epoch; a decision may wait for its receipt for a while.
        """
        late = now_ms - RECEIPT_SECONDS * 1000
        for number, one in self._waiting.items():
            if self._is_settled(one) or (one.due is Due.RECEIPT and not _is_before(one.at, late)):
                continue
            yield Finding(number, f"{finding_title(one.due)}.", is_tampering=False)

    def _is_settled(self, one: _Waiting) -> bool:
        named = {"nonce": one.nonce, "request": one.request}
        return any(
            due is one.due and named[column] and named[column] in settled
            for (due, column), settled in self._settled.items()
        )


def _is_before(at: str, late_ms: int) -> bool:
    """A time that nobody can read has passed."""
    try:
        return milliseconds_of(at) < late_ms
    except ValueError:
        return True
