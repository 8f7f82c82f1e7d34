"""The weather agent answers about cities, searches places and sets alerts."""

from __future__ import annotations

import pytest

from tests.unit.workers.demo.conversation import WEATHER, Conversation


@pytest.fixture
def weather() -> Conversation:
    return Conversation(WEATHER)


@pytest.mark.parametrize(
    ("request_text", "cities"),
    [
        ("weather in Oslo", ["Oslo"]),
        ("What's the weather like in new york right now?", ["New York"]),
        ("Oslo weather", ["Oslo"]),
        ("is it cold in Paris", ["Paris"]),
        ("weather in Oslo, Bergen and Paris", ["Oslo", "Bergen", "Paris"]),
        ("weather in Oslo and should I take an umbrella?", ["Oslo"]),
    ],
)
def test_the_weather_is_looked_up_for_each_city(
    weather: Conversation, request_text: str, cities: list[str]
) -> None:
    """Several cities are several calls in one turn."""
    weather.say(request_text)

    assert weather.calls == [("get_city_weather", {"city": city}) for city in cities]


def test_one_city_is_a_sentence_and_several_are_a_table(weather: Conversation) -> None:
    """The answer has the form that reads best."""
    oslo = {"city": "Oslo", "sky": "fog", "temperature_c": 4, "wind_kmh": 9}
    weather.say("weather in Oslo")
    assert "In **Oslo** it is **4 °C** with fog" in weather.answer(oslo).text

    weather.say("weather in Oslo and Bergen")
    table = weather.answer(oslo, oslo | {"city": "Bergen"}).text
    assert "| Oslo | fog | 4 | 9 |" in table
    assert "| Bergen | fog | 4 | 9 |" in table


def test_a_city_is_asked_for(weather: Conversation) -> None:
    """And its answer is enough."""
    assert weather.say("what will the weather be?").text == "The weather in which city?"
    weather.say("in bergen")

    assert weather.calls == [("get_city_weather", {"city": "Bergen"})]


def test_an_alert_needs_a_city_and_a_level(weather: Conversation) -> None:
    """Both are asked for, one after the other."""
    assert weather.say("set a weather alert").text == "A weather alert for which city?"
    assert weather.say("Bergen").text == "Which level for Bergen: yellow, orange or red?"
    weather.say("orange please")
    assert weather.calls == [("set_weather_alert", {"city": "Bergen", "level": "orange"})]

    told = weather.answer({"status": "set", "city": "Bergen", "level": "orange"})
    assert "a **orange** weather alert is set for **Bergen**" not in told.text
    assert "weather alert level **orange** is set for **Bergen**" in told.text


def test_places_are_searched(weather: Conversation) -> None:
    """The tool comes from the MCP server; the agent does not care."""
    weather.say("find cafes in Bergen")
    assert weather.calls == [("search_places", {"query": "cafes Bergen"})]

    told = weather.answer({"query": "cafes Bergen", "places": [{"name": "Cloudberry Yard"}]})
    assert "Cloudberry Yard" in told.text


def test_without_the_mcp_server_its_tools_are_named_as_missing(weather: Conversation) -> None:
    """The weather still works."""
    weather.tools = ("get_city_weather",)

    assert "`search_places` is not there" in weather.say("find cafes in Bergen").text
    assert weather.say("weather in Oslo").tool_calls


def test_a_failing_tool_is_reported_and_not_called_again(weather: Conversation) -> None:
    """The words of the error reach the user."""
    weather.say("weather in Oslo")
    told = weather.answer("Error: station offline")

    assert not told.tool_calls
    assert "**failed**" in told.text
    assert "station offline" in told.text
