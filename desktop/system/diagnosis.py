"""What this machine gives the console: asked once, for an installer or a person in trouble.

The only place that looks at the machine without using it. Nothing is changed, and nothing secret is
read.
"""

from __future__ import annotations

import asyncio
import platform
from importlib.metadata import version

import msgspec
from PySide6.QtCore import qVersion
from PySide6.QtGui import QFontDatabase, QGuiApplication

ANSWER_SECONDS = 5.0


class Diagnosis(msgspec.Struct, frozen=True):
    """What `signoff --diagnose` prints.

    Attributes:
        keyring: the name of the keyring in use, or why there is none.
        notifications: the name of the channel, or why there is none.
        fonts: the shipped font families that were found missing.
        ok: the window could be built, with everything it needs from its own package.
    """

    ok: bool
    signoff: str
    python: str
    qt: str
    platform: str
    keyring: str
    notifications: str
    missing_fonts: list[str]


async def diagnose(families: tuple[str, ...]) -> Diagnosis:
    """Look at the machine.

    Args:
        families: the font families the window wants; loaded by now.
    """
    missing = sorted(set(families) - set(QFontDatabase.families()))
    return Diagnosis(
        ok=not missing,
        signoff=version("signoff"),
        python=platform.python_version(),
        qt=qVersion(),
        platform=QGuiApplication.platformName(),
        keyring=await asyncio.to_thread(_keyring),
        notifications=await _notifications(),
        missing_fonts=missing,
    )


def _keyring() -> str:
    import keyring  # noqa: PLC0415 - only a diagnosis loads it for this

    backend = keyring.get_keyring()
    return type(backend).__module__ if backend.priority > 0 else "none answers"


async def _notifications() -> str:
    from desktop_notifier import DesktopNotifier  # noqa: PLC0415 - only a diagnosis loads it here

    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await DesktopNotifier(app_name="Signoff").get_capabilities()
    # Another program behind a bus: whatever it answers with, the diagnosis goes on.
    except Exception as error:  # noqa: BLE001
        return f"none answers ({type(error).__name__})"
    return "desktop"
