"""The records agent finds the patient first and then names the id in the call with an effect."""

from __future__ import annotations

import pytest

from tests.unit.workers.demo.conversation import RECORDS, Conversation

MIRA = {"patient_id": "P-1042", "name": "Mira Solberg"}


@pytest.fixture
def records() -> Conversation:
    return Conversation(RECORDS)


@pytest.mark.parametrize(
    ("request_text", "recipient", "purpose"),
    [
        (
            "release Mira Solberg's record to Northgate Clinic",
            "Northgate Clinic",
            "continuity of care",
        ),
        (
            "Please release the medical record of Mira Solberg to Dr. Lund for a second opinion.",
            "Dr. Lund",
            "a second opinion",
        ),
        (
            "release the record of Mira Solberg for a second opinion to Northgate Clinic",
            "Northgate Clinic",
            "a second opinion",
        ),
    ],
)
def test_a_release_looks_the_patient_up_and_then_asks_for_it(
    records: Conversation, request_text: str, recipient: str, purpose: str
) -> None:
    """Find, then release, with the id that was found."""
    records.say(request_text)
    assert records.calls == [("find_patient", {"name": "Mira Solberg"})]

    records.answer({"patients": [MIRA]})
    args = {"patient_id": "P-1042", "recipient": recipient, "purpose": purpose}
    assert records.calls == [("release_patient_record", args)]

    told = records.answer({"status": "released", "release_id": "RL-1", **args})
    assert f"**P-1042** was released to **{recipient}**" in told.text


def test_a_patient_id_needs_no_lookup(records: Conversation) -> None:
    """The call comes at once."""
    records.say("release record P-1042 to Northgate Clinic")

    assert [name for name, _ in records.calls] == ["release_patient_record"]


@pytest.mark.parametrize(
    "request_text",
    [
        "set P-1042's metoprolol to 50 mg",
        "change the prescription for P-1042 to metoprolol 50 mg",
        "prescribe P-1042 50 mg of metoprolol",
        "increase the metoprolol dose of P-1042 to 50mg",
        "set P-1042's metoprolol to 0.05 g",
    ],
)
def test_a_dose_is_understood_in_many_words(records: Conversation, request_text: str) -> None:
    """Drug, dose and patient may stand in any order."""
    records.say(request_text)

    args = {"patient_id": "P-1042", "drug": "metoprolol", "dose_mg": 50.0}
    assert records.calls == [("update_prescription", args)]


def test_two_wishes_for_one_patient_need_one_lookup(records: Conversation) -> None:
    """One lookup, then two gated calls in one turn."""
    records.say("release Mira Solberg's record to Northgate Clinic and set her metoprolol to 50 mg")
    assert records.calls == [("find_patient", {"name": "Mira Solberg"})]

    records.answer({"patients": [MIRA]})
    assert [name for name, _ in records.calls] == ["release_patient_record", "update_prescription"]


def test_an_unknown_patient_ends_it(records: Conversation) -> None:
    """Nothing is released on a guess."""
    records.say("release Nobody Atall's record to Northgate Clinic")
    told = records.answer({"patients": []})

    assert not told.tool_calls
    assert "no patient called Nobody Atall" in told.text


def test_two_patients_of_one_name_are_not_guessed_between(records: Conversation) -> None:
    """The agent names both ids and waits."""
    records.say("release Lindqvist's record to Northgate Clinic")
    told = records.answer({"patients": [{"patient_id": "P-1057"}, {"patient_id": "P-1071"}]})

    assert not told.tool_calls
    assert "P-1057, P-1071" in told.text


def test_missing_details_are_asked_for(records: Conversation) -> None:
    """Patient first, then the recipient."""
    assert records.say("release a record").text.startswith("Whose record")
    assert records.say("P-1042").text == "To whom should I release the record of P-1042?"
    records.say("to Northgate Clinic")

    assert records.calls[0][1]["recipient"] == "Northgate Clinic"


def test_a_missing_dose_is_asked_for(records: Conversation) -> None:
    """A bare number is taken as milligrams, because that is what was asked."""
    assert records.say("update the prescription of P-1042").text.startswith("Which drug")
    assert records.say("metoprolol").text == "How many milligrams of metoprolol?"
    records.say("75")

    assert records.calls[0][1]["dose_mg"] == 75.0


def test_a_rejected_release_is_acknowledged(records: Conversation) -> None:
    """With its reason, without another try, and without the lookup before it."""
    records.say("release Mira Solberg's record to Northgate Clinic")
    records.answer({"patients": [MIRA]})
    told = records.answer("Rejected by the reviewer. Reason: no consent on file")

    assert not told.tool_calls
    assert "The release of record P-1042 to Northgate Clinic was **not approved**" in told.text
    assert "no consent on file" in told.text


def test_patients_are_listed_in_a_table(records: Conversation) -> None:
    """A lookup alone is reported."""
    records.say("look up patient solberg")
    told = records.answer({"patients": [MIRA]})

    assert "| P-1042 | Mira Solberg |" in told.text
