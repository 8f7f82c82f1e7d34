"""Addresses of MySQL databases, as we and the base package write them.

The only place that takes one apart. No message holds any part of one but host and port.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from workers.errors import NotConfigured

_EXAMPLE = "Example: mysql://user:password@host:3306/database (%-encode special characters)."
_PORT = 3306


@dataclass(frozen=True, slots=True)
class MySQLAddress:
    """Where a database is, and who we are there.

    Attributes:
        unix_socket: of a server on this host; then host and port do not count.
        ssl_ca: file with the certificates to trust; "true" for those of the system, "" for no TLS.
    """

    host: str
    port: int
    database: str
    user: str = field(repr=False)
    password: str = field(repr=False)
    unix_socket: str = ""
    ssl_ca: str = ""

    @property
    def place(self) -> str:
        """What a message may say of it."""
        return self.unix_socket or f"{self.host}:{self.port}"

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What the driver is given.

        Raises:
            NotConfigured: the certificates cannot be read.
        """
        return {
            "host": self.host,
            "port": self.port,
            "db": self.database,
            "user": self.user or None,
            "password": self.password,
            "unix_socket": self.unix_socket or None,
            "ssl": _tls(self.ssl_ca) if self.ssl_ca else None,
        }


def read_address(url: str) -> MySQLAddress:
    """Take `mysql://user:password@host:port/database?unix_socket=...&ssl_ca=...` apart.

    Raises:
        NotConfigured: it is no such address.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _PORT
    except ValueError:
        raise _nonsense("its host or port cannot be read") from None
    options = dict(parse_qsl(parts.query))
    unknown = sorted(options.keys() - {"unix_socket", "ssl_ca"})
    if unknown:
        raise _nonsense(f"{unknown[0]!r} is no option of it")
    if len(parts.path) < 2 or "/" in parts.path[1:]:
        raise _nonsense("it names no database")
    return MySQLAddress(
        host=parts.hostname or "localhost",
        port=port,
        database=unquote(parts.path[1:]),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        unix_socket=options.get("unix_socket", ""),
        ssl_ca=options.get("ssl_ca", ""),
    )


def _nonsense(why: str) -> NotConfigured:
    return NotConfigured(
        f"The address of the MySQL database for checkpoints makes no sense: {why}.", _EXAMPLE
    )


def _tls(ssl_ca: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=None if ssl_ca == "true" else ssl_ca)
    except OSError as error:
        raise NotConfigured(
            f"The certificates in {ssl_ca} cannot be read: {error.strerror}.",
            "Check ssl_ca in checkpoint_url.",
        ) from error
