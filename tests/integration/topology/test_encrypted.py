"""Brokers that speak TLS: one server, Sentinels and a Cluster, with news and blocking reads."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, aclosing
from pathlib import Path

import pytest

from tests.support import scenes
from tests.support.redis_server import RedisServer, free_port
from workers.wire import keys
from workers.wire.errors import BrokerUnreachable
from workers.wire.streams.connection import Connection
from workers.wire.streams.inbox import Inbox, send
from workers.wire.streams.news import Touched, listen
from workers.wire.streams.progress import ProgressWriter

PASSWORD = "not-a-secret"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for this machine, signed by itself."""
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=broker"
    names = "subjectAltName=IP:127.0.0.1"
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(
        [*command.split(), "-addext", names, *files], check=True, stderr=subprocess.DEVNULL
    )
    return folder


@pytest.fixture(params=["single", "sentinel", "cluster"])
def encrypted(request: pytest.FixtureRequest, certificate: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a broker of each kind; it holds for whoever trusts the certificate."""
    port, sentinel_port = free_port(), free_port()
    with ExitStack() as stack:

        def start(name: str, tls_port: int, *settings: str, **options: bool) -> None:
            (tmp_path / name).mkdir()
            lines = (
                f"tls-port {tls_port}",
                f"tls-cert-file {certificate}/cert.pem",
                f"tls-key-file {certificate}/key.pem",
                f"tls-ca-cert-file {certificate}/cert.pem",
                "tls-auth-clients no",
                *settings,
            )
            server = RedisServer(tmp_path / name, password=PASSWORD, settings=lines, **options)
            stack.callback(server.kill)

        if request.param == "cluster":
            # Otherwise it tells everybody its port without TLS.
            start("server", port, "tls-cluster yes", is_cluster=True)
        else:
            start("server", port)
        if request.param == "sentinel":
            start(
                "sentinel",
                sentinel_port,
                "tls-replication yes",
                f"sentinel monitor bank 127.0.0.1 {port} 1",
                f"sentinel auth-pass bank {PASSWORD}",
                is_sentinel=True,
            )
        yield {
            "single": f"rediss://:{PASSWORD}@127.0.0.1:{port}/0",
            "sentinel": f"rediss+sentinel://:{PASSWORD}@127.0.0.1:{sentinel_port}/bank",
            "cluster": f"rediss+cluster://:{PASSWORD}@127.0.0.1:{port}",
        }[request.param]


async def test_everything_is_said_under_tls(encrypted: str, certificate: Path) -> None:
    """Commands, scripts, reads that wait, and news."""
    url = f"{encrypted}?ssl_ca_certs={certificate}/cert.pem"
    async with Connection(url) as connection, aclosing(listen(connection)) as news:
        assert await anext(news) == Touched()
        inbox = Inbox(connection, scenes.AGENT, "signoff:a:1:0")
        await inbox.open()
        await send(connection, scenes.AGENT, scenes.human_says("pay"))
        await ProgressWriter(connection).emit(scenes.human_says("pay"), "human:1")

        assert len(await inbox.read(1)) == 1
        wanted = {keys.inbox(scenes.AGENT), keys.progress(scenes.CONTEXT)}
        while wanted:
            item = await anext(news)
            assert isinstance(item, Touched)
            wanted -= item.names
        await inbox.close()


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    encrypted: str,
) -> None:
    """Whoever stands between would read and change everything."""
    with pytest.raises(BrokerUnreachable, match=r"(?i)certificate"):
        await Connection(encrypted).__aenter__()
