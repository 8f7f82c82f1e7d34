"""Co-signatures: another desk's word that it keeps a log so far (C2SP tlog-cosignature).

The only place that makes and reads them. Whoever has one can prove to the log's own desk that its
log was so long, and was this one.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final

from desktop.audit.checkpoints import BadCheckpoint, Checkpoint, origin_of, read_checkpoint
from workers.wire.signing.keys import SIGNATURE_BYTES, SigningKey, VerifyKey

#: The end of the year 9999, which is the last that has a date.
LAST_TIME: Final = 253_402_300_799
_COSIGNATURE: Final = b"\x04"
_ID_BYTES: Final = 4
_TIME_BYTES: Final = 8
_DASH: Final = "\N{EM DASH} "
#: Of a checkpoint that one installation signed, and nobody else.
SIGNED_LINES: Final = 5


def cosign(note: str, key: SigningKey, at: int) -> str:
    """A signed note with a co-signature as its last line.

    Args:
        note: a checkpoint that its own installation signed, and nobody else yet.
        key: of the installation that keeps the log.
        at: when, whole seconds since the epoch.
    """
    name, time = origin_of(key.public), at.to_bytes(_TIME_BYTES, "big")
    signature = key.sign(_message(_text(note), at))
    line = base64.b64encode(_key_id(name, key.public) + time + signature).decode()
    return f"{note}{_DASH}{name} {line}\n"


def read_cosigned(note: str, install: VerifyKey, by: VerifyKey) -> tuple[Checkpoint, int]:
    """A checkpoint that an installation signed and another one co-signed last, and when.

    Raises:
        BadCheckpoint: either signature is not there, or does not fit.
    """
    told = read_checkpoint(note, install)
    # Nobody else's lines: what is kept and shown is what these two said.
    last = note.removesuffix("\n").rpartition("\n")[2]
    name, _, coded = last.removeprefix(_DASH).partition(" ")
    try:
        raw = base64.b64decode(coded, validate=True)
    except ValueError as error:
        raise BadCheckpoint("A co-signature is malformed.") from error
    if (
        note.count("\n") != SIGNED_LINES + 1
        or name != origin_of(by)
        or raw[:_ID_BYTES] != _key_id(name, by)
    ):
        raise BadCheckpoint("It is not co-signed by whom it should be.")
    time, signature = raw[_ID_BYTES:][:_TIME_BYTES], raw[_ID_BYTES + _TIME_BYTES :]
    at = int.from_bytes(time, "big")
    if len(signature) != SIGNATURE_BYTES or at > LAST_TIME:
        raise BadCheckpoint("A co-signature is malformed.")
    if not by.verifies(signature, _message(told.text, at)):
        raise BadCheckpoint("A co-signature does not fit what it signs.")
    return told, at


def _text(note: str) -> str:
    return note.rpartition("\n\n")[0] + "\n"


def _message(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _key_id(name: str, key: VerifyKey) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _COSIGNATURE + key.raw).digest()[:_ID_BYTES]
