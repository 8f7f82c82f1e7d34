"""Fixtures and checks of every test.

Nothing but wiring: what is offered lives in `tests.support`, one module for each thing.
The environment is isolated first of all, before any module that might look at it is imported.
"""

from __future__ import annotations

from tests.support import environment

environment.isolate()

import asyncio  # noqa: E402
import gc  # noqa: E402
from collections.abc import Callable, Mapping  # noqa: E402
from pathlib import Path  # noqa: E402

import pytest  # noqa: E402

pytest_plugins = (
    "tests.support.left_behind",
    "tests.support.logs",
    "tests.support.redis_server",
    "tests.support.cluster",
    "tests.support.brokers",
    "tests.support.databases",
    "tests.support.sentinel",
    "tests.support.proxy",
    "tests.support.processes",
    "tests.support.desktop_session",
    "tests.support.stub_model",
    "tests.support.quick_looks",
    "tests.support.local_desk",
)


# As in the product: a window collected on an engine's thread takes the process with it.
gc.disable()


def pytest_collection_finish() -> None:
    """Leave what was imported and collected out of every later collection; it stays."""
    gc.freeze()


def pytest_runtest_logfinish() -> None:
    """Collect between tests what Python would have collected at any moment, on any thread."""
    from desktop.system.garbage import collect_due

    collect_due()


def pytest_configure(config: pytest.Config) -> None:
    """Register our markers."""
    config.addinivalue_line("markers", "qt_loop: run this coroutine test on the Qt event loop")


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The Qt loop for tests marked `qt_loop`, the stock loop for all others."""
    if item.get_closest_marker("qt_loop"):
        return {"qt": _qt_loop}
    return {"asyncio": asyncio.new_event_loop}


def _qt_loop() -> asyncio.AbstractEventLoop:
    # Imported here: most test processes never need Qt.
    import qasync  # type: ignore[import-untyped]
    from PySide6.QtWidgets import QApplication

    application = QApplication.instance() or QApplication([])
    QApplication.setQuitOnLastWindowClosed(False)
    loop: asyncio.AbstractEventLoop = qasync.QEventLoop(application)
    return loop


@pytest.fixture(autouse=True)
def signoff_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`SIGNOFF_HOME` of this test: settings, cache, audit log. Not created yet."""
    home = tmp_path / "signoff-home"
    monkeypatch.setenv("SIGNOFF_HOME", str(home))
    return home
