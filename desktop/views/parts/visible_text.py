"""Text from agents made honest: what a screen would hide or reorder is shown as a named chip.

The only place that decides which characters are hidden. A reviewer approves what is seen, so a
bidirectional override, a zero-width character, a tag character or a lone surrogate must be seen.
No Qt here.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from typing import Final

# Letters may carry a few accents; taller stacks are drawn over the neighbouring lines.
_MARKS_PER_LETTER: Final = 4

_NAMES: Final = {
    0x00: "NUL", 0x07: "BEL", 0x08: "BS", 0x09: "TAB", 0x0A: "LF", 0x0B: "VT", 0x0C: "FF",
    0x0D: "CR", 0x1B: "ESC", 0x7F: "DEL", 0x85: "NEL", 0xA0: "NBSP", 0xAD: "SHY", 0x34F: "CGJ",
    0x61C: "ALM", 0x115F: "HANGUL FILLER", 0x1160: "HANGUL FILLER", 0x200B: "ZWSP",
    0x200C: "ZWNJ", 0x200D: "ZWJ", 0x200E: "LRM", 0x200F: "RLM", 0x2028: "LINE SEP",
    0x2029: "PARA SEP", 0x202A: "LRE", 0x202B: "RLE", 0x202C: "PDF", 0x202D: "LRO", 0x202E: "RLO",
    0x202F: "NNBSP", 0x2060: "WJ", 0x2066: "LRI", 0x2067: "RLI", 0x2068: "FSI", 0x2069: "PDI",
    0x2800: "BRAILLE BLANK", 0x3164: "HANGUL FILLER", 0xFE0F: "VS16", 0xFEFF: "BOM",
    0xFFA0: "HANGUL FILLER", 0xFFFC: "OBJ",
}  # fmt: skip

# Hidden, yet not in a category that says so (Unicode: Default_Ignorable_Code_Point, and blanks).
_BLANK_LETTERS: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\ufffc"
)
_HIDDEN_CATEGORIES: Final = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))

# Everything outside these ranges is looked at one by one; most text is inside and passes at once.
_PLAIN: Final = re.compile(
    "[\\n\\x20-\\x7e\\u00a1-\\u00ac\\u00ae-\\u02ff\\u0370-\\u0377\\u0400-\\u0482\\u05d0-\\u05ea"
    "\\u0621-\\u064a\\u2010-\\u2027\\u2030-\\u205e\\u3041-\\u3096\\u30a1-\\u30fa\\u4e00-\\u9fa5"
    "\\uac00-\\ud7a3]+"
)
#: Scripts with letters that look like those of another one of them.
_ALIKE: Final = frozenset(("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU"))
_STYLED: Final = re.compile("[\\uff21-\\uff3a\\uff41-\\uff5a\\U0001d400-\\U0001d7ff]")
#: Spaces that end a line, and words that are not ASCII throughout.
_NOTED: Final = re.compile(
    "(?<! ) +(?=\\r?\\n|\\Z)|"
    "(?<![^\\W\\d_])(?=[a-zA-Z]*[^\\x00-\\x7f])[^\\W\\d_][^\\W\\d_\\u0300-\\u036f]*"
    "(?:[\\u0300-\\u036f]+[^\\W\\d_]*)*"
)
_BLANKS: Final = re.compile("[ \\t\\r\\n]+")
_TAGS: Final = range(0xE0000, 0xE0080)
_TAG_RUN: Final = re.compile("[\\U000e0000-\\U000e007f]+")
_SAME_RUN: Final = re.compile(r"(.)\1*", re.DOTALL)
_MARKS: Final = frozenset(("Mn", "Me"))
_ZWJ: Final = "\u200d"
_EMOJI_STYLE: Final = "\ufe0f"
_KEYCAPS: Final = "#*0123456789"
_EMOJI_SIGNS: Final = "\u203c\u2049\u2194"
_SKIN_TONES: Final = range(0x1F3FB, 0x1F400)


class SpanKind(StrEnum):
    """`HIDDEN` is our own wording for something that would not be seen; the rest is the text.

    `ODD` is text that is not what it looks like: a word of letters from several scripts, or
    letters that have another, usual spelling.
    """

    TEXT = "text"
    HIDDEN = "hidden"
    ODD = "odd"


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text of one kind. A `HIDDEN` span is a chip such as `⟨U+202E RLO⟩`."""

    kind: SpanKind
    text: str


def make_visible(text: str, *, exact: bool = False) -> list[Span]:
    """Split text into what may be shown as it is and chips for what would be hidden.

    Newlines stay. A carriage return before a newline is dropped: it is how Windows ends lines.

    Args:
        exact: for arguments of a call. Also tabs, unusual spaces, spaces at the end of a line and
            joiners inside emoji become chips, and carriage returns: two texts that look the same
            are the same. What is `ODD` is told only here.

    Returns:
        Spans of alternating kinds; no span is empty. Never raises, whatever the text.
    """
    return [
        Span(kind, "".join(piece for _, piece in run))
        for kind, run in groupby(_split(text, exact=exact), key=itemgetter(0))
    ]


def visible(text: str, *, exact: bool = False) -> str:
    """The same as one string: for labels, tool tips and screen readers."""
    return "".join(piece for _, piece in _split(text, exact=exact))


def one_line(text: str, limit: int = 200) -> str:
    """Visible text on one line, at most `limit` characters of it: for a row or a title."""
    shown = visible(_BLANKS.sub(" ", text[: limit * 4]).strip(" "))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def chip(character: str, times: int = 1) -> str:
    """The chip for one hidden character, e.g. `⟨U+200B ZWSP ×12⟩`."""
    code = ord(character)
    name = _NAMES.get(code)
    words = f"U+{code:04X}" + (f" {name}" if name else "")
    return f"⟨{words} ×{times}⟩" if times > 1 else f"⟨{words}⟩"


def _split(text: str, *, exact: bool) -> Iterator[tuple[SpanKind, str]]:
    return _exact_pieces(text) if exact else _pieces(text.replace("\r\n", "\n"), exact=False)


def _exact_pieces(text: str) -> Iterator[tuple[SpanKind, str]]:
    at = 0
    for match in _NOTED.finditer(text):
        word = match.group()
        is_space = word[0] == " "
        if not is_space and not is_odd(word):
            continue
        yield from _pieces(text[at : match.start()], exact=True)
        at = match.end()
        if is_space:
            yield SpanKind.HIDDEN, f"⟨space ×{len(word)}⟩" if len(word) > 1 else "⟨space⟩"
            continue
        for kind, piece in _pieces(word, exact=True):
            yield SpanKind.ODD if kind is SpanKind.TEXT else kind, piece
    yield from _pieces(text[at:], exact=True)


def is_odd(word: str) -> bool:
    """Whether a word is not what it looks like.

    Its letters are of several scripts whose letters look alike, or are letters that another,
    usual letter stands for (fullwidth, mathematical, an accent set apart from its letter).
    """
    if unicodedata.normalize("NFC", word) != word or _STYLED.search(word):
        return True
    scripts = {
        script
        for script in (unicodedata.name(letter, "").partition(" ")[0] for letter in word)
        if script in _ALIKE
    }
    return len(scripts) > 1


def _pieces(text: str, *, exact: bool) -> Iterator[tuple[SpanKind, str]]:
    at = marks = 0
    end = len(text)
    while at < end:
        plain = _PLAIN.match(text, at)
        if plain:
            yield SpanKind.TEXT, plain.group()
            at, marks = plain.end(), 0
            continue
        here = text[at]
        if ord(here) in _TAGS:
            after = _run_end(_TAG_RUN, text, at)
            yield SpanKind.HIDDEN, _tag_chip(text[at:after])
            at = after
            continue
        category = unicodedata.category(here)
        marks = marks + 1 if category in _MARKS else 0
        if _is_hidden(text, at, category, exact=exact) or marks > _MARKS_PER_LETTER:
            # A run of one, as most are, is not worth asking for.
            after = _run_end(_SAME_RUN, text, at) if text.startswith(here, at + 1) else at + 1
            yield SpanKind.HIDDEN, chip(here, after - at)
            at = after
        else:
            yield SpanKind.TEXT, "    " if here == "\t" else here
            at += 1


def _run_end(run: re.Pattern[str], text: str, at: int) -> int:
    found = run.match(text, at)
    return found.end() if found else at


def _tag_chip(run: str) -> str:
    # Tag characters spell ASCII that only a model reads: say what they spell.
    spelt = "".join(chr(ord(c) - 0xE0000) for c in run if 0xE0020 <= ord(c) < 0xE007F)
    return f'⟨hidden tags "{spelt}"⟩'


def _is_hidden(text: str, at: int, category: str, *, exact: bool) -> bool:
    here = text[at]
    if here == "\t":
        return exact
    code = ord(here)
    if here == _ZWJ and not exact:
        return not (_is_pictograph(text, at - 1) and _is_pictograph(text, at + 1))
    if 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF:
        # One request for colour after a pictograph is how emoji are written; more is a message.
        return exact or here != _EMOJI_STYLE or not _is_pictograph(text, at - 1)
    if category == "Zs":
        return exact or code not in {0xA0, 0x2009, 0x202F, 0x3000}
    return category in _HIDDEN_CATEGORIES or here in _BLANK_LETTERS


def _is_pictograph(text: str, at: int) -> bool:
    if not 0 <= at < len(text):
        return False
    here = text[at]
    if here == _EMOJI_STYLE:
        return at > 0 and text[at - 1] != _EMOJI_STYLE and _is_pictograph(text, at - 1)
    if here in _KEYCAPS:
        return text[at + 2 : at + 3] == "\u20e3"
    return unicodedata.category(here) == "So" or ord(here) in _SKIN_TONES or here in _EMOJI_SIGNS
