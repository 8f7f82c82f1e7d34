"""What happened while the log could not be written: a file beside it, or, failing that, elsewhere.

The only place that writes outside the log. It is no record, as anybody may change it; it is taken
into the log, and named as what it is, as soon as that can be written again. There it settles
nothing that is due: it is no receipt, and no decision for a call that ran.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from msgspec import structs

from desktop.audit.due import LATER as LATER
from desktop.audit.due import is_kept_outside
from desktop.audit.entries import (
    AuditEntry,
    AuditKind,
    BadEntry,
    happened,
    read_entry,
    write_entry,
)
from desktop.audit.log import AuditLog, Record

FILE_NAME: Final = "emergency.jsonl"
#: What was taken for nothing of ours is left for whoever looks into it, under the time of that.
REFUSED: Final = ".refused"
_TAKEN_AT: Final = ".%Y%m%dT%H%M%S.%f"
_MOST_BYTES: Final = 4 * 1024 * 1024


def keep_outside(log: Path, entry: AuditEntry) -> Path | None:
    """Keep an entry that the log did not take.

    Returns:
        Where; None if that failed everywhere.
    """
    for path in _places(log):
        with contextlib.suppress(OSError, BadEntry):
            line = write_entry(entry) + b"\n"
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
            with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            return path
    return None


def take_in(log: AuditLog) -> int:
    """Record what was kept outside, and remove it there. Returns how many entries that made.

    A file with what no console keeps there, such as an approval, or with more than is read at once,
    is left beside; that it was there is an entry.

    Raises:
        AuditUnavailable: it is not recorded, and stays where it is.
    """
    count = 0
    for path in _places(log.path):
        entries, unread = _entries(path)
        if not entries:
            continue
        taken = [structs.replace(one, detail=LATER) for one in entries if is_kept_outside(one)]
        if refused := len(entries) - len(taken):
            detail = f"{refused} lines of {path.name} are none that a console writes there"
            taken.append(structs.replace(happened(AuditKind.UNREADABLE_SEEN), detail=detail))
        if unread:
            detail = f"{unread:,} bytes of {path.name} were too many to be taken in; they are kept"
            taken.append(structs.replace(happened(AuditKind.UNREADABLE_SEEN), detail=detail))
        log.append_all([Record(entry) for entry in taken])
        count += len(taken)
        with contextlib.suppress(OSError):
            if refused or unread:
                path.replace(_kept_as(path))
            else:
                path.unlink()
    return count


def _places(log: Path) -> tuple[Path, Path]:
    account = os.getuid() if hasattr(os, "getuid") else "own"
    # By the log's place: what one of them missed must not come into another.
    place = hashlib.sha256(str(log.resolve()).encode()).hexdigest()[:16]
    elsewhere = Path(tempfile.gettempdir()) / f"signoff-{account}-{place}-{FILE_NAME}"
    return log.with_name(FILE_NAME), elsewhere


def _kept_as(path: Path) -> Path:
    """The name under which a file is left; each has its own, and they sort by time."""
    return path.with_name(f"{path.name}{datetime.now(UTC).strftime(_TAKEN_AT)}{REFUSED}")


def _entries(path: Path) -> tuple[list[AuditEntry], int]:
    """What is in a file of this account, and how many bytes of it were not read.

    A line that is cut off is passed over.
    """
    entries: list[AuditEntry] = []
    unread = 0
    with contextlib.suppress(OSError):
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(path, flags), "rb") as file:
            if hasattr(os, "getuid") and os.fstat(file.fileno()).st_uid != os.getuid():
                return [], 0
            lines = file.read(_MOST_BYTES).splitlines()
            unread = max(os.fstat(file.fileno()).st_size - file.tell(), 0)
        for line in lines:
            with contextlib.suppress(BadEntry):
                entries.append(read_entry(line))
    return entries, unread
