"""Checkpoints: what the log was at some size, signed (C2SP tlog-checkpoint and signed-note).

The only place that writes and reads them. An auditor's own tools read this form.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Final

from desktop.audit.chain import HASH_BYTES
from desktop.errors import ConsoleError
from workers.wire.signing.keys import SigningKey, VerifyKey

_ED25519: Final = b"\x01"
_ID_BYTES: Final = 4
_DASH: Final = "\N{EM DASH} "


class BadCheckpoint(ConsoleError):
    """A text that is no checkpoint, or is not signed by whom it should be."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log, as it was.

    Attributes:
        origin: names the log: whoever signs it is the only one who writes it.
        size: how many entries it had.
        root: of the tree over them.
    """

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def origin_of(key: VerifyKey) -> str:
    """The name of the log of an installation, and of the key that signs it."""
    return f"signoff.audit/{key.key_id.removeprefix('ed25519:')}"


def sign_checkpoint(size: int, root: bytes, key: SigningKey) -> str:
    """A checkpoint of an installation's own log, as a signed note."""
    checkpoint = Checkpoint(origin_of(key.public), size, root)
    return sign_note(checkpoint.text, checkpoint.origin, key)


def read_checkpoint(note: str, key: VerifyKey) -> Checkpoint:
    """A checkpoint that an installation signed of its own log.

    Raises:
        BadCheckpoint: it is none, or another's.
    """
    text = open_note(note, origin_of(key), key)
    try:
        origin, size, root, _ = text.split("\n")
        found = Checkpoint(origin, int(size), base64.b64decode(root))
    except ValueError as error:
        raise BadCheckpoint("A checkpoint is malformed.") from error
    if found.origin != origin_of(key):
        raise BadCheckpoint("This is no checkpoint of this log.")
    # Numbers and digests may be written in many ways; signed is the one that we write.
    if found.size < 0 or len(found.root) != HASH_BYTES or found.text != text:
        raise BadCheckpoint("A checkpoint is malformed.")
    return found


def sign_note(text: str, name: str, key: SigningKey) -> str:
    """A signed note (C2SP signed-note).

    Args:
        text: ends with a line's end.
        name: of the key.
    """
    signature = _key_id(name, key.public) + key.sign(text.encode())
    return f"{text}\n{_DASH}{name} {base64.b64encode(signature).decode()}\n"


def open_note(note: str, name: str, key: VerifyKey) -> str:
    """The text of a signed note, if this key signed it; signatures of others are passed over.

    Raises:
        BadCheckpoint: it is no note, or this key did not sign it.
    """
    text, separator, signatures = note.rpartition("\n\n")
    text += "\n"
    if not separator or not signatures.endswith("\n"):
        raise BadCheckpoint("This is no signed note.")
    for line in signatures[:-1].split("\n"):
        who, _, coded = line.removeprefix(_DASH).partition(" ")
        try:
            raw = base64.b64decode(coded, validate=True)
        except ValueError as error:
            raise BadCheckpoint("This is no signed note.") from error
        if not line.startswith(_DASH) or len(raw) <= _ID_BYTES:
            raise BadCheckpoint("This is no signed note.")
        if who != name or raw[:_ID_BYTES] != _key_id(name, key):
            continue
        if key.verifies(raw[_ID_BYTES:], text.encode(errors="surrogatepass")):
            return text
        raise BadCheckpoint("A signature does not fit what it signs.")
    raise BadCheckpoint("It is not signed by whom it should be.")


def _key_id(name: str, key: VerifyKey) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + key.raw).digest()[:_ID_BYTES]
