"""Reading free text: clauses, money, and the names that stand after a preposition.

The only place that knows how a sentence is cut and how a number is written. It is a script, not a
parser of English: what it does not find is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


def words(pattern: str) -> re.Pattern[str]:
    """A pattern for text from people, who write small and capital letters as they like."""
    return re.compile(pattern, re.IGNORECASE)


_THEN = words(r"\s*[,;.!]?\s*\b(?:and\s+)?(?:then|after\s+that|afterwards)\b[,:]?\s*")
# Kept in the split, because a cut inside a name ("ACME, Inc.") is mended with what stood there.
_ALSO = words(r"(\s+(?:and|plus|as\s+well\s+as|&)\s+(?:also\s+)?|\s*[,;?!]\s+|\.\s+|\s*\n+\s*)")

CURRENCIES = {
    "€": "EUR", "euro": "EUR", "euros": "EUR",
    "$": "USD", "dollar": "USD", "dollars": "USD",
    "£": "GBP", "pound": "GBP", "pounds": "GBP",
    "franc": "CHF", "francs": "CHF",
    "kroner": "NOK", "kronor": "SEK",
}  # fmt: skip
_SCALES = {"k": 1_000, "thousand": 1_000, "m": 1_000_000, "million": 1_000_000}
# Codes by name: any three capital letters would make a currency of PAY in "PAY 10 TO ACME".
_CURRENCY = (
    r"€|\$|£|(?:eur|usd|gbp|chf|nok|sek|dkk|jpy|cny|inr|aud|cad|nzd|pln|czk|huf|brl|sgd"
    r"|euros?|dollars?|pounds?|francs?|kroner|kronor)\b"
)
_MONEY = words(
    rf"(?<![\w.,#/-])(?:(?P<before>{_CURRENCY})\s?)?"
    r"(?P<number>\d{1,3}(?:\.\d{3})+,\d{1,2}|\d{1,3}(?:[ ,'’]\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?)"
    r"(?!\w*[-/]\d)(?:\s?(?P<scale>k|m|thousand|million)\b)?"
    rf"(?:\s?(?P<after>{_CURRENCY}))?(?!\w)"
)
_POLITE = words(
    r"\b(?:please|thanks|thank you|for me|right now|now|today|tonight|tomorrow|currently"
    r"|at the moment|this (?:week|weekend|morning|afternoon|evening))\b"
)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount as it was written; `currency` is "" when none was named."""

    amount: float
    currency: str
    start: int
    end: int


def fragments(text: str) -> Iterator[list[tuple[str, str]]]:
    """Cut a request into steps that follow each other, and each step into fragments.

    Yields:
        For each step its fragments as (what stood before it, the fragment): a cut that was none,
        inside a name such as "ACME, Inc.", is mended by joining them again.
    """
    for step in _THEN.split(text):
        parts = _ALSO.split(step)
        found = [("", parts[0]), *zip(parts[1::2], parts[2::2], strict=True)]
        if any(fragment.strip() for _, fragment in found):
            yield [pair for pair in found if pair[1].strip()]


def money(text: str) -> Money | None:
    """The amount in `text`: the first with a currency, else the first number."""
    found = list(_MONEY.finditer(text))
    for match in sorted(found, key=lambda m: not (m["before"] or m["after"])):
        sign = match["before"] or match["after"] or ""
        currency = CURRENCIES.get(sign.lower(), sign.upper())
        amount = number(match["number"]) * _SCALES.get((match["scale"] or "").lower(), 1)
        return Money(amount, currency, match.start(), match.end())
    return None


def number(digits: str) -> float:
    """A number as people write it: 1,250.50 and 1.250,50 and 1 250 and 12,5.

    A comma before exactly three digits separates thousands.
    """
    digits = re.sub(r"[ '’]", "", digits)
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+,\d{1,2}", digits):
        return float(digits.replace(".", "").replace(",", "."))
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", digits):
        return float(digits.replace(",", ""))
    return float(digits.replace(",", "."))


def tidy(text: str) -> str:
    """A name or a phrase without quotes, politeness and the punctuation around it."""
    return _POLITE.sub("", text).strip(" \t\n.,;:!?\"'“”‘’«»()")


def place(text: str) -> str:
    """The name of a city as it is written on a map."""
    name = re.sub(r"^(?:the\s+)?(?:city\s+of\s+)?", "", tidy(text), flags=re.IGNORECASE)
    return name if any(letter.isupper() for letter in name) else name.title()


def is_bare_name(text: str) -> bool:
    """Whether `text` is one to three words and nothing else, like the second city of a list."""
    return re.fullmatch(r"[^\W\d_][\w'’.-]*(?: [^\W\d_][\w'’.-]*){0,2}", tidy(text)) is not None
