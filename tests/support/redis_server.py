"""A real redis-server for tests: free port, random password, its files in a folder of its own.

The only place that starts a broker for tests. Every test process (pytest-xdist worker) has one,
empty at the start of each test (`redis_url`); a test that stops or restarts a broker takes one
for itself (`own_redis`).
"""

from __future__ import annotations

import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import redis

from tests.support.keys import leaked_keys
from tests.support.left_behind import stays_until_the_end
from tests.support.waiting import wait_until

_START_SECONDS = 10
_STOP_SECONDS = 10
#: Somebody else may take the port between our asking for it and the server's binding it.
_START_ATTEMPTS = 5


class RedisServer:
    """One redis-server on 127.0.0.1.

    Attributes:
        port: stays the same over `restart`.
        password: random; the server refuses everybody without it.
        folder: its configuration, log and data.
    """

    def __init__(
        self,
        folder: Path,
        *,
        keeps_data: bool = False,
        binary: str = "redis-server",
        is_cluster: bool = False,
        is_sentinel: bool = False,
        password: str = "",
        settings: Sequence[str] = (),
    ) -> None:
        """Start a server and wait until it answers.

        Args:
            keeps_data: survive `restart` and `kill`, as the broker of a real installation does.
            binary: the program, when it is not to be the `redis-server` of this machine.
            is_cluster: a Cluster of one node: it refuses scripts that leave their slot.
            is_sentinel: it keeps no data, and watches over servers that `settings` name.
            password: random unless given; servers that know each other share one.
            settings: further lines of its configuration.
        """
        self._binary = binary
        self._is_cluster = is_cluster
        self._mode = ["--sentinel"] if is_sentinel else []
        self.folder = folder
        self.password = password or secrets.token_urlsafe(18)
        self.settings = settings
        self.port = 0
        self._keeps_data = keeps_data
        self._process: subprocess.Popen[bytes] | None = None
        for attempt in range(1, _START_ATTEMPTS + 1):
            self.port = free_port()
            try:
                self.start()
            except PortTaken:
                if attempt == _START_ATTEMPTS:
                    raise
            else:
                return

    @property
    def url(self) -> str:
        return self.url_at(self.port)

    @property
    def url_without_password(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def url_at(self, port: int) -> str:
        """The URL of this server behind a proxy that listens on `port`."""
        return f"redis://:{self.password}@127.0.0.1:{port}/0"

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def client(self) -> redis.Redis:
        """A client for looking at what the code under test left; close it, or use `with`."""
        return redis.Redis(
            port=self.port,
            password=self.password,
            decode_responses=True,
            socket_timeout=None,
            protocol=2,
        )

    def start(self) -> None:
        """Start it on its port and wait until it answers.

        Raises:
            PortTaken: another process has the port.
        """
        configuration = self.folder / "redis.conf"
        configuration.write_text(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\n"
            f'dir {self.folder}\nlogfile {self.folder / "redis.log"}\nsave ""\n'
            f"appendonly {'yes' if self._keeps_data else 'no'}\nappendfsync always\n"
            # Its bus would be 10,000 ports further up, where there may be none.
            + (f"cluster-enabled yes\ncluster-port {free_port()}\n" if self._is_cluster else "")
            + "".join(f"{line}\n" for line in self.settings)
        )
        self._process = subprocess.Popen(
            [program(self._binary), str(configuration), *self._mode],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(
            self._answers,
            f"redis-server on port {self.port} to answer",
            _START_SECONDS,
            may_block_loop=True,
        )

    def stop(self) -> None:
        """Shut it down in good order; nothing happens when it is not running."""
        if self._process is not None:
            self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop and start it on the same port with the same password."""
        self.stop()
        self.start()

    def flush(self) -> None:
        """Forget everything, also who was connected and what scripts were loaded."""
        with self.client() as client:
            client.flushall()
            client.script_flush()

    def _end(self, how: signal.Signals) -> None:
        process = self._running()
        process.send_signal(how)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        finally:
            self._process = None

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "this redis-server is not running"
        return self._process

    def _answers(self) -> bool:
        if self._running().poll() is not None:
            self._process = None
            log = (self.folder / "redis.log").read_text()
            if "Address already in use" in log:
                raise PortTaken(str(self.port))
            pytest.fail(f"redis-server ended while starting:\n{log[-2000:]}")
        with self.client() as client:
            if self._is_cluster and client.cluster("info")["cluster_slots_assigned"] != "16384":
                client.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
            is_ready = not self._is_cluster or client.cluster("info")["cluster_state"] == "ok"
            return is_ready and bool(client.ping())


class PortTaken(BaseException):
    """The port went to somebody else; not an `Exception`, so that waiting for it ends at once."""


def free_port() -> int:
    """A port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def program(name: str) -> str:
    """The path of an installed program.

    Raises:
        Failed: it is not installed; the message says what installs it.
    """
    path = shutil.which(name)
    if path is None:
        pytest.fail(f"{name} is missing: run `make setup-tests`", pytrace=False)
    return path


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """The broker of this test process. Take `redis_url` unless you need more than its address."""
    folder = Path(tempfile.mkdtemp(prefix="redis-"))
    server = RedisServer(folder)
    stays_until_the_end(server.pid, folder)
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture
def no_leaked_keys(redis_server: RedisServer) -> Iterator[None]:
    """An empty broker before the test; after it, no key that would stay there for ever."""
    redis_server.flush()
    yield
    fail_on_leaked_keys(redis_server)


def fail_on_leaked_keys(server: RedisServer) -> None:
    with server.client() as client:
        leaked = leaked_keys(client)
    if leaked:
        pytest.fail(f"keys without an expiry that are not permanent: {leaked}", pytrace=False)


@pytest.fixture
def redis_url(redis_server: RedisServer, no_leaked_keys: None) -> str:
    """The address, with password, of a broker that is empty."""
    return redis_server.url


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A broker of the test's own, to stop, restart and kill; it keeps its data over that."""
    with tempfile.TemporaryDirectory(prefix="own-redis-") as folder:
        server = RedisServer(Path(folder), keeps_data=True)
        try:
            yield server
            if server.is_running:
                fail_on_leaked_keys(server)
        finally:
            server.stop()
