"""A desk that somebody leaves: its key is made, opened and locked in a real window."""

from __future__ import annotations

from pathlib import Path

import jeepney  # type: ignore[import-untyped]
import pytest

from desktop import settings
from desktop.audit.entries import AuditKind, read_entry
from desktop.audit.log import AuditLog
from desktop.store.signing import SigningState
from tests.support.console import running_console
from tests.support.desktop_session import PrivateBus, SecretService

pytestmark = pytest.mark.qt_loop

PASSPHRASE = "correct horse battery staple"
SCREEN = jeepney.DBusAddress("/org/gnome/ScreenSaver", interface="org.gnome.ScreenSaver")


async def test_a_desk_locks_with_the_screen_and_opens_with_the_passphrase(
    private_bus: PrivateBus,
    secret_service: SecretService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The key is made in the settings; what happens is in the audit log; a restart stays locked."""
    request = tmp_path / "request.json"
    home = tmp_path / "desk"
    with secret_service.in_process():
        async with running_console(home, monkeypatch) as console:
            pilot, signing = console.pilot, console.console.signing
            await pilot.click("rail.settings")
            await pilot.click("identity.make")
            await pilot.type_text("key.name", "Rosa Mora")
            await pilot.type_text("key.id", "r.mora")
            await pilot.type_text("key.passphrase", PASSPHRASE)
            await pilot.type_text("key.again", PASSPHRASE)
            await pilot.type_text("key.file", str(request))
            await pilot.click("key.make")
            await pilot.until(
                lambda: signing.status.state is SigningState.LOCKED, "the key to be made"
            )
            assert request.exists()

            signing.unlock(PASSPHRASE)
            await pilot.until(lambda: signing.status.unlocks == 1, "the key to open")
            with private_bus.connection() as bus:
                bus.send(jeepney.new_signal(SCREEN, "ActiveChanged", "b", (True,)))
                await pilot.until(lambda: console.window.is_locked, "the window to lock")
            await pilot.until(
                lambda: signing.status.state is SigningState.LOCKED, "the session to end"
            )

        async with running_console(home, monkeypatch) as console:
            pilot = console.pilot
            assert console.window.is_locked
            await pilot.until(lambda: pilot.seen("lock.field"), "the passphrase to be asked for")
            await pilot.type_text("lock.field", PASSPHRASE)
            await pilot.click("lock.unlock")
            await pilot.until(lambda: not console.window.is_locked, "the window to open")
            assert console.console.identity.person.id == "r.mora"

    assert _happened() == [
        AuditKind.KEY_MADE,
        AuditKind.SESSION_UNLOCKED,
        AuditKind.SESSION_LOCKED,
        AuditKind.SESSION_UNLOCKED,
    ]


def _happened() -> list[AuditKind]:
    """What the log has of keys, in order; not when consoles begin and end."""
    of_keys = {AuditKind.KEY_MADE, AuditKind.SESSION_UNLOCKED, AuditKind.SESSION_LOCKED}
    log = AuditLog(settings.audit_log())
    try:
        rows = log._connection.execute("SELECT body FROM entry ORDER BY number").fetchall()
    finally:
        log.close()
    kinds = [read_entry(body).kind for (body,) in rows]
    return [kind for kind in kinds if kind in of_keys]


async def test_the_demos_reviewers_sign_by_themselves_while_it_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of them from the start, the other after a click; nobody once it is left."""
    async with running_console(tmp_path / "desk", monkeypatch) as console:
        pilot, signing = console.pilot, console.console.signing
        console.console.start_demo()
        await console.online()
        await pilot.until(lambda: signing.status.state is SigningState.OPEN, "a key to open")
        assert console.console.identity.person.id == "demo-reviewer"
        who = signing.status.identity
        assert who is not None
        assert who.roles

        await pilot.click("rail.settings")
        await pilot.click("identity.as.second-reviewer")
        await pilot.until(
            lambda: (
                console.console.identity.person.id == "second-reviewer"
                and signing.status.state is SigningState.OPEN
            ),
            "the second reviewer to sign",
        )
        console.console.lock("idle")
        await pilot.until(lambda: signing.status.state is SigningState.LOCKED, "the key to close")
        await pilot.click("lock.click")
        await pilot.until(lambda: signing.status.state is SigningState.OPEN, "the key to open")

        console.console.disconnect()
        await pilot.until(lambda: signing.status.state is SigningState.NO_KEY, "nobody to sign")
