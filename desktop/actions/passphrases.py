"""How good a new passphrase is, in words. The only place that judges one.

It can only tell what is bad for sure: a passphrase that looks good may still be a quotation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: The wrapping itself refuses fewer.
LEAST_LETTERS: Final = 8
_GOOD_LETTERS, _STRONG_LETTERS = 14, 20
_FEW_DIFFERENT: Final = 5


@dataclass(frozen=True, slots=True)
class Strength:
    """What is to be said of a passphrase.

    Attributes:
        allowed: whether it can be used at all.
        good: whether there is nothing to add.
    """

    words: str
    allowed: bool = False
    good: bool = False


def strength(passphrase: str, *, known: tuple[str, ...] = ()) -> Strength:
    """Judge a passphrase.

    Args:
        known: what others know of its owner, such as name and id.
    """
    lowered = passphrase.casefold()
    if not passphrase:
        return Strength("")
    if len(passphrase) < LEAST_LETTERS:
        return Strength(f"Too short: at least {LEAST_LETTERS} characters.")
    if len(set(lowered)) < _FEW_DIFFERENT:
        return Strength("Too simple: few different characters.")
    if any(len(word) > 2 and word.casefold() in lowered for word in known):
        return Strength("Weak: it holds your name or ID.", allowed=True)
    if len(passphrase) < _GOOD_LETTERS:
        return Strength("Weak: several words are easy to keep in mind.", allowed=True)
    words = "Strong." if len(passphrase) >= _STRONG_LETTERS else "Good."
    return Strength(words, allowed=True, good=True)
