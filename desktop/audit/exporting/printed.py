"""Text of the log made fit to be printed: what would hide or reorder itself is a named chip.

The only place that decides that for exports. Stricter than the window's: a paper has no exact view
beside it, so anything unusual is spelt out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from typing import Final

#: A cell of a spreadsheet holds 32,767 characters; a person reads far fewer.
MOST_CHARACTERS: Final = 2000
_NAMES: Final = {
    0x00: "NUL", 0x09: "TAB", 0x0A: "LF", 0x0D: "CR", 0x1B: "ESC", 0xA0: "NBSP", 0xAD: "SHY",
    0x200B: "ZWSP", 0x200C: "ZWNJ", 0x200D: "ZWJ", 0x200E: "LRM", 0x200F: "RLM", 0x202A: "LRE",
    0x202B: "RLE", 0x202C: "PDF", 0x202D: "LRO", 0x202E: "RLO", 0x2066: "LRI", 0x2067: "RLI",
    0x2068: "FSI", 0x2069: "PDI", 0xFEFF: "BOM",
}  # fmt: skip
#: Letters that look like nothing, and accents that pile up over the line above.
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffc")
_PLAIN: Final = re.compile(r"[\x20-\x7e]*")


class AnyCharacter(Container[int]):
    """Code points that can be drawn where the reader's own fonts draw them: all."""

    def __contains__(self, code: object) -> bool:
        return True


ANY: Final = AnyCharacter()


def printed(text: str, drawable: Container[int] = ANY) -> str:
    """One line of text that shows everything that is in it, and at most `MOST_CHARACTERS` of it.

    Args:
        drawable: code points for which there is a picture; others are spelt out as well.
    """
    kept = text[:MOST_CHARACTERS]
    shown = kept if _PLAIN.fullmatch(kept) else "".join(_shown(one, drawable) for one in kept)
    return shown if len(text) <= MOST_CHARACTERS else f"{shown}… ({len(text):,} characters)"


def _shown(character: str, drawable: Container[int]) -> str:
    code, category = ord(character), unicodedata.category(character)
    hidden = category[0] in "CZ" and character != " "
    # Marks are drawn over their neighbours unless they are part of the letter.
    if hidden or category in {"Mn", "Me"} or character in _BLANK or code not in drawable:
        name = _NAMES.get(code)
        return f"⟨U+{code:04X} {name}⟩" if name else f"⟨U+{code:04X}⟩"
    return character
