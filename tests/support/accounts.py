"""Another account than the one that owns the files: what may be read there, and not be written.

The only place where tests change who they are. Root may write everywhere, so that where tests run
as root they go on as nobody for a while; elsewhere they take the right away from themselves.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

_NOBODY = 65_534


@contextmanager
def folder_for_all(path: Path) -> Iterator[None]:
    """Make a folder and work in it: who is in there need not get through those above, as pytest's.

    Relative paths only.
    """
    path.mkdir()
    path.chmod(0o755)
    with chdir(path):
        yield


@contextmanager
def who_may_not_write(*folders: Path) -> Iterator[None]:
    """Go on as somebody who may read these folders and what is in them, and write nothing there.

    The whole process does; what it needs has to be imported before.
    """
    is_root = os.geteuid() == 0
    before = [folder.stat().st_mode & 0o777 for folder in folders]
    for folder in folders:
        folder.chmod(0o555)
    if is_root:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        for folder, mode in zip(folders, before, strict=True):
            folder.chmod(mode)
