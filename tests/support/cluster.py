"""A real Cluster for tests: three primaries, on request with replicas, on 127.0.0.1.

The only place that puts servers together to a Cluster. Every test process has one without replicas,
empty at the start of each test (`cluster`); a test that kills nodes takes one for itself
(`own_cluster`), whose first primary has a replica.
"""

from __future__ import annotations

import contextlib
import itertools
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio.cluster import ClusterNode as AsyncClusterNode
from redis.asyncio.cluster import RedisCluster as AsyncRedisCluster

from tests.support.keys import leaked_keys
from tests.support.left_behind import stays_until_the_end
from tests.support.redis_server import RedisServer, free_port
from tests.support.waiting import TookTooLong, wait_until

PRIMARIES = 3
_SLOTS = 16384
#: A machine that runs tests is busy; who only swaps parts by hand must not be taken for dead.
_PATIENT_MS = 15_000
_HASTY_MS = 1000
_ASKED_TO_FAIL_OVER = 6


class Cluster:
    """Three primaries that share the slots; the first `replicas` of them have a replica each.

    Starts nothing before `start`.

    Attributes:
        folder: where they keep what they keep.
        nodes: the primaries as they were made, then the replicas.
    """

    def __init__(
        self,
        folder: Path,
        *,
        replicas: int = 0,
        keeps_data: bool = False,
        settings: Sequence[str] = (),
        node_timeout_ms: int = _PATIENT_MS,
    ) -> None:
        """Describe one.

        Args:
            node_timeout_ms: a node that is silent for so long is replaced by its replica.
        """
        self._password = secrets.token_urlsafe(18)
        self.folder = folder
        self._replicas = replicas
        self._keeps_data = keeps_data
        self._settings = (*settings, f"cluster-node-timeout {node_timeout_ms}")
        self.nodes: list[RedisServer] = []

    def start(self) -> None:
        """Start the nodes, and wait until they are a Cluster."""
        for number in range(PRIMARIES + self._replicas):
            self.nodes.append(self._start(self.folder / str(number)))
        for number, node in enumerate(self.nodes):
            self._share(number, node)
        wait_until(self._is_known_to_all, "the nodes to know each other", may_block_loop=True)
        for replica, primary in zip(self.nodes[PRIMARIES:], self.nodes, strict=False):
            self._follow(replica, primary)
        wait_until(self.is_well, "the Cluster to be up", may_block_loop=True)

    @property
    def url(self) -> str:
        return self._url(f":{self._password}@")

    @property
    def url_without_password(self) -> str:
        return self._url("")

    def async_client(self) -> Any:  # noqa: ANN401 - as the sync one, untyped
        """A client for a loop, of the stock kind; close it, or use `async with`."""
        nodes = [AsyncClusterNode("127.0.0.1", node.port) for node in self.nodes]
        return AsyncRedisCluster(
            startup_nodes=nodes,
            password=self._password,
            decode_responses=True,
            protocol=2,
            socket_timeout=5,
        )

    def alive(self) -> list[RedisServer]:
        return [node for node in self.nodes if node.is_running]

    def holder(self, key: str) -> RedisServer:
        """The node that holds a key now."""
        with self.alive()[0].client() as client:
            slot = client.cluster("keyslot", key)
            for first, last, primary, *_ in client.cluster("slots"):
                if first <= slot <= last:
                    return next(node for node in self.nodes if node.port == primary[1])
        raise AssertionError(f"nobody holds {key}")

    @contextlib.contextmanager
    def moving(self, key: str, old: RedisServer, new: RedisServer) -> Iterator[None]:
        """The slot of a key is on its way in the block, the key at its end; then both are there."""
        slot = self.slot(key)
        with old.client() as source, new.client() as target:
            names = {
                node: c.execute_command("CLUSTER MYID")
                for node, c in ((old, source), (new, target))
            }
            target.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", names[old])
            source.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", names[new])
            yield
            left = source.execute_command("CLUSTER GETKEYSINSLOT", slot, 100)
            options = ("0", 5000, "AUTH", self._password, "KEYS")
            source.execute_command("MIGRATE", "127.0.0.1", new.port, "", *options, *left)
            for client in (target, source):
                client.execute_command("CLUSTER SETSLOT", slot, "NODE", names[new])

    def name_on(self, node: RedisServer, key: Callable[[str], str]) -> str:
        """A name whose key lies on a node."""
        names = (f"name-{number}" for number in itertools.count())
        return next(name for name in names if self.holder(key(name)) is node)

    def wait_for_replica(self) -> None:
        """Until the replica has all that was written to the first primary so far."""
        with self.nodes[0].client() as client:
            assert client.wait(1, 5000) == 1

    def fail_over(self, number: int = 0) -> None:
        """Let a primary and its replica swap their parts, with everybody alive. Loses nothing."""
        pair = (self.nodes[number], self.nodes[PRIMARIES + number])
        replica = next(node for node in pair if not _is_primary(node))
        for _ in range(_ASKED_TO_FAIL_OVER):
            with contextlib.suppress(TookTooLong), replica.client() as client:
                # It refuses as long as it has not everything.
                wait_until(lambda: client.cluster("failover"), "it to begin", may_block_loop=True)
                # Then it has given up: others vote for a shard once in two times the node timeout.
                wait_until(lambda: _is_primary(replica), "a failover", 5, may_block_loop=True)
                return
        raise AssertionError("the replica does not take over")

    def wait_for_failover(self) -> None:
        """Until the first replica is a primary, for everybody that runs."""
        wait_until(self._is_taken_over, "a failover", 20, may_block_loop=True)

    def slot(self, key: str) -> int:
        with self.nodes[0].client() as client:
            return int(client.cluster("keyslot", key))

    def is_well(self) -> bool:
        """Whether every node that runs says that all slots are served."""
        return all(_ask(node, "INFO")["cluster_state"] == "ok" for node in self.alive())

    def flush(self) -> None:
        """Forget everything, also who was connected and what scripts were loaded."""
        for node in self.nodes:
            node.flush()

    def stop(self) -> None:
        for node in self.alive():
            node.kill()

    def _url(self, login: str) -> str:
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"redis+cluster://{login}{hosts}"

    def _start(self, folder: Path) -> RedisServer:
        folder.mkdir()
        settings = (
            "cluster-enabled yes",
            # As a rule it is 10,000 ports further up, where there may be none.
            f"cluster-port {free_port()}",
            f"masterauth {self._password}",
            "repl-diskless-sync-delay 0",
            *self._settings,
        )
        return RedisServer(
            folder, keeps_data=self._keeps_data, password=self._password, settings=settings
        )

    def _is_taken_over(self) -> bool:
        return _is_primary(self.nodes[PRIMARIES]) and self.is_well()

    def _share(self, number: int, node: RedisServer) -> None:
        with node.client() as client:
            client.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
            if number < PRIMARIES:
                first, last = (_SLOTS * n // PRIMARIES for n in (number, number + 1))
                client.execute_command("CLUSTER ADDSLOTSRANGE", first, last - 1)
            first_node = self.nodes[0]
            if node is not first_node:
                bus = next(line.split()[1] for line in first_node.settings if "-port" in line)
                client.execute_command("CLUSTER MEET", "127.0.0.1", first_node.port, bus)

    def _is_known_to_all(self) -> bool:
        count = str(len(self.nodes))
        return all(_ask(node, "INFO")["cluster_known_nodes"] == count for node in self.nodes)

    def _follow(self, replica: RedisServer, primary: RedisServer) -> None:
        with primary.client() as client:
            name = client.execute_command("CLUSTER MYID")
        with replica.client() as client:
            # It may have heard of the node, and not yet that it is a primary.
            wait_until(
                lambda: client.execute_command("CLUSTER REPLICATE", name),
                "the replica to follow",
                may_block_loop=True,
            )
            wait_until(
                lambda: client.info("replication")["master_link_status"] == "up",
                "the replica to have everything",
                may_block_loop=True,
            )


def _is_primary(node: RedisServer) -> bool:
    with node.client() as client:
        return bool(client.info("replication")["role"] == "master")


def _ask(node: RedisServer, what: str) -> dict[str, Any]:
    with node.client() as client:
        answer: dict[str, Any] = client.cluster(what)
    return answer


@pytest.fixture(scope="session")
def _cluster() -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="cluster-"))
    cluster = Cluster(folder)
    cluster.start()
    stays_until_the_end(*(node.pid for node in cluster.nodes), folder)
    yield cluster
    cluster.stop()
    shutil.rmtree(folder)


@pytest.fixture
def cluster(_cluster: Cluster) -> Iterator[Cluster]:
    """An empty Cluster; after the test, no key that would stay there for ever."""
    _cluster.flush()
    yield _cluster
    _fail_on_leaked_keys(_cluster)


@contextlib.contextmanager
def running_cluster(**options: Any) -> Iterator[Cluster]:  # noqa: ANN401 - see Cluster
    """A Cluster that keeps its data over the death of its nodes, for the time of the block."""
    with tempfile.TemporaryDirectory(prefix="own-cluster-") as folder:
        cluster = Cluster(Path(folder), keeps_data=True, **options)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """A Cluster of the test's own, to kill nodes of; the first primary has a replica."""
    with running_cluster(replicas=1, node_timeout_ms=_HASTY_MS) as cluster:
        yield cluster


def _fail_on_leaked_keys(cluster: Cluster) -> None:
    leaked: list[str] = []
    for node in cluster.nodes:
        with node.client() as client:
            leaked += leaked_keys(client)
    if leaked:
        pytest.fail(f"keys without an expiry that are not permanent: {leaked}", pytrace=False)
