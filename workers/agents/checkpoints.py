"""Where threads are kept between their steps.

The only place that opens checkpoint stores.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from workers.agents.sqlite_saver import SteppedSqliteSaver
from workers.agents.sqlite_steps import SteppedConnection
from workers.errors import NotConfigured

IN_MEMORY = ":memory:"
#: Several agents may share one file; a writer waits for the others (seconds).
_BUSY_TIMEOUT_SECONDS = 30.0
_SUFFIXES = (".db", ".sqlite", ".sqlite3")


def sqlite_path(url: str) -> str:
    """The SQLite file a checkpoint URL names.

    Args:
        url: a path that ends in `.db`, `.sqlite` or `.sqlite3`, `sqlite:///path`, or `:memory:`.

    Raises:
        NotConfigured: it names something else.
    """
    if url == IN_MEMORY:
        return url
    if url.startswith("sqlite:///"):
        return url.removeprefix("sqlite:///")
    scheme, separator, _ = url.partition("://")
    if not separator and url.endswith(_SUFFIXES):
        return url
    what = f"A {scheme} database" if separator else "This place"
    raise NotConfigured(
        f"{what} cannot hold checkpoints yet.",
        "Name a file that ends in .sqlite or .db in checkpoint_url (or CHECKPOINT_DB_URL).",
    )


@asynccontextmanager
async def open_checkpoints(url: str) -> AsyncIterator[BaseCheckpointSaver[str]]:
    """A checkpoint store that is closed at the end.

    Raises:
        NotConfigured: the URL names no store we can open.
    """
    path = _ready_path(sqlite_path(url))
    # None: only what LangChain and LangGraph store themselves is ever made into objects again. A
    # file that somebody changed must not be able to run code here.
    serde = JsonPlusSerializer(allowed_msgpack_modules=None)
    connection = SteppedConnection(partial(sqlite3.connect, path, timeout=_BUSY_TIMEOUT_SECONDS))
    async with connection:
        saver = SteppedSqliteSaver(connection, serde)
        await saver.setup()
        yield saver


def _ready_path(path: str) -> str:
    """The path with its folder made; threads hold conversations, so it is for nobody else."""
    if path == IN_MEMORY:
        return path
    file = Path(path).expanduser()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return str(file)
