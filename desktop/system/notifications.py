"""Notifications of the desktop, with what to fall back on where there are none.

The only place that talks to a notification service. A notification carries counts and risk, no
names and no arguments; it has no buttons, and a click on it opens the window and decides nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from PySide6.QtWidgets import QSystemTrayIcon

from desktop.actions.alerts import Alert

if TYPE_CHECKING:
    from desktop_notifier import DesktopNotifier

log = structlog.get_logger(__name__)
APP_NAME = "Signoff"
#: The service is asked again after a failure, but not with every request.
PROBE_AGAIN_SECONDS = 60.0


class Channel(StrEnum):
    """How a person is told, best first."""

    DESKTOP = "desktop"
    TRAY = "tray"
    WINDOW = "window"


class Notifications:
    """Shows alerts.

    Lives on the GUI's thread and its asyncio loop.

    `on_opened` is called when the person clicks on a notification; `on_window` must say the alert
    in the window when there is neither a service nor a tray.

    Attributes:
        channel: how the last alert was shown; None before the first.
    """

    def __init__(
        self,
        icon: Path,
        tray: QSystemTrayIcon | None,
        on_opened: Callable[[], None],
        on_window: Callable[[Alert], None],
    ) -> None:
        self.channel: Channel | None = None
        self._icon = icon
        self._tray = tray
        self._on_opened = on_opened
        self._on_window = on_window
        self._notifier: DesktopNotifier | None = None
        self._failed_at = -PROBE_AGAIN_SECONDS
        self._shown: str | None = None
        if tray is not None:
            tray.messageClicked.connect(on_opened)

    async def show(self, alert: Alert) -> Channel:
        """Show an alert in place of the one before it. Returns how it was shown."""
        if await self._show_on_desktop(alert):
            self.channel = Channel.DESKTOP
        elif self._tray is not None and QSystemTrayIcon.isSystemTrayAvailable():
            self._tray.showMessage(alert.title, alert.body, self._tray.icon())
            self.channel = Channel.TRAY
        else:
            self._on_window(alert)
            self.channel = Channel.WINDOW
        return self.channel

    async def clear(self) -> None:
        """Take back what is shown: nothing waits any more."""
        shown, self._shown = self._shown, None
        await self._take_back(shown)

    async def _take_back(self, shown: str | None) -> None:
        if shown is None or self._notifier is None:
            return
        try:
            await self._notifier.clear(shown)
        except Exception as error:  # noqa: BLE001 - a service that went away has nothing to clear
            log.warning("notification.clear_failed", error=type(error).__name__)

    async def _show_on_desktop(self, alert: Alert) -> bool:
        if time.monotonic() - self._failed_at < PROBE_AGAIN_SECONDS:
            return False
        try:
            async with asyncio.timeout(5):
                return await self._send(alert)
        # The service is another program behind a bus: anything may come back from it, and a
        # reviewer must be told all the same.
        except Exception as error:  # noqa: BLE001
            log.warning("notification.unavailable", error=type(error).__name__)
            self._failed_at = time.monotonic()
            self._notifier = None
            return False

    async def _send(self, alert: Alert) -> bool:
        from desktop_notifier import (  # noqa: PLC0415 - 0.1 s that the start need not pay
            DesktopNotifier,
            Icon,
            Urgency,
        )

        if self._notifier is None:
            self._notifier = DesktopNotifier(app_name=APP_NAME, app_icon=Icon(path=self._icon))
        # send() logs its failures and returns; asking first is the way to know.
        await self._notifier.get_capabilities()
        before, sent = self._shown, ""

        def gone() -> None:
            if self._shown == sent:
                self._shown = None

        def clicked() -> None:
            gone()
            self._on_opened()

        sent = self._shown = await self._notifier.send(
            title=alert.title,
            message=alert.body,
            urgency=Urgency.Critical if alert.urgent else Urgency.Normal,
            on_clicked=clicked,
            on_dismissed=gone,
        )
        await self._take_back(before)  # only now: there is no moment without a word on the screen
        return True
