"""Checkpoints in a SQLite file, or in memory.

The only place that opens SQLite for checkpoints. LangGraph's saver reads; what it writes is written
here, each time in one step of the connection's thread: begin, compare tokens, write, commit. A run
that is cancelled meanwhile leaves no open transaction for the next writer to commit.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    get_checkpoint_metadata,
)
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from workers.agents.savers.claims import TABLE, refused
from workers.errors import NotConfigured
from workers.runtime.leases import Claim, current_claim

IN_MEMORY = ":memory:"
#: Several agents may share one file; a writer waits for the others (seconds).
_BUSY_TIMEOUT_SECONDS = 30.0
_ROWS_AT_ONCE = 64

_CREATE = f"""
    CREATE TABLE IF NOT EXISTS {TABLE} (scope TEXT PRIMARY KEY, token INTEGER NOT NULL)
    WITHOUT ROWID
"""
_NEWEST = f"SELECT token FROM {TABLE} WHERE scope = ?"  # noqa: S608 - a constant
_RAISE = f"INSERT OR REPLACE INTO {TABLE} (scope, token) VALUES (?, ?)"  # noqa: S608 - a constant
_PUT = """
    INSERT OR REPLACE INTO checkpoints
    (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata)
    VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_PUT_WRITES = """
    INTO writes
    (thread_id, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type, value)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

Statement: TypeAlias = tuple[str, Sequence[Sequence[Any]]]


@asynccontextmanager
async def open_sqlite(
    path: str, serde: SerializerProtocol
) -> AsyncIterator[BaseCheckpointSaver[str]]:
    """A store in a file, which is made if it is missing.

    Raises:
        NotConfigured: the file cannot be made, or holds something else.
    """
    connection = _Connection(_connector(_ready_path(path)), _ROWS_AT_ONCE)
    try:
        await connection
        saver = _FencedSqliteSaver(connection, serde=serde)
        try:
            await saver.setup()
            await connection.execute(_CREATE)
        except sqlite3.Error as error:
            raise NotConfigured(
                f"The checkpoints in {path} cannot be used: {error}.", "Name another file."
            ) from error
        yield saver
    finally:
        await connection.close()


def _ready_path(path: str) -> str:
    """The path with its folder made; threads hold conversations, so it is for nobody else."""
    if path == IN_MEMORY:
        return path
    file = Path(path).expanduser()
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise NotConfigured(
            f"The folder {file.parent} for checkpoints cannot be made: {error.strerror}.",
            "Name another file in checkpoint_url (or CHECKPOINT_DB_URL).",
        ) from error
    return str(file)


def _connector(path: str) -> Callable[[], sqlite3.Connection]:
    def connect() -> sqlite3.Connection:
        try:
            return sqlite3.connect(path, timeout=_BUSY_TIMEOUT_SECONDS)
        except sqlite3.OperationalError as error:
            raise NotConfigured(
                f"The checkpoints in {path} cannot be opened: {error}.", "Name another file."
            ) from error

    return connect


class _Connection(aiosqlite.Connection):
    """A connection with a thread of its own."""

    async def write(self, claim: Claim | None, statements: Iterable[Statement]) -> None:
        """Do it all or nothing of it, in one step, under a claim if there is one.

        Raises:
            LeaseLost: somebody with a higher token wrote before.
        """
        step = self._execute(_write, self._conn, claim, statements)  # type: ignore[no-untyped-call]
        if not await step:
            raise refused()


def _write(
    connection: sqlite3.Connection, claim: Claim | None, statements: Iterable[Statement]
) -> bool:
    with connection:  # commits, or takes everything back
        connection.execute("BEGIN IMMEDIATE")
        if claim is not None:
            newest = connection.execute(_NEWEST, (claim.scope,)).fetchone()
            if newest is None or newest[0] < claim.token:
                connection.execute(_RAISE, (claim.scope, claim.token))
            elif newest[0] > claim.token:
                return False
        for statement, rows in statements:
            connection.executemany(statement, rows)
    return True


class _FencedSqliteSaver(AsyncSqliteSaver):
    """LangGraph's saver; a `ClaimingStore`."""

    def __init__(self, connection: _Connection, serde: SerializerProtocol) -> None:
        super().__init__(connection, serde=serde)
        self._connection = connection

    async def claim(self) -> None:
        """See `ClaimingStore.claim`."""
        await self._write()

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,  # noqa: ARG002 - whole checkpoints are kept here
    ) -> RunnableConfig:
        """As LangGraph's.

        Raises:
            LeaseLost: the context is not ours any more; nothing was written.
        """
        told = config["configurable"]
        thread, namespace = str(told["thread_id"]), told["checkpoint_ns"]
        about = json.dumps(get_checkpoint_metadata(config, metadata), ensure_ascii=False)
        key = (thread, namespace, checkpoint["id"])
        kept = (*self.serde.dumps_typed(checkpoint), about.encode("utf-8", "ignore"))
        await self._write((_PUT, [(*key, told.get("checkpoint_id"), *kept)]))
        names = ("thread_id", "checkpoint_ns", "checkpoint_id")
        return {"configurable": dict(zip(names, (told["thread_id"], *key[1:]), strict=True))}

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """As LangGraph's.

        Raises:
            LeaseLost: the context is not ours any more; nothing was written.
        """
        told = config["configurable"]
        key = tuple(str(told[name]) for name in ("thread_id", "checkpoint_ns", "checkpoint_id"))
        rows = [
            (
                *(*key, task_id, task_path, WRITES_IDX_MAP.get(channel, index), channel),
                *self.serde.dumps_typed(value),
            )
            for index, (channel, value) in enumerate(writes)
        ]
        # What a node wrote stays as it is; errors, interrupts and answers are replaced.
        may_replace = all(channel in WRITES_IDX_MAP for channel, _value in writes)
        await self._write(
            (f"INSERT OR {'REPLACE' if may_replace else 'IGNORE'} {_PUT_WRITES}", rows)
        )

    async def adelete_thread(self, thread_id: str) -> None:
        """As LangGraph's.

        Raises:
            LeaseLost: the context is not ours any more; nothing was deleted.
        """
        rows = [(str(thread_id),)]
        await self._write(
            ("DELETE FROM checkpoints WHERE thread_id = ?", rows),
            ("DELETE FROM writes WHERE thread_id = ?", rows),
        )

    async def _write(self, *statements: Statement) -> None:
        async with self.lock:
            await self._connection.write(current_claim(), statements)
