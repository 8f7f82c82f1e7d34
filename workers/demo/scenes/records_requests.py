"""What people ask the records agent for: finding patients, releasing records, prescriptions.

The only place that knows how people ask about patients. A patient is looked up by name first; the
call with an effect names the id that came back, for which `PatientNamed` stands until then.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from workers.demo.chat import JSONObject
from workers.demo.scenes.intents import Call, Intent
from workers.demo.scenes.reading import number, tidy, words

_RECORD = r"(?:(?:medical|patient|health)\s+)?(?:records?|files?|charts?|history)"
_RELEASE = words(r"\b(?:release|share|send|disclose|forward|transfer|hand\s+over|give)\b")
_HAS_RECORD = words(rf"\b{_RECORD}\b")
_PRESCRIBE = words(
    r"\b(?:prescri\w+|dose|dosage|medication|\d+(?:[.,]\d+)?\s*(?:mg|milligrams?|g|grams?))\b"
)
_FIND = words(
    r"\b(?:find|look\s+up|look\s+for|search(?:\s+for)?|who\s+is|show|is\s+there|do\s+we\s+have)\b"
    r"\s*(?:me\s+)?(?:(?:a|the|any)\s+)?(?:patients?\b\s*)?(?:(?:named|called|with\s+the\s+name)\s+)?(?P<name>.*)"
)
PATIENT_ID = words(r"\bP-?(\d{3,6})\b")
_NAME = r"[A-Z][\w'’-]*(?:\s+[A-Z][\w'’-]*)+"
_OWNER = words(r"(?P<name>[^\W\d_][\w’'-]*(?:\s+[^\W\d_][\w-]*){0,2}?)['’]s?\s+(?=\w)")
_OF = words(
    rf"\b{_RECORD}\s+(?:of|for)\s+(?:patient\s+)?(?P<name>[^\W\d_][\w'’-]*(?:\s+[^\W\d_][\w'’-]*)??)"
    r"(?=\s+(?:to|for|because|with)\b|[.?!,]*\s*$)"
)
_FOR_NAME = re.compile(rf"(?i:\b(?:for|of|prescribe|put|patient))\s+(?P<name>{_NAME})")
_RECIPIENT = words(r"\bto\s+(?P<recipient>.+?)(?=\s+(?:for|because|as|so\s+that)\b|[.?!;]*\s*$)")
_PURPOSE = words(r"\b(?:for|because\s+of)\s+(?P<purpose>.+?)(?=\s+to\s|[.?!;]*\s*$)")
_LEADING = words(
    r"^(?:(?:please|can|could|you|i|want|need|to|the|a|of|for|release|share|send|disclose|forward"
    r"|transfer|hand|over|give|update|change|set|adjust|increase|reduce|lower|raise|put|prescribe"
    r"|patient|record|file)\b\s*)+"
)
_DOSE = words(r"(?P<dose>\d+(?:[.,]\d+)?)\s*(?P<unit>mg|milligrams?|g|grams?)\b")
_DRUGS = (
    words(r"\b(?P<drug>[a-z]{4,})\b(?:\s+(?:dose|dosage|prescription))?\s+(?:to|at|by)?\s*\d"),
    words(r"\b(?:mg|milligrams?|g)\s+(?:of\s+)?(?P<drug>[a-z]{4,})\b"),
    words(r"\b(?:dose|dosage|prescription)\s+(?:of|for)\s+(?P<drug>[a-z]{4,})\b"),
    words(r"\b(?P<drug>[a-z]{4,})\s+(?:dose|dosage|prescription)\b"),
)
_NO_DRUG = frozenset({"dose", "dosage", "prescription", "medication", "prescribe", "from", "with"})
#: What a release is for when nobody says so; the reviewer sees it and can change it.
_USUAL_PURPOSE = "continuity of care"


@dataclass(frozen=True, slots=True)
class PatientNamed:
    """Stands for the id of a patient until the lookup by name has answered."""

    name: str


@dataclass(frozen=True, slots=True)
class _About(Intent):
    """An intent about one patient, named or given by id."""

    patient: str = ""

    def lookup(self) -> tuple[Call, ...]:
        """The lookup it takes first, if the patient is known by name only."""
        if PATIENT_ID.fullmatch(self.patient):
            return ()
        return (Call("find_patient", {"name": self.patient}, once=True),)

    def reference(self) -> object:
        """The patient id, or what stands for it."""
        known = PATIENT_ID.fullmatch(self.patient)
        return f"P-{known[1]}" if known else PatientNamed(self.patient)


@dataclass(frozen=True, slots=True)
class _Find(_About):
    def question(self) -> str:
        return "" if self.patient else "What is the name of the patient?"

    def answered(self, text: str) -> _Find:
        return replace(self, patient=tidy(text))

    def calls(self) -> tuple[Call, ...]:
        return (Call("find_patient", {"name": self.patient}),)


@dataclass(frozen=True, slots=True)
class _Release(_About):
    recipient: str = ""
    purpose: str = ""

    def question(self) -> str:
        if not self.patient:
            return "Whose record should I release (name or patient ID)?"
        return "" if self.recipient else f"To whom should I release the record of {self.patient}?"

    def answered(self, text: str) -> _Release:
        if not self.patient:
            return replace(self, patient=_patient(text) or tidy(text))
        said = _RECIPIENT.search(text) or re.search(r"(?P<recipient>.+)", tidy(text))
        return replace(self, recipient=tidy(said["recipient"]) if said else "")

    def calls(self) -> tuple[Call, ...]:
        args: JSONObject = {
            "patient_id": self.reference(),
            "recipient": self.recipient,
            "purpose": self.purpose or _USUAL_PURPOSE,
        }
        return (*self.lookup(), Call("release_patient_record", args))


@dataclass(frozen=True, slots=True)
class _Prescription(_About):
    drug: str = ""
    dose_mg: float = 0.0

    def question(self) -> str:
        if not self.patient:
            return "Which patient's prescription is it (name or patient ID)?"
        if not self.drug:
            return f"Which drug should I set for {self.patient}?"
        return "" if self.dose_mg > 0 else f"How many milligrams of {self.drug}?"

    def answered(self, text: str) -> _Prescription:
        if not self.patient:
            return replace(self, patient=_patient(text) or tidy(text))
        said = _prescription(text)
        drug = self.drug or said.drug or tidy(_DOSE.sub("", text)).lower()
        bare = re.search(r"\d+(?:[.,]\d+)?", text)
        dose = self.dose_mg or said.dose_mg or (number(bare[0]) if bare else 0.0)
        return replace(self, drug=drug, dose_mg=dose)

    def calls(self) -> tuple[Call, ...]:
        args: JSONObject = {
            "patient_id": self.reference(),
            "drug": self.drug,
            "dose_mg": self.dose_mg,
        }
        return (*self.lookup(), Call("update_prescription", args))


def read(fragment: str, before: Intent | None) -> Intent | None:
    """The intent of a fragment, or None; see `intents.Reader`."""
    if _HAS_RECORD.search(fragment) and _RELEASE.search(fragment):
        return _release(fragment)
    if _PRESCRIBE.search(fragment):
        said = _prescription(fragment)
        if not said.patient and isinstance(before, _About):
            said = replace(said, patient=before.patient)
        return said
    found = _FIND.search(fragment)
    if found:
        return _Find(_patient(fragment) or tidy(found["name"]))
    return None


def _release(text: str) -> _Release:
    patient, rest = _take_patient(text)
    recipient = _RECIPIENT.search(rest)
    if recipient:
        rest = rest[: recipient.start()] + " " + rest[recipient.end() :]
    purpose = _PURPOSE.search(rest)
    return _Release(
        patient,
        tidy(recipient["recipient"]) if recipient else "",
        tidy(purpose["purpose"]) if purpose else "",
    )


def _prescription(text: str) -> _Prescription:
    patient, rest = _take_patient(text)
    dose = _DOSE.search(rest)
    grams = dose is not None and dose["unit"].lower().startswith("g")
    drugs = (match["drug"].lower() for pattern in _DRUGS for match in pattern.finditer(rest))
    return _Prescription(
        patient,
        next((drug for drug in drugs if drug not in _NO_DRUG), ""),
        number(dose["dose"]) * (1000 if grams else 1) if dose else 0.0,
    )


def _patient(text: str) -> str:
    return _take_patient(text)[0]


def _take_patient(text: str) -> tuple[str, str]:
    """The patient a text is about ("" if none), and the text without that part."""
    by_id = PATIENT_ID.search(text)
    if by_id:
        return f"P-{by_id[1]}", text[: by_id.start()] + " " + text[by_id.end() :]
    for pattern in (_OWNER, _OF, _FOR_NAME):
        found = pattern.search(text)
        name = _LEADING.sub("", found["name"]) if found else ""
        if found and name:
            return tidy(name), text[: found.start("name")] + " " + text[found.end() :]
    return "", text
