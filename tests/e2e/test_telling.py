"""The desktop tells a reviewer who looks elsewhere, and tells nobody anything else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget

from desktop.system.notifications import Channel
from tests.e2e.conftest import DemoTeam
from tests.support.console import ConsolePage, running_console
from tests.support.desktop_session import NotificationDaemon, PrivateBus
from tests.support.waiting import await_until

pytestmark = pytest.mark.qt_loop


def on_bus(bus: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process find that session bus and no other."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus["DBUS_SESSION_BUS_ADDRESS"])


@asynccontextmanager
async def looking_elsewhere(console: ConsolePage) -> AsyncIterator[None]:
    """The reviewer works in another window meanwhile."""
    other = QWidget()
    other.show()
    other.activateWindow()
    await console.pilot.until(
        lambda: not console.window.isActiveWindow(), "the window to be in the background"
    )
    yield
    other.close()
    other.deleteLater()


async def ask_from_elsewhere(demo: DemoTeam, tmp_path: Path, patch: pytest.MonkeyPatch) -> None:
    """A person at another desk asks for a transfer to a payee."""
    async with running_console(tmp_path / "asking", patch, demo.url) as other:
        await other.ask("treasury_agent", "Transfer 250 EUR to ACME for invoice 4471")
        await other.approvals.wait_for("transfer_funds", to="ACME")


async def test_a_notification_says_count_and_risk_and_nothing_else(
    demo: DemoTeam,
    notification_daemon: NotificationDaemon,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No names, no arguments, no buttons; a click opens the window at the request."""
    on_bus(notification_daemon.env, monkeypatch)
    async with running_console(tmp_path / "desk", monkeypatch, demo.url) as console:
        async with looking_elsewhere(console):
            await ask_from_elsewhere(demo, tmp_path, monkeypatch)
        await await_until(notification_daemon.shown, "the notification")

        shown = notification_daemon.shown()[-1]
        assert (shown.application, shown.title) == ("Signoff", "A call waits for your decision")
        words = f"{shown.title} {shown.body}"
        for secret in ("ACME", "250", "4471", "transfer", "treasury"):
            assert secret not in words
        assert "No high risk" in shown.body  # the demo's policy: it is a small sum

        notification_daemon.click()
        await console.pilot.until(
            lambda: console.pilot.seen("request.card"), "the click to open the request"
        )
        assert demo.transfers == []


async def test_the_notification_goes_when_another_desk_decided(
    demo: DemoTeam,
    notification_daemon: NotificationDaemon,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing waits any more, so nothing asks for attention."""
    on_bus(notification_daemon.env, monkeypatch)
    async with running_console(tmp_path / "desk", monkeypatch, demo.url):
        async with running_console(tmp_path / "other", monkeypatch, demo.url) as other:
            await other.ask("treasury_agent", "Transfer 250 EUR to ACME")
            request = await other.approvals.wait_for("transfer_funds", to="ACME")
            await await_until(lambda: notification_daemon.count_on_screen() == 1, "it to be shown")
            await other.approvals.reject(request, "Not today")
        await await_until(lambda: notification_daemon.count_on_screen() == 0, "it to be taken back")


async def test_without_a_notification_service_the_window_says_it(
    demo: DemoTeam, private_bus: PrivateBus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No service and no tray: the notice in the window is the last resort, and it is used."""
    on_bus(private_bus.env, monkeypatch)
    async with running_console(tmp_path / "desk", monkeypatch, demo.url) as console:
        async with looking_elsewhere(console):
            await ask_from_elsewhere(demo, tmp_path, monkeypatch)
        await console.pilot.until(
            lambda: console.console.notifications.channel is Channel.WINDOW, "the last resort"
        )
        await console.pilot.until(lambda: console.pilot.seen("notice"), "the notice")
        assert "waits for your decision" in console.words("notice")


async def test_a_reviewer_who_looks_at_the_window_is_not_disturbed(
    console: ConsolePage,
    demo: DemoTeam,
    notification_daemon: NotificationDaemon,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The window is in front: the list shows it, the desktop stays quiet."""
    on_bus(notification_daemon.env, monkeypatch)
    console.window.activateWindow()
    await console.pilot.until(console.window.isActiveWindow, "the window to be in front")
    context_id = await console.ask("treasury_agent", "Transfer 5 EUR to ACME")
    request = await console.approvals.wait_for("transfer_funds", to="ACME")
    await console.approvals.approve(request)
    await console.finished(context_id)
    assert notification_daemon.shown() == []
