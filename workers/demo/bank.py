"""The money of the demo: three accounts, their payments, and the transfers agents make.

The only place that holds demo money. Everything is invented and lives in memory. What a method
returns is JSON for a tool to hand to its model; a refusal is `{"error": ...}`, not an exception,
because the model is meant to read it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import count

JSONObject = dict[str, object]

#: Euros for one unit; rounded, and not today's.
RATES = {
    "EUR": Decimal(1),
    "USD": Decimal("0.92"),
    "GBP": Decimal("1.17"),
    "CHF": Decimal("1.05"),
    "NOK": Decimal("0.086"),
    "SEK": Decimal("0.088"),
    "DKK": Decimal("0.134"),
}
#: Yearly output of a metropolitan area in billions of US dollars; rounded, for show.
CITY_GDP = {
    "Amsterdam": 215,
    "Berlin": 190,
    "Copenhagen": 165,
    "London": 980,
    "New York": 2050,
    "Oslo": 95,
    "Paris": 960,
    "Tokyo": 1600,
    "Zurich": 180,
}
_CENT = Decimal("0.01")


@dataclass(slots=True)
class Account:
    """One account in euros."""

    name: str
    number: str
    balance: Decimal


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that went out of an account."""

    id: str
    account: str
    day: date
    to: str
    amount: Decimal
    currency: str
    reference: str

    def row(self) -> JSONObject:
        """The payment as a row of a table."""
        return {
            "date": self.day.isoformat(),
            "to": self.to,
            "amount": float(self.amount),
            "currency": self.currency,
            "reference": self.reference,
        }


def _accounts() -> dict[str, Account]:
    accounts = (
        Account("operating", "OP-1001", Decimal("482310.55")),
        Account("payroll", "PR-1002", Decimal("96400.00")),
        Account("reserve", "RS-1003", Decimal("1250000.00")),
    )
    return {account.name: account for account in accounts}


@dataclass(slots=True)
class Bank:
    """Accounts and payments as of `today`.

    Attributes:
        today: the date new transfers get.
        payments: oldest first; transfers are added at the end.
    """

    today: date
    accounts: dict[str, Account] = field(default_factory=_accounts)
    payments: list[Payment] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=lambda: count(20417))

    def __post_init__(self) -> None:
        for days_ago, account, to, amount, reference in _PAST:
            day = self.today - timedelta(days=days_ago)
            self._book(account, day, to, Decimal(amount), "EUR", reference)

    def account_balance(self, account: str) -> JSONObject:
        """What is in `account`, found by its name or number."""
        found = self._account(account)
        if found is None:
            return self._no_such_account(account)
        return {
            "account": found.name,
            "number": found.number,
            "balance": float(found.balance),
            "currency": "EUR",
            "as_of": self.today.isoformat(),
        }

    def list_payments(self, account: str, limit: int = 5) -> JSONObject:
        """The newest `limit` payments out of `account`, newest first; at most 50."""
        found = self._account(account)
        if found is None:
            return self._no_such_account(account)
        rows = [payment.row() for payment in self.payments if payment.account == found.name]
        return {"account": found.name, "payments": rows[::-1][: max(1, min(limit, 50))]}

    def transfer_funds(self, to: str, amount: float, currency: str, reference: str) -> JSONObject:
        """Send money from the operating account."""
        rate = RATES.get(currency.strip().upper())
        if rate is None:
            return {"error": f"{currency!r} is not traded here; use one of {', '.join(RATES)}."}
        if not to.strip():
            return {"error": "A transfer needs a payee."}
        if not math.isfinite(amount) or amount <= 0:
            return {"error": "The amount must be above zero."}
        exact = Decimal(str(amount)).quantize(_CENT, ROUND_HALF_UP)
        cost = (exact * rate).quantize(_CENT, ROUND_HALF_UP)
        source = self.accounts["operating"]
        if cost > source.balance:
            return {"error": f"The operating account holds only EUR {source.balance:,.2f}."}
        source.balance -= cost
        made = self._book(
            source.name, self.today, to.strip(), exact, currency.strip().upper(), reference
        )
        return {
            "status": "executed",
            "transfer_id": made.id,
            "from_account": source.name,
            **made.row(),
        }

    def city_gdp(self, city: str) -> JSONObject:
        """Yearly economic output of a metropolitan area, in billions of US dollars."""
        known = {name.casefold(): name for name in CITY_GDP}
        name = known.get(city.strip().casefold())
        if name is None:
            return {"error": f"No figure for {city!r}; there are {', '.join(CITY_GDP)}."}
        return {"city": name, "gdp_usd_billion": CITY_GDP[name], "source": "demo figures, rounded"}

    def _book(
        self, account: str, day: date, to: str, amount: Decimal, currency: str, reference: str
    ) -> Payment:
        number = f"TR-{next(self._numbers)}"
        payment = Payment(number, account, day, to, amount, currency, reference)
        self.payments.append(payment)
        return payment

    def _account(self, wanted: str) -> Account | None:
        key = wanted.strip().casefold().removesuffix(" account").removeprefix("the ").strip()
        by_number = {account.number.casefold(): account for account in self.accounts.values()}
        return self.accounts.get(key) or by_number.get(key)

    def _no_such_account(self, wanted: str) -> JSONObject:
        return {"error": f"No account {wanted!r}; there are {', '.join(self.accounts)}."}


# Days ago, account, payee, amount in euros, reference; oldest first.
_PAST = (
    (31, "payroll", "Staff salaries", "88240.00", "Salaries, last month"),
    (24, "operating", "Harbour Street Properties", "6150.00", "Office rent"),
    (18, "operating", "Globex Supplies", "742.18", "invoice 4398"),
    (12, "reserve", "Fjordbank Term Deposit", "50000.00", "Deposit 12 months"),
    (11, "operating", "Initech Hosting", "1289.90", "invoice 7714"),
    (6, "operating", "ACME Instruments", "2310.00", "invoice 4452"),
    (3, "operating", "Northwind Couriers", "188.40", "invoice 90213"),
    (1, "payroll", "Pension fund", "9312.75", "Contributions"),
)
