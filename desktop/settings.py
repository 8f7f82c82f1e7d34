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
from typing import Annotated, TypeAlias

import msgspec
import platformdirs

from desktop.errors import SettingsUnreadable

FILE_NAME = "settings.json"
DAMAGED_NAME = "settings.damaged.json"
DEFAULT_URL = "redis://127.0.0.1:6379/0"
MOST_LOCK_MINUTES = 15
MOST_SIGNING_MINUTES = 480


class Theme(StrEnum):
    """Which colours the window wears."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class SigningRule(StrEnum):
    """When a reviewer's passphrase is asked for.

    With each decision, once per session, or once and again for each call of high risk.
    """

    EVERY = "every"
    FIRST = "first"
    ABOVE = "above"


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
        keep_text: what is said in conversations is kept on this computer, encrypted.
        signers: whose signing keys were made on this computer.
        signing_minutes: after the passphrase a session of signing lasts so long at most.
        lock_minutes: so long nobody touches the console until it locks itself; 1 to 15.
        trust: the folder with the registry; empty for the usual one.
        kept_years: so long the encrypted part of the audit log is kept.
        kept_years_of: of kinds of entries that are kept for another time, such as "decision".
        locked: it was locked when it was closed, so it opens locked.
    """

    broker_url: str = ""
    theme: Theme = Theme.SYSTEM
    reviewer_id: str = ""
    reviewer_name: str = ""
    notify: bool = True
    read_only: bool = False
    keep_text: bool = False
    signers: tuple[Person, ...] = ()
    signing_rule: SigningRule = SigningRule.FIRST
    signing_minutes: Annotated[int, msgspec.Meta(ge=1, le=MOST_SIGNING_MINUTES)] = 60
    lock_minutes: Annotated[int, msgspec.Meta(ge=1, le=MOST_LOCK_MINUTES)] = 10
    trust: str = ""
    kept_years: Annotated[float, msgspec.Meta(gt=0)] = 7.0
    kept_years_of: dict[str, float] = {}
    locked: bool = False

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


def attempts() -> Path:
    """Where wrong passphrases are counted."""
    return home() / "signing.json"


def damaged() -> Path:
    """Where settings that could not be read are kept."""
    return home() / DAMAGED_NAME


def trust_folder(chosen: Settings) -> Path:
    """The folder with the registry that this console believes."""
    told = os.environ.get("SIGNOFF_TRUST") or chosen.trust
    return Path(told).expanduser() if told else home() / "trust"


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


#: What a person can choose.
Choice: TypeAlias = str | bool | float | Theme | SigningRule | tuple[Person, ...]


def with_signer(settings: Settings, person: Person) -> Settings:
    """The settings of a desk where a person signs whose key was made here."""
    others = tuple(known for known in settings.signers if known.id != person.id)
    return changed(
        settings,
        signers=(*others, person),
        reviewer_id=person.id,
        reviewer_name=person.name,
    )


def changed(settings: Settings, **news: Choice) -> Settings:
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
    kept = path.with_name(DAMAGED_NAME)
    try:
        path.replace(kept)
    except OSError:
        return None
    return kept
