"""The coordinator: hands each part of a request to the expert for it and sums up the answers.

The only place that knows which words belong to which expert.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from workers.demo.scenes import prose
from workers.demo.scenes.intents import (
    Call,
    Intent,
    NothingUnderstood,
    Plan,
    Question,
    make_plan,
)
from workers.demo.scenes.reading import words
from workers.demo.scenes.smalltalk import small_talk
from workers.demo.scenes.turn import Ending, Outcome, Turn, reason_of

# In the order that decides a draw: "transfer the record" is about the record.
_TOPICS: Mapping[str, re.Pattern[str]] = {
    "call_records_agent": words(
        r"\b(?:patients?|records?|prescri\w+|dose|dosage|medication|clinic|\d+\s*mg|P-\d{3,})\b"
    ),
    "call_treasury_agent": words(
        r"\b(?:transfer|pay|wire|remit|payments?|transactions?|balances?|accounts?|invoice|funds"
        r"|money|bank|GDP|gross\s+domestic\s+product|economic\s+output|treasury|EUR|USD|GBP|euros?"
        r"|dollars?|pounds?)\b|[€$£]"
    ),
    "call_weather_agent": words(
        r"\b(?:weather|forecast|temperatures?|rain\w*|snow\w*|sunny|umbrella|wind|storm|alerts?"
        r"|degrees|cold|warm|hot|places?|cafes?|museums?|parks?)\b"
    ),
}
_TITLES = {
    "call_records_agent": "Records agent",
    "call_treasury_agent": "Treasury agent",
    "call_weather_agent": "Weather agent",
}


@dataclass(frozen=True, slots=True)
class _Delegation(Intent):
    """A part of the request, in the user's own words, for one expert."""

    tool: str
    task: str

    def question(self) -> str:
        return ""

    def answered(self, text: str) -> _Delegation:
        return replace(self, task=text)

    def calls(self) -> tuple[Call, ...]:
        return (Call(self.tool, {"task": self.task}),)


def read(fragment: str, before: Intent | None) -> Intent | None:
    """The intent of a fragment, or None; see `intents.Reader`."""
    scores = {tool: len(words.findall(fragment)) for tool, words in _TOPICS.items()}
    tool = max(scores, key=lambda name: scores[name])
    if not scores[tool]:
        return None
    # The next sentence for the same expert stays in the same task; it sorts out the rest.
    if isinstance(before, _Delegation) and before.tool == tool and len(fragment) < len(before.task):
        return None
    return _Delegation(tool, fragment.strip())


class Coordinator:
    """The coordinator's part."""

    tools = frozenset(_TOPICS)
    offer = (
        "I bring your request to the right expert:\n\n"
        "- **treasury**: *transfer 250 EUR to ACME for invoice 4471*, *GDP of Paris*\n"
        "- **records**: *release Mira Solberg's record to Northgate Clinic*\n"
        "- **weather**: *weather in Oslo*\n\n"
        "Several at once is fine: *balance of the operating account and the weather in Oslo*."
    )

    def plan(self, turn: Turn) -> Plan | Question:
        """See `Scene.plan`; an answer to an expert's question goes back to that expert."""
        try:
            plan = make_plan(turn.said[-1:], read)
        except NothingUnderstood:
            asking = [o.name for o in turn.previous if o.text.rstrip().endswith("?")]
            if not asking or small_talk(turn.request, self.offer):
                raise
            calls = tuple(Call(name, {"task": turn.request}) for name in dict.fromkeys(asking))
            return Plan((calls,))
        return _merged(plan) if isinstance(plan, Plan) else plan

    def resolve(self, call: Call, outcomes: Sequence[Outcome]) -> Call | str:  # noqa: ARG002
        """See `Scene.resolve`; nothing here depends on an earlier result."""
        return call

    def announce(self, calls: Sequence[Call]) -> str:
        """See `Scene.announce`."""
        names = [_TITLES[call.name].lower() for call in calls]
        return f"I am asking the {' and the '.join(names)}."

    def report(self, outcomes: Sequence[Outcome]) -> str:
        """See `Scene.report`; the experts' own words, under their names."""
        if len(outcomes) == 1:
            verb = "asks" if outcomes[0].text.rstrip().endswith("?") else "answers"
            title = _TITLES.get(outcomes[0].name, outcomes[0].name)
            return f"The {title.lower()} {verb}:\n\n{_answer(outcomes[0])}"
        sections = (f"### {_TITLES.get(o.name, o.name)}\n\n{_answer(o)}" for o in outcomes)
        return "This is what the experts say.\n\n" + "\n\n".join(sections)


def _answer(outcome: Outcome) -> str:
    if outcome.ending is not Ending.DONE:
        return f"No answer: {reason_of(outcome)} I have not asked again."
    if outcome.value is not None:
        return prose.as_markdown(outcome.value)
    return outcome.text or "No answer."


def _merged(plan: Plan) -> Plan:
    """The plan with rounds joined that ask one expert only: it keeps the order by itself."""
    rounds: list[tuple[Call, ...]] = []
    for calls in plan.rounds:
        last = rounds[-1] if rounds else ()
        if len(last) == len(calls) == 1 and last[0].name == calls[0].name:
            task = f"{last[0].args['task']}, then {calls[0].args['task']}"
            rounds[-1] = (Call(calls[0].name, {"task": task}),)
        else:
            rounds.append(_one_task_each(calls))
    return Plan(tuple(rounds))


def _one_task_each(calls: Sequence[Call]) -> tuple[Call, ...]:
    """One call for each expert, with all its parts of this round in one task."""
    tasks: dict[str, list[str]] = {}
    for call in calls:
        tasks.setdefault(call.name, []).append(str(call.args["task"]))
    return tuple(Call(name, {"task": " and ".join(parts)}) for name, parts in tasks.items())
