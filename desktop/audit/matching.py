"""What `due` says of entries that are read in order, without an index.

The only place that finds that in a verification, which believes no index. The page asks the index,
and comes to the same. Whether what ran is what was decided, a verification finds alone: `running`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from desktop.audit.due import (
    RECEIPT_SECONDS,
    SETTLING,
    Due,
    due_at_first,
    may_settle,
    milliseconds_of,
)
from desktop.audit.entries import AuditKind, Glance
from desktop.audit.findings import Finding
from desktop.audit.wording import finding_title

#: Of the kinds of entries that settle something, what they settle.
_RULES: Final = {
    kind: tuple(rule for rule in SETTLING if kind in rule.kinds)
    for rule in SETTLING
    for kind in rule.kinds
}
#: Entries of other kinds say nothing of it.
MATCHED: Final = frozenset((*_RULES, AuditKind.DECISION, AuditKind.RECEIPT))


class _Way(NamedTuple):
    """One of the ways in which something can be brought that is due.

    Attributes:
        brought: names under which it was.
        wanted: by such a name, the entries that wait for it.
    """

    brought: set[str]
    wanted: dict[str, list[int]]


class Matching:
    """Takes in the entries of a log, in order; what has come is waited for no longer."""

    def __init__(self) -> None:
        self._waiting: dict[int, tuple[Due, str]] = {}
        self._ways = {(rule.due, rule.column): _Way(set(), {}) for rule in SETTLING}

    def see(self, number: int, glance: Glance) -> None:
        """Take in an entry."""
        named = {"nonce": glance.nonce, "request": glance.request_id}
        for rule in _RULES.get(glance.kind, ()) if may_settle(glance) else ():
            name = named[rule.column]
            if name and (not rule.field or getattr(glance, rule.field) in rule.words):
                way = self._ways[rule.due, rule.column]
                way.brought.add(name)
                for settled in way.wanted.pop(name, ()):
                    self._waiting.pop(settled, None)
        due = due_at_first(glance)
        if due:
            self._want(number, due, glance.at, named)

    def findings(self, now_ms: int) -> Iterator[Finding]:
        """What does not go together.

        Args:
            now_ms: milliseconds since the epoch; a decision may wait for its receipt for a while.
        """
        late = now_ms - RECEIPT_SECONDS * 1000
        for number, (due, at) in self._waiting.items():
            if due is not Due.RECEIPT or _is_before(at, late):
                yield Finding(number, f"{finding_title(due)}.", is_tampering=False)

    def _want(self, number: int, due: Due, at: str, named: Mapping[str, str]) -> None:
        ways = [
            (self._ways[due, column], name)
            for column, name in named.items()
            if name and (due, column) in self._ways
        ]
        if any(name in way.brought for way, name in ways):
            return
        self._waiting[number] = (due, at)
        for way, name in ways:
            way.wanted.setdefault(name, []).append(number)


def _is_before(at: str, late_ms: int) -> bool:
    """A time that nobody can read has passed."""
    try:
        return milliseconds_of(at) < late_ms
    except ValueError:
        return True
