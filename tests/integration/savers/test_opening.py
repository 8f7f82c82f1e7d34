"""A store that cannot be opened says why, what to do about it, and no password."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.databases import DatabaseServer
from tests.support.redis_server import free_port
from workers.agents.checkpoints import open_checkpoints, password_in
from workers.agents.savers.mysql_address import read_address
from workers.errors import NotConfigured

SECRET = "s3cret-word"


async def refusal(url: str) -> NotConfigured:
    """What opening a store is answered with."""
    with pytest.raises(NotConfigured) as caught:
        async with open_checkpoints(url):
            pytest.fail("it was opened")
    said = f"{caught.value} {caught.value.__cause__ or ''}"
    assert SECRET not in said
    assert caught.value.title.endswith(".")
    return caught.value


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "mysql", "mysql+aiomysql"])
async def test_nobody_is_there(scheme: str) -> None:
    """Host and port are named; they are what is usually wrong."""
    port = free_port()

    error = await refusal(f"{scheme}://user:{SECRET}@127.0.0.1:{port}/agents")

    assert f"127.0.0.1:{port} does not answer" in error.title


@pytest.fixture(params=["postgres_server", "maria_server"])
def server(request: pytest.FixtureRequest) -> DatabaseServer:
    """A server of each kind."""
    found: DatabaseServer = request.getfixturevalue(request.param)
    return found


async def test_a_wrong_password(server: DatabaseServer) -> None:
    """It differs from a server that is away."""
    error = await refusal(server.url("postgres", password=SECRET))

    assert "refused the user name or the password" in error.title


async def test_no_password_at_all(server: DatabaseServer) -> None:
    """Forgotten in the address."""
    error = await refusal(server.url("postgres", password=""))

    assert "refused the user name or the password" in error.title


async def test_a_database_that_nobody_made(server: DatabaseServer) -> None:
    """It is not made for you: who may use it is for its owner to say."""
    error = await refusal(server.url("no_such_database"))

    assert "does not have this database" in error.title


@pytest.fixture
def reader(server: DatabaseServer) -> Iterator[str]:
    """The address of a database in which its user may not make tables."""
    database = server.new_database().rpartition("/")[2]
    statements = {
        "postgresql": (
            f"CREATE ROLE reader LOGIN PASSWORD '{SECRET}'",
            f"GRANT CONNECT ON DATABASE {database} TO reader",
        ),
        "mysql": (
            f"CREATE USER reader@'%' IDENTIFIED BY '{SECRET}'",
            f"GRANT SELECT ON {database}.* TO reader@'%'",
        ),
    }
    for statement in statements[server.scheme]:
        server.run(statement)
    yield server.url(database, user="reader", password=SECRET)
    if server.scheme == "postgresql":
        server.run(f"REVOKE CONNECT ON DATABASE {database} FROM reader")
    server.run(f"DROP {'ROLE' if server.scheme == 'postgresql' else 'USER'} reader")


async def test_a_user_who_may_only_read(reader: str) -> None:
    """The right that is missing is named."""
    error = await refusal(reader)

    assert "does not let this user make tables" in error.title


NONSENSE = {
    "port": "postgresql://user:{secret}@db:port/agents",
    "option": "postgresql://user:{secret}@db/agents?no_such_option=1",
    "mysql port": "mysql://user:{secret}@db:port/agents",
    "mysql without database": "mysql://user:{secret}@db",
    "mysql option": "mysql://user:{secret}@db/agents?no_such_option=1",
    "mysql certificates": "mysql://user:{secret}@db/agents?ssl_ca=/no/such/file",
    "brackets": "mysql://user:{secret}@[db/agents",
    "another kind": "oracle://user:{secret}@db/agents",
}


@pytest.mark.parametrize("url", NONSENSE.values(), ids=NONSENSE)
async def test_an_address_that_makes_no_sense(url: str) -> None:
    """It is refused before anybody is called."""
    error = await refusal(url.format(secret=SECRET))

    assert error.hint


async def test_a_password_with_special_characters(server: DatabaseServer) -> None:
    """They are written as in any URL, with percent signs."""
    user = f"odd_{free_port()}"
    word = "p@ss:w/rd %41"
    if server.scheme == "postgresql":
        server.run(f"CREATE ROLE {user} SUPERUSER LOGIN PASSWORD '{word}'")
    else:
        server.run(f"CREATE USER {user}@'%' IDENTIFIED BY '{word}'")
        server.run(f"GRANT ALL ON *.* TO {user}@'%'")
    database = server.new_database().rpartition("/")[2]
    written = "p%40ss%3Aw%2Frd%20%2541"

    url = server.url(database, user=user, password=written)
    async with open_checkpoints(url) as saver:
        assert await saver.aget_tuple({"configurable": {"thread_id": "t"}}) is None
    assert password_in(url) == word


@pytest.mark.parametrize(
    ("scheme", "package", "extra"),
    [
        ("postgresql", "psycopg_pool", "postgres"),
        ("mysql", "aiomysql", "mysql"),
        ("mysql+aiomysql", "langgraph.checkpoint.mysql.aio", "mysql"),
    ],
)
async def test_without_its_extra_the_command_to_install_it_is_named(
    monkeypatch: pytest.MonkeyPatch, scheme: str, package: str, extra: str
) -> None:
    """Everybody else does without these packages."""
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"workers.agents.savers.{extra}", raising=False)

    error = await refusal(f"{scheme}://user:{SECRET}@db/agents")

    assert f"signoff[{extra}]" in error.hint


async def test_a_file_that_holds_something_else(tmp_path: Path) -> None:
    """It is left as it is."""
    file = tmp_path / "notes.db"
    file.write_text("not a database " * 100)

    error = await refusal(str(file))

    assert "notes.db cannot be used" in error.title
    assert file.read_text().startswith("not a database")


async def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A file stands in its way."""
    (tmp_path / "file").touch()

    error = await refusal(str(tmp_path / "file" / "checkpoints.sqlite"))

    assert "cannot be made" in error.title


def test_the_base_packages_spelling_of_a_socket() -> None:
    """Its addresses are taken over as they are; no part of them is shown but the place."""
    address = read_address(f"mysql+aiomysql://user:{SECRET}@localhost/agents?unix_socket=/run/my")

    assert (address.place, address.database, address.password) == ("/run/my", "agents", SECRET)
    assert SECRET not in repr(address)
    assert "user" not in repr(address)


def test_an_address_without_a_password_hides_nothing() -> None:
    """Else every empty text would be cut out of messages."""
    assert password_in("postgresql://db/agents") == ""
    assert password_in("postgresql://[db") == ""
