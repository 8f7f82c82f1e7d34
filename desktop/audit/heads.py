"""The head of a log, kept where the log is not: in the operating system's keyring.

The only place that keeps and reads it there. A chain alone does not show that its end was cut off,
nor that an older copy was put in its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from desktop.audit.keys import Keyring
from desktop.errors import VaultUnavailable
from workers.wire.signing.distrust import NotTrusted
from workers.wire.signing.keys import VerifyKey

_HINT = "Whether the end of the audit log was cut off cannot be told at this desk."


@dataclass(frozen=True, slots=True)
class Head:
    """What a log ended with when somebody last looked, kept elsewhere.

    Attributes:
        at: when, RFC 3339 in UTC.
        install: the key that signs the log's checkpoints, if it was kept, too.
    """

    size: int
    root: bytes
    at: str = ""
    install: VerifyKey | None = None


class _KeptHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    size: int
    root: bytes
    at: str
    install: str


def keep_head(keyring: Keyring, log: Path, head: Head) -> None:
    """Keep what a log ends with now.

    Raises:
        VaultUnavailable: it is not kept.
    """
    install = head.install.text if head.install else ""
    kept = msgspec.json.encode(_KeptHead(head.size, head.root, head.at, install)).decode()
    try:
        keyring.keep(_name(log), kept)
    except VaultUnavailable as error:
        raise VaultUnavailable(error.title, _HINT) from error


def kept_head(keyring: Keyring, log: Path) -> Head | None:
    """What a log ended with; None if nothing is known.

    Raises:
        VaultUnavailable: the keyring does not answer, or what it holds is no head.
    """
    try:
        kept = keyring.read(_name(log))
    except VaultUnavailable as error:
        raise VaultUnavailable(error.title, _HINT) from error
    if not kept:
        return None
    try:
        found = msgspec.json.decode(kept, type=_KeptHead)
        install = VerifyKey.from_text(found.install) if found.install else None
    except (msgspec.DecodeError, NotTrusted) as error:
        raise VaultUnavailable("The keyring holds no head of the audit log.", _HINT) from error
    return Head(found.size, found.root, found.at, install)


def _name(log: Path) -> str:
    # By its place: a log that was deleted and begun anew must not look like the first one.
    return f"head of the audit log {log.resolve()}"
