"""Where a log may lie, and that one process writes it.

The only place that looks at file systems, owners and locks. A write-ahead log needs memory that all
its users share, so a log on another computer's disk would break without a word.
"""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path
from typing import IO, Final

from desktop.errors import ConsoleError

#: A command that has just written ends soon; a window does not.
WAIT_SECONDS: Final = 1.0
#: Beside a log: how much of it a collector was told.
POSITION_FILE: Final = "syslog.position"
_STEP_SECONDS: Final = 0.02
_MOUNTS: Final = Path("/proc/self/mountinfo")
_NETWORK: Final = re.compile(
    r"afs|beegfs|ceph|cifs|davfs|lustre|ncpfs|nfs4?|smb3|smbfs|fuse\.(glusterfs|rclone|s3fs|sshfs)"
)
HINT: Final = "Until it can be written, nothing is approved here. Rejecting still works."


class AuditUnavailable(ConsoleError):
    """The log cannot be written or read; what should be in it must not happen."""


class OneWriter:
    """This process's right to write a log, as a locked file beside it.

    The system gives it up when the process ends, however it ends.
    """

    def __init__(self, log: Path, wait_seconds: float = WAIT_SECONDS) -> None:
        """Take it.

        Raises:
            AuditUnavailable: another process has it.
            OSError: the file cannot be made.
        """
        path = log.with_name(f"{log.name}.lock")
        self._file: IO[bytes] = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        deadline = time.monotonic() + wait_seconds
        while not _lock(self._file):
            if time.monotonic() >= deadline:
                self._file.close()
                raise AuditUnavailable(
                    "Another Signoff of yours is writing the audit log.",
                    f"Decide there, or close it first. {HINT}",
                )
            time.sleep(_STEP_SECONDS)

    def release(self) -> None:
        """Let others write."""
        self._file.close()


def check_place(folder: Path, mounts: Path = _MOUNTS) -> None:
    """Refuse a folder on another computer's disk, as far as the system tells.

    Args:
        mounts: the table of what is mounted (Linux).

    Raises:
        AuditUnavailable: it is one.
        OSError: there is no such folder.
    """
    kind = _kind_of(folder.resolve(strict=True), mounts)
    if _NETWORK.fullmatch(kind):
        title = f"The audit log lies on a network share ({kind}), where it could break unseen."
        raise AuditUnavailable(title, f"Set SIGNOFF_HOME to a folder of this computer. {HINT}")


def check_owner(path: Path) -> None:
    """Refuse a file of somebody else.

    Raises:
        AuditUnavailable: it is another account's.
        OSError: there is no such file.
    """
    if hasattr(os, "getuid") and path.stat().st_uid != os.getuid():
        raise another_person()


def another_person() -> AuditUnavailable:
    """What is said about another person's log."""
    title = "This audit log belongs to another person."
    return AuditUnavailable(title, f"Start Signoff with a SIGNOFF_HOME of your own. {HINT}")


def _kind_of(folder: Path, mounts: Path) -> str:
    """The kind of file system, as Linux and Windows tell; empty where nobody does."""
    if str(folder).startswith("\\\\"):
        return "smb3"
    device = folder.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}" if hasattr(os, "major") else ""
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        mount, _, told = line.partition(" - ")
        if mount.split()[2:3] == [wanted]:
            return told.split(" ", 1)[0]
    return ""


def _lock(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - of this system only

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - of these systems only

            # Of the process, not of the file that is open: two engines in one are one writer.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
