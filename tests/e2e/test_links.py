"""The link to the broker: refused, lost, and back by itself."""

from __future__ import annotations

from pathlib import Path

import keyring
import pytest

from desktop.store.records import LinkState, RequestState
from tests.e2e.conftest import DemoTeam
from tests.support.console import running_console
from tests.support.desktop_session import PrivateBus, SecretService
from tests.support.proxy import TcpProxy
from tests.support.redis_server import RedisServer, free_port
from tests.support.waiting import await_until

pytestmark = pytest.mark.qt_loop


async def test_a_broker_that_goes_away_and_comes_back(
    demo: DemoTeam,
    redis_server: RedisServer,
    redis_proxy: TcpProxy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The window says that the link is down, decides nothing meanwhile, and catches up alone."""
    url = redis_server.url_at(redis_proxy.port)
    async with running_console(tmp_path / "desk", monkeypatch, url) as console:
        await console.ask("treasury_agent", "Transfer 30 EUR to ACME")
        request = await console.approvals.wait_for("transfer_funds", to="ACME")
        await console.approvals.open(request)

        redis_proxy.down()
        await console.link(LinkState.CONNECTING)
        assert not console.approvals.can_approve()

        redis_proxy.up()
        assert "Connected" in await console.link(LinkState.ONLINE)
        assert console.approvals.now(request.key).state is RequestState.WAITING
        await console.approvals.approve(request)
        assert demo.transfers == [("ACME", 30)]


async def test_a_wrong_password_is_said_and_can_be_mended(
    redis_server: RedisServer, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Typed into the settings page: refused with words, then the right one connects."""
    async with running_console(tmp_path / "desk", monkeypatch) as console:
        await console.pilot.click("rail.settings")
        await console.pilot.type_text("settings.url", redis_server.url_without_password)
        await console.pilot.type_text("settings.password", "not-the-password")
        await console.pilot.click("settings.connect")
        assert "refused" in (await console.link(LinkState.REFUSED)).lower()
        assert "password" in console.store.link.title

        await console.pilot.type_text("settings.password", redis_server.password)
        await console.pilot.click("settings.connect")
        await console.online()
        kept = (tmp_path / "desk" / "settings.json").read_text()
        assert redis_server.password not in kept


async def test_a_wrong_port_is_said_with_a_hint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody listens there: the window says so and goes on trying."""
    async with running_console(tmp_path / "desk", monkeypatch) as console:
        await console.pilot.click("rail.settings")
        await console.pilot.type_text("settings.url", f"redis://127.0.0.1:{free_port()}/0")
        await console.pilot.click("settings.connect")
        await console.pilot.until(
            lambda: console.store.link.hint and console.store.link.state is LinkState.CONNECTING,
            "the failure to be told",
        )
        assert "does not answer" in console.store.link.title
        assert "address and port" in console.store.link.hint


async def test_the_password_is_kept_in_the_keyring_and_found_again(
    redis_server: RedisServer,
    redis_url: str,
    secret_service: SecretService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Typed once, kept by the system; the next start connects without asking."""
    with secret_service.in_process():
        async with running_console(tmp_path / "desk", monkeypatch) as console:
            await console.pilot.click("rail.settings")
            await console.pilot.type_text("settings.url", redis_server.url_without_password)
            await console.pilot.type_text("settings.password", redis_server.password)
            await console.pilot.click("settings.connect")
            await console.online()
            address = redis_server.url_without_password
            await await_until(
                lambda: keyring.get_password("signoff", address) == redis_server.password,
                "the keyring to hold the password",
            )
        async with running_console(tmp_path / "desk", monkeypatch) as again:
            await again.online()
            # Connecting with an empty field uses the kept password and does not forget it.
            await again.pilot.click("rail.settings")
            await again.pilot.click("settings.disconnect")
            await again.link(LinkState.OFFLINE)
            await again.pilot.type_text("settings.url", address)
            await again.pilot.click("settings.connect")
            await again.online()
        assert keyring.get_password("signoff", address) == redis_server.password
    for file in (tmp_path / "desk").rglob("*"):
        assert file.is_dir() or redis_server.password not in file.read_text(errors="replace")


async def test_without_a_keyring_the_password_lives_in_this_session_only(
    redis_server: RedisServer,
    redis_url: str,
    private_bus: PrivateBus,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The connection works, a notice says what happens to the password, and no file has it."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", private_bus.env["DBUS_SESSION_BUS_ADDRESS"])
    async with running_console(tmp_path / "desk", monkeypatch) as console:
        await console.pilot.click("rail.settings")
        await console.pilot.type_text("settings.url", redis_server.url_without_password)
        await console.pilot.type_text("settings.password", redis_server.password)
        await console.pilot.click("settings.connect")
        await console.online()
        await console.pilot.until(lambda: console.pilot.seen("notice"), "the notice")
        assert "forgotten when Signoff closes" in console.words("notice")
    assert redis_server.password not in (tmp_path / "desk" / "settings.json").read_text()
