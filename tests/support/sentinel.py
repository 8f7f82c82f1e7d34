"""A real Sentinel for tests, over one primary and its replica on 127.0.0.1.

The only place that starts one. A test kills the primary and waits until the replica has taken its
place (`watched`).
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.redis_server import RedisServer, free_port
from tests.support.waiting import wait_until

SERVICE = "signoff"
#: So long the primary must be silent until it counts as gone (ms).
_DOWN_AFTER_MS = 500


class Watched:
    """A primary, its replica and a Sentinel; all ask for the same password.

    Attributes:
        servers: the primary as it was at first, then its replica.
    """

    def __init__(self, folder: Path) -> None:
        self._password = secrets.token_urlsafe(18)
        self._folder = folder
        self._started: list[RedisServer] = []

    def start(self) -> None:
        """Start all three, and wait until the Sentinel knows both others."""
        shared = (f"masterauth {self._password}", "repl-diskless-sync-delay 0")
        first = self._start("first", shared, keeps_data=True)
        follows = f"replicaof 127.0.0.1 {first.port}"
        self.servers = [first, self._start("second", (*shared, follows), keeps_data=True)]
        # Before the Sentinel looks: it looks again only after ten seconds.
        wait_until(self._is_followed, "the replica to have everything", may_block_loop=True)
        self.sentinel = self._start(
            "sentinel",
            (
                f"sentinel monitor {SERVICE} 127.0.0.1 {first.port} 1",
                f"sentinel auth-pass {SERVICE} {self._password}",
                f"sentinel down-after-milliseconds {SERVICE} {_DOWN_AFTER_MS}",
                f"sentinel failover-timeout {SERVICE} 3000",
            ),
            is_sentinel=True,
        )
        wait_until(self._is_complete, "the Sentinel to know the replica", may_block_loop=True)

    @property
    def url(self) -> str:
        """The first Sentinel it names is not there; the others are asked."""
        hosts = f"127.0.0.1:{free_port()},127.0.0.1:{self.sentinel.port}"
        return f"redis+sentinel://:{self._password}@{hosts}/{SERVICE}/0"

    @property
    def primary(self) -> RedisServer:
        """The server that the Sentinel calls the primary."""
        with self.sentinel.client() as client:
            _, port = client.sentinel_get_master_addr_by_name(SERVICE)
        return next(server for server in self.servers if server.port == int(port))

    def wait_for_replica(self) -> None:
        """Until the replica has all that was written so far."""
        with self.primary.client() as client:
            assert client.wait(1, 5000) == 1

    def wait_for_failover(self, gone: RedisServer) -> None:
        """Until another server than the one that is gone takes writes."""
        wait_until(lambda: self._is_led(gone), "a failover", 20, may_block_loop=True)

    def is_replica(self, server: RedisServer) -> bool:
        with server.client() as client:
            return bool(client.info("replication")["role"] == "slave")

    def stop(self) -> None:
        """Stop what was started, the Sentinel first."""
        for server in reversed(self._started):
            if server.is_running:
                server.kill()

    def _start(
        self,
        name: str,
        settings: tuple[str, ...],
        *,
        keeps_data: bool = False,
        is_sentinel: bool = False,
    ) -> RedisServer:
        folder = self._folder / name
        folder.mkdir()
        server = RedisServer(
            folder,
            keeps_data=keeps_data,
            is_sentinel=is_sentinel,
            password=self._password,
            settings=settings,
        )
        self._started.append(server)
        return server

    def _is_followed(self) -> bool:
        with self.servers[1].client() as client:
            return bool(client.info("replication")["master_link_status"] == "up")

    def _is_complete(self) -> bool:
        with self.sentinel.client() as client:
            replicas = client.sentinel_slaves(SERVICE)
        return [one["master-link-status"] for one in replicas] == ["ok"]

    def _is_led(self, gone: RedisServer) -> bool:
        if self.primary is gone:
            return False
        return not self.is_replica(self.primary)


@pytest.fixture
def watched() -> Iterator[Watched]:
    """A primary and a replica of the test's own, with a Sentinel."""
    with tempfile.TemporaryDirectory(prefix="sentinel-") as folder:
        watched = Watched(Path(folder))
        try:
            watched.start()
            yield watched
        finally:
            watched.stop()
