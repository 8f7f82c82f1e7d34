"""The lines of an export as evidence: what each of them holds, and its one form as bytes.

The only place that defines the JSON Lines form. A line is ASCII: whatever an entry quotes, no
control or bidirectional character of it reaches a terminal, and one line is one record.
"""

from __future__ import annotations

import json
from typing import Annotated, Final, TypeAlias

import msgspec

from desktop.audit.entries import Actor
from workers.wire.canonical import JSON

KIND: Final = "signoff.audit.export"
#: A line may have so many bytes; an entry with its decision has a thousandth of it.
MAX_LINE_BYTES: Final = 64 * 1024 * 1024

_Hex: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
_Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Header(msgspec.Struct, frozen=True, kw_only=True, tag="export"):
    """The first line: what this file is, and what is not in it.

    Attributes:
        at, by, app: when it was made, by whom, with which version of the console.
        query: what was asked for, by the names of `AuditQuery`; empty for everything.
        size, root, head: of the log: its entries, their tree (hex), the hash of the last one.
        rows: how many entries are in this file.
        checkpoint: a signed note over the log; empty if nobody signed it.
        install: the key that signed it, in base64.
        registry: the envelope of the registry that was in force; None where there is none.
    """

    kind: str
    v: int
    at: str
    by: Actor
    app: str
    holds: str
    lacks: tuple[str, ...]
    query: dict[str, JSON]
    size: _Count
    root: _Hex
    head: _Hex
    rows: _Count
    checkpoint: str
    install: str
    registry: JSON


class EntryLine(msgspec.Struct, frozen=True, kw_only=True, tag="entry"):
    """One entry of the log.

    Attributes:
        body: its bytes, as they are kept; base64 in the file.
        before, hash: of the entry before it, and its own; hex.
        proof: hashes that lead to the root of the header (RFC 6962); hex.
        decision: the signed decision (DSSE), if the log kept it and it may be shown.
    """

    number: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    before: _Hex
    hash: _Hex
    body: bytes
    proof: tuple[_Hex, ...]
    decision: JSON = None


class End(msgspec.Struct, frozen=True, kw_only=True, tag="end"):
    """The last line.

    Attributes:
        sha256: of all bytes before this line; hex.
    """

    rows: _Count
    sha256: _Hex


Line: TypeAlias = Header | EntryLine | End
_decoder = msgspec.json.Decoder(Line)


class BadLine(ValueError):
    """Bytes that are no line of an export."""


def write_line(line: Line) -> bytes:
    """A line in its one form, with its end."""
    value = msgspec.to_builtins(line)
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def read_line(raw: bytes) -> Line:
    """A line, if it is written in its one form.

    Raises:
        BadLine: it is not.
    """
    try:
        line: Line = _decoder.decode(raw)
        same = write_line(line) == raw  # nor is there anything that is not read
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadLine(f"it cannot be read: {error}") from error
    if not same:
        raise BadLine("it is not written as an export writes it")
    return line
