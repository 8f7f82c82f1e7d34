"""A conversation with the scripted model, played by a test: what is said, and what tools answer."""

from __future__ import annotations

import json
from itertools import count

from workers.demo.chat import CallEntry, FunctionCall, JSONObject, Message, Reply
from workers.demo.scenario import reply

TREASURY = ("get_account_balance", "list_payments", "transfer_funds", "get_city_gdp")
RECORDS = ("find_patient", "release_patient_record", "update_prescription")
WEATHER = ("get_city_weather", "search_places", "set_weather_alert")
COORDINATOR = ("call_treasury_agent", "call_records_agent", "call_weather_agent")


class Conversation:
    """One agent's conversation; `last` is what the model said last."""

    def __init__(self, tools: tuple[str, ...]) -> None:
        self.tools = tools
        self.messages: list[Message] = [Message("system", "You are an agent of the demo team.")]
        self.last = Reply()
        self._ids = count(1)

    def say(self, text: str) -> Reply:
        """The user says something."""
        self.messages.append(Message("user", text))
        return self._turn()

    def answer(self, *answers: object) -> Reply:
        """The tools called last answer, in order; what is no string is sent as JSON."""
        for call, answer in zip(self.last.tool_calls, answers, strict=True):
            text = answer if isinstance(answer, str) else json.dumps(answer)
            self.messages.append(Message("tool", text, tool_call_id=call.id))
        return self._turn()

    @property
    def calls(self) -> list[tuple[str, JSONObject]]:
        """The calls the model made last, as (name, arguments)."""
        return [(call.name, call.args) for call in self.last.tool_calls]

    def _turn(self) -> Reply:
        self.last = reply(self.messages, self.tools, lambda: f"call_{next(self._ids)}")
        calls = [
            CallEntry(call.id, FunctionCall(call.name, json.dumps(call.args)))
            for call in self.last.tool_calls
        ]
        self.messages.append(Message("assistant", self.last.text or None, calls or None))
        return self.last
