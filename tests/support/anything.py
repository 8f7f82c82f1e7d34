"""Random JSON values, and whether both ends of the wire give them the same digest.

The only place that makes them. The same number gives the same ones each time.
"""

from __future__ import annotations

import random
import struct
from typing import Any, Final

import msgspec

from workers.wire.approvals import args_digest
from workers.wire.canonical import JSON, canonical_bytes, strict_json, untagged
from workers.wire.codec import decode_json

_SALT: Final = bytes(16)
_PIECES: Final = (
    "", "a", "A", "ä", "a\u0308", "\u202e", "\u200b", "\x00", "\x7f", "\ud7ff", "\ue000", "\uffff",
    "\U0001f600", "\U0010ffff", "/", "\\", '"', "\n", "</script>", "€", "1", "1.0", "null", "$Int",
)  # fmt: skip
_NUMBERS: Final[tuple[float, ...]] = (
    0, -0.0, 1, 1.0, -1, 0.1, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 2**53 - 1, 2**53,
    2**53 + 1, -(2**63), 2**64, 10**40, 333333333.3333332,
)  # fmt: skip


def anything(source: random.Random, depth: int = 0) -> Any:  # noqa: ANN401 - that is the point
    """A value that arguments of a call may have."""
    kind = source.randrange(8 if depth < 4 else 5)
    match kind:
        case 0:
            return source.choice((None, True, False))
        case 1:
            return source.choice(_NUMBERS)
        case 2:
            return source.randint(-(10 ** source.randrange(1, 30)), 10 ** source.randrange(1, 30))
        case 3:
            return _double(source)
        case 4:
            return "".join(source.choices(_PIECES, k=source.randrange(5)))
        case 5 | 6:
            names = ("".join(source.choices(_PIECES, k=2)) for _ in range(source.randrange(5)))
            return {name: anything(source, depth + 1) for name in names}
        case _:
            return [anything(source, depth + 1) for _ in range(source.randrange(5))]


def _double(source: random.Random) -> float:
    """Any double that is a number."""
    while True:
        (value,) = struct.unpack("<d", source.randbytes(8))
        if value - value == 0:
            return float(value)


def disagreements(count: int, chance: int) -> int:
    """How many of so many values have another digest after a way over the wire and back.

    The worker digests what its tool is to be given; the console what arrives.
    """
    source = random.Random(chance)  # noqa: S311 - the same each time is what is wanted
    wrong = 0
    for _ in range(count):
        value = {"value": anything(source)}
        sent = strict_json(value)
        arrived: JSON = decode_json(msgspec.json.encode(sent))
        again = strict_json(untagged(arrived))
        wrong += not (
            _digest(sent) == _digest(arrived) == _digest(again)
            and canonical_bytes(value) == canonical_bytes(untagged(arrived))
        )
    return wrong


def _digest(args: JSON) -> str:
    return args_digest("agent", "tool", args, _SALT)
