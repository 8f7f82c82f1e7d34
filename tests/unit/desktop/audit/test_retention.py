"""What was kept long enough can be thrown away, unless a court wants it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import structs

from desktop.audit.entries import AuditKind, happened
from desktop.audit.log import AuditLog, Outgoing, opened_to_read, read_entries, read_secret
from desktop.audit.retention import (
    DEFAULT,
    OnHold,
    Retention,
    holds,
    lift_hold,
    set_hold,
    shred,
    shred_expired,
)
from desktop.audit.verifying import Verdict, verify
from desktop.errors import ConsoleError
from tests.support.audited import ALL, KEYS, STREAM, decided, head_of

NOW = datetime(2026, 3, 2, tzinfo=UTC)
BY = decided(1).actor
YEAR = timedelta(days=365)


def _at(age: timedelta) -> str:
    return (NOW - age).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log is."""
    return tmp_path / "log.sqlite"


@pytest.fixture
def log(path: Path) -> Iterator[AuditLog]:
    """A log with a reason of eight years ago, and with one of two."""
    with closing(AuditLog(path, KEYS)) as log:
        for number, years in ((1, 8), (2, 2)):
            log.append(decided(number, at=_at(years * YEAR)), {"comment": f"Reason {number}"})
        yield log


def _reasons(path: Path) -> list[str | None]:
    with opened_to_read(path) as connection:
        kept = read_entries(path, ALL)
        return [read_secret(connection, KEYS, one, "comment") for one in kept if one.entry.secrets]


def test_what_was_kept_long_enough_is_gone_for_ever(log: AuditLog, path: Path) -> None:
    """Nobody can read it; the entry stays, and says when it went."""
    assert shred_expired(log, NOW, BY, Retention()) == 1

    assert _reasons(path) == [None, "Reason 2"]
    last = read_entries(path, 1)[0].entry
    assert (last.kind, last.outcome) == (AuditKind.SHREDDED, _at(DEFAULT))
    assert last.actor == BY
    report = verify(path, head_of(path), KEYS)
    assert report.verdict is not Verdict.TAMPERED
    assert shred_expired(log, NOW, BY, Retention()) == 0
    assert read_entries(path, 1)[0].entry == last


def test_each_kind_has_its_own_time(log: AuditLog, path: Path) -> None:
    """And one that is shorter than most rules ask for is told."""
    seen = structs.replace(happened(AuditKind.REQUEST_SEEN), at=_at(2 * YEAR))
    log.append(seen, {"comment": "Reason 3"})
    retention = Retention(kinds={AuditKind.REQUEST_SEEN: YEAR})
    assert shred_expired(log, NOW, BY, retention) == 2
    assert _reasons(path) == [None, "Reason 2", None]
    assert retention.too_short() == [AuditKind.REQUEST_SEEN]
    assert not Retention(timedelta(days=6 * 365.25)).too_short()
    assert verify(path, head_of(path), KEYS).verdict is not Verdict.TAMPERED


def test_nothing_is_shredded_under_a_hold(log: AuditLog, path: Path) -> None:
    """Until the last one is lifted; setting and lifting are in the record."""
    for name in ("case 12", "case 13"):
        set_hold(log, name, BY)
    for name in ("case 12", "case 13"):
        assert name in holds(log)
        with pytest.raises(OnHold, match=name):
            shred(log, NOW, BY)
        lift_hold(log, name, BY)
    with pytest.raises(OnHold, match="no hold"):
        lift_hold(log, "case 12", BY)
    assert _reasons(path) == ["Reason 1", "Reason 2"]
    assert shred(log, NOW, BY) == 2
    kinds = [one.entry.kind for one in read_entries(path, 5)]
    assert kinds.count(AuditKind.HOLD_SET) == kinds.count(AuditKind.HOLD_LIFTED) == 2


def test_what_waits_to_leave_is_not_shredded(log: AuditLog) -> None:
    """It would never leave."""
    log.append(decided(3, at=_at(9 * YEAR)), {}, Outgoing(STREAM, b"waits"))
    assert shred(log, NOW, BY) == 2
    assert log.read("SELECT number FROM record_key") == [(3,)]


def test_times_are_chosen_in_years_by_the_name_of_the_kind() -> None:
    """A name that is none would keep nothing of what was meant, and is refused."""
    chosen = Retention.of_years(7, {"decision": 10, "request.seen": 0.5})
    assert chosen.of(AuditKind.RECEIPT) == DEFAULT
    assert chosen.of(AuditKind.DECISION) > DEFAULT
    assert chosen.too_short() == [AuditKind.REQUEST_SEEN]
    for default, kinds in ((7, {"nonsense": 10}), (7, {"decision": 0}), (0, {})):
        with pytest.raises(ConsoleError, match="Nobody can keep"):
            Retention.of_years(default, kinds)
