"""What nobody should see by the way is recognised, and little else is."""

from __future__ import annotations

import time

import pytest

from desktop.store.masking import find_hidden, with_masks
from desktop.store.sensitive import BY_DEFAULT, Secrecy, mask_text, sensitive
from workers.wire.canonical import JSON

DOTS = "••••"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("4111111111111111", f"{DOTS} {DOTS} {DOTS} 1111", id="visa"),
        pytest.param("4111 1111 1111 1111", f"{DOTS} {DOTS} {DOTS} 1111", id="spaces"),
        pytest.param("4111-1111-1111-1111", f"{DOTS} {DOTS} {DOTS} 1111", id="dashes"),
        pytest.param("4111\u00a01111\u00a01111\u00a01111", f"{DOTS} {DOTS} {DOTS} 1111", id="nbsp"),
        pytest.param("5555555555554444", f"{DOTS} {DOTS} {DOTS} 4444", id="mastercard"),
        pytest.param("2223003122003222", f"{DOTS} {DOTS} {DOTS} 3222", id="mastercard-2"),
        pytest.param("3782 822463 10005", f"{DOTS} {DOTS} {DOTS} 0005", id="amex"),
        pytest.param("6011111111111117", f"{DOTS} {DOTS} {DOTS} 1117", id="discover"),
        pytest.param("30569309025904", f"{DOTS} {DOTS} {DOTS} 5904", id="diners"),
        pytest.param("3530111333300000", f"{DOTS} {DOTS} {DOTS} 0000", id="jcb"),
        pytest.param(
            "pay 4111 1111 1111 1111 12/26 now", f"pay {DOTS} {DOTS} {DOTS} 1111 12/26 now", id="in"
        ),
        pytest.param("cvv: 737, ok", "cvv: •••, ok", id="code-in-text"),
        pytest.param('"CVC2": "7373"', '"CVC2": "•••"', id="code-in-json"),
        pytest.param("%B4111111111111111^DOE/JOHN^2612101?", "••••••", id="track"),
        pytest.param("SSN 123-45-6789.", "SSN ••••••.", id="ssn"),
        pytest.param("DE89370400440532013000", f"DE89 {DOTS} 3000", id="iban"),
        pytest.param("to GB82 WEST 1234 5698 7654 32 THEN", f"to GB82 {DOTS} 5432 THEN", id="gaps"),
        pytest.param("gb82west12345698765432", f"GB82 {DOTS} 5432", id="small-letters"),
        pytest.param("NL91ABNA0417164300", f"NL91 {DOTS} 4300", id="dutch"),
        pytest.param("MRN: A-0044213 seen", "MRN: •••••• seen", id="mrn"),
    ],
)  # fmt: skip
def test_what_is_hidden_in_a_text(text: str, shown: str) -> None:
    """Cards keep their last four digits, accounts both ends; the rest keeps nothing."""
    assert mask_text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("4111111111111112", id="wrong-check-digit"),
        pytest.param("9111111111111111", id="no-issuer"),
        pytest.param("0000000000000000", id="zeros"),
        pytest.param("411111111111", id="too-short"),
        pytest.param("a4111111111111111f", id="part-of-an-id"),
        pytest.param("41111111111111111111111", id="longer-number"),
        pytest.param("DE89370400440532013001", id="iban-check"),
        pytest.param("Invoice 1187, second half, 4,182.50 EUR", id="words"),
        pytest.param("+44 20 7946 0958", id="phone"),
        pytest.param("2026-03-02T09:15:05.120+00:00", id="time"),
        pytest.param("sha-256:93eb445c4951aa", id="digest"),
        pytest.param("000-12-3456 900-12-3456 123-00-4567 123-45-0000", id="no-ssn"),
        pytest.param("see section 737 of the cvv guide", id="no-code"),
        pytest.param("somebody@example.invalid", id="email-unless-wanted"),
    ],
)
def test_what_is_left_alone(text: str) -> None:
    """A reviewer has to read the rest."""
    assert mask_text(text) == text


@pytest.mark.parametrize(
    ("args", "pointers"),
    [
        pytest.param({"card_number": "4111-1111-1111-1112"}, ["/card_number"], id="mistyped-card"),
        pytest.param({"cardNumber": 4111111111111111}, ["/cardNumber"], id="as-a-number"),
        pytest.param({"pan": 4.111111111111111e15}, ["/pan"], id="as-a-float"),
        pytest.param({"n": {"$int": "6011000990139424000"}}, [], id="tagged-no-card"),
        pytest.param({"ssn": 123456789}, ["/ssn"], id="ssn-by-name"),
        pytest.param({"Social Security": "078051120"}, ["/Social Security"], id="by-name-spaced"),
        pytest.param(
            {"patient": {"id": 7, "name": "A"}}, ["/patient/id", "/patient/name"], id="pt"
        ),
        pytest.param({"patient_mrn": "A-7"}, ["/patient_mrn"], id="patient-prefix"),
        pytest.param({"dob": "1990-01-01"}, ["/dob"], id="birthday"),
        pytest.param({"list": [{"iban": "DE00"}]}, ["/list/0/iban"], id="by-name-in-a-list"),
        pytest.param({"a/b": {"~c": {"ssn": "1"}}}, ["/a~1b/~0c/ssn"], id="escaped"),
        pytest.param({"cvv": ""}, [], id="nothing-to-hide"),
        pytest.param({"4111111111111111": 1}, [""], id="in-a-name"),
        pytest.param({"amount": 1250, "to": "ACME", "ok": True, "no": None}, [], id="harmless"),
    ],
)
def test_where_hidden_values_stand(args: JSON, pointers: list[str]) -> None:
    """By the name of the field or by their shape, at any depth; no pointer tells a secret."""
    assert [one.pointer for one in find_hidden(args)] == pointers


def test_a_policy_hides_what_it_lists() -> None:
    """By pointer; `*` is any place, and an object is hidden whole."""
    args: JSON = {"rows": [{"acct": "x", "n": 1}, {"acct": "y", "n": 2}], "who": {"a": 1}, "n": 3}
    found = find_hidden(args, ["/rows/*/acct", "/who", "/missing", "n"])
    assert [one.pointer for one in found] == ["/rows/0/acct", "/rows/1/acct", "/who", "/n"]
    assert with_masks(args, found) == {
        "rows": [{"acct": "••••••", "n": 1}, {"acct": "••••••", "n": 2}],
        "who": "••••••",
        "n": "••••••",
    }
    assert with_masks(args, found, {"/who", "/n"}) == {
        "rows": [{"acct": "••••••", "n": 1}, {"acct": "••••••", "n": 2}],
        "who": {"a": 1},
        "n": 3,
    }


def test_a_security_code_is_never_shown() -> None:
    """Not by asking for it, not beside a card in one text, not in an object the policy hides."""
    args: JSON = {
        "cvv": "737",
        "memo": "4111 1111 1111 1111, cvv 737",
        "card": {"security_code": 737, "holder": "A"},
    }
    found = find_hidden(args, ["/card", "/cvv"])
    everything = {one.pointer for one in found}
    assert [one.pointer for one in found if not one.can_be_revealed] == ["/cvv"]
    shown = with_masks(args, found, everything)
    assert "737" not in repr(shown)
    assert "4111 1111 1111 1111" in repr(shown)
    assert args["cvv"] == "737"


def test_email_is_hidden_where_it_is_wanted() -> None:
    """It is in too many harmless calls to be hidden in all of them."""
    assert Secrecy.EMAIL not in BY_DEFAULT
    found = sensitive("to a.b@example.invalid, now", frozenset((Secrecy.EMAIL,)))
    assert [(one.start, one.end) for one in found] == [(3, 22)]


@pytest.mark.parametrize("piece", ["4 ", "41 ", "4111-", "mrn ", "a@", "DE89 ", "cvv ", "1"])
def test_a_hostile_text_holds_nothing_up(piece: str) -> None:
    """Linear in its length, whatever is repeated in it."""
    started = time.monotonic()
    sensitive(piece * (100_000 // len(piece)), frozenset(Secrecy))
    assert time.monotonic() - started < 10


def test_what_nests_too_deeply_is_hidden_whole() -> None:
    """No worker of ours sends that; nothing of it is shown by the way."""
    deep: JSON = "123-45-6789"
    for _ in range(2_000):
        deep = [deep]
    [hidden] = find_hidden({"deep": deep})
    assert hidden.kind is Secrecy.DEEP
    assert "123-45" not in repr(with_masks({"deep": 0, "x": 1}, [hidden]))
