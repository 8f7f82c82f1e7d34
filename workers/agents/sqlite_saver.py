"""LangGraph's SQLite saver, with each of its operations in one step of the connection's thread.

The only place that writes its statements anew; its tables, and what stands in them, stay the same.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
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

from workers.agents.sqlite_steps import SteppedConnection

_READ = """
    SELECT checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata FROM checkpoints
    WHERE thread_id = ? AND checkpoint_ns = ?
"""
_NEWEST = " ORDER BY checkpoint_id DESC LIMIT 1"
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


class SteppedSqliteSaver(AsyncSqliteSaver):
    """`AsyncSqliteSaver` for many runs at once."""

    def __init__(self, connection: SteppedConnection, serde: SerializerProtocol) -> None:
        super().__init__(connection, serde=serde)
        self._connection = connection

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """As LangGraph's."""
        told = config["configurable"]
        thread, namespace = str(told["thread_id"]), told.get("checkpoint_ns", "")
        wanted = get_checkpoint_id(config)

        def read(connection: sqlite3.Connection) -> tuple[Any, list[Any]] | None:
            rest = (" AND checkpoint_id = ?", (wanted,)) if wanted else (_NEWEST, ())
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
        """As LangGraph's."""
        told = config["configurable"]
        key = str(told["thread_id"]), told["checkpoint_ns"], checkpoint["id"]
        about = json.dumps(get_checkpoint_metadata(config, metadata), ensure_ascii=False)
        kept = *self.serde.dumps_typed(checkpoint), about.encode("utf-8", "ignore")
        row = (*key, told.get("checkpoint_id"), *kept)
        await self._write(_PUT, [row])
        return _place(*key)

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """As LangGraph's."""
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
        statement = f"INSERT OR {'REPLACE' if may_replace else 'IGNORE'} {_PUT_WRITES}"
        await self._write(statement, rows)

    async def _write(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(statement, rows)

        await self._connection.do(write, writes=True)


def _place(thread: str, namespace: str, checkpoint_id: str) -> RunnableConfig:
    names = ("thread_id", "checkpoint_ns", "checkpoint_id")
    return {"configurable": dict(zip(names, (thread, namespace, checkpoint_id), strict=True))}
