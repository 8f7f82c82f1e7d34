"""Starting the window: on a display, for a tour, or to be diagnosed.

The only place that makes the Qt application and runs its loop.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import qasync  # type: ignore[import-untyped]
import structlog
from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from desktop import assets, settings
from desktop.console import Console
from desktop.errors import ConsoleError
from desktop.settings import Settings
from desktop.system.garbage import GarbageCollector
from desktop.system.single_instance import SingleInstance
from desktop.views.theme import MONO_FAMILY, UI_FAMILY

T = TypeVar("T")
log = structlog.get_logger(__name__)
NO_DISPLAY = "There is no display here, so no window can open."


def run_console(*, url: str, demo: bool, tour: Path | None, diagnose: bool) -> int:
    """Open the window and stay until it is closed.

    Args:
        url: the broker to follow; empty for the one followed last.
        demo: start the bundled demo and follow it.
        tour: drive the window through the main job and leave pictures there.
        diagnose: build everything, check it, and quit.

    Returns:
        The process's exit code.
    """
    if tour is None and not diagnose and not _has_display():
        if not demo:
            hint = "Use the commands instead (signoff --help), or --tour DIR."
            raise ConsoleError(NO_DISPLAY, hint)
        tour = settings.home() / "tour"
        print(f"{NO_DISPLAY} Running the tour; its pictures will be in {tour}.", flush=True)  # noqa: T201
    if tour is not None or diagnose:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    # A thread that computes may hold the other up for 5 ms by default: a third of a frame.
    sys.setswitchinterval(0.0005)
    app = make_application()
    if tour is not None:
        tour.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="signoff-tour-") as home:
            # The tour neither reads nor changes anybody's settings.
            os.environ["SIGNOFF_HOME"] = home
            return run_on_qt(app, _tour(app, tour, Path(home)))
    return run_on_qt(app, _run(app, url, demo=demo, diagnose=diagnose))


def run_on_qt(app: QApplication, work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on Qt's loop until it ends, and return what it returned.

    Not `qasync.run`: below Python 3.12 that makes Qt's loop the loop of every thread, also of the
    engine's.
    """
    with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app)) as runner:
        return runner.run(work)


def make_application() -> QApplication:
    """The Qt application of this process, with Signoff's name and icon."""
    QCoreApplication.setApplicationName("Signoff")
    found = QApplication.instance()
    app = found if isinstance(found, QApplication) else QApplication(["signoff"])
    app.setDesktopFileName("signoff")
    app.setWindowIcon(QIcon(str(assets.icon_path("signoff.svg"))))
    # Closing is ours: Qt's own way stops the loop under the coroutines that still clean up.
    app.setQuitOnLastWindowClosed(False)
    GarbageCollector(app)
    return app


async def _run(app: QApplication, url: str, *, demo: bool, diagnose: bool) -> int:
    console = Console(app)
    instance = SingleInstance(settings.home(), console.show_window)
    if not diagnose and not instance.claim():
        print("Signoff is already open; its window was asked to show.")  # noqa: T201
        return 0
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, console.stopping.set)
    console.window.show()
    log.info("window shown")
    loop.call_soon(partial(console.start, url, demo=demo, diagnose=diagnose))
    try:
        if diagnose:
            return await _print_diagnosis()
        await console.stopping.wait()
    finally:
        await console.stop()
        instance.release()
    return 0


async def _print_diagnosis() -> int:
    from desktop.system.diagnosis import diagnose  # noqa: PLC0415 - only when asked for

    found = await diagnose((UI_FAMILY, MONO_FAMILY))
    print(msgspec.json.format(msgspec.json.encode(found)).decode())  # noqa: T201
    return 0 if found.ok else 1


async def _tour(app: QApplication, directory: Path, home: Path) -> int:
    from desktop.audit.entries import invent_place  # noqa: PLC0415 - only for a tour
    from desktop.system.vault import keep_in_memory  # noqa: PLC0415
    from desktop.tour.tour import run_tour  # noqa: PLC0415

    keep_in_memory()
    # Pictures and exports go round: no name of this person or machine in them.
    invent_place("reviewer", "desk-12")
    settings.save(Settings(reviewer_id="demo.reviewer", reviewer_name="Demo Reviewer"))
    console = Console(app)
    console.window.resize(1480, 900)
    console.window.show()
    console.start("", demo=False)
    try:
        return 0 if await run_tour(console, directory, home) else 1
    finally:
        await console.stop()


def _has_display() -> bool:
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
