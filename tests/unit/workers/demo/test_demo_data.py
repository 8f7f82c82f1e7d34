"""The invented data behaves like data: money leaves accounts, refusals say why."""

from __future__ import annotations

from datetime import date

import pytest

from workers.demo.atlas import AlertLevel, Atlas
from workers.demo.bank import Bank
from workers.demo.clinic import Clinic


@pytest.fixture
def bank() -> Bank:
    return Bank(date(2025, 3, 14))


def test_a_transfer_takes_money_and_appears_among_the_payments(bank: Bank) -> None:
    """The next balance and the next list show it."""
    before = bank.account_balance("operating")["balance"]
    made = bank.transfer_funds("ACME", 250, "EUR", "invoice 4471")

    assert made["status"] == "executed"
    assert bank.account_balance("OP-1001")["balance"] == pytest.approx(before - 250)
    newest = bank.list_payments("operating account", limit=1)["payments"]
    assert newest == [
        {
            "date": "2025-03-14",
            "to": "ACME",
            "amount": 250.0,
            "currency": "EUR",
            "reference": "invoice 4471",
        }
    ]


def test_another_currency_is_converted(bank: Bank) -> None:
    """The account is in euros."""
    before = bank.account_balance("operating")["balance"]
    bank.transfer_funds("ACME", 100, "usd", "x")

    assert bank.account_balance("operating")["balance"] == pytest.approx(before - 92)


@pytest.mark.parametrize(
    ("to", "amount", "currency", "word"),
    [
        ("ACME", 1e9, "EUR", "holds only"),
        ("ACME", 0, "EUR", "above zero"),
        ("ACME", float("nan"), "EUR", "above zero"),
        ("ACME", float("inf"), "EUR", "above zero"),
        ("  ", 1, "EUR", "payee"),
        ("ACME", 1, "JPY", "not traded"),
    ],
)
def test_a_transfer_that_cannot_be_is_refused_and_books_nothing(
    bank: Bank, to: str, amount: float, currency: str, word: str
) -> None:
    """The model gets a reason it can pass on."""
    payments = len(bank.payments)

    assert word in str(bank.transfer_funds(to, amount, currency, "x")["error"])
    assert len(bank.payments) == payments


def test_unknown_names_are_refused_with_the_known_ones(bank: Bank) -> None:
    """So that the next try can be right."""
    assert "payroll" in str(bank.account_balance("marketing")["error"])
    assert "payroll" in str(bank.list_payments("marketing")["error"])
    assert "Paris" in str(bank.city_gdp("Atlantis")["error"])
    assert bank.city_gdp(" paris ")["city"] == "Paris"


def test_a_record_is_released_and_a_dose_is_set() -> None:
    """Both leave a trace in the clinic."""
    clinic = Clinic()
    assert clinic.find_patient("solberg")["patients"] == [
        {"patient_id": "P-1042", "name": "Mira Solberg", "born": 1968, "ward": "Cardiology"}
    ]
    assert clinic.find_patient("")["patients"] == []

    clinic.release_patient_record("p-1042", "Northgate Clinic", "surgery")
    clinic.update_prescription("P-1042", "Metoprolol", 50)

    assert clinic.releases[0]["patient_id"] == "P-1042"
    assert clinic.patients["P-1042"].prescriptions == {"metoprolol": 50}


def test_the_clinic_refuses_what_it_cannot_do() -> None:
    """Unknown patients, empty recipients and impossible doses."""
    clinic = Clinic()

    assert "error" in clinic.release_patient_record("P-1", "x", "y")
    assert "error" in clinic.release_patient_record("P-1042", " ", "y")
    assert "error" in clinic.update_prescription("P-1", "x", 5)
    assert "error" in clinic.update_prescription("P-1042", "x", 0)
    assert clinic.releases == []


def test_the_weather_of_a_city_is_always_the_same() -> None:
    """A demo can be shown twice."""
    assert Atlas().city_weather("Oslo") == Atlas().city_weather("Oslo")
    assert "error" in Atlas().city_weather(" ")


def test_an_alert_is_kept_by_city() -> None:
    """The last one counts."""
    atlas = Atlas()
    atlas.set_weather_alert("Oslo", AlertLevel.YELLOW)
    atlas.set_weather_alert(" Oslo ", AlertLevel.RED)

    assert atlas.alerts == {"Oslo": AlertLevel.RED}
    assert "error" in atlas.set_weather_alert(" ", AlertLevel.RED)
