"""How long the encrypted part of the log is kept, and what holds it back from being shredded.

The only place that throws anything away: the keys of entries' encrypted parts, never an entry. What
was shredded can be read by nobody; that it was there, and when it went, stays in the chain.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from msgspec import structs

from desktop.audit.entries import Actor, AuditKind, happened
from desktop.audit.failing import translated
from desktop.audit.log import AuditLog
from desktop.errors import ConsoleError

_YEAR: Final = timedelta(days=365.25)
#: Seven years, as auditors of public companies must keep their papers (SOX section 802).
DEFAULT: Final = 7 * _YEAR
#: Below this somebody should think twice: six years of HIPAA (45 CFR 164.316(b)(2)(i)).
FLOOR: Final = 6 * _YEAR


class OnHold(ConsoleError):
    """Nothing may be shredded now."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long each kind of entry keeps its encrypted part.

    Attributes:
        default: of kinds that `kinds` does not name.
    """

    default: timedelta = DEFAULT
    kinds: Mapping[AuditKind, timedelta] | None = None

    @classmethod
    def of_years(cls, default: float, kinds: Mapping[str, float]) -> Retention:
        """As somebody chose it.

        Args:
            kinds: years by the word that `audit show` prints.

        Raises:
            ConsoleError: there is no such kind of entry, or a time that is none.
        """
        unknown = sorted(kinds.keys() - set(AuditKind))
        if unknown or not all(years > 0 for years in (default, *kinds.values())):
            title = f"Nobody can keep entries like that: {', '.join(unknown) or 'not at all'}."
            hint = 'In the settings, `kept_years_of` names kinds of entries, such as "decision".'
            raise ConsoleError(title, hint)
        return cls(default * _YEAR, {AuditKind(one): kinds[one] * _YEAR for one in kinds})

    def of(self, kind: AuditKind) -> timedelta:
        """How long a kind of entry keeps it."""
        return (self.kinds or {}).get(kind, self.default)

    def too_short(self) -> list[AuditKind]:
        """The kinds that keep it shorter than most rules ask for."""
        return [kind for kind in AuditKind if self.of(kind) < FLOOR]


def holds(log: AuditLog) -> list[str]:
    """The legal holds that are in force, by name, in the order they were set.

    Raises:
        AuditUnavailable: the log cannot be read.
    """
    with translated():
        return holds_in(log.connection)


def holds_in(connection: sqlite3.Connection) -> list[str]:
    """See `holds`; for whoever only reads.

    Raises:
        sqlite3.Error: the log cannot be read.
    """
    query = """SELECT json_extract(CAST(body AS TEXT), '$.kind'),
                      json_extract(CAST(body AS TEXT), '$.detail')
               FROM entry WHERE json_extract(CAST(body AS TEXT), '$.kind') IN (?, ?)
               ORDER BY number"""
    in_force: dict[str, None] = {}
    for kind, name in connection.execute(query, (AuditKind.HOLD_SET, AuditKind.HOLD_LIFTED)):
        if kind == AuditKind.HOLD_SET:
            in_force[name] = None
        else:
            in_force.pop(name, None)
    return list(in_force)


def set_hold(log: AuditLog, name: str, by: Actor) -> None:
    """From now on nothing is shredded, until it is lifted.

    Args:
        name: such as a court's file number.

    Raises:
        AuditUnavailable: it is not recorded, and not in force.
    """
    log.append(structs.replace(happened(AuditKind.HOLD_SET), actor=by, detail=name))


def lift_hold(log: AuditLog, name: str, by: Actor) -> None:
    """End a hold.

    Raises:
        OnHold: there is none of this name.
        AuditUnavailable: it is not recorded, and stays in force.
    """
    if name not in holds(log):
        raise OnHold(f"There is no hold {name}.", "Holds have the names they were set with.")
    log.append(structs.replace(happened(AuditKind.HOLD_LIFTED), actor=by, detail=name))


def shred_expired(log: AuditLog, now: datetime, by: Actor, retention: Retention) -> int:
    """Shred what was kept long enough; see `shred`.

    Args:
        now: in UTC.
    """
    by_age: dict[timedelta, list[AuditKind]] = {}
    for kind in AuditKind:
        by_age.setdefault(retention.of(kind), []).append(kind)
    return sum(shred(log, now - age, by, kinds) for age, kinds in by_age.items())


def shred(
    log: AuditLog, before: datetime, by: Actor, kinds: Iterable[AuditKind] = AuditKind
) -> int:
    """Make the encrypted part of old entries unreadable for ever, and record that it was done.

    Args:
        before: in UTC; entries that were made earlier lose theirs.

    Returns:
        How many entries lost it; nothing is recorded of none.

    Raises:
        OnHold: a legal hold is in force.
        AuditUnavailable: nothing was shredded.
    """
    if names := holds(log):
        title = f"A legal hold is in force: {', '.join(names)}."
        raise OnHold(title, "Nothing is shredded until it is lifted.")
    latest = before.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    wanted = frozenset(kinds)
    query = """SELECT number, json_extract(CAST(body AS TEXT), '$.kind')
               FROM entry JOIN record_key USING (number)
               WHERE json_extract(CAST(body AS TEXT), '$.at') < ?
               AND number NOT IN (SELECT number FROM outbox WHERE state = 'waiting')"""
    numbers = [number for number, kind in log.read(query, latest) if kind in wanted]
    if not numbers:
        return 0
    entry = structs.replace(
        happened(AuditKind.SHREDDED), actor=by, outcome=latest, detail=" ".join(sorted(wanted))
    )
    with log.writing() as connection:
        rows = [(number,) for number in numbers]
        connection.executemany("DELETE FROM record_key WHERE number = ?", rows)
        connection.executemany("DELETE FROM secret WHERE number = ?", rows)
        log.add(entry)
    # What was deleted must not stay readable in the write-ahead log.
    log.read("PRAGMA wal_checkpoint(TRUNCATE)")
    return len(numbers)
