"""Addresses of brokers: checked, and parted from their passwords.

The only place that takes a broker's URL apart. Nothing here needs the client, so that a window can
open before it is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
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


class Topology(StrEnum):
    """How a broker is run; the value is what its scheme ends with."""

    SINGLE = ""
    SENTINEL = "+sentinel"
    CLUSTER = "+cluster"


_DEFAULT_PORTS = {Topology.SENTINEL: 26379, Topology.CLUSTER: 6379}
_EXAMPLES = {
    Topology.SINGLE: "redis://127.0.0.1:6379/0",
    Topology.SENTINEL: "redis+sentinel://host-1:26379,host-2:26379/service/0",
    Topology.CLUSTER: "redis+cluster://host-1:6379,host-2:6379",
}


@dataclass(frozen=True, slots=True)
class Address:
    """A broker's address, taken apart.

    Attributes:
        hosts: where the Sentinels, or some nodes of the Cluster, listen; empty for one server.
        service: what the Sentinels call the broker; empty elsewhere.
        url: login, database and options as the address of one server has them. With Sentinels or
            a Cluster its host is the first of `hosts`, to be replaced by that of a server.
    """

    topology: Topology
    hosts: tuple[tuple[str, int], ...]
    service: str
    url: str = field(repr=False)


class _BadAddress(ValueError):
    """What is wrong with an address, and how one of its kind looks."""

    def __init__(self, what: str, topology: Topology) -> None:
        super().__init__(what)
        self.example = _EXAMPLES[topology]


def split_password(url: str) -> tuple[str, str]:
    """Take the password out of a broker URL.

    Returns:
        The URL without it, and the password (empty if there was none).

    Raises:
        BrokerRefused: not a broker URL.
    """
    read_address(url)
    parts = urlsplit(url)
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


def read_address(url: str) -> Address:
    """Take a broker URL apart.

    Raises:
        BrokerRefused: it is none, or has options that no broker address has.
    """
    with address_errors():
        parts = urlsplit(url)
        kind, plus, _ = parts.scheme.partition("+")
        try:
            topology = Topology(parts.scheme.removeprefix(kind))
        except ValueError:
            raise ValueError(f"nothing is run as {parts.scheme!r}") from None
        known = {"redis", "rediss"} if plus else {"redis", "rediss", "unix"}
        host = parts.netloc.rpartition("@")[2]
        if kind not in known or not (host or (kind == "unix" and parts.path)):
            raise _BadAddress(f"it must look like {_EXAMPLES[topology]}", topology)
        for name, _value in parse_qsl(parts.query, keep_blank_values=True):
            if name not in _OPTIONS or (name.startswith("ssl_") and kind != "rediss"):
                raise _BadAddress(f"{name!r} is no option of it", topology)
        if topology is Topology.SINGLE:
            _ = parts.port  # raises on a port that is no number
            return Address(topology, (), "", url)
        return _several(parts, kind, topology, host)


def _several(parts: SplitResult, kind: str, topology: Topology, host: str) -> Address:
    hosts = tuple(_host(one, topology) for one in host.split(","))
    service, database = _path(parts.path, topology)
    if topology is Topology.CLUSTER and dict(parse_qsl(parts.query)).get("db", "0") != "0":
        raise _BadAddress("a Cluster has one database only, 0", topology)
    user, at, _ = parts.netloc.rpartition("@")
    first = host.partition(",")[0]
    one = parts._replace(scheme=kind, netloc=f"{user}{at}{first}", path=f"/{database}")
    return Address(topology, hosts, service, one.geturl())


def _host(text: str, topology: Topology) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text}")
        port = parts.port
    except ValueError as error:
        raise _BadAddress(f"{text!r} is no host and port ({error})", topology) from error
    if not parts.hostname:
        raise _BadAddress("a host is missing between two commas", topology)
    return parts.hostname, port or _DEFAULT_PORTS[topology]


def _path(path: str, topology: Topology) -> tuple[str, str]:
    """The service and the number of the database that a path names."""
    if topology is Topology.CLUSTER:
        if path.strip("/") not in {"", "0"}:
            raise _BadAddress("a Cluster has one database only, 0", topology)
        return "", "0"
    service, _, database = path.removeprefix("/").partition("/")
    if not service:
        raise _BadAddress("it does not say what the Sentinels call the broker", topology)
    if database and not database.isdecimal():
        raise _BadAddress(f"{database!r} is no number of a database", topology)
    return unquote(service), database or "0"


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
        example = error.example if isinstance(error, _BadAddress) else _EXAMPLES[Topology.SINGLE]
        raise BrokerRefused(
            f"This is not a broker address: {error}.", f"Example: {example}"
        ) from error
