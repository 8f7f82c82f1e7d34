"""What a person can answer to a request, and what they fill in for it.

The only place that makes forms of requests, one for each dialect of interrupts. Window and commands
offer what is offered here, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

from desktop.actions.forms import Field, FieldKind, Form, Option, Section
from desktop.actions.schemas import answer_fields, argument_fields, field_of
from desktop.store.records import DecisionKind, Dialect, Request
from workers.wire.answers import allowed_in_batch
from workers.wire.canonical import JSON, untagged
from workers.wire.errors import NotApprovable

_ANSWER: Final = "answer"
_ARGUMENTS: Final = "arguments"
_UNCHECKED: Final = "This answer cannot be validated: the agent does not say what it takes."
_DONE_NOTE: Final = "Nothing runs. The agent is told that the call took effect, and what you write."
_STANDS_FOR: Final = "The call does not run. The agent takes your answer for its result."
_BATCH_NOTE: Final = "Each call needs a decision; all of them are sent together."
_WORDS: Final = {
    DecisionKind.APPROVE: "Approve",
    DecisionKind.EDIT: "Edit",
    DecisionKind.REJECT: "Reject",
    DecisionKind.RESPOND: "Answer instead",
}


def edit_form(request: Request) -> Form | None:
    """What to fill in to change the arguments; None where nobody may."""
    if DecisionKind.EDIT not in request.choices:
        return None
    try:
        args = untagged(request.args)
    except NotApprovable:
        return None
    fields = argument_fields(request.call.args_schema, args) if isinstance(args, dict) else None
    title, sends = "Edit arguments", "Send edit"
    if fields:
        sections = (Section(fields),)
        return Form(title, sections, dict, sends, shows_arguments=True, edits=args)
    schema: JSON = {"type": "object"}
    whole = Field(_ARGUMENTS, "All arguments", FieldKind.JSON, begins=args, schema=schema)
    build = _one(_ARGUMENTS)
    return Form(title, (Section((whole,)),), build, sends, shows_arguments=True, edits=args)


def answer_form(request: Request) -> Form | None:
    """What to fill in to answer; None where no answer is taken, or none can be made."""
    if DecisionKind.RESPOND not in request.choices:
        return None
    match request.call.dialect:
        case Dialect.HITL_BATCH if isinstance(request.args, list):
            return _batch_form(request)
        case Dialect.ASK_USER:
            return _questions_form(request.args)
        case Dialect.SCHEMA:
            value = request.call.value
            return _schema_form(value.get("response_schema") if isinstance(value, dict) else None)
        case Dialect.FREE_TEXT:
            return _text_form("Your answer", "Send answer", _UNCHECKED)
        case _ if request.call.is_in_doubt:
            return _text_form("What the agent is to know of it", "Mark done", _DONE_NOTE)
        case _:
            return _text_form("Your answer", "Send answer", _STANDS_FOR)


def is_batch(request: Request) -> bool:
    """Whether several calls wait as one request."""
    return request.call.dialect is Dialect.HITL_BATCH and isinstance(request.args, list)


def _text_form(label: str, sends: str, note: str) -> Form:
    field = Field(_ANSWER, label, FieldKind.TEXT, filled=True)
    return Form("Answer", (Section((field,)),), _one(_ANSWER), sends, note, in_words=True)


def _questions_form(questions: JSON) -> Form | None:
    asked = questions if isinstance(questions, list) else []
    if not asked:
        return None
    fields = tuple(_question(number, question) for number, question in enumerate(asked))

    def build(values: Mapping[str, JSON]) -> JSON:
        return {"answers": [_as_text(values.get(field.name, "")) for field in fields]}

    return Form("Questions", (Section(fields),), build, "Send answers", shows_arguments=True)


def _question(number: int, question: JSON) -> Field:
    said = question if isinstance(question, dict) else {"question": question}
    options = _options(said.get("choices", said.get("options")))
    several = said.get("type") == "multi_select"
    kind = FieldKind.SEVERAL if several else FieldKind.CHOICE
    required = said.get("required") is not False
    return Field(
        name=str(number),
        label=_as_text(said.get("question") or said.get("text") or f"Question {number + 1}"),
        kind=kind if options else FieldKind.TEXT,
        required=required,
        filled=required and not options,
        options=options,
    )


def _options(given: JSON) -> tuple[Option, ...]:
    """Answers to choose from; none where two of them read alike."""
    values = [one.get("value") if isinstance(one, dict) else one for one in _list(given)]
    labels = [_as_text(value) for value in values]
    if len(set(labels)) < len(labels):
        return ()
    return tuple(Option(label, label) for label in labels)


def _schema_form(schema: JSON) -> Form:
    fields = answer_fields(schema)
    if fields:
        return Form("Answer", (Section(fields),), dict)
    alone = field_of(_ANSWER, schema, schema, filled=True)
    note = "" if isinstance(schema, dict) and schema else _UNCHECKED
    return Form("Answer", (Section((alone,)),), _one(_ANSWER), note=note)


def _batch_form(request: Request) -> Form | None:
    calls = _list(request.args)
    if not calls:
        return None
    allowed = allowed_in_batch(request.call)
    sections = tuple(
        _call_section(number, call, kinds)
        for number, (call, kinds) in enumerate(zip(calls, allowed, strict=True))
    )

    def build(values: Mapping[str, JSON]) -> JSON:
        return {"decisions": [_decision(n, call, values) for n, call in enumerate(calls)]}

    title, sends = "A decision on each call", "Send decisions"
    return Form(title, sections, build, sends, _BATCH_NOTE, shows_arguments=True)


def _call_section(number: int, call: JSON, kinds: tuple[DecisionKind, ...]) -> Section:
    said = call if isinstance(call, dict) else {"args": call}
    name = said.get("name")
    args = said.get("args")
    decision = f"{number}.decision"
    options = tuple(Option(_WORDS[kind], str(kind)) for kind in kinds)
    fields = [Field(decision, "Decision", FieldKind.CHOICE, options=options)]
    if DecisionKind.EDIT in kinds:
        when = (decision, (_WORDS[DecisionKind.EDIT],))
        schema: JSON = {"type": "object"}
        label = "New arguments"
        fields.append(
            Field(f"{number}.args", label, FieldKind.JSON, args, schema=schema, shown_with=when)
        )
    if DecisionKind.REJECT in kinds:
        when = (decision, (_WORDS[DecisionKind.REJECT],))
        label = "Reason for the agent"
        fields.append(
            Field(f"{number}.reason", label, FieldKind.TEXT, required=False, shown_with=when)
        )
    if DecisionKind.RESPOND in kinds:
        when = (decision, (_WORDS[DecisionKind.RESPOND],))
        label = "What the agent takes for the result"
        fields.append(
            Field(f"{number}.answer", label, FieldKind.TEXT, filled=True, shown_with=when)
        )
    return Section(tuple(fields), f"{number + 1}. {_as_text(name or 'unnamed call')}", args)


def _decision(number: int, call: JSON, values: Mapping[str, JSON]) -> JSON:
    kind = values[f"{number}.decision"]
    decision: dict[str, JSON] = {"type": kind}
    if kind == DecisionKind.EDIT:
        name = call.get("name") if isinstance(call, dict) else None
        decision["edited_action"] = {"name": name, "args": values[f"{number}.args"]}
    message = values.get(f"{number}.reason") or values.get(f"{number}.answer")
    if message:
        decision["message"] = message
    return decision


def _one(name: str) -> Callable[[Mapping[str, JSON]], JSON]:
    return lambda values: values.get(name)


def _as_text(value: JSON) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _list(value: JSON) -> list[JSON]:
    return value if isinstance(value, list) else []
