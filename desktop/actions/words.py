"""A person's words, made fit to travel.

The only place that changes what a person typed before it leaves the console.
"""

from __future__ import annotations


def fit_to_travel(text: str) -> str:
    """The text without blanks around it, and without halves of characters.

    A lone surrogate (a pasted half of an emoji, an argument that was no UTF-8) has no form on the
    wire; it becomes a question mark.
    """
    return text.strip().encode(errors="replace").decode()
