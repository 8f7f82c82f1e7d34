"""The keyring and the notification daemon that tests start."""

from __future__ import annotations

import sys

import keyring
import pytest
from desktop_notifier import DesktopNotifier
from keyring.errors import KeyringLocked, NoKeyringError

from tests.support.desktop_session import NotificationDaemon, PrivateBus, SecretService
from tests.support.processes import StartProcess
from tests.support.waiting import await_until, wait_until


def test_a_secret_survives_in_the_keyring(
    secret_service: SecretService, start_process: StartProcess
) -> None:
    """What this process keeps, another one on the same bus finds."""
    with secret_service.in_process():
        keyring.set_password("signoff-test", "broker", "päss wörd")
        assert keyring.get_password("signoff-test", "broker") == "päss wörd"

    code = "import keyring; print(keyring.get_password('signoff-test', 'broker'))"
    process = start_process(sys.executable, "-c", code, env=secret_service.env)
    assert process.wait_until_ended() == 0
    assert process.output() == "päss wörd\n"


def test_a_locked_keyring_does_not_answer(secret_service: SecretService) -> None:
    """As on a desk that nobody unlocks."""
    with secret_service.in_process():
        keyring.set_password("signoff-test", "broker", "secret")
        secret_service.lock()
        with pytest.raises(KeyringLocked):
            keyring.get_password("signoff-test", "broker")


def test_without_the_fixture_there_is_no_keyring(start_process: StartProcess) -> None:
    """A test never reaches the keyring of the person who runs it."""
    code = "import keyring; keyring.get_password('signoff-test', 'broker')"
    process = start_process(sys.executable, "-c", code)

    assert process.wait_until_ended() == 1
    assert NoKeyringError.__name__ in process.errors()


async def test_a_notification_is_shown_and_clicked(
    notification_daemon: NotificationDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was shown can be read, and a click reaches the sender."""
    bus = notification_daemon.env["DBUS_SESSION_BUS_ADDRESS"]
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus)
    clicks: list[str] = []
    notifier = DesktopNotifier(app_name="Signoff")

    await notifier.send(
        "2 requests wait", "highest risk: <high> & rising", on_clicked=lambda: clicks.append("x")
    )
    shown = await await_until(notification_daemon.shown, "the notification")
    notification_daemon.click()
    await await_until(lambda: clicks, "the click")

    assert [(one.application, one.title, one.body) for one in shown] == [
        ("Signoff", "2 requests wait", "highest risk: <high> & rising")
    ]


def test_a_private_bus_serves_nobody(private_bus: PrivateBus) -> None:
    """Neither keyring nor notifications, and none is started by asking."""
    assert not private_bus.has("org.freedesktop.secrets")
    assert not private_bus.has("org.freedesktop.Notifications")


def test_both_on_one_bus(
    secret_service: SecretService, notification_daemon: NotificationDaemon
) -> None:
    """A test of the whole console has a keyring and notifications in one environment."""
    assert (
        notification_daemon.env["DBUS_SESSION_BUS_ADDRESS"]
        == (secret_service.env["DBUS_SESSION_BUS_ADDRESS"])
    )
    assert wait_until(lambda: notification_daemon.count_on_screen() == 0, "an empty screen")
