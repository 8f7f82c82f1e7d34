"""The arguments of a request, byte by byte: what the digest covers, and so what would run.

The only place that writes them out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from desktop.store.masking import Hidden, with_masks
from desktop.store.records import Request
from workers.wire.canonical import canonical_bytes
from workers.wire.errors import NotApprovable

BYTES_IN_A_LINE: Final = 8
_CANONICAL: Final = "The digest covers exactly these bytes (RFC 8785)."
_NO_DIGEST: Final = "This worker sends no digest; these bytes are what it showed."
_NO_FORM: Final = "These arguments have no canonical form; this is how they came."
_LEFT_OUT: Final = "A security code is never shown: dots stand for it here."


@dataclass(frozen=True, slots=True)
class ExactBytes:
    """Bytes, and what they are.

    Attributes:
        what: in a sentence or two.
        text: the bytes as text, on one line.
    """

    content: bytes
    what: str

    @property
    def text(self) -> str:
        """The bytes as text, on one line."""
        return self.content.decode("utf-8", errors="backslashreplace")

    def hex_lines(self, start: int, end: int) -> list[str]:
        """Some of the bytes in hexadecimal, each line with its offset and what can be read."""
        return [
            _hex_line(at, self.content[at : min(at + BYTES_IN_A_LINE, end)])
            for at in range(start, min(end, len(self.content)), BYTES_IN_A_LINE)
        ]


def exact_bytes(request: Request, hidden: Sequence[Hidden]) -> ExactBytes | None:
    """The bytes of a request's arguments; None where they cannot be written at all.

    Args:
        hidden: values that are masked on the card. All of them are in clear here, but those that
            are never shown.
    """
    never = [one for one in hidden if one.revealed != _clear_of(request.args, one)]
    args = with_masks(request.args, never, {one.pointer for one in never})
    try:
        content, what = canonical_bytes(args), _CANONICAL
        if request.call.request is None:
            what = _NO_DIGEST
    except (NotApprovable, RecursionError):
        try:
            content, what = json.dumps(args).encode(), _NO_FORM
        except (TypeError, ValueError, RecursionError):
            return None
    return ExactBytes(content, f"{what} {_LEFT_OUT}" if never else what)


def _clear_of(args: object, one: Hidden) -> object:
    """The true value where a hidden one stands."""
    value = args
    for token in one.pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value[name]
        elif isinstance(value, list | tuple):
            value = value[int(name)]
    return value


def _hex_line(at: int, some: bytes) -> str:
    digits = some.hex(" ").ljust(BYTES_IN_A_LINE * 3 - 1)
    readable = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in some)
    return f"{at:06x}  {digits}  {readable}"
