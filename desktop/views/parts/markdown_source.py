"""Markdown from agents before it is drawn: capped, parsed, and nothing but text and structure.

The only place that runs the Markdown parser. Size, nesting and the number of blocks are capped
before anything is laid out; what is over a cap is shown as plain text and nothing is dropped.
Raw HTML stays text. No Qt here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from desktop.views.parts.visible_text import SpanKind, chip, make_visible

RENDERED_CHARACTERS: Final = 64 * 1024
# Qt breaks a line without gaps in time that grows with the square of its length: 0.2 s for 64 K.
_UNBROKEN_CHARACTERS: Final = 8 * 1024
_WORD: Final = re.compile(r"\S+")
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
    """How many characters of a text may be set in type at once: fewer where it has no gaps."""
    if len(text) <= _UNBROKEN_CHARACTERS:
        return RENDERED_CHARACTERS
    for word in _WORD.finditer(text, 0, RENDERED_CHARACTERS):
        if word.end() - word.start() > _UNBROKEN_CHARACTERS:
            return word.start() + _UNBROKEN_CHARACTERS
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


def _parser() -> MarkdownIt:
    # `html: False` keeps tags as text. Above our own cap on nesting, so that nothing is dropped.
    options = {"html": False, "linkify": False, "typographer": False, "maxNesting": 100}
    return MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
