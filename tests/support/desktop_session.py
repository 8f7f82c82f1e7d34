"""Pieces of a desktop session for tests: a private bus, a keyring, a screen with notifications.

The only place that starts them. Nothing here touches the session of the person who runs the
tests: the bus knows no services but those started on it, and all homes are temporary.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import subprocess
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jeepney  # type: ignore[import-untyped]
import keyring
import pytest
from jeepney.io.blocking import (  # type: ignore[import-untyped]
    DBusConnection,
    open_dbus_connection,
)
from keyring.backends import SecretService as SecretServiceBackend

from tests.support.redis_server import program
from tests.support.waiting import wait_until

_STOP_SECONDS = 5
_SECRETS = jeepney.DBusAddress(
    "/org/freedesktop/secrets",
    bus_name="org.freedesktop.secrets",
    interface="org.freedesktop.Secret.Service",
)
#: Without any service folder: a test where nobody serves notifications must find nobody.
_BUS_CONFIGURATION = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
_DUNST_CONFIGURATION = """\
[global]
    monitor = 0
    history_length = 200
    idle_threshold = 0
    notification_limit = 0
    markup = no
[keep]
    # One line of JSON for each notification, without closing it as dunst's own history would.
    script = {script}
[urgency_low]
    timeout = 0
[urgency_normal]
    timeout = 0
[urgency_critical]
    timeout = 0
"""
_KEEP_SCRIPT = """\
#!{python}
import json, os
names = {{"application": "APP_NAME", "title": "SUMMARY", "body": "BODY", "urgency": "URGENCY",
         "id": "ID"}}
line = json.dumps({{key: os.environ.get("DUNST_" + name, "") for key, name in names.items()}})
with open({log!r}, "a") as log:
    log.write(line + "\\n")
"""


class PrivateBus:
    """A session bus that nobody else is on.

    Attributes:
        env: what a process needs in its environment to be on this bus.
    """

    def __init__(self, folder: Path) -> None:
        """Start it.

        Args:
            folder: short, as the path of the socket in it may have 108 characters.
        """
        home = folder / "home"
        home.mkdir()
        socket = folder / "bus"
        configuration = folder / "bus.conf"
        configuration.write_text(_BUS_CONFIGURATION.format(socket=socket))
        self.env = {
            "HOME": str(home),
            "XDG_DATA_HOME": str(home / ".local" / "share"),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "XDG_RUNTIME_DIR": str(folder),
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={socket}",
        }
        self._children: list[subprocess.Popen[bytes]] = []
        self.start([program("dbus-daemon"), f"--config-file={configuration}", "--nofork"])
        wait_until(socket.exists, "dbus-daemon to listen")

    def start(
        self, command: list[str], *, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> None:
        """Start a service on the bus; it ends with the bus."""
        child = subprocess.Popen(
            command,
            env={**os.environ, **self.env, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._children.append(child)
        assert child.stdin is not None
        with child.stdin as pipe:
            pipe.write(stdin)

    @contextlib.contextmanager
    def connection(self) -> Iterator[DBusConnection]:
        """A connection of the test's own."""
        with open_dbus_connection(self.env["DBUS_SESSION_BUS_ADDRESS"]) as connection:
            yield connection

    def has(self, name: str) -> bool:
        """Whether somebody serves `name`."""
        with self.connection() as connection:
            question = jeepney.message_bus.NameHasOwner(name)
            return bool(connection.send_and_get_reply(question, timeout=5).body[0])

    def stop(self) -> None:
        """End the services, newest first, and the bus."""
        for child in reversed(self._children):
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._children.clear()


class SecretService:
    """A real gnome-keyring, unlocked, empty.

    Attributes:
        env: give this to a subprocess that should find it (`keyring` keeps its choice of backend
            for the life of a process).
    """

    def __init__(self, bus: PrivateBus) -> None:
        self.env = bus.env
        self._bus = bus
        daemon = program("gnome-keyring-daemon")
        bus.start([daemon, "--unlock", "--components=secrets", "--foreground"], stdin=b"unlock-me")
        wait_until(self._has_collection, "gnome-keyring to serve an unlocked keyring")

    @contextlib.contextmanager
    def in_process(self) -> Iterator[None]:
        """Make `keyring` use it in this process, inside the block."""
        before = keyring.get_keyring()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DBUS_SESSION_BUS_ADDRESS", self.env["DBUS_SESSION_BUS_ADDRESS"])
            keyring.set_keyring(SecretServiceBackend.Keyring())  # type: ignore[no-untyped-call]
            try:
                yield
            finally:
                keyring.set_keyring(before)
                # keyring 25 forgets to close its connection when the collection is locked.
                with warnings.catch_warnings(action="ignore", category=ResourceWarning):
                    gc.collect()

    def lock(self) -> None:
        """Lock it, as after a long absence; nobody here answers the prompt to unlock it."""
        with self._bus.connection() as connection:
            connection.send_and_get_reply(
                jeepney.new_method_call(_SECRETS, "Lock", "ao", ([self._collection(connection)],))
            )

    def _has_collection(self) -> bool:
        if not self._bus.has("org.freedesktop.secrets"):
            return False
        with self._bus.connection() as connection:
            return self._collection(connection) != "/"

    @staticmethod
    def _collection(connection: DBusConnection) -> str:
        """The path of the collection that `keyring` uses; "/" while there is none."""
        question = jeepney.new_method_call(_SECRETS, "ReadAlias", "s", ("default",))
        return str(connection.send_and_get_reply(question, timeout=5).body[0])


@dataclass(frozen=True, slots=True)
class ShownNotification:
    """One notification as the daemon got it.

    Attributes:
        urgency: `LOW`, `NORMAL` or `CRITICAL`.
    """

    application: str
    title: str
    body: str
    urgency: str
    id: int


class NotificationDaemon:
    """A real dunst on a real (virtual) screen.

    Attributes:
        env: give this to the process whose notifications should be shown here. It has `DISPLAY`
            as well; set `QT_QPA_PLATFORM=xcb` for a window on that screen.
    """

    def __init__(self, bus: PrivateBus, folder: Path) -> None:
        self._folder = folder
        self._log = folder / "shown.jsonl"
        script = folder / "keep"
        script.write_text(_KEEP_SCRIPT.format(python=program("python3"), log=str(self._log)))
        script.chmod(0o700)
        configuration = folder / "dunstrc"
        configuration.write_text(_DUNST_CONFIGURATION.format(script=script))
        self._screen, display = _start_screen()
        self.env = {**bus.env, "DISPLAY": display}
        bus.start([program("dunst"), "-conf", str(configuration)], env=self.env)
        wait_until(lambda: bus.has("org.freedesktop.Notifications"), "dunst to serve notifications")

    def shown(self) -> list[ShownNotification]:
        """Everything shown so far, oldest first; does not close or change anything."""
        if not self._log.exists():
            return []
        fields = (json.loads(line) for line in self._log.read_text().splitlines())
        shown = (ShownNotification(**{**one, "id": int(one["id"])}) for one in fields)
        return sorted(shown, key=lambda one: one.id)

    def count_on_screen(self) -> int:
        """How many are on the screen now."""
        return int(self._control("count", "displayed"))

    def click(self) -> None:
        """Invoke the default action of the topmost one, as a click on it would."""
        self._control("action", "0")

    def close_all(self) -> None:
        """Dismiss what is on the screen."""
        self._control("close-all")

    def history(self) -> list[dict[str, Any]]:
        """What was closed, in dunst's own words, newest first."""
        data = json.loads(self._control("history"))["data"][0]
        return [{key: field["data"] for key, field in one.items()} for one in data]

    def stop_screen(self) -> None:
        """End the screen; after the daemon, which would complain."""
        self._screen.terminate()
        self._screen.wait(_STOP_SECONDS)

    def _control(self, *arguments: str) -> str:
        return subprocess.run(
            [program("dunstctl"), *arguments],
            env={**os.environ, **self.env},
            capture_output=True,
            check=True,
            text=True,
            timeout=10,
        ).stdout


def _start_screen() -> tuple[subprocess.Popen[bytes], str]:
    """Start Xvfb on a display number it finds free by itself.

    Returns:
        the process, and the value for `DISPLAY`.
    """
    read_end, write_end = os.pipe()
    try:
        process = subprocess.Popen(
            [program("Xvfb"), "-displayfd", str(write_end), "-screen", "0", "1280x800x24",
             "-nolisten", "tcp"],
            pass_fds=[write_end],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
    finally:
        os.close(write_end)
    with os.fdopen(read_end) as numbers:
        number = numbers.readline().strip()  # empty when it ended without a screen
    if not number:
        pytest.fail(f"Xvfb did not start (exit code {process.wait()})", pytrace=False)
    return process, f":{number}"


@pytest.fixture
def private_bus() -> Iterator[PrivateBus]:
    """A session bus without any service: no keyring and no notifications."""
    with tempfile.TemporaryDirectory(prefix="bus-") as folder:
        bus = PrivateBus(Path(folder))
        yield bus
        bus.stop()


@pytest.fixture
def secret_service(private_bus: PrivateBus) -> SecretService:
    """A real keyring, unlocked and empty."""
    return SecretService(private_bus)


@pytest.fixture
def notification_daemon(private_bus: PrivateBus, tmp_path: Path) -> Iterator[NotificationDaemon]:
    """A real notification daemon on a screen of its own; on the same bus as `secret_service`."""
    daemon = NotificationDaemon(private_bus, tmp_path)
    yield daemon
    private_bus.stop()
    daemon.stop_screen()
