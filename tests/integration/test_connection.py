"""What goes wrong on the way to a broker is told in words, each case in its own."""

from __future__ import annotations

import pytest

from tests.support.redis_server import RedisServer, free_port
from tests.support.strangers import Serve, hang_up, speak_first, speak_http, stranger
from workers.wire.addresses import join_password, split_password
from workers.wire.errors import BrokerError, BrokerRefused, BrokerUnreachable
from workers.wire.streams.connection import Connection


async def test_the_right_password_opens_the_broker(redis_url: str) -> None:
    """Entering it proves that the broker answers."""
    async with Connection(redis_url) as connection:
        assert await connection.client.ping()


async def test_no_password_is_told_from_a_wrong_one(redis_server: RedisServer) -> None:
    """One asks for it, the other asks for it again."""
    address = redis_server.url_without_password

    with pytest.raises(BrokerRefused, match="asks for a password"):
        await Connection(address).__aenter__()
    with pytest.raises(BrokerRefused, match="refused the user name or password"):
        await Connection(join_password(address, "wrong")).__aenter__()


@pytest.mark.parametrize("password", ["pa:ss/wo@rd#?&%41", "Größe € 100 %", "{}[]|\\^`\"'"])
async def test_a_password_of_any_characters_opens_the_broker(
    own_redis: RedisServer, password: str
) -> None:
    """It survives being taken out of the address, kept, and put back."""
    with own_redis.client() as client:
        client.acl_setuser("console", enabled=True, passwords=[f"+{password}"], commands=["+@all"])
    address = f"redis://console@127.0.0.1:{own_redis.port}/0"

    bare, kept = split_password(join_password(address, password))
    async with Connection(join_password(bare, kept)) as connection:
        assert await connection.client.ping()


async def test_nobody_at_the_port_is_worth_another_try() -> None:
    """The address is named, and the hint says what to check."""
    with pytest.raises(BrokerUnreachable, match=r"127\.0\.0\.1") as caught:
        await Connection(f"redis://127.0.0.1:{free_port()}/0").__aenter__()

    assert "Check the address and port" in caught.value.hint


async def test_an_unknown_host_is_worth_another_try() -> None:
    """A laptop that is not on the network yet meets this."""
    with pytest.raises(BrokerUnreachable, match="does not answer"):
        await Connection("redis://a..b:6379/0").__aenter__()


@pytest.mark.parametrize("serve", [speak_http, speak_first], ids=["web-server", "mail-server"])
async def test_a_server_that_is_no_broker_is_told(serve: Serve) -> None:
    """Trying it again would not help."""
    async with stranger(serve) as address:
        with pytest.raises(BrokerRefused, match="not a Redis or Valkey broker"):
            await Connection(address).__aenter__()


async def test_a_server_that_hangs_up_is_worth_another_try() -> None:
    """A broker behind a proxy that starts later than the proxy looks so."""
    async with stranger(hang_up) as address:
        with pytest.raises(BrokerUnreachable):
            await Connection(address).__aenter__()


async def test_what_the_broker_does_not_permit_is_told(own_redis: RedisServer) -> None:
    """The administrator learns which permission is missing."""
    with own_redis.client() as client:
        client.acl_setuser("reader", enabled=True, passwords=["+pw"], commands=["+get"], keys=["*"])

    with pytest.raises(BrokerRefused, match="does not permit this"):
        await Connection(f"redis://reader:pw@127.0.0.1:{own_redis.port}/0").__aenter__()


async def test_a_database_that_does_not_exist_is_told(redis_server: RedisServer) -> None:
    """The broker's own words are passed on."""
    with pytest.raises(BrokerError, match="DB index is out of range"):
        await Connection(redis_server.url.replace("/0", "/99")).__aenter__()
