"""Audit logs that cannot be written, each broken for real, and what is said of them.

The only place where tests break one; the engine, the command line and the window all look at these.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest
from msgspec import structs

from desktop.audit import log as log_module
from desktop.audit import places
from desktop.audit.emergency import take_in
from desktop.audit.entries import Actor, AuditKind, happened
from desktop.audit.log import AuditLog, AuditUnavailable
from tests.support.audited import decided
from tests.support.environment import ROOT
from tests.support.ordinary_account import ordinary_account

_HOLDER: Final = """
import sys
from pathlib import Path
from desktop.audit.log import AuditLog
log = AuditLog(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
"""


@contextmanager
def full_disk(log: Path) -> Iterator[None]:
    """A disk that takes no page more, as the database is told."""
    with closing(AuditLog(log)) as opened:
        [pages] = opened.connection.execute("PRAGMA page_count").fetchone()
    with pytest.MonkeyPatch.context() as patch:
        settings = (*log_module._SETTINGS, f"max_page_count = {pages}")
        patch.setattr(log_module, "_SETTINGS", settings)
        with closing(AuditLog(log)) as opened, suppress(AuditUnavailable):
            while True:
                opened.append(happened(AuditKind.SESSION_STARTED))
        yield


@contextmanager
def _later_version(log: Path) -> Iterator[None]:
    AuditLog(log).close()
    with closing(sqlite3.connect(log)) as connection:
        connection.execute("PRAGMA user_version = 99")
    yield


@contextmanager
def _of_another(log: Path) -> Iterator[None]:
    with closing(AuditLog(log)) as opened:
        opened.append(structs.replace(decided(1), actor=Actor(os_user="somebody.else")))
    yield


@contextmanager
def _damaged(log: Path) -> Iterator[None]:
    log.write_bytes(b"no database at all" * 1000)
    yield


@contextmanager
def _in_the_way(log: Path) -> Iterator[None]:
    log.mkdir()
    yield


@contextmanager
def _read_only(log: Path) -> Iterator[None]:
    AuditLog(log).close()
    log.chmod(0o400)
    with ordinary_account():
        yield


@contextmanager
def _in_a_read_only_folder(log: Path) -> Iterator[None]:
    AuditLog(log).close()
    before = log.parent.stat().st_mode
    log.parent.chmod(0o500)
    try:
        with ordinary_account():
            yield
    finally:
        log.parent.chmod(before)
        with closing(AuditLog(log)) as opened:
            take_in(opened)  # what was rejected meanwhile lies elsewhere


@contextmanager
def _on_a_share(log: Path) -> Iterator[None]:
    device = log.parent.stat().st_dev
    mounts = log.with_name("mountinfo")
    mounts.write_text(f"2 1 {os.major(device)}:{os.minor(device)} / /x rw - nfs4 a rw\n")
    before = places.check_place.__defaults__
    places.check_place.__defaults__ = (mounts,)
    try:
        yield
    finally:
        places.check_place.__defaults__ = before


@contextmanager
def _open_elsewhere(log: Path) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(log)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        yield
        other.kill()


#: What breaks it while one looks, and words of the title.
LOGS: Final[dict[str, tuple[Callable[[Path], AbstractContextManager[None]], str]]] = {
    "of a later version": (_later_version, "version 99"),
    "of another person": (_of_another, "another person"),
    "damaged": (_damaged, "audit log"),
    "that cannot be opened": (_in_the_way, "cannot be used"),
    "on a network share": (_on_a_share, "network share"),
    "open in another process": (_open_elsewhere, "Another Signoff"),
    "on a full disk": (full_disk, "the disk is full"),
    "that is read-only": (_read_only, "may not write"),
    "in a read-only folder": (_in_a_read_only_folder, "may not write"),
}
