"""Text of the log made fit to be printed: what would hide or reorder itself is a named chip.

The only place that decides that for exports. Stricter than the window's: a paper has no exact view
beside it, so anything unusual is spelt out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterator
from typing import Final

_MARKS_PER_LETTER: Final = 4
#: A cell of a spreadsheet holds 32,767 characters; a person reads far fewer.
MOST_CHARACTERS: Final = 2000
_NAMES: Final = {
    0x00: "NUL", 0x09: "TAB", 0x0A: "LF", 0x0D: "CR", 0x1B: "ESC", 0xA0: "NBSP", 0xAD: "SHY",
    0x200B: "ZWSP", 0x200C: "ZWNJ", 0x200D: "ZWJ", 0x200E: "LRM", 0x200F: "RLM", 0x202A: "LRE",
    0x202B: "RLE", 0x202C: "PDF", 0x202D: "LRO", 0x202E: "RLO", 0x2066: "LRI", 0x2067: "RLI",
    0x2068: "FSI", 0x2069: "PDI", 0xFEFF: "BOM",
}  # fmt: skip
#: Letters that look like nothing; and what a chip is made of, so that no text can pass for one.
_HIDDEN: Final = frozenset("‹›\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffc").union(
    map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)
_PLAIN: Final = re.compile(r"[\x20-\x7e]*")


class AnyCharacter(Container[int]):
    """Code points that can be drawn where the reader's own fonts draw them: all."""

    def __contains__(self, code: object) -> bool:
        return True


ANY: Final = AnyCharacter()


def printed(text: str, drawable: Container[int] = ANY, most: int = MOST_CHARACTERS) -> str:
    """One line of text that shows everything that is in it.

    Args:
        drawable: code points for which there is a picture; others are spelt out as well.
        most: so many characters of it; then it says how many there are.
    """
    kept = unicodedata.normalize("NFC", text[:most])
    shown = kept if _PLAIN.fullmatch(kept) else "".join(_pieces(kept, drawable))
    return shown if len(text) <= most else f"{shown}… ({len(text):,} characters)"


def _pieces(text: str, drawable: Container[int]) -> Iterator[str]:
    marks = 0
    for character in text:
        code, category = ord(character), unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        # On paper nobody puts accents where they belong; elsewhere a letter may have a few.
        stacked = marks > (_MARKS_PER_LETTER if drawable is ANY else 0)
        blank = category[0] in "CZ" and character != " "
        if stacked or blank or character in _HIDDEN or code not in drawable:
            name = _NAMES.get(code)
            yield f"‹U+{code:04X} {name}›" if name else f"‹U+{code:04X}›"
        else:
            yield character
