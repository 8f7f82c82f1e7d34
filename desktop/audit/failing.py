"""What a disk or a database says when the audit log cannot be written, for a person to read.

The only place that turns those errors into a title and a hint.
"""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from collections.abc import Iterator
from typing import Final

from desktop.audit.places import HINT, AuditUnavailable

_FULL: Final = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
_NOT_ALLOWED: Final = frozenset((errno.EACCES, errno.EPERM, errno.EROFS))
#: The low byte of what SQLite tells; the rest says where it happened.
_PRIMARY: Final = 0xFF
#: What SQLite says of a disk, as the system would say it.
_LIKE: Final = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_IOERR: errno.EIO,
}


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """What a disk or a database says, as `AuditUnavailable`."""
    try:
        yield
    except OSError as error:
        title = f"The audit log cannot be written: {error.strerror}."
        raise _refusal(error.errno, title) from error
    except (sqlite3.Error, sqlite3.Warning) as error:
        code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
        title = f"The audit log cannot be used: {error}."
        raise _refusal(_LIKE.get(code), title) from error


def _refusal(number: int | None, title: str) -> AuditUnavailable:
    """What is told of an error.

    Args:
        number: its `errno`; None if there is none like it.
        title: unless more is known.
    """
    if number in _FULL:
        title = "The audit log cannot be written: the disk is full."
        return AuditUnavailable(title, f"Make room on the disk of the audit log. {HINT}")
    if number in _NOT_ALLOWED:
        title = "The audit log cannot be written: this account may not write to it."
        return AuditUnavailable(title, f"Let it write to the file and its folder. {HINT}")
    if number == errno.EIO:
        return AuditUnavailable(title, f"See whether the disk is full, or fails. {HINT}")
    return AuditUnavailable(title, HINT)
