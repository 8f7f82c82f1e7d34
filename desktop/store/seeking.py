"""What a search looks for, and in what.

The only place that says which texts match. The engine's index and the list, which judges a row
that has just changed by itself, both ask here, so that they never differ.
"""

from __future__ import annotations

from collections.abc import Iterable


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


def _plain(text: str) -> str:
    """Without capitals; and without what SQLite cannot keep: zero characters, half characters."""
    folded = text.casefold()
    if folded.isascii() and "\0" not in folded:
        return folded
    return folded.replace("\0", "\ufffd").encode(errors="replace").decode()
