"""Where threads are kept between their steps.

The only place that reads a checkpoint URL and decides which store it means.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from workers.agents.savers.sqlite import IN_MEMORY, open_sqlite
from workers.errors import NotConfigured

_SUFFIXES = (".db", ".sqlite", ".sqlite3")
_POSTGRES = frozenset({"postgresql", "postgres"})
_MYSQL = frozenset({"mysql", "mariadb"})

Opened: TypeAlias = AbstractAsyncContextManager[BaseCheckpointSaver[str]]
Opener: TypeAlias = Callable[[str, SerializerProtocol], Opened]


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
        f"{what} cannot hold checkpoints.",
        "Name a file that ends in .sqlite or .db, or a postgresql:// or mysql:// address, in"
        " checkpoint_url (or CHECKPOINT_DB_URL).",
    )


def password_in(url: str) -> str:
    """The password a checkpoint URL carries; empty if it has none."""
    try:
        return unquote(urlsplit(url).password or "")
    except ValueError:
        return ""


@asynccontextmanager
async def open_checkpoints(url: str) -> AsyncIterator[BaseCheckpointSaver[str]]:
    """A checkpoint store that is closed at the end.

    Args:
        url: see `sqlite_path`; or `postgresql://...` or `mysql://...`, where `+driver` behind the
            scheme, as SQLAlchemy and the base package write it, makes no difference.

    Raises:
        NotConfigured: the URL names no store we can open, or it cannot be opened now.
    """
    # None: only what LangChain and LangGraph store themselves is ever made into objects again. A
    # store that somebody changed must not be able to run code here.
    serde = JsonPlusSerializer(allowed_msgpack_modules=None)
    async with _opener(url)(url, serde) as saver:
        yield saver


def _opener(url: str) -> Opener:
    """What opens a URL. Drivers are loaded here, so that nobody needs those of other databases."""
    scheme = url.partition("://")[0].partition("+")[0] if "://" in url else ""
    try:
        if scheme in _POSTGRES:
            from workers.agents.savers.postgres import open_postgres  # noqa: PLC0415 - see above

            return open_postgres
        if scheme in _MYSQL:
            from workers.agents.savers.mysql import open_mysql  # noqa: PLC0415 - see above

            return open_mysql
    except ImportError as error:
        extra = "postgres" if scheme in _POSTGRES else "mysql"
        raise NotConfigured(
            f"Checkpoints in a {scheme} database need packages that are not installed.",
            f"Install Signoff with its extra: pip install 'signoff[{extra}]'",
        ) from error
    path = sqlite_path(url)
    return lambda _url, serde: open_sqlite(path, serde)
