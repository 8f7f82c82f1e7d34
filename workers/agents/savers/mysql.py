"""Checkpoints in MySQL or MariaDB. Needs the extra `mysql`.

The only place that talks to MySQL. LangGraph's saver keeps its statements; the cursor it gets for a
write is one of a transaction that compared tokens first. Its own lock, which would let one run at a
time use the pool, is not taken.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiomysql  # type: ignore[import-untyped]
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)
from langgraph.checkpoint.mysql.aio import AIOMySQLSaver
from langgraph.checkpoint.serde.base import SerializerProtocol

from workers.agents.savers.claims import TABLE, refused
from workers.agents.savers.mysql_address import MySQLAddress, read_address
from workers.errors import NotConfigured
from workers.runtime.leases import current_claim

#: Of one worker process and agent. A run uses one for milliseconds; 50 runs share them.
_MOST_CONNECTIONS = 10
#: A run that gets none because the server has too many waits; after this it is tried again later.
_WAIT_SECONDS = 10.0
_PAUSE_SECONDS = 0.1
_CONNECT_SECONDS = 10
#: No write takes so long; a server that vanished without a word is given up.
_LONGEST_SECONDS = 30.0
#: The server ends connections that were idle for eight hours, or for what it was told instead.
_IDLE_SECONDS = 600
_SET_UP_SECONDS = 60
_SET_UP_LOCK = "signoff checkpoints"
#: Longer names are cut by the tables; the comparison of names ignores case and blanks at the end.
_LONGEST_NAME = 150
_TOO_MANY_CONNECTIONS = 1040

_CREATE = f"""
    CREATE TABLE IF NOT EXISTS {TABLE} (scope CHAR(64) PRIMARY KEY, token BIGINT NOT NULL)
    ENGINE = InnoDB
"""
_CLAIM = f"""
    INSERT INTO {TABLE} (scope, token) VALUES (%s, %s)
    ON DUPLICATE KEY UPDATE token = GREATEST(token, %s)
"""  # noqa: S608 - a constant
_NEWEST = f"SELECT token FROM {TABLE} WHERE scope = %s FOR UPDATE"  # noqa: S608 - a constant

#: What a server's refusal is, and what we say of it.
_REFUSALS = {
    _TOO_MANY_CONNECTIONS: ("takes no more connections", "Raise max_connections."),
    1044: ("does not let this user use the database", "Grant it all rights on the database."),
    1045: ("refused the user name or the password", "Check checkpoint_url."),
    1049: ("does not have this database", "Create it, or check checkpoint_url."),
    1142: ("does not let this user make tables", "Grant it all rights on the database."),
    1698: ("refused the user name or the password", "Check checkpoint_url."),
    2003: ("does not answer", "Check that it runs, and the address in checkpoint_url."),
}


@asynccontextmanager
async def open_mysql(
    url: str, serde: SerializerProtocol
) -> AsyncIterator[BaseCheckpointSaver[str]]:
    """A store in a database that exists; its tables are made if they are missing.

    Args:
        url: `mysql://user:password@host:port/database`, or with the base package's
            `mysql+aiomysql://`.

    Raises:
        NotConfigured: the address makes no sense, or the server does not let us in.
    """
    address = read_address(url)
    options = {
        **address.parameters,
        "autocommit": True,
        "charset": "utf8mb4",
        "connect_timeout": _CONNECT_SECONDS,
    }
    try:
        async with aiomysql.connect(**options) as connection:
            await _set_up(connection)
    except aiomysql.Error as error:
        raise _not_usable(error, address) from None
    pool = await aiomysql.create_pool(
        minsize=0, maxsize=_MOST_CONNECTIONS, pool_recycle=_IDLE_SECONDS, **options
    )
    try:
        yield _FencedMySQLSaver(pool, serde)
    finally:
        pool.close()
        await pool.wait_closed()


def _not_usable(error: aiomysql.Error, address: MySQLAddress) -> NotConfigured:
    number = error.args[0] if error.args else 0
    title, hint = _REFUSALS.get(number, (f"cannot be used: error {number}", "Its log says more."))
    return NotConfigured(f"The MySQL server at {address.place} {title}.", hint)


async def _set_up(connection: aiomysql.Connection) -> None:
    """Make the tables, one process at a time: two at once would trip over each other."""
    saver = _QuietSaver(connection)
    async with connection.cursor(_QuietCursor) as cursor:
        await cursor.execute("SELECT GET_LOCK(%s, %s) AS ours", (_SET_UP_LOCK, _SET_UP_SECONDS))
        if not (await cursor.fetchone())["ours"]:
            raise NotConfigured(
                "Another process is setting up the checkpoint tables and does not come to an end.",
                f"Look for the session that holds the lock {_SET_UP_LOCK!r}.",
            )
        # The lock ends with the connection.
        await saver.setup()
        await cursor.execute(_CREATE)


class _QuietCursor(aiomysql.DictCursor):  # type: ignore[misc]
    """Says nothing of rows that are there already; LangGraph writes some of them twice."""

    async def _show_warnings(self, conn: aiomysql.Connection) -> None:
        """Python's warnings would hold what was written."""


class _QuietSaver(AIOMySQLSaver):
    @staticmethod
    def _get_cursor_from_connection(conn: aiomysql.Connection) -> aiomysql.DictCursor:
        return conn.cursor(_QuietCursor)


class _FencedMySQLSaver(_QuietSaver):
    """LangGraph's saver over a pool; a `ClaimingStore`."""

    def __init__(self, pool: aiomysql.Pool, serde: SerializerProtocol) -> None:
        super().__init__(pool, serde=serde)
        self._pool = pool

    async def claim(self) -> None:
        """See `ClaimingStore.claim`."""
        async with self._cursor(pipeline=True):
            """Nothing is written beside the token."""

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """As LangGraph's."""
        found = await super().aget_tuple(_stored(config))
        return None if found is None else _given(found, config)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - LangGraph's name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """As LangGraph's."""
        stored = None if config is None else _stored(config)
        async for one in super().alist(stored, filter=filter, before=before, limit=limit):
            yield one if config is None else _given(one, config)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """As LangGraph's.

        Raises:
            LeaseLost: the context is not ours any more; nothing was written.
        """
        saved = await super().aput(_stored(config), checkpoint, metadata, new_versions)
        return _renamed(saved, config["configurable"]["thread_id"])

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
        await super().aput_writes(_stored(config), writes, task_id, task_path)

    async def adelete_thread(self, thread_id: str) -> None:
        """As LangGraph's.

        Raises:
            LeaseLost: the context is not ours any more; nothing was deleted.
        """
        await super().adelete_thread(_stored_name(thread_id))

    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> AsyncIterator[aiomysql.DictCursor]:
        """A cursor to read with, or one of a transaction to write in.

        Args:
            pipeline: LangGraph's word for writing.
        """
        async with asyncio.timeout(_LONGEST_SECONDS):
            connection = await self._acquired()
            try:
                async with self._get_cursor_from_connection(connection) as cursor:
                    if pipeline:
                        await connection.begin()
                        await _claim(cursor)
                    yield cursor
                if pipeline:
                    await connection.commit()
            except BaseException:
                # The server takes back what was begun. A connection that was left in the middle,
                # by an error or a cancelled run, is of no more use.
                connection.close()
                raise
            finally:
                await self._pool.release(connection)

    async def _acquired(self) -> aiomysql.Connection:
        deadline = time.monotonic() + _WAIT_SECONDS
        while True:
            try:
                return await self._pool.acquire()
            except aiomysql.OperationalError as error:
                if error.args[0] != _TOO_MANY_CONNECTIONS or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(_PAUSE_SECONDS)


async def _claim(cursor: aiomysql.DictCursor) -> None:
    claim = current_claim()
    if claim is None:
        return
    await cursor.execute(_CLAIM, (claim.scope, claim.token, claim.token))
    await cursor.execute(_NEWEST, (claim.scope,))
    if (await cursor.fetchone())["token"] != claim.token:
        raise refused()


def _stored_name(thread_id: str) -> str:
    """The name a thread has in the tables, unlike that of any other thread."""
    is_plain = thread_id.isascii() and thread_id == thread_id.lower().rstrip()
    if is_plain and len(thread_id) <= _LONGEST_NAME:
        return thread_id
    return f"sha-256:{hashlib.sha256(thread_id.encode()).hexdigest()}"


def _stored(config: RunnableConfig) -> RunnableConfig:
    return _renamed(config, _stored_name(str(config["configurable"]["thread_id"])))


def _renamed(config: RunnableConfig, thread_id: str) -> RunnableConfig:
    return {**config, "configurable": {**config["configurable"], "thread_id": thread_id}}


def _given(found: CheckpointTuple, config: RunnableConfig) -> CheckpointTuple:
    """What was found, under the name it was asked for with."""
    thread_id, parent = config["configurable"]["thread_id"], found.parent_config
    return found._replace(
        config=_renamed(found.config, thread_id),
        parent_config=None if parent is None else _renamed(parent, thread_id),
    )
