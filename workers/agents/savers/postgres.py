"""Checkpoints in Postgres. Needs the extra `postgres`.

The only place that talks to Postgres. LangGraph's saver keeps its statements; the cursor it gets
for a write is one of a transaction that compared tokens first. Its own lock, which would let one
run at a time use the pool, is not taken.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from typing import Any, TypeAlias

import psycopg
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.serde.base import SerializerProtocol
from psycopg import AsyncConnection, AsyncCursor
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from workers.agents.savers.claims import TABLE, refused
from workers.errors import NotConfigured
from workers.runtime.leases import current_claim

#: Of one worker process and agent. A run uses one for milliseconds; 50 runs share them.
_MOST_CONNECTIONS = 10
#: A run that finds none free waits; longer than this it is tried again later.
_WAIT_SECONDS = 10.0
_SET_UP_SECONDS = 60.0
_PAUSE_SECONDS = 0.1
#: A server that vanished without a word is noticed; an address may say otherwise.
_LIVENESS = {
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
#: Any number, as long as all of us have the same: who sets up the tables holds it.
_SET_UP_LOCK = 7_310_579_026

_CREATE = f"""
    CREATE TABLE IF NOT EXISTS {TABLE} (scope TEXT PRIMARY KEY, token BIGINT NOT NULL)
    WITH (fillfactor = 50)
"""
#: A row only if nobody with a higher token wrote before; it is locked until the transaction ends.
_CLAIM = f"""
    INSERT INTO {TABLE} AS newest (scope, token) VALUES (%s, %s)
    ON CONFLICT (scope) DO UPDATE SET token = excluded.token WHERE newest.token <= excluded.token
    RETURNING token
"""  # noqa: S608 - a constant

Pool: TypeAlias = AsyncConnectionPool[AsyncConnection[DictRow]]


@asynccontextmanager
async def open_postgres(
    url: str, serde: SerializerProtocol
) -> AsyncIterator[BaseCheckpointSaver[str]]:
    """A store in a database that exists; its tables are made if they are missing.

    Args:
        url: `postgresql://user:password@host:port/database`, with libpq's options.

    Raises:
        NotConfigured: the address makes no sense, or the server does not let us in.
    """
    address = _address(url)
    options: dict[str, Any] = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    try:
        async with await AsyncConnection.connect(address, **options) as connection:
            await _set_up(connection)
    except psycopg.Error as error:
        raise _not_usable(error, conninfo_to_dict(address)) from None
    pool: Pool = AsyncConnectionPool(
        address,
        min_size=1,
        max_size=_MOST_CONNECTIONS,
        open=False,
        timeout=_WAIT_SECONDS,
        # A server that was away is tried as soon as somebody needs it, not after a growing pause.
        reconnect_timeout=_WAIT_SECONDS,
        kwargs=options,
        name="checkpoints",
    )
    async with pool:
        yield _FencedPostgresSaver(pool, serde)


def _address(url: str) -> str:
    scheme, _, rest = url.partition("://")
    try:
        # SQLAlchemy's spelling names a driver, which libpq does not know.
        address = f"{scheme.partition('+')[0]}://{rest}"
        said = conninfo_to_dict(address)
        unsaid = {name: value for name, value in _LIVENESS.items() if name not in said}
        return make_conninfo(address, **unsaid)
    except (psycopg.Error, ValueError):
        # What it says may quote the password.
        raise NotConfigured(
            "The address of the Postgres database for checkpoints makes no sense.",
            "Example: postgresql://user:password@host:5432/database (%-encode special characters).",
        ) from None


#: What a server's refusal says, in English, and what we say of it.
_REFUSALS = (
    ("password", "refused the user name or the password", "Check checkpoint_url."),
    ("no pg_hba.conf entry", "does not let this user in from here", "Check its pg_hba.conf."),
    ("database", "does not have this database", "Create it, or check checkpoint_url."),
    ("role", "does not know this user", "Check checkpoint_url."),
    ("too many clients", "takes no more connections", "Raise max_connections."),
    ("connection slots", "takes no more connections", "Raise max_connections."),
    ("permission denied", "does not let this user make tables", "Grant CREATE on the schema."),
)


def _not_usable(error: psycopg.Error, address: Mapping[str, Any]) -> NotConfigured:
    place = f"{address.get('host') or 'localhost'}:{address.get('port') or 5432}"
    said = str(error)
    # The driver's own words begin otherwise: without a password it does not even ask the server.
    is_refusal = "FATAL:" in said or "fe_sendauth" in said or error.sqlstate is not None
    refusal = said.rpartition("FATAL:")[2] if is_refusal else ""
    for sign, title, hint in _REFUSALS:
        if sign in refusal:
            return NotConfigured(f"The Postgres server at {place} {title}.", hint)
    if refusal:
        return NotConfigured(
            f"The Postgres server at {place} cannot be used: {type(error).__name__}.",
            "Its log says more.",
        )
    return NotConfigured(
        f"The Postgres server at {place} does not answer.",
        "Check that it runs, and the address in checkpoint_url (or CHECKPOINT_DB_URL).",
    )


async def _set_up(connection: AsyncConnection[DictRow]) -> None:
    """Make the tables, one process at a time: two at once would trip over each other.

    The lock is asked for again and again instead of waited for. LangGraph builds an index
    concurrently, which waits for every open statement; one that waits for us would never end.
    """
    deadline = time.monotonic() + _SET_UP_SECONDS
    while not await _is_locked(connection):
        if time.monotonic() > deadline:
            raise NotConfigured(
                "Another process is setting up the checkpoint tables and does not come to an end.",
                "Look for the session that holds an advisory lock in pg_locks.",
            )
        await asyncio.sleep(_PAUSE_SECONDS)
    # The lock ends with the connection.
    await AsyncPostgresSaver(connection).setup()
    await connection.execute(_CREATE)


async def _is_locked(connection: AsyncConnection[DictRow]) -> bool:
    cursor = await connection.execute("SELECT pg_try_advisory_lock(%s) AS ours", (_SET_UP_LOCK,))
    row = await cursor.fetchone()
    return bool(row and row["ours"])


class _FencedPostgresSaver(AsyncPostgresSaver):
    """LangGraph's saver over a pool; a `ClaimingStore`."""

    def __init__(self, pool: Pool, serde: SerializerProtocol) -> None:
        super().__init__(pool, serde=serde)
        self._pool = pool

    async def claim(self) -> None:
        """See `ClaimingStore.claim`."""
        async with self._cursor(pipeline=True):
            """Nothing is written beside the token."""

    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> AsyncIterator[AsyncCursor[DictRow]]:
        """A cursor to read with, or one of a transaction to write in.

        Args:
            pipeline: LangGraph's word for writing.
        """
        try:
            async with self._pool.connection() as connection:
                if pipeline:
                    async with connection.transaction(), self._writing(connection) as cursor:
                        yield cursor
                else:
                    async with connection.cursor(binary=True) as cursor:
                        yield cursor
        except psycopg.OperationalError:
            # The server may have gone: the other connections are as dead as this one.
            await self._pool.check()
            raise

    @asynccontextmanager
    async def _writing(
        self, connection: AsyncConnection[DictRow]
    ) -> AsyncIterator[AsyncCursor[DictRow]]:
        """A cursor whose statements travel with the claim; if that is refused, none counts."""
        claim = current_claim()
        async with (
            connection.pipeline() if self.supports_pipeline else nullcontext(),
            connection.cursor() as claiming,
            connection.cursor(binary=True) as cursor,
        ):
            if claim is not None:
                await claiming.execute(_CLAIM, (claim.scope, claim.token))
            yield cursor
            if claim is not None and await claiming.fetchone() is None:
                raise refused()
