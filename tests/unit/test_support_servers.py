"""The broker, the proxy and the processes that tests start."""

from __future__ import annotations

import sys

import pytest
import redis

from tests.support.processes import JSON_LINE, ProcessProblem, StartProcess
from tests.support.proxy import TcpProxy
from tests.support.redis_server import RedisServer
from tests.support.waiting import TookTooLong, wait_until


def test_the_broker_wants_its_password(redis_server: RedisServer, redis_url: str) -> None:
    """A URL without the password is of no use to anybody."""
    with redis.from_url(redis_url) as client:
        assert client.ping()
    with (
        redis.from_url(redis_server.url_without_password) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


def test_each_test_finds_the_broker_empty(redis_url: str) -> None:
    """Nothing of an earlier test is there."""
    with redis.from_url(redis_url) as client:
        assert client.dbsize() == 0


def test_a_broker_of_ones_own_keeps_its_data_over_a_restart(own_redis: RedisServer) -> None:
    """Address, password and data are the same after it was away."""
    url = own_redis.url
    with own_redis.client() as client:
        client.xadd("agent_task:c1", {"data": "{}"})

    own_redis.kill()
    assert not own_redis.is_running
    own_redis.start()
    own_redis.restart()

    with redis.from_url(url) as client:
        assert client.xlen("agent_task:c1") == 1


def test_the_way_to_the_broker_goes_away_and_comes_back(
    redis_server: RedisServer, redis_proxy: TcpProxy
) -> None:
    """Down: connections are reset and refused. Up: the same address serves again."""
    url = redis_server.url_at(redis_proxy.port)
    with redis.from_url(url, retry=None) as client:
        assert client.ping()
        assert redis_proxy.connections == 1

        redis_proxy.down()
        for _ in range(2):  # the connection it had, and a new one
            with pytest.raises(redis.ConnectionError):
                client.ping()

        redis_proxy.up()
        assert client.ping()


def test_the_way_to_the_broker_goes_silent(
    redis_server: RedisServer, redis_proxy: TcpProxy
) -> None:
    """Stalled: connected, and no answer. Resumed: the answer that was held back comes."""
    url = redis_server.url_at(redis_proxy.port)
    with redis.from_url(url, socket_timeout=0.2, retry=None) as client:
        assert client.ping()
        redis_proxy.stall()
        with pytest.raises(redis.TimeoutError):
            client.set("signoff:{a}:claim:1", 1, px=50_000)

        redis_proxy.resume()
        with redis_server.client() as direct:
            wait_until(lambda: direct.get("signoff:{a}:claim:1"), "the held back command")


def test_a_process_says_that_it_is_ready(start_process: StartProcess) -> None:
    """Its ready line is there when the function returns, as JSON too."""
    code = "import sys, time; print('starting'); print('{\"port\": 7}'); time.sleep(600)"

    process = start_process(sys.executable, "-c", code, ready=JSON_LINE)

    assert process.ready == {"port": 7}
    assert process.exit_code is None
    assert process.stop() == -15


def test_a_process_that_ends_before_it_is_ready(start_process: StartProcess) -> None:
    """The failure shows what it said, and does not wait for the deadline."""
    code = "import sys; sys.exit('no broker there')"

    with pytest.raises(ProcessProblem, match="ended with 1") as caught:
        start_process(sys.executable, "-c", code, ready=JSON_LINE)
    assert "no broker there" in str(caught.value)


def test_a_process_that_does_not_end_when_asked(start_process: StartProcess) -> None:
    """It is killed, and that is a failure."""
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready')\n"
        "time.sleep(600)"
    )
    process = start_process(sys.executable, "-c", code, ready="ready", name="stubborn")

    with pytest.raises(ProcessProblem, match=r"stubborn did not end within 0\.2 s"):
        process.stop(0.2)
    assert process.exit_code == -9


def test_a_process_gets_its_input(start_process: StartProcess) -> None:
    """What it reads from standard input is given beforehand."""
    process = start_process("cat", stdin="y\nexit\n")

    assert process.wait_until_ended() == 0
    assert process.output() == "y\nexit\n"
    with pytest.raises((ProcessProblem, TookTooLong)):
        process.wait_for_line("never")
