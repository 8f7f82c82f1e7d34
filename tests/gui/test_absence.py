"""The person went away: told by a real bus, or by nobody touching the window."""

from __future__ import annotations

from collections.abc import Iterator

import jeepney  # type: ignore[import-untyped]
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desktop.system.absence import Absence, session_path
from tests.support.desktop_session import PrivateBus

TEN_MINUTES = 600.0


class Watched:
    """A window, what is noticed of it, and the clock of a test."""

    def __init__(self, qtbot: QtBot) -> None:
        self.now = 0.0
        self.noticed: list[str] = []
        self.window = QWidget()
        self.absence = Absence(self.window, lambda: TEN_MINUTES, lambda: self.now)
        self.absence.noticed.connect(self.noticed.append)
        qtbot.addWidget(self.window)
        self.window.show()
        qtbot.waitExposed(self.window)

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        self.absence.look()


@pytest.fixture
def watched(
    private_bus: PrivateBus, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Watched]:
    """One bus is the session's and the system's."""
    address = private_bus.env["DBUS_SESSION_BUS_ADDRESS"]
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
    monkeypatch.setenv("XDG_SESSION_ID", "c2")
    made = Watched(qtbot)
    yield made
    made.absence.close()


@pytest.mark.parametrize(
    ("path", "interface", "member", "body", "words"),
    [
        ("/org/gnome/ScreenSaver", "org.gnome.ScreenSaver", "ActiveChanged", True, "screen"),
        ("/ScreenSaver", "org.freedesktop.ScreenSaver", "ActiveChanged", True, "screen"),
        ("/ScreenSaver", "org.kde.screensaver", "ActiveChanged", True, "screen"),
        ("/org/freedesktop/login1", "org.freedesktop.login1.Manager", "PrepareForSleep", True,
         "sleep"),
        ("/org/freedesktop/login1/session/c2", "org.freedesktop.login1.Session", "Lock", None,
         "screen"),
    ],
)  # fmt: skip
def test_the_desktop_says_that_the_person_goes(
    watched: Watched,
    private_bus: PrivateBus,
    qtbot: QtBot,
    path: str,
    interface: str,
    member: str,
    body: bool | None,
    words: str,
) -> None:
    """Whichever desktop it is; when the person comes back nothing is noticed."""
    emitter = jeepney.DBusAddress(path, interface=interface)
    kind, values = ("b", (body,)) if body is not None else ("", ())
    with private_bus.connection() as connection:
        if body is not None:
            connection.send(jeepney.new_signal(emitter, member, kind, (False,)))
        connection.send(jeepney.new_signal(emitter, member, kind, values))
        qtbot.waitUntil(lambda: bool(watched.noticed))
    assert len(watched.noticed) == 1
    assert words in watched.noticed[0]


def test_the_lock_of_another_session_is_not_ours(
    watched: Watched, private_bus: PrivateBus, qtbot: QtBot
) -> None:
    """Somebody else works at the same machine."""
    manager = jeepney.DBusAddress(
        "/org/freedesktop/login1", interface="org.freedesktop.login1.Manager"
    )
    other = jeepney.DBusAddress(
        "/org/freedesktop/login1/session/_37", interface="org.freedesktop.login1.Session"
    )
    with private_bus.connection() as connection:
        connection.send(jeepney.new_signal(other, "Lock"))
        connection.send(jeepney.new_signal(manager, "PrepareForSleep", "b", (True,)))
        qtbot.waitUntil(lambda: bool(watched.noticed))
    assert watched.noticed == ["The computer went to sleep."]


def test_nobody_touches_the_window(watched: Watched) -> None:
    """A key or the mouse begins the time anew; nothing is said twice."""
    watched.later(TEN_MINUTES - 1)
    QTest.keyClick(watched.window.windowHandle(), Qt.Key.Key_A)
    watched.later(TEN_MINUTES - 1)
    QTest.mouseClick(watched.window.windowHandle(), Qt.MouseButton.LeftButton)
    watched.later(TEN_MINUTES - 1)
    assert watched.noticed == []

    watched.later(1)
    watched.later(1)
    assert watched.noticed == ["Nobody touched it for 10 minutes."]


def test_without_a_bus_the_time_still_counts(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server without a desktop, another system."""
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nowhere")
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus")
    alone = Watched(qtbot)
    alone.later(TEN_MINUTES)
    assert len(alone.noticed) == 1
    alone.absence.close()


@pytest.mark.parametrize(
    ("session", "path"),
    [("2", "_32"), ("c2", "c2"), ("x-1", "x_2d1"), ("", None), ("ü", None)],
)
def test_the_path_of_a_session(
    session: str, path: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As logind writes it."""
    monkeypatch.setenv("XDG_SESSION_ID", session)
    expected = f"/org/freedesktop/login1/session/{path}" if path else ""
    assert session_path() == expected
