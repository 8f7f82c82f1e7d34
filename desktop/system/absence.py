"""Noticing that the person went away: nobody touches the window, the screen is locked, it sleeps.

The only place that watches for it. What says so on Linux are logind and the screen savers on the
session's bus; elsewhere the console notices only that nobody touches it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Final, cast

import structlog
from PySide6.QtCore import SLOT, QEvent, QObject, QTimer, Signal, Slot
from PySide6.QtDBus import QDBusConnection
from PySide6.QtWidgets import QWidget

from desktop.actions.elapsed import awake_and_asleep

_LOOK_MS: Final = 5000
_TOUCHES: Final = frozenset(
    (
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseMove,
        QEvent.Type.Wheel,
        QEvent.Type.TouchBegin,
        QEvent.Type.TouchUpdate,
        QEvent.Type.TabletPress,
        QEvent.Type.TabletMove,
    )
)
_LOGIND: Final = "org.freedesktop.login1"
#: Desktops name theirs differently; what they say is the same.
_SCREEN_SAVERS: Final = (
    "org.freedesktop.ScreenSaver",
    "org.gnome.ScreenSaver",
    "org.kde.screensaver",
    "org.cinnamon.ScreenSaver",
    "org.mate.ScreenSaver",
    "org.xfce.ScreenSaver",
)
_SYSTEM_BUS: Final = "signoff-absence-system"
_SESSION_BUS: Final = "signoff-absence-session"

_log = structlog.get_logger(__name__)


class Absence(QObject):
    """Watches from when the window is first shown.

    Signals:
        noticed(str): the person is away, and how that was noticed, in words for them.
    """

    noticed = Signal(str)

    def __init__(
        self,
        window: QWidget,
        allowed_seconds: Callable[[], float],
        now: Callable[[], float] = awake_and_asleep,
    ) -> None:
        """Begin to watch.

        Args:
            allowed_seconds: how long nobody needs to touch the window.
            now: seconds of some clock.
        """
        super().__init__(window)
        self._window, self._allowed_seconds, self._now = window, allowed_seconds, now
        self._touched = now()
        self._watched: QObject | None = None
        self._look = QTimer(self, interval=_LOOK_MS)
        self._look.timeout.connect(self.look)
        self._look.start()
        window.installEventFilter(self)
        if sys.platform == "linux":
            self._listen()

    def look(self) -> None:
        """See whether somebody touched the window lately."""
        seconds = self._allowed_seconds()
        if self._now() - self._touched >= seconds:
            self._touched = self._now()
            minutes = round(seconds / 60)
            times = "a minute" if minutes == 1 else f"{minutes} minutes"
            self.noticed.emit(f"Nobody touched it for {times}.")

    def close(self) -> None:
        """Watch no more."""
        self._look.stop()
        for name in (_SYSTEM_BUS, _SESSION_BUS):
            QDBusConnection.disconnectFromBus(name)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's
        """Notice touches. Those of the native window, once it is there: each counts once."""
        if event.type() in _TOUCHES:
            self._touched = self._now()
        elif event.type() is QEvent.Type.Show and watched is self._window:
            self._watch_native_window()
        return False

    def _watch_native_window(self) -> None:
        native = self._window.windowHandle()
        if native is not self._watched:
            self._watched = native
            native.installEventFilter(self)

    def _listen(self) -> None:
        # By address: asked for "the session's bus", the library would start one where none is.
        system = QDBusConnection.connectToBus(_system_address(), _SYSTEM_BUS)
        if system.isConnected():
            # An empty path: the path of our session, or any where it is not known.
            self._connect(system, session_path(), f"{_LOGIND}.Session", "Lock", "locked()")
            self._connect(system, "", f"{_LOGIND}.Manager", "PrepareForSleep", "sleeps(bool)")
        session = QDBusConnection.connectToBus(_session_address(), _SESSION_BUS)
        if session.isConnected():
            for interface in _SCREEN_SAVERS:
                self._connect(session, "", interface, "ActiveChanged", "saves(bool)")

    def _connect(
        self, bus: QDBusConnection, path: str, interface: str, name: str, slot: str
    ) -> None:
        # PySide declares bytes, refuses them, and takes the text.
        receiver = cast("bytes", SLOT(slot))
        if not bus.connect("", path, interface, name, self, receiver):
            _log.warning("absence.not_heard", interface=interface)

    @Slot()
    def locked(self) -> None:
        """Logind locks the session."""
        self.noticed.emit("The screen was locked.")

    @Slot(bool)
    def saves(self, active: bool) -> None:
        """A screen saver begins or ends."""
        if active:
            self.noticed.emit("The screen was locked.")

    @Slot(bool)
    def sleeps(self, begins: bool) -> None:
        """The computer is about to sleep, or has woken up."""
        if begins:
            self.noticed.emit("The computer went to sleep.")


def _system_address() -> str:
    usual = "unix:path=/run/dbus/system_bus_socket"
    return os.environ.get("DBUS_SYSTEM_BUS_ADDRESS") or usual


def _session_address() -> str:
    runtime = os.environ.get("XDG_RUNTIME_DIR") or "/nowhere"
    return os.environ.get("DBUS_SESSION_BUS_ADDRESS") or f"unix:path={runtime}/bus"


def session_path() -> str:
    """The path of this login session at logind; empty if it is not known."""
    session = os.environ.get("XDG_SESSION_ID", "")
    if not session.isascii():
        return ""
    # As sd_bus_path_encode writes it.
    encoded = "".join(
        letter if letter.isalpha() or (letter.isdigit() and at) else f"_{ord(letter):02x}"
        for at, letter in enumerate(session)
    )
    return f"/org/freedesktop/login1/session/{encoded}" if encoded else ""
