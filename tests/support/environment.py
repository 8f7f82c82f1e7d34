"""The environment a test process runs in: nobody's home, nobody's desktop, no real key.

The only place that changes the environment of the whole test process. It is called by
`tests/conftest.py` before anything else is imported, because Qt, keyring and platformdirs look
at the environment once and remember it.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

#: The checkout under test.
ROOT = Path(__file__).resolve().parents[2]

#: What a person may have set for real work. A test that needs one of these sets it itself.
_NOT_FOR_TESTS = (
    "CHECKPOINT_DB_URL",
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "LANGCHAIN_",
    "LANGSMITH_",
    "OPENAI_",
    "PYTHONWARNINGS",
    "QT_",
    "REDIS_URL",
    "SIGNOFF_",
    "WAYLAND_DISPLAY",
)
#: Survive the removal above, because a pytest-xdist worker inherits what its parent has set.
_REAL_HOME = "TESTS_OF_SIGNOFF_REAL_HOME"
_REAL_TEMP = "TESTS_OF_SIGNOFF_REAL_TEMP"


def isolate() -> None:
    """Point this process, and the children it will have, at fresh empty folders.

    They go when the process ends.
    """
    real_temp = os.environ.setdefault(_REAL_TEMP, tempfile.gettempdir())
    os.environ.setdefault(_REAL_HOME, str(Path.home()))
    for name in list(os.environ):
        if name.startswith(_NOT_FOR_TESTS):
            del os.environ[name]

    # Short, for the unix sockets that come to lie below it: their paths have 108 characters.
    root = Path(tempfile.mkdtemp(prefix="signoff-tests-", dir=real_temp))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    home, runtime, temp = root / "home", root / "run", root / "tmp"
    for folder in (home, runtime, temp):
        folder.mkdir(mode=0o700)
    os.environ.update(
        HOME=str(home),
        XDG_CACHE_HOME=str(home / ".cache"),
        XDG_CONFIG_HOME=str(home / ".config"),
        XDG_DATA_HOME=str(home / ".local" / "share"),
        XDG_STATE_HOME=str(home / ".local" / "state"),
        XDG_RUNTIME_DIR=str(runtime),
        SIGNOFF_HOME=str(home / "signoff"),
        # Most tests are about something else than who decided; those of signed decisions say so.
        SIGNOFF_MODE="bound",
        TMPDIR=str(temp),
        # pytest's own tmp_path stays where people look for it after a failure.
        PYTEST_DEBUG_TEMPROOT=real_temp,
        QT_API="pyside6",
        QT_QPA_PLATFORM="offscreen",
        LC_ALL="C.UTF-8",
        TZ="UTC",
        # A proxy of this machine must not catch what goes to our own servers.
        NO_PROXY="127.0.0.1,localhost",
        no_proxy="127.0.0.1,localhost",
    )
    tempfile.tempdir = str(temp)


def real_home_environment() -> dict[str, str]:
    """The environment for a tool that needs the person's own caches, such as an installer."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    environment["HOME"] = os.environ[_REAL_HOME]
    environment["TMPDIR"] = os.environ[_REAL_TEMP]
    return environment
