"""A conversation, read into what a scene needs: what was asked, and what the tools answered.

The only place that reads chat messages, and the only one that tells a result from a refusal: the
protocol has no field for it, so the text of the tool message decides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from workers.demo.chat import JSONObject, Message

#: Tools that hand a task to another agent; their answers are prose, and are passed on as they are.
DELEGATION_PREFIX = "call_"


class Ending(StrEnum):
    """How a tool call ended, as far as its answer tells."""

    DONE = "done"
    REJECTED = "rejected"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One tool call and what came back.

    Attributes:
        text: the answer; without the notice a reviewer's edit puts in front of it.
        value: the answer as JSON, or None when it is prose.
        edited: a reviewer changed the call before it ran.
    """

    name: str
    args: JSONObject
    text: str
    value: object = None
    ending: Ending = Ending.DONE
    edited: bool = False

    def table(self) -> Mapping[str, object]:
        """The answer as a JSON object; empty when it is none."""
        return self.value if isinstance(self.value, dict) else {}


Round = tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """One thing the user said, and the question of ours it may answer ("" if there is none)."""

    text: str
    question: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """Where the conversation stands.

    Attributes:
        said: what the user said, oldest first; the last one is to be answered now. An earlier one
            is here only if nothing but a question of ours stood between it and the next.
        rounds: tool calls made since, one entry for each time tools were called.
        previous: tool calls of the turn before, for scenes that continue it.
    """

    said: tuple[Said, ...]
    rounds: tuple[Round, ...] = ()
    previous: Round = ()

    @property
    def request(self) -> str:
        """What the user said last."""
        return self.said[-1].text if self.said else ""

    @property
    def outcomes(self) -> Round:
        """All tool calls of this turn."""
        return tuple(outcome for group in self.rounds for outcome in group)


def read_turn(messages: Sequence[Message]) -> Turn:
    """Read the messages of a request; messages of other roles and shapes are passed over."""
    asked: list[str] = []
    followed: list[list[Message]] = []
    for message in messages:
        if message.role == "user":
            # Two in a row, as when one waited behind an approval: one request in two sentences.
            if followed and not followed[-1]:
                asked[-1] = f"{asked[-1]}\n{message.text()}"
            else:
                asked.append(message.text())
                followed.append([])
        elif followed:
            followed[-1].append(message)
    if not asked:
        return Turn(())
    before = _rounds(followed[-2]) if len(followed) > 1 else ()
    return Turn(
        _chain(asked, followed),
        _rounds(followed[-1]),
        tuple(outcome for group in before for outcome in group),
    )


def _chain(asked: Sequence[str], followed: Sequence[Sequence[Message]]) -> tuple[Said, ...]:
    """The last request, with those before it that led to it by our questions alone."""
    first = len(asked) - 1
    questions: dict[int, str] = {}
    while first > 0:
        question = _question(followed[first - 1])
        if not question:
            break
        questions[first] = question
        first -= 1
    return tuple(Said(asked[i], questions.get(i, "")) for i in range(first, len(asked)))


def _question(messages: Sequence[Message]) -> str:
    """What we asked, if asking is all we did."""
    if len(messages) != 1 or messages[0].tool_calls:
        return ""
    text = messages[0].text().strip()
    return text if text.endswith("?") else ""


def _rounds(messages: Sequence[Message]) -> tuple[Round, ...]:
    answers = {m.tool_call_id: m.text() for m in messages if m.role == "tool" and m.tool_call_id}
    return tuple(
        tuple(
            read_outcome(call.function.name, _args(call.function.arguments), answers[call.id])
            for call in message.tool_calls
            if call.id in answers
        )
        for message in messages
        if message.role == "assistant" and message.tool_calls
    )


def _args(arguments: str) -> JSONObject:
    try:
        return msgspec.json.decode(arguments or "{}", type=JSONObject)
    except msgspec.DecodeError:
        return {}


# The notice LangChain puts before the answer of a call that a reviewer replaced ends like this.
_EDIT_NOTICE_END = "Tool response:"
_EDIT_NOTICE = re.compile(r"\breviewer\b[^.]*\b(?:replaced|edited|changed)\b", re.IGNORECASE)
_REJECTED = re.compile(
    r"\b(?:reject(?:ed|ion)|declined|denied|disapproved|not\s+approved|withdrawn|expired)\b",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"^\W*(?:\w+\s+)?(?:\w*error|\w*exception|failed|failure|traceback)\b"
    r"|\bin\s+doubt\b|\btimed\s+out\b|\brefused\b|\bis\s+not\s+a\s+valid\s+tool\b"
    r"|\b(?:was|did)\s+not\s+(?:run|executed?|started?)\b",
    re.IGNORECASE,
)
_REASON = re.compile(
    r"\b(?:reason\s*(?:is\b|:|=)|because\b)\s*(?P<reason>.+)", re.IGNORECASE | re.DOTALL
)


def read_outcome(name: str, args: JSONObject, answer: str) -> Outcome:
    """Read the answer to one call."""
    notice, marker, rest = answer.partition(_EDIT_NOTICE_END)
    edited = bool(_EDIT_NOTICE.search(notice if marker else answer))
    text = (rest if marker and edited else answer).strip()
    value = _json(text)
    if name.startswith(DELEGATION_PREFIX):
        ending = Ending.FAILED if text.lower().startswith("error") else Ending.DONE
    else:
        ending = _ending(text, value)
    return Outcome(name, args, text, value, ending, edited)


def reason_of(outcome: Outcome) -> str:
    """Why a call was rejected or failed, in the words that came back; may be empty."""
    for key in ("reason", "error", "message"):
        if isinstance(said := outcome.table().get(key), str):
            return said.strip()
    found = _REASON.search(outcome.text)
    if found:
        return found["reason"].strip()
    _, colon, rest = outcome.text.partition(": ")
    if colon:
        return rest.strip()
    return "" if outcome.ending is Ending.REJECTED else outcome.text.strip()


def _json(text: str) -> object:
    if not text.startswith(("{", "[")):
        return None
    try:
        value: object = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    return value


def _ending(text: str, value: object) -> Ending:
    if isinstance(value, dict):
        status = str(value.get("status", "")).lower()
        if status in {"rejected", "declined", "denied", "expired"}:
            return Ending.REJECTED
        return Ending.FAILED if value.get("error") or status in {"error", "failed"} else Ending.DONE
    if value is not None:
        return Ending.DONE
    # Only how it begins: further on such a word may be part of what was looked up.
    beginning = text[:160]
    if _REJECTED.search(beginning):
        return Ending.REJECTED
    return Ending.FAILED if _FAILED.search(beginning) else Ending.DONE
