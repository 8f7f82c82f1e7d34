"""The weather agent: the weather of a city, places, and weather alerts.

The only place that knows how people ask about the weather. Places and alerts come from the MCP
server; when it is away, its tools are not offered and the agent says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from workers.demo.chat import JSONObject
from workers.demo.scenes import prose
from workers.demo.scenes.intents import Call, Intent, Plan, Question, make_plan
from workers.demo.scenes.reading import is_bare_name, place, tidy, words
from workers.demo.scenes.turn import Ending, Outcome, Turn

_WEATHER = words(
    r"\b(?:weather|forecast|temperatures?|rain\w*|snow\w*|sunny|umbrella|wind\w*|degrees"
    r"|(?:how\s+)?(?:cold|warm|hot))\b"
)
_CITY = words(r"\b(?:in|for|of|at)\s+(?P<city>[^?.!,;]+?)(?=\s+and\b|[?.!,;]|$)")
_BEFORE_WEATHER = words(
    r"(?P<city>[^\W\d_][\w -]*?)(?:['’]s)?\s+(?:weather|forecast|temperature)\b"
)
_NO_CITY = words(
    r"^(?:(?:get|show|tell|give|me|check|what['’]s|what|how['’]s|how|is|will|the|current|a|and)\b\s*)+"
)
_ALERT = words(r"\b(?:alerts?|warnings?)\b")
_LEVEL = words(r"\b(yellow|orange|red)\b")
_SEARCH = words(
    r"\b(?:search(?:\s+for)?|find|look\s+for|where\s+(?:is|are|can\s+i\s+find)|places?)\b"
    r"\s*(?:me\s+)?(?:(?:a|an|the|some|any)\s+)?(?P<query>.*)"
)
_FILLER = words(r"\b(?:places?\s+(?:for|like|called)|near|in|around|at)\s+")


@dataclass(frozen=True, slots=True)
class _Weather(Intent):
    city: str = ""

    def question(self) -> str:
        return "" if self.city else "The weather in which city?"

    def answered(self, text: str) -> _Weather:
        return replace(self, city=place(_in_city(text) or text))

    def calls(self) -> tuple[Call, ...]:
        return (Call("get_city_weather", {"city": self.city}),)


@dataclass(frozen=True, slots=True)
class _Alert(Intent):
    city: str = ""
    level: str = ""

    def question(self) -> str:
        if not self.city:
            return "A weather alert for which city?"
        return "" if self.level else f"Which level for {self.city}: yellow, orange or red?"

    def answered(self, text: str) -> _Alert:
        level = _LEVEL.search(text)
        city = self.city or place(_in_city(text) or _LEVEL.sub("", text))
        return _Alert(city, self.level or (level[1].lower() if level else ""))

    def calls(self) -> tuple[Call, ...]:
        return (Call("set_weather_alert", {"city": self.city, "level": self.level}),)


@dataclass(frozen=True, slots=True)
class _Search(Intent):
    query: str = ""

    def question(self) -> str:
        return "" if self.query else "What kind of place should I look for, and where?"

    def answered(self, text: str) -> _Search:
        return _Search(tidy(text))

    def calls(self) -> tuple[Call, ...]:
        return (Call("search_places", {"query": self.query}),)


def read(fragment: str, before: Intent | None) -> Intent | None:
    """The intent of a fragment, or None; see `intents.Reader`."""
    if _ALERT.search(fragment):
        level = _LEVEL.search(fragment)
        return _Alert(_in_city(fragment), level[1].lower() if level else "")
    if _WEATHER.search(fragment):
        city = _in_city(fragment) or _city_before(fragment)
        # "... and do I need an umbrella?" asks nothing that the city named before does not answer.
        return None if not city and isinstance(before, _Weather) else _Weather(city)
    search = _SEARCH.search(fragment)
    if search:
        return _Search(tidy(_FILLER.sub("", search["query"])))
    if isinstance(before, _Weather) and before.city and is_bare_name(fragment):
        return _Weather(place(fragment))
    return None


def _in_city(text: str) -> str:
    found = _CITY.search(text)
    return place(found["city"]) if found else ""


def _city_before(text: str) -> str:
    found = _BEFORE_WEATHER.search(_NO_CITY.sub("", text.strip()))
    return place(found["city"]) if found else ""


class Weather:
    """The weather agent's part."""

    tools = frozenset({"get_city_weather", "search_places", "set_weather_alert"})
    offer = (
        "I can\n\n"
        "- tell the weather: *weather in Oslo*\n"
        "- search places: *find cafes in Bergen*\n"
        "- set a weather alert, once a reviewer approves: *set an orange alert for Bergen*"
    )

    def plan(self, turn: Turn) -> Plan | Question:
        """See `Scene.plan`."""
        return make_plan(turn.said, read)

    def resolve(self, call: Call, outcomes: Sequence[Outcome]) -> Call | str:  # noqa: ARG002
        """See `Scene.resolve`; nothing here depends on an earlier result."""
        return call

    def announce(self, calls: Sequence[Call]) -> str:
        """See `Scene.announce`."""
        alerts = [_label(c.name, c.args) for c in calls if c.name == "set_weather_alert"]
        return f"I am preparing {' and '.join(alerts)}." if alerts else ""

    def report(self, outcomes: Sequence[Outcome]) -> str:
        """See `Scene.report`; the weather of several cities is one table."""
        if len(outcomes) > 1 and all(_is_weather(outcome) for outcome in outcomes):
            rows = [_weather_row(outcome.table()) for outcome in outcomes]
            return f"The weather now:\n\n{prose.table(rows)}"
        return prose.report(outcomes, _SENTENCES, _label)


def _label(name: str, args: JSONObject) -> str:
    if name == "set_weather_alert":
        return f"the {args.get('level')} weather alert for {args.get('city')}"
    return ""


def _is_weather(outcome: Outcome) -> bool:
    return outcome.ending is Ending.DONE and {"city", "sky"} <= outcome.table().keys()


def _weather_row(value: Mapping[str, object]) -> Mapping[str, object]:
    return {
        "city": value["city"],
        "sky": value["sky"],
        "°C": value.get("temperature_c"),
        "wind, km/h": value.get("wind_kmh"),
    }


def _say_weather(value: Mapping[str, object]) -> str:
    return (
        f"In **{prose.cell(value['city'])}** it is **{prose.cell(value['temperature_c'])} °C** "
        f"with {prose.cell(value['sky'])} and wind at {prose.cell(value['wind_kmh'])} km/h."
    )


def _say_places(value: Mapping[str, object]) -> str:
    places = value["places"]
    if not isinstance(places, list):
        raise TypeError("places are no list")
    if not places:
        return f"I found no place for *{prose.cell(value.get('query'))}*."
    return f"I found {len(places)}:\n\n{prose.table(places)}"


def _say_alert(value: Mapping[str, object]) -> str:
    level, city = prose.cell(value["level"]), prose.cell(value["city"])
    return f"Done: a weather alert level **{level}** is set for **{city}**."


_SENTENCES: Mapping[str, prose.Sentence] = {
    "get_city_weather": _say_weather,
    "search_places": _say_places,
    "set_weather_alert": _say_alert,
}
