"""What a disk or a database says is told in words that lead to where it can be mended."""

from __future__ import annotations

import errno
import sqlite3

import pytest

from desktop.audit.failing import translated
from desktop.audit.places import HINT, AuditUnavailable


def _database(code: int, said: str = "it failed") -> sqlite3.Error:
    error = sqlite3.OperationalError(said)
    error.sqlite_errorcode = code
    return error


def _system(number: int) -> OSError:
    return OSError(number, "it failed")


@pytest.mark.parametrize(
    ("error", "title", "hint"),
    [
        (_system(errno.ENOSPC), "the disk is full", "Make room"),
        (_system(errno.EDQUOT), "the disk is full", "Make room"),
        (_database(sqlite3.SQLITE_FULL), "the disk is full", "Make room"),
        (_system(errno.EACCES), "this account may not write", "Let it write"),
        (_system(errno.EROFS), "this account may not write", "Let it write"),
        (_database(sqlite3.SQLITE_READONLY | 1 << 8), "this account may not write", "Let it write"),
        (
            _database(sqlite3.SQLITE_IOERR | 19 << 8),
            "cannot be used: it failed",
            "disk is full, or",
        ),
        (_system(errno.EIO), "cannot be written: it failed", "disk is full, or fails"),
        (_system(errno.ENOENT), "cannot be written: it failed", ""),
        (_database(sqlite3.SQLITE_CORRUPT), "cannot be used: it failed", ""),
        (sqlite3.Warning("odd"), "cannot be used: odd", ""),
    ],
)
def test_each_failure_has_a_title_and_says_that_rejecting_still_works(
    error: Exception, title: str, hint: str
) -> None:
    """The extended codes of a database as well as the plain ones."""
    with pytest.raises(AuditUnavailable) as refused, translated():
        raise error
    assert title in refused.value.title
    assert hint in refused.value.hint
    assert refused.value.hint.endswith(HINT)
