"""What a person fills in: which fields a request has, and what they make of what was typed."""

from __future__ import annotations

import pytest

from desktop.actions.edits import changes
from desktop.actions.forms import (
    ABSENT,
    Field,
    FieldKind,
    Form,
    FormProblems,
    Raw,
    is_shown,
    read_form,
    read_json,
    shown_at_first,
)
from desktop.actions.offers import answer_form, edit_form
from desktop.errors import NotAllowedNow
from desktop.store.records import Request
from tests.support import scenes
from tests.support.learning import online_store, seen
from workers.wire.answers import answer
from workers.wire.approvals import Decision, DecisionKind
from workers.wire.canonical import JSON
from workers.wire.events import Event

ARGS: dict[str, JSON] = {
    "to": "ACME",
    "amount": 12,
    "currency": "EUR",
    "urgent": False,
    "memo": None,
    "lines": [1, 2],
}
SCHEMA: JSON = {
    "$defs": {"Currency": {"enum": ["EUR", "USD"]}},
    "properties": {
        "to": {"type": "string", "minLength": 2, "description": "Who is paid."},
        "amount": {"type": "integer", "minimum": 1, "exclusiveMaximum": 100},
        "currency": {"$ref": "#/$defs/Currency"},
        "urgent": {"type": "boolean"},
        "memo": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "lines": {"type": "array"},
        "rate": {"type": "number"},
    },
    "required": ["to", "amount"],
}
CALLS: JSON = [{"name": "send", "args": {"n": 1}}, {"name": "erase", "args": {}}]
BATCH: dict[str, JSON] = {
    "action_requests": CALLS,
    "review_configs": [
        {"allowed_decisions": ["approve", "edit"]},
        {"allowed_decisions": ["reject", "respond"]},
    ],
}
QUESTIONS: dict[str, JSON] = {
    "type": "ask_user",
    "questions": [
        {"question": "Which account?", "type": "text"},
        {"question": "When?", "choices": [{"value": "now"}, {"value": "later"}]},
        {"question": "Who?", "type": "multi_select", "choices": ["A", "B", "C"]},
        {"question": "Anything else?", "required": False},
        "Just a text?",
    ],
}


def _request(event: Event) -> Request:
    [request] = online_store(*seen(event)).requests()
    return request


def _editing(args: JSON = None, schema: JSON = SCHEMA) -> Form:
    event = scenes.asks(args=ARGS if args is None else args, allowed=tuple(DecisionKind))
    form = edit_form(_request(scenes.with_members(event, args_schema=schema)))
    assert form is not None
    return form


def _asking(value: dict[str, JSON]) -> Form:
    form = answer_form(_request(scenes.hosted_asks(value)))
    assert form is not None
    return form


def _filled(form: Form, **raws: Raw) -> dict[str, Raw]:
    return {field.name: shown_at_first(field) for field in form.fields} | raws


def _problems(form: Form, raws: dict[str, Raw]) -> dict[str, str]:
    with pytest.raises(FormProblems) as caught:
        read_form(form, raws)
    return caught.value.by_field


class TestEditForm:
    def test_each_argument_has_a_field_of_its_kind(self) -> None:
        """Simple ones their own, everything else JSON; those the call could have, too."""
        kinds = {field.name: field.kind for field in _editing().fields}

        assert kinds == {
            "to": FieldKind.TEXT,
            "amount": FieldKind.WHOLE,
            "currency": FieldKind.CHOICE,
            "urgent": FieldKind.CHOICE,
            "memo": FieldKind.TEXT,
            "lines": FieldKind.JSON,
            "rate": FieldKind.NUMBER,
        }

    def test_what_nobody_touches_stays_exactly_as_it_is(self) -> None:
        """Null stays null, and what was not given is not given."""
        assert read_form(_editing(), _filled(_editing())) == ARGS

    def test_what_is_typed_becomes_a_value_of_the_kind(self) -> None:
        """Numbers are numbers, and an emptied text is an empty text."""
        raws = _filled(
            _editing(),
            to="Globex",
            amount="7",
            currency="USD",
            urgent="yes",
            memo="soon",
            lines="[]",
            rate="1.5",
        )

        assert read_form(_editing(), raws) == {
            "to": "Globex",
            "amount": 7,
            "currency": "USD",
            "urgent": True,
            "memo": "soon",
            "lines": [],
            "rate": 1.5,
        }

    @pytest.mark.parametrize(
        ("name", "raw", "words"),
        [
            ("to", "A", "at least 2 characters"),
            ("amount", "", "Write a value"),
            ("amount", "12.5", "whole number"),
            ("amount", "0", "At least 1"),
            ("amount", "100", "Less than 100"),
            ("currency", "DEM", "Choose one"),
            ("lines", "[1,", "line 1, column"),
            ("lines", "[NaN]", "NaN"),
            ("lines", '"x"', "no array"),
            ("rate", "1,5", "such as 12.5"),
            ("rate", "1e999", "too large"),
            ("rate", "NaN", "such as 12.5"),
        ],
    )
    def test_what_is_wrong_is_said_of_its_field(self, name: str, raw: str, words: str) -> None:
        """And of no other."""
        problems = _problems(_editing(), _filled(_editing(), **{name: raw}))

        assert list(problems) == [name]
        assert words in problems[name]

    def test_without_a_schema_the_values_say_what_they_are(self) -> None:
        """A number stays a number."""
        form = _editing({"amount": 2.5, "flag": True, "deep": {"a": 1}}, None)

        kinds = [field.kind for field in form.fields]
        assert kinds == [FieldKind.NUMBER, FieldKind.CHOICE, FieldKind.JSON]

    @pytest.mark.parametrize(
        "schema",
        [
            {"properties": {"amount": {"type": "string"}}},
            {"properties": {"amount": {"enum": ["1", 1]}}},
            {"properties": {"amount": {"enum": [True]}}},
            {"properties": {"amount": {"$ref": "#/$defs/nowhere"}}},
            {"properties": {"amount": 7}},
            {"properties": {"amount": {"type": ["string", "integer", "null"]}}},
        ],
    )
    def test_a_schema_that_does_not_fit_the_value_makes_a_field_for_json(
        self, schema: JSON
    ) -> None:
        """Anybody may have written it."""
        [field] = _editing({"amount": 1}, schema).fields

        assert field.kind is FieldKind.JSON
        assert shown_at_first(field) == "1"

    def test_too_many_arguments_are_edited_as_one(self) -> None:
        """As a JSON object."""
        many: JSON = {f"a{number}": number for number in range(60)}
        form = _editing(many, None)
        [field] = form.fields

        assert read_form(form, _filled(form)) == many
        assert "no object" in _problems(form, {field.name: "[]"})[field.name]

    def test_a_long_integer_is_shown_and_read_as_one(self) -> None:
        """The tag is the wire's own business."""
        form = _editing({"amount": {"$int": str(2**60)}}, None)

        assert shown_at_first(form.fields[0]) == str(2**60)
        assert read_form(form, {"amount": str(2**60 + 1)}) == {"amount": 2**60 + 1}

    def test_the_changes_are_those_that_would_run(self) -> None:
        """10 is 10.0; true is not 1; what is gone or new is told so."""
        before: JSON = {"a": 10, "b": 1, "c": "x", "d": [1]}
        after: JSON = {"a": 10.0, "b": True, "d": [1], "e": None}

        found = {change.name: (change.before, change.after) for change in changes(before, after)}

        assert found == {"b": (1, True), "c": ("x", ABSENT), "e": (ABSENT, None)}


class TestAnswerForms:
    def test_each_question_has_a_field_and_each_answer_is_a_text(self) -> None:
        """Several choices travel as a JSON list, as the agents that ask so read it."""
        form = _asking(QUESTIONS)
        raws: dict[str, Raw] = {"0": "OPS-1", "1": "later", "2": ("A", "C"), "4": "yes"}

        assert read_form(form, _filled(form, **raws)) == {
            "answers": ["OPS-1", "later", '["A", "C"]', "", "yes"]
        }

    def test_a_question_that_needs_an_answer_gets_one(self) -> None:
        """Each is marked that does not have it."""
        form = _asking(QUESTIONS)

        assert set(_problems(form, _filled(form))) == {"0", "1", "2", "4"}

    def test_each_call_of_a_batch_is_decided_on(self) -> None:
        """With the fields that belong to the decision, and no others."""
        form = _asking(BATCH)
        undecided = _filled(form)
        decided: dict[str, Raw] = undecided | {
            "0.decision": "Edit",
            "0.args": '{"n": 2}',
            "1.decision": "Reject",
            "1.reason": "not ours",
        }

        assert set(_problems(form, undecided)) == {"0.decision", "1.decision"}
        assert [f.name for f in form.fields if is_shown(f, undecided)] == list(
            _problems(form, undecided)
        )
        built = read_form(form, decided)
        edited: JSON = {"name": "send", "args": {"n": 2}}
        assert built == {
            "decisions": [
                {"type": "edit", "edited_action": edited},
                {"type": "reject", "message": "not ours"},
            ]
        }
        call = _request(scenes.hosted_asks(BATCH)).call
        assert answer(call, Decision(kind=DecisionKind.RESPOND, args=built))

    def test_only_what_a_call_allows_can_be_chosen(self) -> None:
        """By the batch's own word."""
        first, second = (
            [option.value for option in field.options]
            for field in _asking(BATCH).fields
            if field.name.endswith("decision")
        )

        assert (first, second) == (["approve", "edit"], ["reject", "respond"])

    def test_a_schema_of_an_object_becomes_fields(self) -> None:
        """What it requires is required."""
        schema: JSON = {
            "type": "object",
            "properties": {"plan": {"enum": ["s", "l"]}, "seats": {"type": "integer"}},
            "required": ["plan"],
        }
        form = _asking({"response_schema": schema})

        assert set(_problems(form, {})) == {"plan"}
        assert read_form(form, {"plan": "l"}) == {"plan": "l"}

    @pytest.mark.parametrize(
        ("schema", "raw", "built"),
        [
            ({"type": "integer"}, "7", 7),
            ({"type": "string"}, "yes", "yes"),
            ({"type": "boolean"}, "no", False),
            ({"type": "array"}, "[1]", [1]),
            ({}, '{"a": 1}', {"a": 1}),
            ("no schema", "7", 7),
        ],
    )
    def test_any_other_schema_becomes_one_field(self, schema: JSON, raw: str, built: JSON) -> None:
        """Of its kind, or of JSON; what cannot be checked says so."""
        form = _asking({"response_schema": schema})

        assert read_form(form, {"answer": raw}) == built
        assert bool(form.note) is (not isinstance(schema, dict) or not schema)

    def test_free_text_says_that_nobody_can_validate_it(self) -> None:
        """And is a text, not blank."""
        form = _asking({"ask": "What now?"})

        assert "cannot be validated" in form.note
        assert form.in_words
        assert read_form(form, {"answer": "wait"}) == "wait"
        assert list(_problems(form, {"answer": "  "})) == ["answer"]

    def test_marking_done_says_that_nothing_runs(self) -> None:
        """In other words than an answer that stands for a call."""
        form = answer_form(_request(scenes.asks_again()))

        assert form is not None
        assert (form.sends, form.in_words) == ("Mark done", True)
        assert "Nothing runs" in form.note

    @pytest.mark.parametrize(
        "event",
        [
            scenes.asks(),
            scenes.hosted_asks({"type": "ask_user", "questions": "none"}),
            scenes.hosted_asks({"action_requests": [], "review_configs": []}),
        ],
    )
    def test_what_takes_no_answer_has_no_form(self, event: Event) -> None:
        """Nor has a question that asks nothing."""
        assert answer_form(_request(event)) is None


@pytest.mark.parametrize("text", ["{", "NaN", "", "[" * 100_000])
def test_json_on_the_command_line_is_json(text: str) -> None:
    """Or it is said what is wrong with it."""
    with pytest.raises(NotAllowedNow, match="not JSON"):
        read_json(text)


def test_a_field_nobody_knows_a_value_for_begins_empty() -> None:
    """Null is not shown as a word, except in JSON."""
    assert shown_at_first(Field("a", "a", FieldKind.TEXT)) == ""
    assert shown_at_first(Field("a", "a", FieldKind.TEXT, begins=None)) == ""
    assert shown_at_first(Field("a", "a", FieldKind.JSON, begins=None)) == "null"
