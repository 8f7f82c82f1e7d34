"""Numbers that somebody wrote on the broker: a score, a field of a hash, a part of a name.

The only place that reads them. Whoever may write to a broker may write anything there, and nothing
of it may end a look at everybody else's.
"""

from __future__ import annotations

from typing import Final

#: What a stream's ids can hold; nothing on a broker is larger and true.
_LARGEST: Final = 2**64 - 1
_MOST_DIGITS: Final = len(str(_LARGEST))


def number(raw: bytes | str | float) -> int | None:
    """A whole number of at most 64 bits, without a sign.

    Args:
        raw: as it was written; a float is a score, which loses what follows its point.

    Returns:
        None for anything else: `inf`, `²`, 5,000 digits.
    """
    if isinstance(raw, bytes):
        raw = raw.decode(errors="replace")
    if isinstance(raw, str):
        # Shorter than what Python refuses to read, and no digits of other scripts.
        if not (len(raw) <= _MOST_DIGITS and raw.isascii() and raw.isdecimal()):
            return None
        raw = int(raw)
    return int(raw) if 0 <= raw <= _LARGEST else None
