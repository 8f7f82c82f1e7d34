"""The treasury agent understands how people ask for money, and tells what became of it."""

from __future__ import annotations

import pytest

from tests.unit.workers.demo.conversation import TREASURY, Conversation

EXECUTED = {"status": "executed", "transfer_id": "TR-1", "currency": "EUR", "reference": "r"}


@pytest.fixture
def treasury() -> Conversation:
    return Conversation(TREASURY)


def transfer(to: str, amount: float, currency: str = "EUR", reference: str = "") -> object:
    args = {
        "to": to,
        "amount": amount,
        "currency": currency,
        "reference": reference or f"Payment to {to}",
    }
    return ("transfer_funds", args)


@pytest.mark.parametrize(
    ("request_text", "expected"),
    [
        (
            "Transfer 250 EUR to ACME for invoice 4471",
            transfer("ACME", 250, reference="invoice 4471"),
        ),
        ("pay ACME 250 euros", transfer("ACME", 250)),
        ("PAY 10 TO ACME", transfer("ACME", 10)),
        ("Can you pay 300 JPY to Kaito?", transfer("Kaito", 300, "JPY")),
        (
            "send $1,250.50 to Smith and Sons Ltd for rent, please",
            transfer("Smith and Sons Ltd", 1250.5, "USD", "rent"),
        ),
        ("Transfer 1.250,50 EUR to ACME", transfer("ACME", 1250.5)),
        ("transfer 5k to ACME", transfer("ACME", 5000)),
        ("transfer 250 EUR from operating to ACME", transfer("ACME", 250)),
        ("pay 10€ to ACME, Inc. for invoice 9", transfer("ACME, Inc", 10, reference="invoice 9")),
        (
            'make a payment of 12.50 GBP to Globex Supplies with reference "Q3 / 7"',
            transfer("Globex Supplies", 12.5, "GBP", "Q3 / 7"),
        ),
        ("hi, please pay 10 to ACME now", transfer("ACME", 10)),
        (
            "what is the balance of the operating account",
            ("get_account_balance", {"account": "operating"}),
        ),
        ("how much is in the reserve account?", ("get_account_balance", {"account": "reserve"})),
        ("balance of OP-1001", ("get_account_balance", {"account": "op-1001"})),
        (
            "what is our marketing account balance",
            ("get_account_balance", {"account": "marketing"}),
        ),
        (
            "show the last 3 payments of payroll",
            ("list_payments", {"account": "payroll", "limit": 3}),
        ),
        ("GDP of Paris", ("get_city_gdp", {"city": "Paris"})),
        ("what's new york's GDP?", ("get_city_gdp", {"city": "New York"})),
    ],
)
def test_a_request_in_plain_words_becomes_the_call_that_was_meant(
    treasury: Conversation, request_text: str, expected: object
) -> None:
    """Amounts, payees, references and accounts are found wherever a person puts them."""
    treasury.say(request_text)

    assert treasury.calls == [expected]


def test_two_payments_joined_by_and_are_two_calls_in_one_turn(treasury: Conversation) -> None:
    """Both wait for approval at the same time."""
    treasury.say("pay 10 to ACME and 20 to Globex")

    assert treasury.calls == [transfer("ACME", 10), transfer("Globex", 20)]


def test_the_same_payment_asked_for_twice_is_two_calls(treasury: Conversation) -> None:
    """Nobody decides for the user that the second one was a mistake; the reviewer sees both."""
    treasury.say("pay 10 to ACME and 10 to ACME")

    assert treasury.calls == [transfer("ACME", 10), transfer("ACME", 10)]


def test_a_payment_after_then_waits_for_the_result_of_the_first(treasury: Conversation) -> None:
    """The second call does not exist before the first has run."""
    treasury.say("pay 10 to ACME, then pay 9999 to Mallory")
    assert treasury.calls == [transfer("ACME", 10)]

    treasury.answer(EXECUTED | {"to": "ACME", "amount": 10})
    assert treasury.calls == [transfer("Mallory", 9999)]

    done = treasury.answer(EXECUTED | {"to": "Mallory", "amount": 9999})
    assert not done.tool_calls
    assert "2 transfers went out" in done.text
    assert "| ACME | 10.00 | EUR |" in done.text
    assert "| Mallory | 9,999.00 | EUR |" in done.text


def test_after_a_rejection_nothing_is_tried_again_and_nothing_follows(
    treasury: Conversation,
) -> None:
    """The agent names the call, gives the reviewer's reason and says what did not start."""
    treasury.say("pay 10 to ACME, then pay 9999 to Mallory")
    told = treasury.answer(
        "User rejected the tool call for `transfer_funds` with reason: Wrong supplier."
    )

    assert not told.tool_calls
    assert "The transfer of EUR 10.00 to ACME was **not approved**" in told.text
    assert "Wrong supplier." in told.text
    assert "have not tried again" in told.text
    assert "The 1 call that was to follow did not start." in told.text


def test_of_two_calls_one_runs_and_one_is_rejected(treasury: Conversation) -> None:
    """Each gets its own ending."""
    treasury.say("pay 10 to ACME and 20 to Globex")
    told = treasury.answer(
        EXECUTED | {"to": "ACME", "amount": 10}, {"status": "rejected", "reason": "budget"}
    )

    assert "Done: **EUR 10.00** went to **ACME**" in told.text
    assert "The transfer of EUR 20.00 to Globex was **not approved**" in told.text
    assert "budget" in told.text


def test_an_edited_call_is_reported_as_it_ran(treasury: Conversation) -> None:
    """What the reviewer made of the call counts, not what the agent had asked for."""
    treasury.say("pay 250 to ACME")
    notice = (
        "Note: a human reviewer replaced this tool call before it ran. Executed instead: "
        'transfer_funds with arguments {"amount": 25}.\n\nTool response:\n'
    )
    told = treasury.answer(notice + '{"to": "ACME", "amount": 25.0, "currency": "EUR"}')

    assert "EUR 25.00" in told.text
    assert "A reviewer changed this call" in told.text


def test_a_reviewers_answer_instead_of_the_call_is_passed_on(treasury: Conversation) -> None:
    """It is neither a success nor a rejection, and nothing is tried again."""
    treasury.say("pay 250 to ACME")
    told = treasury.answer("Please split it over two months.")

    assert not told.tool_calls
    assert "The answer to the transfer of EUR 250.00 to ACME" in told.text
    assert "split it over two months" in told.text


def test_missing_details_are_asked_for_one_after_the_other(treasury: Conversation) -> None:
    """Nothing runs until amount and payee are known."""
    assert treasury.say("transfer money").text == (
        "How much should I transfer, in which currency, and to whom?"
    )
    assert treasury.say("250 USD").text == "To whom should I transfer USD 250.00?"
    treasury.say("Globex Supplies")

    assert treasury.calls == [transfer("Globex Supplies", 250, "USD")]


@pytest.mark.parametrize("amount", ["-5 EUR", "0 EUR"])
def test_an_amount_that_is_not_above_zero_is_asked_for(treasury: Conversation, amount: str) -> None:
    """A minus sign is not dropped in silence."""
    told = treasury.say(f"transfer {amount} to ACME")

    assert told.text == "How much should I transfer to ACME, and in which currency?"


def test_a_question_can_be_answered_by_giving_up(treasury: Conversation) -> None:
    """What gives up is no payee."""
    treasury.say("pay 12")

    assert treasury.say("never mind").text == "All right, nothing was started."


def test_a_new_request_in_place_of_an_answer_is_taken_as_such(treasury: Conversation) -> None:
    """The user may change their mind."""
    treasury.say("pay 12")
    treasury.say("GDP of Paris")

    assert treasury.calls == [("get_city_gdp", {"city": "Paris"})]


def test_an_earlier_request_is_not_repeated_by_a_later_one(treasury: Conversation) -> None:
    """A finished turn stays finished."""
    treasury.say("pay 10 to ACME")
    treasury.answer(EXECUTED | {"to": "ACME", "amount": 10})
    treasury.say("balance of operating")

    assert treasury.calls == [("get_account_balance", {"account": "operating"})]


def test_payments_are_shown_as_a_table_that_data_cannot_break(treasury: Conversation) -> None:
    """A payee with a pipe and a line break stays in its cell."""
    treasury.say("payments of operating")
    told = treasury.answer(
        {
            "account": "operating",
            "payments": [{"to": "A|B\nC", "amount": 1250.5, "currency": "EUR"}],
        }
    )

    assert "| To | Amount | Currency |" in told.text
    assert "| A\\|B C | 1,250.50 | EUR |" in told.text


def test_a_result_of_another_shape_is_still_shown(treasury: Conversation) -> None:
    """A tool of the same name may come from elsewhere."""
    treasury.say("balance of operating")
    told = treasury.answer({"free": 12, "booked": None})

    assert "`get_account_balance` answered" in told.text
    assert "| Free | 12 |" in told.text


def test_a_tool_that_is_not_there_is_named(treasury: Conversation) -> None:
    """The agent says so instead of calling into nothing."""
    treasury.tools = ("get_account_balance",)

    assert "`transfer_funds` is not there" in treasury.say("pay 10 to ACME").text
