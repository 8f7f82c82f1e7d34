"""The console's settings: a small file in `SIGNOFF_HOME`, never with a secret in it.

The only place that knows the file and its defaults. A damaged file is kept beside the new one and
reported; the console starts with defaults.
"""

from __future__ import annotations

import getpass
import os
import socket
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec
import platformdirs

from desktop.errors import SettingsUnreadable

FILE_NAME = "settings.json"
DEFAULT_URL = "redis://127.0.0.1:6379/0"


class Theme(StrEnum):
    """Which colours the window wears."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Person:
    """Who sits at this desk."""

    id: str
    name: str


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a person chose.

    Attributes:
        broker_url: without its password; that lives in the keyring.
        reviewer_id: names this person in decisions; by default user and host.
        read_only: nothing is ever written to the broker.
        keep_text: the last words of conversations are kept on this computer, encrypted.
    """

    broker_url: str = ""
    theme: Theme = Theme.SYSTEM
    reviewer_id: str = ""
    reviewer_name: str = ""
    notify: bool = True
    read_only: bool = False
    keep_text: bool = False

    @property
    def person(self) -> Person:
        """Who sits at this desk."""
        return Person(self.reviewer_id, self.reviewer_name)


def home() -> Path:
    """Where settings, cache and demo data live."""
    chosen = os.environ.get("SIGNOFF_HOME")
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir("signoff", appauthor=False))


def cache_folder() -> Path:
    """Where conversations are remembered from one start to the next."""
    return home() / "cache"


def audit_log() -> Path:
    """Where the decisions of this desk are recorded."""
    return home() / "audit" / "decisions.sqlite"


def load(directory: Path | None = None) -> tuple[Settings, SettingsUnreadable | None]:
    """Read the settings.

    Returns:
        The settings (defaults where there are none), and what was wrong with the file, if anything.
    """
    path = (directory or home()) / FILE_NAME
    try:
        return _complete(msgspec.json.decode(path.read_bytes(), type=Settings)), None
    except FileNotFoundError:
        return _complete(Settings()), None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        kept = _set_aside(path)
        hint = f"It is kept as {kept.name}; defaults are used." if kept else "Defaults are used."
        return _complete(Settings()), SettingsUnreadable(
            f"The settings could not be read: {error}.", hint
        )


def save(settings: Settings, directory: Path | None = None) -> None:
    """Write the settings, whole or not at all.

    Raises:
        SettingsUnreadable: the file could not be written.
    """
    folder = directory or home()
    new = folder / f"{FILE_NAME}.new"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        new.write_bytes(msgspec.json.format(msgspec.json.encode(settings)))
        new.replace(folder / FILE_NAME)
    except OSError as error:
        title = f"The settings could not be saved: {error.strerror or error}."
        raise SettingsUnreadable(title, f"Check the folder {folder}.") from error


def changed(settings: Settings, **news: str | bool | Theme) -> Settings:
    """The settings with some choices made anew."""
    return _complete(msgspec.structs.replace(settings, **news))


def _complete(settings: Settings) -> Settings:
    if settings.reviewer_id:
        return settings
    name = settings.reviewer_name or _user_name()
    reviewer_id = f"{_user_name()}@{socket.gethostname()}"
    return msgspec.structs.replace(settings, reviewer_id=reviewer_id, reviewer_name=name)


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user on this system, as in some containers
        return "reviewer"


def _set_aside(path: Path) -> Path | None:
    kept = path.with_suffix(".damaged.json")
    try:
        path.replace(kept)
    except OSError:
        return None
    return kept
