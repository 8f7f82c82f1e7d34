"""Audit logs on their way to other desks: what desks say to each other about them.

The only place that defines these messages. Nothing is proven by where they lie: a batch counts
because the installation signed the tree it begins with and the tree it ends with (C2SP signed
notes), and a co-signature because it is one.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

import msgspec

from workers.wire.codec import MAX_PROGRESS_BYTES, decode_json
from workers.wire.errors import DecodeError

#: A message may not be larger (bytes).
MAX_AUDIT_BYTES: Final = MAX_PROGRESS_BYTES
_VERSION: Final = 1


class AuditBatch(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="batch"):
    """Entries of a desk's log that follow each other.

    Attributes:
        install: the public key of the installation whose log it is, 32 bytes.
        begin: the signed checkpoint of the log before the first of them; empty at its beginning.
        peaks: the roots of that tree's complete subtrees, the largest first.
        bodies: the entries, as they are kept; never anything of the encrypted part.
        note: the signed checkpoint of the log after the last of them.
    """

    install: bytes
    begin: str = ""
    peaks: bytes = b""
    bodies: tuple[bytes, ...] = ()
    note: str
    v: int = _VERSION


class AuditCosignature(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="cosignature"
):
    """Another desk's word that it keeps a log up to a checkpoint.

    Attributes:
        install: whose log it is.
        by: the public key of the installation that keeps it, 32 bytes.
        note: the signed checkpoint, with the co-signature as its last line.
    """

    install: bytes
    by: bytes
    note: str
    v: int = _VERSION


class AuditAsk(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="ask"):
    """A desk misses entries, because the stream was cut before it had read them.

    Attributes:
        install: whose log it is.
        after: the number of the last entry that is known.
    """

    install: bytes
    after: Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
    v: int = _VERSION


AuditMessage: TypeAlias = AuditBatch | AuditCosignature | AuditAsk


def read_message(raw: bytes) -> AuditMessage:
    """Read one entry's `data`.

    Raises:
        DecodeError: too large, not JSON, or none of these messages in a version known here.
    """
    value = decode_json(raw, max_bytes=MAX_AUDIT_BYTES)
    try:
        message: AuditMessage = msgspec.convert(value, AuditMessage)
    except msgspec.ValidationError as error:
        title = f"A message about audit logs is malformed: {error}."
        raise DecodeError("wrong_shape", title, raw) from error
    if message.v != _VERSION:
        raise DecodeError("unknown_version", "A message is of an unknown version.", raw)
    return message


def write_message(message: AuditMessage) -> bytes:
    """Write one as the `data` of an entry."""
    return msgspec.json.encode(message)
