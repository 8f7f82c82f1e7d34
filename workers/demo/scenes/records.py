"""The records agent: what it offers, whom it means, and how it tells what became of its calls.

The only place that puts a patient id, found by name, into a call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workers.demo.chat import JSONObject
from workers.demo.scenes import prose
from workers.demo.scenes.intents import Call, Plan, Question, make_plan
from workers.demo.scenes.records_requests import PATIENT_ID, PatientNamed, read
from workers.demo.scenes.turn import Outcome, Turn


class Records:
    """The records agent's part."""

    tools = frozenset({"find_patient", "release_patient_record", "update_prescription"})
    offer = (
        "I can\n\n"
        "- find a patient: *find Mira Solberg*\n"
        "- release a record, once a reviewer approves: "
        "*release Mira Solberg's record to Northgate Clinic*\n"
        "- change a prescription, once a reviewer approves: *set P-1042's metoprolol to 50 mg*"
    )

    def plan(self, turn: Turn) -> Plan | Question:
        """See `Scene.plan`."""
        return make_plan(turn.said, read)

    def resolve(self, call: Call, outcomes: Sequence[Outcome]) -> Call | str:
        """See `Scene.resolve`; puts the id of a patient in the place of the name."""
        wanted = call.args.get("patient_id")
        if not isinstance(wanted, PatientNamed):
            return call
        ids = _found_ids(wanted.name, outcomes)
        if len(ids) == 1:
            return Call(call.name, call.args | {"patient_id": ids[0]})
        if not ids:
            return f"I found no patient called {wanted.name}, so nothing was changed or released."
        return (
            f"{len(ids)} patients are called {wanted.name}: {', '.join(ids)}. Nothing was changed "
            "or released; please repeat the request with the patient ID."
        )

    def announce(self, calls: Sequence[Call]) -> str:
        """See `Scene.announce`."""
        effects = [_label(c.name, c.args) for c in calls if c.name != "find_patient"]
        return f"I am preparing {' and '.join(effects)}." if effects else ""

    def report(self, outcomes: Sequence[Outcome]) -> str:
        """See `Scene.report`; a lookup that only served another call is left out."""
        effects = [outcome for outcome in outcomes if outcome.name != "find_patient"]
        return prose.report(effects or outcomes, _SENTENCES, _label)


def _found_ids(name: str, outcomes: Sequence[Outcome]) -> list[str]:
    for outcome in outcomes:
        if outcome.name == "find_patient" and outcome.args.get("name") == name:
            # Prose of a foreign tool is searched as well; ids look the same there.
            return list(dict.fromkeys(f"P-{digits}" for digits in PATIENT_ID.findall(outcome.text)))
    return []


def _label(name: str, args: JSONObject) -> str:
    if name == "release_patient_record":
        return f"the release of record {args.get('patient_id')} to {args.get('recipient')}"
    if name == "update_prescription":
        dose = prose.cell(args.get("dose_mg"))
        return f"the change of {args.get('drug')} to {dose} mg for {args.get('patient_id')}"
    return ""


def _say_patients(value: Mapping[str, object]) -> str:
    patients = value["patients"]
    if not isinstance(patients, list):
        raise TypeError("patients are no list")
    if not patients:
        return "I found no patient of that name."
    return f"I found {len(patients)}:\n\n{prose.table(patients)}"


def _say_release(value: Mapping[str, object]) -> str:
    return (
        f"Done: the record of **{prose.cell(value['patient_id'])}** was released to "
        f"**{prose.cell(value['recipient'])}** for {prose.cell(value['purpose'])} "
        f"(release `{prose.cell(value.get('release_id'))}`)."
    )


def _say_prescription(value: Mapping[str, object]) -> str:
    before = value.get("dose_mg_before")
    change = "newly prescribed" if before is None else f"before: {prose.cell(before)} mg"
    return (
        f"Done: **{prose.cell(value['patient_id'])}** now gets **{prose.cell(value['drug'])} "
        f"{prose.cell(value['dose_mg'])} mg** ({change})."
    )


_SENTENCES: Mapping[str, prose.Sentence] = {
    "find_patient": _say_patients,
    "release_patient_record": _say_release,
    "update_prescription": _say_prescription,
}
