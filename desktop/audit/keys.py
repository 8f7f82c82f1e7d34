"""The keys of the audit log: what its encrypted part lies under, and what its checkpoints carry.

The only place that makes them. They are in the operating system's keyring and nowhere else; where
no keyring answers, the log is written all the same: without an encrypted part and unsigned.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from desktop.errors import VaultUnavailable
from workers.wire.signing.distrust import NotTrusted
from workers.wire.signing.keys import KEY_BYTES, SigningKey, from_base64, to_base64

#: The name under which the keyring keeps them.
KEYS_NAME: Final = "keys of the audit log"
_HINT: Final = "Reasons and signed decisions are not kept at this desk, and its log is not signed."


class Keyring(Protocol):
    """The operating system's keyring, as this room needs it. Blocking."""

    def read(self, name: str) -> str:
        """What is kept under a name; empty for nothing.

        Raises:
            VaultUnavailable: it does not answer.
        """

    def keep(self, name: str, value: str) -> None:
        """Keep something under a name; nothing is kept of an empty text.

        Raises:
            VaultUnavailable: it is not kept.
        """


@dataclass(frozen=True, slots=True)
class LogKeys:
    """The keys of one installation.

    Attributes:
        wrapping: 32 bytes; every entry's own key lies under it.
        install: signs checkpoints in the name of this installation, never of a person.
    """

    wrapping: bytes = field(repr=False)
    install: SigningKey

    @classmethod
    def generate(cls) -> LogKeys:
        """New ones."""
        return cls(secrets.token_bytes(KEY_BYTES), SigningKey.generate())


def log_keys(keyring: Keyring) -> LogKeys:
    """The keys of this installation; made where there are none.

    Raises:
        VaultUnavailable: the keyring does not answer, or does not keep them.
    """
    return kept_keys(keyring) or keep_keys(keyring, LogKeys.generate())


def keep_keys(keyring: Keyring, keys: LogKeys, log: Path | None = None) -> LogKeys:
    """Keep keys.

    Args:
        log: keeps them as those of a log that was set aside; None as those of this installation.

    Returns:
        Those that are kept now: another console may have been quicker.

    Raises:
        VaultUnavailable: the keyring does not answer, or does not keep them.
    """
    try:
        keyring.keep(_name(log), to_base64(keys.wrapping + keys.install.seed))
    except VaultUnavailable as error:
        raise VaultUnavailable(error.title, _HINT) from error
    # Some keyrings take everything and keep nothing.
    known = kept_keys(keyring, log)
    if known is None:
        raise VaultUnavailable("The keyring does not keep the keys of the audit log.", _HINT)
    return known


def kept_keys(keyring: Keyring, log: Path | None = None) -> LogKeys | None:
    """The keys of this installation, if there are any; for whoever only reads.

    Args:
        log: the keys of this one instead, which was set aside.

    Raises:
        VaultUnavailable: the keyring does not answer, or holds something else.
    """
    try:
        kept = keyring.read(_name(log))
        if not kept:
            return None
        raw = from_base64(kept)
        return LogKeys(raw[:KEY_BYTES], SigningKey(raw[KEY_BYTES:]))
    except VaultUnavailable as error:
        raise VaultUnavailable(error.title, _HINT) from error
    except NotTrusted as error:
        raise VaultUnavailable("The keyring holds no keys of the audit log.", _HINT) from error


def _name(log: Path | None) -> str:
    return f"{KEYS_NAME} {log.resolve()}" if log else KEYS_NAME
