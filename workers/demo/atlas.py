"""The cities of the demo: their weather, places worth a visit, and the alerts agents set.

The only place that holds demo weather. The weather of a city is made from its name, so that it is
the same each time. What a method returns is JSON for a tool to hand to its model.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from enum import StrEnum

JSONObject = dict[str, object]

_SKIES = ("clear sky", "light clouds", "overcast", "light rain", "showers", "fog")


class AlertLevel(StrEnum):
    """How urgent a weather alert is."""

    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"


@dataclass(slots=True)
class Atlas:
    """Weather and places, and the alerts set so far (city to level)."""

    alerts: dict[str, AlertLevel] = field(default_factory=dict)

    def city_weather(self, city: str) -> JSONObject:
        """The weather in a city right now."""
        name = city.strip()
        if not name:
            return {"error": "Which city?"}
        seed = zlib.crc32(name.casefold().encode())
        return {
            "city": name,
            "sky": _SKIES[seed % len(_SKIES)],
            "temperature_c": seed // 7 % 26 - 2,
            "wind_kmh": seed // 191 % 45 + 3,
            "source": "demo data",
        }

    def search_places(self, query: str) -> JSONObject:
        """Places whose name, kind or city shares a word with `query`."""
        words = {word.rstrip("s") for word in query.casefold().split() if len(word) > 2}
        found = [
            {"name": name, "kind": kind, "city": city}
            for name, kind, city in _PLACES
            if words & {word.rstrip("s") for word in f"{name} {kind} {city}".casefold().split()}
        ]
        return {"query": query, "places": found}

    def set_weather_alert(self, city: str, level: AlertLevel) -> JSONObject:
        """Show a weather alert to everybody in a city."""
        name = city.strip()
        if not name:
            return {"error": "An alert needs a city."}
        self.alerts[name] = level
        return {"status": "set", "city": name, "level": level.value}


_PLACES = (
    ("Lanternfish", "cafe", "Oslo"),
    ("Harbour Reading Room", "library", "Oslo"),
    ("Seven Steps", "museum", "Oslo"),
    ("Cloudberry Yard", "cafe", "Bergen"),
    ("Rain Museum", "museum", "Bergen"),
    ("Quai Nine", "cafe", "Paris"),
    ("Garden of Tin", "park", "Paris"),
    ("Old Signal Box", "museum", "London"),
    ("Linden Court", "park", "Berlin"),
)
