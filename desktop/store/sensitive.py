"""Values that nobody should see by the way: cards, patients, accounts, security codes.

The only place that recognises them, by their shape or by the name of their field, and that says
what is shown in their stead. It misses what is spelt in no usual way and hides some numbers that
only look like a card's; the rules of a worker's policy name what must be hidden for certain.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_BULLET: Final = "•"
#: Stands for a value of which nothing is shown.
MASK: Final = _BULLET * 6


class Secrecy(StrEnum):
    """Why a value is hidden."""

    SECURITY_CODE = "security_code"
    CARD = "card"
    SSN = "ssn"
    IBAN = "iban"
    PATIENT = "patient"
    EMAIL = "email"
    POLICY = "policy"
    DEEP = "deep"


#: What is looked for unless told otherwise; addresses of e-mail are in too many harmless calls.
BY_DEFAULT: Final = frozenset(Secrecy) - {Secrecy.EMAIL}


@dataclass(frozen=True, slots=True)
class Sensitive:
    """A stretch of a text that is hidden, and what is shown of it."""

    start: int
    end: int
    kind: Secrecy
    shown: str


_GAP: Final = r"[ .\-\u00a0\u2009\u202f\u2010-\u2015]"
_DIGITS: Final = re.compile(rf"(?<![0-9A-Za-z])[0-9](?:{_GAP}?[0-9])+(?![0-9A-Za-z])")
#: A card's number is written in so many groups at most.
_MAX_GROUPS: Final = 8
_GROUP: Final = re.compile(r"[0-9]+")
#: What a magnetic stripe holds; no part of it may be kept or shown.
_TRACK: Final = re.compile(r"%?[Bb][0-9]{12,19}\^[^\^\n]{0,40}\^[0-9]*\??|;[0-9]{12,19}=[0-9]*\??")
_CODE: Final = re.compile(
    r"\b(?:cvv2?|cvc2?|csc|card verification (?:value|code)|security code)\b"
    r"[\s\"']*(?:is|[:=#])?[\s\"']*([0-9]{3,4})(?![0-9])",
    re.IGNORECASE,
)
_SSN: Final = re.compile(
    rf"(?<![0-9A-Za-z])(?!000|666|9)[0-9]{{3}}({_GAP})(?!00)[0-9]{{2}}\1(?!0000)[0-9]{{4}}"
    rf"(?![0-9A-Za-z]|{_GAP}[0-9])"
)
_IBAN: Final = re.compile(
    r"(?<![0-9A-Za-z])[A-Z]{2}[0-9]{2}(?:(?:[ \u00a0\u202f-]?[0-9A-Z]{4}){2,7}"
    r"(?:[ \u00a0\u202f-]?[0-9A-Z]{1,3})?)(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_LAST_GROUP: Final = re.compile(r"[ \u00a0\u202f-]?[^ \u00a0\u202f-]+$")
_MRN: Final = re.compile(
    r"\b(?:mrn|medical record (?:number|no\.?))\b[\s:=#]*([A-Z0-9\-]*[0-9]{4}[A-Z0-9\-]*)",
    re.IGNORECASE,
)
_EMAIL: Final = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_CODE_NAMES: Final = _names(
    "cvv cvv2 cvc cvc2 csc cvn cardcode cardcvv cardcvc cardpin securitycode cardsecuritycode "
    "cardverificationvalue cardverificationcode verificationvalue pin pinblock trackdata track1 "
    "track2"
)
_CARD_NAMES: Final = _names(
    "pan card cardno cardnum cardnumber ccnumber ccnum creditcard creditcardnumber debitcard "
    "debitcardnumber primaryaccountnumber"
)
_SSN_NAMES: Final = _names("ssn socialsecurity socialsecuritynumber ssnumber")
_IBAN_NAMES: Final = _names("iban ibannumber")
_PATIENT_NAMES: Final = _names(
    "patient patients mrn medicalrecordnumber medicalrecordno medicalrecord healthrecordnumber "
    "nhsnumber healthplannumber healthplanid hicn mbi dob dateofbirth birthdate birthday"
)
_EMAIL_NAMES: Final = _names("email emailaddress mail")
_NAMES: Final = (
    (Secrecy.SECURITY_CODE, _CODE_NAMES),
    (Secrecy.CARD, _CARD_NAMES),
    (Secrecy.SSN, _SSN_NAMES),
    (Secrecy.IBAN, _IBAN_NAMES),
    (Secrecy.PATIENT, _PATIENT_NAMES),
    (Secrecy.EMAIL, _EMAIL_NAMES),
)
#: First digits of issuers, with the lengths of their numbers (ISO/IEC 7812).
_ISSUERS: Final = (
    (range(40, 50), frozenset((13, 16, 19))),
    (range(51, 56), frozenset((16,))),
    (range(22, 28), frozenset((16,))),
    (range(34, 35), frozenset((15,))),
    (range(37, 38), frozenset((15,))),
    (range(35, 36), frozenset(range(16, 20))),
    (range(30, 31), frozenset(range(14, 20))),
    (range(36, 37), frozenset(range(14, 20))),
    (range(38, 40), frozenset(range(14, 20))),
    (range(50, 51), frozenset(range(12, 20))),
    (range(56, 59), frozenset(range(12, 20))),
    (range(60, 70), frozenset(range(12, 20))),
    (range(81, 82), frozenset(range(16, 20))),
)


def by_name(name: str) -> Secrecy | None:
    """What a field of this name holds; None if the name says nothing."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    for kind, names in _NAMES:
        if plain in names:
            return kind
    return Secrecy.PATIENT if plain.startswith("patient") else None


def shown_by_name(kind: Secrecy, text: str) -> str:
    """What is shown of a value that is hidden for the name of its field.

    Returns:
        The text itself where it cannot be what the name says: nothing is hidden then.
    """
    digits = "".join(_GROUP.findall(text))
    if kind is Secrecy.CARD:
        return _last_four(digits) if 12 <= len(digits) <= 19 else text
    if kind is Secrecy.IBAN and len(text) > 12:
        return f"{text[:4]} {_BULLET * 4} {text[-4:]}"
    return MASK if text.strip() else text


def sensitive(text: str, kinds: frozenset[Secrecy] = BY_DEFAULT) -> list[Sensitive]:
    """What in a text is hidden, in order; no two of them overlap."""
    found: list[Sensitive] = []
    for kind, search in _SEARCHES:
        if kind in kinds:
            for one in search(text):
                if all(one.end <= other.start or one.start >= other.end for other in found):
                    found.append(one)
    return sorted(found, key=lambda one: one.start)


def masked(text: str, found: list[Sensitive]) -> str:
    """The text with its mask in place of each stretch."""
    pieces, at = [], 0
    for one in found:
        pieces += [text[at : one.start], one.shown]
        at = one.end
    return "".join((*pieces, text[at:]))


def mask_text(text: str) -> str:
    """A text of an agent without what nobody should see by the way."""
    return masked(text, sensitive(text))


def _codes(text: str) -> Iterator[Sensitive]:
    for match in _TRACK.finditer(text):
        yield Sensitive(match.start(), match.end(), Secrecy.SECURITY_CODE, MASK)
    for match in _CODE.finditer(text):
        yield Sensitive(match.start(1), match.end(1), Secrecy.SECURITY_CODE, _BULLET * 3)


def _cards(text: str) -> Iterator[Sensitive]:
    """Numbers of cards; other groups of digits may stand right before and behind them."""
    for run in _DIGITS.finditer(text):
        groups = [
            (run.start() + group.start(), run.start() + group.end())
            for group in _GROUP.finditer(run.group())
        ]
        first = 0
        while first < len(groups):
            taken = _card_from(text, groups, first)
            if taken is None:
                first += 1
                continue
            last, digits = taken
            start, end = groups[first][0], groups[last][1]
            yield Sensitive(start, end, Secrecy.CARD, _last_four(digits))
            first = last + 1


def _card_from(text: str, groups: list[tuple[int, int]], first: int) -> tuple[int, str] | None:
    """The last group and the digits of the card's number that begins with a group."""
    digits, found = "", None
    for last in range(first, min(len(groups), first + _MAX_GROUPS)):
        digits += text[slice(*groups[last])]
        if len(digits) > 19:
            break
        if is_card_number(digits):
            found = last, digits
    return found


def is_card_number(digits: str) -> bool:
    """Whether an issuer gives out such numbers: first digits, length and check digit fit."""
    if not 12 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    begins = int(digits[:2])
    if not any(begins in issuer and len(digits) in lengths for issuer, lengths in _ISSUERS):
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def _ibans(text: str) -> Iterator[Sensitive]:
    for match in _IBAN.finditer(text):
        end = match.end()
        while end - match.start() >= 15:
            compact = re.sub(r"[^0-9A-Za-z]", "", text[match.start() : end]).upper()
            if len(compact) >= 15 and is_iban(compact):
                shown = f"{compact[:4]} {_BULLET * 4} {compact[-4:]}"
                yield Sensitive(match.start(), end, Secrecy.IBAN, shown)
                break
            # The last group may be a word that follows.
            end = match.start() + len(_LAST_GROUP.sub("", text[match.start() : end]))


def is_iban(compact: str) -> bool:
    """Whether the check digits of an IBAN without spaces fit (ISO 13616)."""
    moved = compact[4:] + compact[:4]
    return int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1


def _last_four(digits: str) -> str:
    four = _BULLET * 4
    return f"{four} {four} {four} {digits[-4:]}"


def _whole(pattern: re.Pattern[str], kind: Secrecy, group: int = 0) -> Search:
    def search(text: str) -> Iterator[Sensitive]:
        for match in pattern.finditer(text):
            yield Sensitive(match.start(group), match.end(group), kind, MASK)

    return search


Search = Callable[[str], Iterator[Sensitive]]
#: The first that finds a stretch has it.
_SEARCHES: Final[tuple[tuple[Secrecy, Search], ...]] = (
    (Secrecy.SECURITY_CODE, _codes),
    (Secrecy.IBAN, _ibans),
    (Secrecy.CARD, _cards),
    (Secrecy.SSN, _whole(_SSN, Secrecy.SSN)),
    (Secrecy.PATIENT, _whole(_MRN, Secrecy.PATIENT, 1)),
    (Secrecy.EMAIL, _whole(_EMAIL, Secrecy.EMAIL)),
)
