"""Errors of databases in words that may be told: no address, no statement, no data.

The only place that knows what the drivers raise while a run goes on. Drivers that are not installed
raise nothing, so they are told by name.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from workers.runtime.ports import RunFailed

#: The root packages of drivers whose errors derive from an `Error` of their own.
_DRIVERS = frozenset({"psycopg", "psycopg_pool", "pymysql", "sqlite3"})
#: The same again may succeed later. Others mean that the database cannot take what it was given.
_PASSING = frozenset({"OperationalError", "InterfaceError", "InternalError"})

_FULL = ("The disk that keeps the checkpoints is full.", "Make room, then send the task again.")
_LOCKED = ("The checkpoints are locked by another program.", "Find out what holds them open.")
_CROWDED = ("The database of the checkpoints takes no more connections.", "Raise its limit.")
_READ_ONLY = ("The checkpoints cannot be written.", "Check the permissions of their file.")
_BROKEN = ("The file of the checkpoints is damaged.", "Restore it from a backup.")
_AWAY = (
    "The database of the checkpoints does not answer.",
    "Check that it runs, then send the task again.",
)

#: SQLite's name, Postgres' SQLSTATE or MySQL's number, and what we say of it.
_WORDS: dict[object, tuple[str, str]] = {
    "SQLITE_FULL": _FULL,
    "SQLITE_BUSY": _LOCKED,
    "SQLITE_LOCKED": _LOCKED,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_CORRUPT": _BROKEN,
    "SQLITE_NOTADB": _BROKEN,
    "53100": _FULL,
    "53300": _CROWDED,
    "25006": _READ_ONLY,
    1021: _FULL,
    1114: _FULL,
    1040: _CROWDED,
    1203: _CROWDED,
    1226: _CROWDED,
    1205: _LOCKED,
    1290: _READ_ONLY,
}


@contextmanager
def outages_told() -> Iterator[None]:
    """Turn what a database raises into `RunFailed`; everything else passes.

    Raises:
        RunFailed: the store could not do what it was asked; transient, unless what was to be
            written makes no sense to it.
    """
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise _told(error) from error
    except Exception as error:
        # The door for errors of databases; their classes cannot be named without their drivers.
        if _is_of_driver(error):
            raise _told(error) from error
        raise


def _is_of_driver(error: Exception) -> bool:
    return any(kind.__module__.partition(".")[0] in _DRIVERS for kind in type(error).__mro__)


def _told(error: Exception) -> RunFailed:
    words = _WORDS.get(_code(error))
    if words is not None:
        return RunFailed(*words, is_transient=True)
    if isinstance(error, OSError) or any(kind.__name__ in _PASSING for kind in type(error).__mro__):
        return RunFailed(*_AWAY, is_transient=True)
    return RunFailed(
        f"The database of the checkpoints refused what was to be kept: {type(error).__name__}.",
        "Its log says more.",
    )


def _code(error: Exception) -> object:
    name: str | None = getattr(error, "sqlite_errorname", None)
    if name is not None:
        # Extended names add to the plain one: SQLITE_BUSY_SNAPSHOT.
        return "_".join(name.split("_")[:2])
    state: str | None = getattr(error, "sqlstate", None)
    return state or (error.args[0] if error.args else None)
