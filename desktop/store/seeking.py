"""What a search looks for, and in what.

The only place that says which texts match. The engine's index and the list, which judges a row
that has just changed by itself, both ask here, so that they never differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

#: Characters of an excerpt, and how many of them come before what was found.
EXCERPT_LENGTH: Final = 120
_BEFORE: Final = 16


def sought_words(text: str) -> tuple[str, ...]:
    """The words of a search, each once; all of them must be found, in any order.

    Args:
        text: any text: quotation marks and operators are characters like others.
    """
    return tuple(dict.fromkeys(_plain(text).split()))


def searched_text(context_id: str, agent: str, preview: str) -> str:
    """What a search looks at in one context."""
    return _plain(f"{context_id} {agent} {preview}")


def holds(text: str, words: Iterable[str]) -> bool:
    """Whether a searched text holds all words."""
    return all(word in text for word in words)


def excerpt(texts: Sequence[str], words: Sequence[str]) -> str:
    """What stands around the first match: as it was written, with a mark where it is cut.

    Args:
        texts: in the order in which they were said; the first that holds the most words is taken.

    Returns:
        Empty where no text holds any of the words.
    """
    plain = [_plain(text) for text in texts]
    held = [sum(word in text for word in words) for text in plain]
    if not any(held):
        return ""
    number = held.index(max(held))
    text = texts[number]
    at = min(place for word in words if (place := plain[number].find(word)) >= 0)
    begin = max(_written(text, at) - _BEFORE, 0)
    if begin:
        begin = text.find(" ", begin, begin + _BEFORE) + 1 or begin
    end = begin + EXCERPT_LENGTH
    return f"{'…' if begin else ''}{text[begin:end]}{'…' if end < len(text) else ''}"


def phrase_in(said: str, text: str) -> str:
    """What to find in a conversation whose excerpt is known: the search itself, or a word of it.

    Args:
        text: the search, as it was written.
    """
    plain, whole = _plain(said), text.strip()
    words = [whole, *whole.split()]
    return next((one for one in words if one and _plain(one) in plain), whole)


def _written(text: str, at: int) -> int:
    """Where in a text as it was written stands what has this place in the plain one."""
    if text.isascii():
        return at
    for number, character in enumerate(text):
        at -= len(character.casefold())
        if at < 0:
            return number
    return len(text)


def _plain(text: str) -> str:
    """Without capitals; and without what SQLite cannot keep: zero characters, half characters."""
    folded = text.casefold()
    if folded.isascii() and "\0" not in folded:
        return folded
    return folded.replace("\0", "\ufffd").encode(errors="replace").decode()
