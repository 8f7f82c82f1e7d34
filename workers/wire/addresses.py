"""Addresses of brokers: checked, and parted from their passwords.

The only place that takes a broker's URL apart. Nothing here needs the client, so that a window can
open before it is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from workers.wire.errors import BrokerRefused

#: Options an address may carry; others would reach the client's constructor as they are.
_OPTIONS = frozenset(
    (
        "client_name",
        "db",
        "password",
        "ssl_ca_certs",
        "ssl_cert_reqs",
        "ssl_certfile",
        "ssl_check_hostname",
        "ssl_keyfile",
        "username",
    )
)


def split_password(url: str) -> tuple[str, str]:
    """Take the password out of a broker URL.

    Returns:
        The URL without it, and the password (empty if there was none).

    Raises:
        BrokerRefused: not a broker URL.
    """
    with address_errors():
        parts = address_parts(url)
    options = parse_qsl(parts.query, keep_blank_values=True)
    named = [value for name, value in options if name == "password"]
    query = urlencode([(name, value) for name, value in options if name != "password"])
    bare = _joined(parts, f"{parts.username}@" if parts.username else "", query)
    return bare, unquote(parts.password or "") or "".join(named[-1:])


def join_password(url: str, password: str) -> str:
    """Put a password into a broker URL."""
    parts = urlsplit(url)
    if not password:
        return url
    user = f"{parts.username or ''}:{quote(password, safe='')}@"
    return _joined(parts, user, parts.query)


def address_parts(url: str) -> SplitResult:
    """The parts of a broker URL.

    Raises:
        ValueError: it is none, or has options that no broker address has.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"redis", "rediss", "unix"} or not (parts.hostname or parts.path):
        raise ValueError("it must look like redis://host:port/0")
    _ = parts.port  # raises on a port that is no number
    for name, _value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in _OPTIONS or (name.startswith("ssl_") and parts.scheme != "rediss"):
            raise ValueError(f"{name!r} is no option of it")
    return parts


def _joined(parts: SplitResult, user: str, query: str) -> str:
    # urlunsplit would drop the two slashes of unix:///path, which the client insists on.
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{user}{host}{parts.path}" + (f"?{query}" if query else "")


@contextmanager
def address_errors() -> Iterator[None]:
    """Turn a bad URL into `BrokerRefused`, with an example."""
    try:
        yield
    except ValueError as error:
        raise BrokerRefused(
            f"This is not a broker address: {error}.", "Example: redis://127.0.0.1:6379/0"
        ) from error
