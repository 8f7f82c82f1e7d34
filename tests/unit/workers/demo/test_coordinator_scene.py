"""The coordinator answers small talk itself and brings everything else to the right experts."""

from __future__ import annotations

import pytest

from tests.unit.workers.demo.conversation import COORDINATOR, Conversation


@pytest.fixture
def coordinator() -> Conversation:
    return Conversation(COORDINATOR)


@pytest.mark.parametrize(
    ("request_text", "expert"),
    [
        ("Transfer 250 EUR to ACME for invoice 4471", "treasury"),
        ("pay 10 to ACME, then pay 9999 to Mallory", "treasury"),
        ("pay 10 to ACME and 20 to Globex", "treasury"),
        ("GDP of Paris and London", "treasury"),
        ("release Mira Solberg's record to Northgate Clinic", "records"),
        ("transfer the record of Mira Solberg to Northgate Clinic", "records"),
        ("weather in Oslo and Bergen", "weather"),
    ],
)
def test_a_request_goes_whole_to_the_expert_for_it(
    coordinator: Conversation, request_text: str, expert: str
) -> None:
    """The expert gets the user's own words, all of them."""
    coordinator.say(request_text)

    assert coordinator.calls == [(f"call_{expert}_agent", {"task": request_text})]


def test_two_topics_go_to_two_experts_at_once(coordinator: Conversation) -> None:
    """Each gets its own part, and the answers come under their names."""
    coordinator.say("balance of the operating account and the weather in Oslo")
    assert coordinator.calls == [
        ("call_treasury_agent", {"task": "balance of the operating account"}),
        ("call_weather_agent", {"task": "the weather in Oslo"}),
    ]

    told = coordinator.answer("It holds **EUR 5.00**.", "In **Oslo** it is **4 °C**.")
    assert "### Treasury agent\n\nIt holds **EUR 5.00**." in told.text
    assert "### Weather agent\n\nIn **Oslo** it is **4 °C**." in told.text


def test_then_makes_the_second_expert_wait_for_the_first(coordinator: Conversation) -> None:
    """Order is kept across experts."""
    coordinator.say("weather in Oslo, then pay 10 to ACME")
    assert [name for name, _ in coordinator.calls] == ["call_weather_agent"]

    coordinator.answer("Foggy.")
    assert [name for name, _ in coordinator.calls] == ["call_treasury_agent"]


def test_an_experts_words_about_a_rejection_are_passed_on_as_they_are(
    coordinator: Conversation,
) -> None:
    """The coordinator neither retries nor calls it an error of its own."""
    coordinator.say("pay 10 to ACME")
    told = coordinator.answer("The transfer was **not approved**. The reason given: budget")

    assert not told.tool_calls
    assert told.text.endswith("The transfer was **not approved**. The reason given: budget")


def test_an_expert_that_failed_is_reported(coordinator: Conversation) -> None:
    """With what is known about it."""
    coordinator.say("weather in Oslo")
    told = coordinator.answer("Error: the agent does not answer")

    assert "the agent does not answer" in told.text
    assert "not asked again" in told.text


def test_the_answer_to_an_experts_question_goes_back_to_that_expert(
    coordinator: Conversation,
) -> None:
    """The words alone belong to no topic; the question they answer does."""
    coordinator.say("pay 12 EUR")
    asked = coordinator.answer("To whom should I transfer EUR 12.00?")
    assert asked.text.startswith("The treasury agent asks:")

    coordinator.say("Globex")
    assert coordinator.calls == [("call_treasury_agent", {"task": "Globex"})]


@pytest.mark.parametrize("text", ["hello", "Who are you?", "what can you do?", "tell me a joke"])
def test_what_concerns_no_expert_gets_an_answer_that_says_what_this_is(
    coordinator: Conversation, text: str
) -> None:
    """Whoever talks to a script is told so, and what it can do."""
    told = coordinator.say(text)

    assert not told.tool_calls
    assert "scripted demo model" in told.text
    assert "Transfer 250 EUR" in told.text or "transfer 250 EUR" in told.text


def test_thanks_are_just_thanks(coordinator: Conversation) -> None:
    """No lecture."""
    assert coordinator.say("Great, thanks!").text == "You are welcome. Is there anything else?"
