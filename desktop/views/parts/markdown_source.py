"""Markdown from agents before it is drawn: capped, parsed, and nothing but text and structure.

The only place that runs the Markdown parser. Size, nesting and the number of blocks are capped
before anything is laid out; what is over a cap is shown as plain text and nothing is dropped.
Raw HTML stays text. No Qt here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from desktop.views.parts.visible_text import SpanKind, chip, make_visible

RENDERED_CHARACTERS: Final = 64 * 1024
# Qt breaks a line without gaps in time that grows with the square of its length: 0.2 s for 64 K.
_UNBROKEN_CHARACTERS: Final = 8 * 1024
_WORD: Final = re.compile(r"\S+")
# What 64 K letters cost, an eighth of that many lines or marks would: 0.7 s for lines of two.
_LINE_COST: Final = 37  # of a line, in letters
_MARK_COST: Final = 50  # of a character that may be a mark, and may part a text into pieces
_BUDGET: Final = 96 * 1024  # in letters: 80 ms
_CHEAP: Final = _BUDGET // (_MARK_COST + 1)  # characters that are within it, whatever they are
_COSTLY: Final = re.compile(r"[\n*_`~|\[\]<>]")
_MAX_NESTING: Final = 20
# The parser takes time that grows with the square of unmatched brackets: 2.3 s for 64 K of them.
_MAX_BRACKETS: Final = 4_000
# A table row is filled up to the width of its header, so 64 K characters can ask for 200 K cells.
_MAX_BLOCKS: Final = 6_000
_SAFE_SCHEMES: Final = frozenset(("http", "https", "mailto"))

_UNPARSABLE: Final = re.compile("[\x00\ud800-\udfff]|\r(?!\n)")
_MARKER: Final = re.compile(r"[ \t]*(>|[-+*](?=\s|$)|\d{1,9}[.)](?=\s|$))")


@dataclass(frozen=True, slots=True)
class Prepared:
    """Text that is safe to give to a renderer.

    Attributes:
        head: the first page, fit for the parser.
        rest: everything after it, unchanged: shown as plain text when asked for.
        plain: the head must be shown as it is, because parsing it would cost or lose too much.
    """

    head: str
    rest: str
    plain: bool


def page_length(text: str) -> int:
    """How many characters of a text may be set in type at once.

    Fewer where it has no gaps, and where it is full of short lines or of marks of Markdown.
    """
    if len(text) <= _CHEAP:
        return RENDERED_CHARACTERS
    end = _affordable(text)
    if len(text) > _UNBROKEN_CHARACTERS:
        for word in _WORD.finditer(text, 0, end):
            if word.end() - word.start() > _UNBROKEN_CHARACTERS:
                return word.start() + _UNBROKEN_CHARACTERS
    return end


def pages_length(text: str, pages: int) -> int:
    """How many characters so many pages of a text have, each cut as `page_length` says."""
    at = 0
    for _ in range(pages):
        if at >= len(text):
            break
        # No page is longer than this, so there is no need to copy more.
        at += page_length(text[at : at + 2 * RENDERED_CHARACTERS])
    return min(at, len(text))


def _affordable(text: str) -> int:
    room = _BUDGET
    for found in _COSTLY.finditer(text, 0, RENDERED_CHARACTERS):
        room -= _LINE_COST if found.group() == "\n" else _MARK_COST
        if found.start() >= room:
            return found.start()
    return RENDERED_CHARACTERS


def sanitise(text: str) -> Prepared:
    """Cap a text and decide whether it may be parsed. Never raises, whatever the text."""
    length = page_length(text)
    head, rest = text[:length], text[length:]
    head = _UNPARSABLE.sub(lambda found: chip(found.group()), head)
    plain = head.count("[") > _MAX_BRACKETS or nesting_of(head) > _MAX_NESTING
    return Prepared(head, rest, plain)


def parse(prepared: Prepared) -> Sequence[Token] | None:
    """The tokens of a prepared text, or None when it must be shown as plain text."""
    if prepared.plain:
        return None
    found = _parser().parse(prepared.head)
    return None if len(found) > _MAX_BLOCKS else found


def nesting_of(text: str) -> int:
    """How deep quotes and lists may nest in a text, never below what the parser would find.

    Counted over the lines, without recursion: the parser itself silently drops what is too deep.
    Counting ends where the answer is clear, a little above the cap.
    """
    deepest = 0
    columns: list[int] = []  # where the list markers stand that an indented line may belong to
    for line in text.split("\n"):
        quotes, at = 0, 0
        fresh: list[int] = []
        while (found := _MARKER.match(line, at)) and quotes + len(fresh) <= _MAX_NESTING:
            if found.group(1) == ">":
                quotes += 1
            else:
                fresh.append(len(line[: found.start(1)].expandtabs(4)))
            at = found.end()
        while fresh and columns and columns[-1] >= fresh[0]:
            columns.pop()
        columns.extend(fresh)
        deepest = max(deepest, len(columns) + quotes)
        if deepest > _MAX_NESTING:
            break
    return deepest


def link_target(address: object) -> str | None:
    """The address of a link if a person may follow it, else None.

    Only `http`, `https` and `mailto` with nothing hidden in them; never `file`, `data` or script.
    """
    if not isinstance(address, str) or any(c.isspace() for c in address):
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.scheme not in _SAFE_SCHEMES or (parts.scheme != "mailto" and not parts.hostname):
        return None
    hidden = any(span.kind is SpanKind.HIDDEN for span in make_visible(address, exact=True))
    return None if hidden else address


@cache
def _parser() -> MarkdownIt:
    # Making one takes longer than parsing most messages; it keeps nothing of what it parsed.
    # `html: False` keeps tags as text. Above our own cap on nesting, so that nothing is dropped.
    options = {"html": False, "linkify": False, "typographer": False, "maxNesting": 100}
    return MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
