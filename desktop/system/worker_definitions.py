"""The file with the definitions of a person's own workers.

The only place that reads and writes it. What stands in it is code that this console will start, so
it is believed only when nobody else could have written it and everything in it is in order; else it
is put aside, and nothing of it is started.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from desktop.actions.local_workers import MAX_WORKERS, shape_problems_of
from desktop.errors import SettingsUnreadable
from desktop.store.local_workers import WorkerDefinition

FILE_NAME = "local-workers.json"
MAX_BYTES = 1024 * 1024


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    workers: tuple[WorkerDefinition, ...]


def load(folder: Path) -> tuple[tuple[WorkerDefinition, ...], SettingsUnreadable | None]:
    """Read the definitions.

    Returns:
        The definitions (none where there is no file), and what was wrong with it, if anything.
    """
    path = folder / FILE_NAME
    try:
        workers = msgspec.json.decode(_read(path), type=_File).workers
        _check(workers)
    except FileNotFoundError:
        return (), None
    except (OSError, ValueError, msgspec.DecodeError, RecursionError) as error:
        return (), _put_aside(path, str(error))
    return workers, None


def save(folder: Path, workers: Sequence[WorkerDefinition]) -> None:
    """Write the definitions, whole or not at all, for this person's eyes.

    Raises:
        SettingsUnreadable: the file could not be written.
    """
    new = folder / f"{FILE_NAME}.new"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        new.unlink(missing_ok=True)
        # Not by `write_bytes`: where the umask lets a group write, we would not believe it later.
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
            file.write(msgspec.json.format(msgspec.json.encode(_File(tuple(workers)))))
        new.replace(folder / FILE_NAME)
    except OSError as error:
        title = f"The list of your workers could not be saved: {error.strerror or error}."
        raise SettingsUnreadable(title, f"Check the folder {folder}.") from error


def _read(path: Path) -> bytes:
    # Without waiting: a pipe in its place would never answer.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("it is no file")
        if sys.platform != "win32":
            if found.st_uid != os.getuid():
                raise ValueError("it belongs to somebody else")
            if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                raise ValueError("others may write it")
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError("it is too long")
    return content


def _check(workers: Sequence[WorkerDefinition]) -> None:
    if len(workers) > MAX_WORKERS:
        raise ValueError(f"it names more than {MAX_WORKERS} workers")
    if len({worker.id for worker in workers}) < len(workers):
        raise ValueError("it names a worker twice")
    for worker in workers:
        for field, words in shape_problems_of(worker, workers).items():
            raise ValueError(f"{field} of {worker.name[:40]!r}: {words}")


def _put_aside(path: Path, why: str) -> SettingsUnreadable:
    kept = path.with_suffix(".damaged.json")
    try:
        path.replace(kept)
        hint = f"It is kept as {kept.name}; none of your workers was started."
    except OSError:
        hint = "None of your workers was started."
    title = f"The list of your workers was not used: {why.rstrip('.')}."
    return SettingsUnreadable(title, hint)
