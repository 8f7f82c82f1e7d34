"""Checkpoints in a SQLite file, or in memory.

The only place that opens SQLite for checkpoints. The tables are LangGraph's, and what stands in
them; the statements are written anew, so that each operation is one step of the connection's
thread: compare tokens, write. Steps of many runs share a transaction; a run that is cancelled
meanwhile leaves none open.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
    get_checkpoint_metadata,
)
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.checkpoint.sqlite.utils import load_pending_writes

from workers.agents.savers.claims import TABLE, refused
from workers.agents.savers.sqlite_steps import SteppedConnection
from workers.errors import NotConfigured
from workers.runtime.leases import Claim, current_claim

IN_MEMORY = ":memory:"
#: Several agents may share one file; a writer waits for the others (seconds).
_BUSY_TIMEOUT_SECONDS = 30.0
_TRY_AGAIN_SECONDS = 0.05

_CREATE = f"""
    CREATE TABLE IF NOT EXISTS {TABLE} (scope TEXT PRIMARY KEY, token INTEGER NOT NULL)
    WITHOUT ROWID
"""
_HIGHEST = f"SELECT token FROM {TABLE} WHERE scope = ?"  # noqa: S608 - a constant
_RAISE = f"INSERT OR REPLACE INTO {TABLE} (scope, token) VALUES (?, ?)"  # noqa: S608 - a constant
_READ = """
    SELECT checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata FROM checkpoints
    WHERE thread_id = ? AND checkpoint_ns = ?
"""
_LATEST = " ORDER BY checkpoint_id DESC LIMIT 1"
_READ_WRITES = """
    SELECT task_id, channel, type, value, task_path, idx FROM writes
    WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?
"""
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
    connection = SteppedConnection(_connector(_ready_path(path)))
    try:
        await connection
        saver = _FencedSqliteSaver(connection, serde=serde)
        try:
            await saver.setup()
            await connection.do(lambda to: to.execute(_CREATE), writes=True)
        except sqlite3.Error as error:
            raise NotConfigured(
                f"The checkpoints in {path} cannot be used: {error}.", "Name another file."
            ) from error
        yield saver
    finally:
        await connection.close()


async def _set_up(saver: AsyncSqliteSaver) -> None:
    """Make LangGraph's tables; where many begin with one new file, one after the other.

    The switch to a write-ahead log does not wait for others, as all later statements do.
    """
    give_up_at = time.monotonic() + _BUSY_TIMEOUT_SECONDS
    while True:
        try:
            await saver.setup()
        except sqlite3.OperationalError as error:
            is_locked = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_locked or time.monotonic() > give_up_at:
                raise
            await asyncio.sleep(_TRY_AGAIN_SECONDS)
        else:
            return


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


class _FencedSqliteSaver(AsyncSqliteSaver):
    """LangGraph's saver; a `ClaimingStore`."""

    def __init__(self, connection: SteppedConnection, serde: SerializerProtocol) -> None:
        super().__init__(connection, serde=serde)
        self._connection = connection

    async def claim(self) -> None:
        """See `ClaimingStore.claim`."""
        await self._write()

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """As LangGraph's."""
        told = config["configurable"]
        thread, namespace = str(told["thread_id"]), told.get("checkpoint_ns", "")
        wanted = get_checkpoint_id(config)

        def read(connection: sqlite3.Connection) -> tuple[Any, list[Any]] | None:
            rest = (" AND checkpoint_id = ?", (wanted,)) if wanted else (_LATEST, ())
            found = connection.execute(_READ + rest[0], (thread, namespace, *rest[1])).fetchone()
            if found is None:
                return None
            rows = connection.execute(_READ_WRITES, (thread, namespace, found[0]))
            return found, rows.fetchall()

        answer = await self._connection.do(read, writes=False)
        if answer is None:
            return None
        (checkpoint_id, parent_id, kind, checkpoint, metadata), rows = answer
        return CheckpointTuple(
            config if wanted else _place(thread, namespace, checkpoint_id),
            self.serde.loads_typed((kind, checkpoint)),
            cast("CheckpointMetadata", json.loads(metadata) if metadata is not None else {}),
            _place(thread, namespace, parent_id) if parent_id else None,
            load_pending_writes(rows, self.serde),
        )

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
        key = str(told["thread_id"]), told["checkpoint_ns"], checkpoint["id"]
        about = json.dumps(get_checkpoint_metadata(config, metadata), ensure_ascii=False)
        kept = *self.serde.dumps_typed(checkpoint), about.encode("utf-8", "ignore")
        await self._write((_PUT, [(*key, told.get("checkpoint_id"), *kept)]))
        return _place(*key)

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
        """Do it all or nothing of it, under the claim we work with, if there is one."""
        claim = current_claim()

        def write(connection: sqlite3.Connection) -> bool:
            if claim is not None and not _is_highest(connection, claim):
                return False
            for statement, rows in statements:
                connection.executemany(statement, rows)
            return True

        if not await self._connection.do(write, writes=True):
            raise refused()


def _is_highest(connection: sqlite3.Connection, claim: Claim) -> bool:
    """Whether nobody with a higher token wrote before; if so, nobody with a lower one will."""
    newest = connection.execute(_HIGHEST, (claim.scope,)).fetchone()
    if newest is not None and newest[0] >= claim.token:
        return bool(newest[0] == claim.token)
    connection.execute(_RAISE, (claim.scope, claim.token))
    return True


def _place(thread: str, namespace: str, checkpoint_id: str) -> RunnableConfig:
    names = ("thread_id", "checkpoint_ns", "checkpoint_id")
    return {"configurable": dict(zip(names, (thread, namespace, checkpoint_id), strict=True))}
