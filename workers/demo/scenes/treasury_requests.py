"""What people ask the treasury agent for: transfers, balances, payments, the GDP of a city.

The only place that knows how people ask for money to be moved.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from workers.demo.chat import JSONObject
from workers.demo.scenes import prose
from workers.demo.scenes.intents import Call, Intent
from workers.demo.scenes.reading import is_bare_name, money, place, tidy, words

_VERB = words(r"\b(?:transfer|pay|send|wire|remit|move|payment\s+of|make\s+a\s+payment)\b")
_PAYEE = words(
    r"\bto\s+(?:the\s+account\s+of\s+)?(?P<to>.+?)"
    r"(?=\s+(?:for|as|with|regarding|re|ref|reference|from|on|via)\b|\s*[;(]|,\s(?!(?:Inc|Ltd|LLC|GmbH)\b)|[.?!]*\s*$)"
)
_REFERENCE = words(
    r"\b(?:for|regarding|reference|ref|re|as)\b[:.]?\s+(?P<reference>.+?)(?=\s+to\s|\s+from\s|[.?!]*\s*$)"
)
_DOCUMENT = words(r"\b(?:invoice|bill|order)\s+(?:no\.?\s*)?#?[\w-]*\d[\w-]*")
_NO_PAYEE = frozenset({"", "a", "an amount of", "a total of", "the amount of", "out", "money"})

_ACCOUNT = words(
    r"\b(?P<known>operating|payroll|reserve)\b|\b(?P<number>[A-Z]{2}-\d{3,})\b"
    r"|\b(?:the|our|my)\s+(?P<named>\w+)\s+account\b|\baccount\s+(?P<after>[\w-]+)"
)
_BALANCE = words(r"\bbalances?\b|\bhow\s+much\b.*\b(?:in|on|have|left)\b")
_PAYMENTS = words(r"\b(?:payments|transactions|transfers|statement)\b")
_LIMIT = re.compile(r"\b(\d{1,2})\b")
_GDP = words(r"\bGDP\b|\bgross\s+domestic\s+product\b|\beconomic\s+output\b")
_GDP_CITY = words(
    r"\b(?:of|for|in)\s+(?P<city>[^?.!,]+)|^(?P<owner>[^\W\d_][\w -]*?)(?:['’]s)?\s+GDP\b"
)
_NO_CITY = words(r"^(?:(?:get|show|tell|give|me|what['’]s|what|is|the|a|city)\b\s*)+")


@dataclass(frozen=True, slots=True)
class _Transfer(Intent):
    amount: float = 0.0
    currency: str = ""
    to: str = ""
    reference: str = ""

    def question(self) -> str:
        if self.amount > 0 and self.to:
            return ""
        if self.amount > 0:
            return f"To whom should I transfer {self._money()}?"
        if self.to:
            return f"How much should I transfer to {self.to}, and in which currency?"
        return "How much should I transfer, in which currency, and to whom?"

    def answered(self, text: str) -> _Transfer:
        said = _transfer(text)
        to = self.to or said.to
        if not to and not said.amount:
            to = tidy(text)
        return replace(
            self,
            amount=self.amount or said.amount,
            currency=self.currency or said.currency,
            to=to,
            reference=self.reference or said.reference,
        )

    def calls(self) -> tuple[Call, ...]:
        args: JSONObject = {
            "to": self.to,
            "amount": self.amount,
            "currency": self.currency or "EUR",
            "reference": self.reference or f"Payment to {self.to}",
        }
        return (Call("transfer_funds", args),)

    def _money(self) -> str:
        return prose.amount(self.currency or "EUR", self.amount)


@dataclass(frozen=True, slots=True)
class _Balance(Intent):
    account: str = ""

    def question(self) -> str:
        return "" if self.account else "Which account: operating, payroll or reserve?"

    def answered(self, text: str) -> _Balance:
        return replace(self, account=_account(text) or tidy(text))

    def calls(self) -> tuple[Call, ...]:
        return (Call("get_account_balance", {"account": self.account}),)


@dataclass(frozen=True, slots=True)
class _Payments(Intent):
    account: str = ""
    limit: int = 5

    def question(self) -> str:
        return "" if self.account else "Payments of which account: operating, payroll or reserve?"

    def answered(self, text: str) -> _Payments:
        return replace(self, account=_account(text) or tidy(text))

    def calls(self) -> tuple[Call, ...]:
        return (Call("list_payments", {"account": self.account, "limit": self.limit}),)


@dataclass(frozen=True, slots=True)
class _Gdp(Intent):
    city: str = ""

    def question(self) -> str:
        return "" if self.city else "The GDP of which city?"

    def answered(self, text: str) -> _Gdp:
        return replace(self, city=place(text))

    def calls(self) -> tuple[Call, ...]:
        return (Call("get_city_gdp", {"city": self.city}),)


def read(fragment: str, before: Intent | None) -> Intent | None:
    """The intent of a fragment, or None; see `intents.Reader`."""
    if _GDP.search(fragment):
        return _Gdp(_gdp_city(fragment))
    if isinstance(before, _Gdp) and before.city and is_bare_name(fragment):
        return _Gdp(place(fragment))
    amount = money(_DOCUMENT.sub("", fragment))
    if _PAYMENTS.search(fragment) and not (_VERB.search(fragment) and amount and amount.currency):
        limit = _LIMIT.search(fragment)
        account = _account(fragment) or getattr(before, "account", "")
        return _Payments(account, int(limit[1]) if limit else 5)
    if _VERB.search(fragment):
        return _transfer(fragment)
    if isinstance(before, _Transfer) and amount and _PAYEE.search(fragment):
        said = _transfer(fragment)  # "... and 20 to Globex"
        return replace(said, currency=said.currency or before.currency)
    if _BALANCE.search(fragment):
        return _Balance(_account(fragment))
    if isinstance(before, _Balance | _Payments) and is_bare_name(fragment):
        account = _account(fragment)
        return replace(before, account=account) if account else None
    return None


def _transfer(text: str) -> _Transfer:
    """What a clause says about a transfer; what is not there stays empty."""
    rest = text
    to = ""
    payee = _PAYEE.search(rest)
    if payee:
        to = tidy(payee["to"])
        rest = rest[: payee.start()] + " " + rest[payee.end() :]
    reference = ""
    named = _REFERENCE.search(rest)
    sum_named = money(named["reference"]) if named else None
    if named and not (sum_named and sum_named.currency):
        reference = tidy(named["reference"])
        rest = rest[: named.start()]
    document = _DOCUMENT.search(rest)
    if document:
        reference = reference or tidy(document[0])
        rest = rest[: document.start()] + " " + rest[document.end() :]
    amount = money(rest)
    verb = _VERB.search(rest)
    if not to and verb:
        between = rest[verb.end() : amount.start if amount and amount.start > verb.end() else None]
        to = tidy(between)
        to = "" if to.lower() in _NO_PAYEE else to
    if amount is None:
        return _Transfer(to=to, reference=reference)
    return _Transfer(amount.amount, amount.currency, to, reference)


def _account(text: str) -> str:
    found = _ACCOUNT.search(text)
    return next((part for part in found.groups() if part), "").lower() if found else ""


def _gdp_city(text: str) -> str:
    found = _GDP_CITY.search(_NO_CITY.sub("", text.strip()))
    return place(found["city"] or found["owner"]) if found else ""
