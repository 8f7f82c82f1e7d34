"""Real database servers for tests: Postgres and MariaDB, on free ports, in folders of their own.

The only place that starts them. Every test process has one of each, started when a test first asks
for it; each test gets an empty database. One that stops or fills a server takes one for itself.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest

from tests.support.left_behind import stays_until_the_end
from tests.support.redis_server import free_port, program
from tests.support.waiting import wait_until

_START_SECONDS = 30
_STOP_SECONDS = 20
#: Somebody else may take the port between our asking for it and the server's binding it.
_START_ATTEMPTS = 5
_USER = "signoff"
_MOST_CONNECTIONS = 60


class Ended(BaseException):
    """A server ended while it started; not an `Exception`, so that waiting for it ends at once."""


class DatabaseServer(ABC):
    """One server on 127.0.0.1.

    Attributes:
        port: stays the same over `start`.
        password: of its one user.
        folder: its log and data.
    """

    #: Of its addresses.
    scheme: str
    #: Ends it and its children at once.
    ending = signal.SIGKILL
    #: The account it runs as when the tests run as root; "" for ours.
    account = ""

    def __init__(self, folder: Path, most_connections: int = _MOST_CONNECTIONS) -> None:
        """Make a server in an empty folder, start it, and wait until it answers."""
        self.folder = folder
        self.password = secrets.token_urlsafe(9)
        self.port = 0
        self.most_connections = most_connections
        self._process: subprocess.Popen[bytes] | None = None
        self._made = 0
        self.make()
        for attempt in range(1, _START_ATTEMPTS + 1):
            self.port = free_port()
            try:
                self.start()
            except Ended:
                if attempt == _START_ATTEMPTS:
                    raise
            else:
                return

    @property
    def pid(self) -> int:
        assert self._process is not None, "this server is not running"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None

    def url(self, database: str, *, password: str | None = None, user: str = _USER) -> str:
        """The address of a database."""
        password = self.password if password is None else password
        return f"{self.scheme}://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """Make an empty database, and return its address."""
        self._made += 1
        name = f"test_{self._made}"
        self.run(f"CREATE DATABASE {name}")
        return self.url(name)

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            Ended: it ended instead.
        """
        log = (self.folder / "log").open("ab")
        with log:
            self._process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.as_whom()
            )
        what = f"{self.scheme} on port {self.port} to answer"
        wait_until(self._answers, what, _START_SECONDS, may_block_loop=True)

    def stop(self) -> None:
        """End it as a power cut would; nothing happens when it is not running."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(self.ending)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def as_whom(self) -> dict[str, Any]:
        """Arguments for a child that may not be root."""
        if os.geteuid() != 0 or not self.account:
            return {"cwd": self.folder}
        return {"cwd": self.folder, "user": self.account, "group": self.account, "extra_groups": []}

    def _answers(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            self._process = None
            raise Ended((self.folder / "log").read_text()[-2000:])
        self.run("SELECT 1")
        return True

    @abstractmethod
    def make(self) -> None:
        """Make its files."""

    @abstractmethod
    def command(self) -> Sequence[str]:
        """What starts it."""

    @abstractmethod
    def run(self, statement: str, database: str = "") -> list[tuple[Any, ...]]:
        """Run a statement as its administrator, and return the rows."""


class PostgresServer(DatabaseServer):
    """A Postgres that writes nothing through to the disk."""

    scheme = "postgresql"
    account = "postgres"  # it refuses to run as root
    ending = signal.SIGQUIT

    def make(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self.password)
        if os.geteuid() == 0:
            owner = pwd.getpwnam(self.account)
            for path in (self.folder, secret):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        subprocess.run(
            [
                _postgres("initdb"), "-D", "data", "-U", _USER, "-E", "UTF8", "--locale=C",
                "--auth=scram-sha-256", f"--pwfile={secret}", "--no-sync", "--no-instructions",
            ],
            check=True, capture_output=True, **self.as_whom(),
        )  # fmt: skip

    def command(self) -> Sequence[str]:
        settings = {
            "autovacuum": "off",
            "fsync": "off",
            "listen_addresses": "127.0.0.1",
            "max_connections": self.most_connections,
            "port": self.port,
            "shared_buffers": "16MB",
            "superuser_reserved_connections": 1,
            "unix_socket_directories": self.folder,
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [_postgres("postgres"), "-D", "data", *options]

    def run(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


class MariaServer(DatabaseServer):
    """A MariaDB that writes nothing through to the disk."""

    scheme = "mysql"

    def make(self) -> None:
        (self.folder / "data").mkdir()
        statements = ["CREATE DATABASE mysql;", "USE mysql;", "SET @auth_root_socket = NULL;"]
        for name in ("mysql_system_tables.sql", "mysql_system_tables_data.sql"):
            [script] = list(Path("/usr/share").glob(f"m[ya]*/{name}"))[:1]
            statements.append(script.read_text())
        subprocess.run(
            [*self._begin(), "--bootstrap"],
            input="\n".join(statements).encode(), check=True, capture_output=True, cwd=self.folder,
        )  # fmt: skip
        (self.folder / "init.sql").write_text(
            f"CREATE OR REPLACE USER {_USER}@'%' IDENTIFIED BY '{self.password}';\n"
            f"GRANT ALL ON *.* TO {_USER}@'%' WITH GRANT OPTION;\n"
        )

    def command(self) -> Sequence[str]:
        options = {
            "bind-address": "127.0.0.1",
            "init-file": self.folder / "init.sql",
            "max-connections": self.most_connections,
            "port": self.port,
            "socket": self.folder / "socket",
        }
        return [*self._begin(), *(f"--{name}={value}" for name, value in options.items())]

    def _begin(self) -> list[str]:
        options = {
            "datadir": self.folder / "data",
            "innodb-buffer-pool-size": "16M",
            "innodb-flush-log-at-trx-commit": 2,  # survives a kill, not a power cut
            "innodb-flush-method": "nosync",
            "innodb-log-file-size": "8M",
        }
        # It runs as root only when it is told to.
        account = ["--user=root"] if os.geteuid() == 0 else []
        words = [f"--{name}={value}" for name, value in options.items()]
        return [_server("mariadbd"), "--no-defaults", *account, *words]

    def run(self, statement: str, database: str = "") -> list[tuple[Any, ...]]:
        connection = pymysql.connect(
            host="127.0.0.1", port=self.port, user=_USER, password=self.password,
            database=database or None, autocommit=True,
        )  # fmt: skip
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())


def _postgres(name: str) -> str:
    """A program of the newest Postgres; Debian keeps them outside of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=_version)
    return str(found[-1]) if found else program(name)


def _version(path: Path) -> int:
    return int(path.parts[-3]) if path.parts[-3].isdigit() else 0


def _server(name: str) -> str:
    """A server's program; the folders of an administrator may be missing in PATH."""
    return shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin") or program(name)


@contextmanager
def _running(
    kind: Callable[..., DatabaseServer],
    **options: Any,  # noqa: ANN401 - see DatabaseServer
) -> Iterator[DatabaseServer]:
    # Not in the tests' own folder, which only we may enter.
    folder = Path(
        tempfile.mkdtemp(prefix="signoff-db-", dir=os.environ["TESTS_OF_SIGNOFF_REAL_TEMP"])
    )
    try:
        server = kind(folder, **options)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[DatabaseServer]:
    """The Postgres of this test process; take `new_database` of it."""
    with _running(PostgresServer) as server:
        stays_until_the_end(server.pid)
        yield server


@pytest.fixture(scope="session")
def maria_server() -> Iterator[DatabaseServer]:
    """The MariaDB of this test process; take `new_database` of it."""
    with _running(MariaServer) as server:
        stays_until_the_end(server.pid)
        yield server


@pytest.fixture(scope="module")
def small_postgres() -> Iterator[DatabaseServer]:
    """A Postgres with few connections, for tests that stop and start it."""
    with _running(PostgresServer, most_connections=8) as server:
        stays_until_the_end(server.pid)
        yield server


@pytest.fixture(scope="module")
def small_maria() -> Iterator[DatabaseServer]:
    """A MariaDB with few connections, for tests that stop and start it."""
    with _running(MariaServer, most_connections=10) as server:
        stays_until_the_end(server.pid)
        yield server
