"""From a request to the calls that fulfil it: intents, the questions they raise, and their order.

The only place that decides what runs together and what one after the other. Each scene brings its
own intents and the reader that finds them in a fragment of a sentence.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Self

from workers.demo.chat import JSONObject
from workers.demo.scenes.reading import fragments
from workers.demo.scenes.turn import Said

_TAKEN_BACK = frozenset(
    {"no", "no thanks", "cancel", "stop", "never mind", "nevermind", "forget it", "nothing"}
)


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call without an id; an argument may be a placeholder that a scene resolves later.

    Attributes:
        once: a lookup; wanted twice in a round, it is made once. Two equal transfers stay two.
    """

    name: str
    args: JSONObject
    once: bool = False


class Intent(ABC):
    """One thing the user wants. Frozen; an answer to its question makes a new one."""

    __slots__ = ()

    @abstractmethod
    def question(self) -> str:
        """What must still be asked; "" when nothing. Ends in a question mark."""

    @abstractmethod
    def answered(self, text: str) -> Self:
        """This intent, completed by the answer to its question."""

    @abstractmethod
    def calls(self) -> tuple[Call, ...]:
        """The calls it takes, one after the other."""


#: One step: intents that may run at the same time.
Step = list[Intent]
#: Finds the intent of a fragment, given the intent before it; None if it says nothing of its own.
Reader = Callable[[str, Intent | None], Intent | None]


@dataclass(frozen=True, slots=True)
class Plan:
    """Rounds of calls; a round starts when the one before it has ended well."""

    rounds: tuple[tuple[Call, ...], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A detail is missing; nothing runs until it is there."""

    text: str


class NothingUnderstood(Exception):
    """The request holds no intent of this scene."""


class TakenBack(Exception):
    """The user answered our question by giving up."""


def make_plan(said: Sequence[Said], read: Reader) -> Plan | Question:
    """Turn what the user said into a plan, or into the question that is still open.

    Args:
        said: the last request, and the requests it completes.
        read: the reader of the scene.

    Raises:
        NothingUnderstood: no intent was found.
        TakenBack: the last answer was "never mind" or the like.
    """
    wanted: list[Step] = []
    for words in said:
        asked = _first_question(wanted)
        anew = read_steps(words.text, read)
        if not asked or asked != words.question:
            wanted = anew
        elif words.text.strip(" .!").lower() in _TAKEN_BACK:
            raise TakenBack
        elif anew and not _completes(anew, wanted):
            wanted = anew
        else:
            wanted = _answer_first(wanted, words.text)
    if not wanted:
        raise NothingUnderstood
    question = _first_question(wanted)
    return Question(question) if question else Plan(_rounds(wanted))


def read_steps(text: str, read: Reader) -> list[Step]:
    """The intents of a request, step by step."""
    found: list[Step] = []
    before: Intent | None = None
    for step in fragments(text):
        # Each clause with its intent, and the intent before it, to read it again when it grows.
        clauses: list[tuple[str, Intent | None, Intent | None]] = []
        for gap, fragment in step:
            intent = read(fragment, before)
            if intent is None and clauses:
                clause, _, earlier = clauses.pop()
                fragment, before = clause + gap + fragment, earlier  # noqa: PLW2901
                intent = read(fragment, before)
            clauses.append((fragment, intent, before))
            before = intent or before
        intents = [intent for _, intent, _ in clauses if intent is not None]
        if intents:
            found.append(intents)
    return found


def _completes(anew: Sequence[Step], wanted: Sequence[Step]) -> bool:
    """Whether an answer that reads like a request ("250 EUR to ACME") only fills the open one."""
    open_intent = next(i for step in wanted for i in step if i.question())
    return len(anew) == len(anew[0]) == 1 and (
        type(anew[0][0]) is type(open_intent) and bool(anew[0][0].question())
    )


def _first_question(wanted: Sequence[Step]) -> str:
    return next((i.question() for step in wanted for i in step if i.question()), "")


def _answer_first(wanted: Sequence[Step], answer: str) -> list[Step]:
    answered = False
    result: list[Step] = []
    for step in wanted:
        intents: Step = []
        for intent in step:
            if intent.question() and not answered:
                intents.append(intent.answered(answer))
                answered = True
            else:
                intents.append(intent)
        result.append(intents)
    return result


def _rounds(wanted: Sequence[Step]) -> tuple[tuple[Call, ...], ...]:
    rounds: list[tuple[Call, ...]] = []
    for step in wanted:
        for together in zip_longest(*(intent.calls() for intent in step)):
            calls: list[Call] = []
            for call in together:
                if call is not None and not (call.once and call in calls):
                    calls.append(call)
            rounds.append(tuple(calls))
    return tuple(rounds)
