"""The patients of the demo: invented people, their prescriptions, and what was done with records.

The only place that holds demo health data. Nobody here exists. What a method returns is JSON for a
tool to hand to its model; a refusal is `{"error": ...}`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

JSONObject = dict[str, object]


@dataclass(slots=True)
class Patient:
    """An invented patient.

    Attributes:
        prescriptions: drug to dose in milligrams.
    """

    id: str
    name: str
    born: int
    ward: str
    prescriptions: dict[str, float]

    def row(self) -> JSONObject:
        """The patient as a row of a table; no medical content."""
        return {"patient_id": self.id, "name": self.name, "born": self.born, "ward": self.ward}


def _patients() -> dict[str, Patient]:
    patients = (
        Patient("P-1042", "Mira Solberg", 1968, "Cardiology", {"metoprolol": 25.0}),
        Patient("P-1057", "Tomas Lindqvist", 1951, "Internal medicine", {"amlodipine": 5.0}),
        Patient("P-1063", "Aiko Brandt", 1984, "Orthopaedics", {"ibuprofen": 400.0}),
        Patient("P-1071", "Jonas Lindqvist", 1990, "Emergency", {}),
    )
    return {patient.id: patient for patient in patients}


@dataclass(slots=True)
class Clinic:
    """Patients by id, and the releases made so far."""

    patients: dict[str, Patient] = field(default_factory=_patients)
    releases: list[JSONObject] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=lambda: count(3310))

    def find_patient(self, name: str) -> JSONObject:
        """Patients whose name contains each word of `name`; no medical content."""
        words = name.casefold().split()
        found = [
            patient.row()
            for patient in self.patients.values()
            if words and all(word in patient.name.casefold() for word in words)
        ]
        return {"patients": found}

    def release_patient_record(self, patient_id: str, recipient: str, purpose: str) -> JSONObject:
        """Hand the record of a patient to somebody outside."""
        patient = self._patient(patient_id)
        if patient is None:
            return self._no_such_patient(patient_id)
        if not recipient.strip() or not purpose.strip():
            return {"error": "A release needs a recipient and a purpose."}
        release: JSONObject = {
            "status": "released",
            "release_id": f"RL-{next(self._numbers)}",
            "patient_id": patient.id,
            "recipient": recipient.strip(),
            "purpose": purpose.strip(),
        }
        self.releases.append(release)
        return release

    def update_prescription(self, patient_id: str, drug: str, dose_mg: float) -> JSONObject:
        """Set the dose of a drug for a patient."""
        patient = self._patient(patient_id)
        if patient is None:
            return self._no_such_patient(patient_id)
        name = drug.strip().lower()
        if not name or not 0 < dose_mg <= 5000:
            return {"error": "A prescription needs a drug and a dose of 0 to 5000 mg."}
        before = patient.prescriptions.get(name)
        patient.prescriptions[name] = dose_mg
        return {
            "status": "updated",
            "patient_id": patient.id,
            "drug": name,
            "dose_mg": dose_mg,
            "dose_mg_before": before,
        }

    def _patient(self, patient_id: str) -> Patient | None:
        return self.patients.get(patient_id.strip().upper())

    @staticmethod
    def _no_such_patient(patient_id: str) -> JSONObject:
        return {"error": f"There is no patient {patient_id!r}."}
