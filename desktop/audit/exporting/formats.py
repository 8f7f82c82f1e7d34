"""The forms of an export, and what is told of one that was written.

The only place that names them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class ExportFormat(StrEnum):
    """How an export is written.

    `JSONL` is the evidence: lossless, with proofs, verified by itself. `CSV` and `PDF` have one
    row or block for each decision, for people. `OCSF` has one event in each line, for a SIEM.
    """

    JSONL = "jsonl"
    CSV = "csv"
    PDF = "pdf"
    OCSF = "ocsf"


@dataclass(frozen=True, slots=True)
class ExportReport:
    """An export that was written.

    Attributes:
        rows: how many entries, decisions or events are in it.
        digest: `sha-256:` and 64 hex digits over the bytes of the file; it is in the log too.
        size, root: of the log it was taken from; the root in hex.
        number: of the entry that records the export; 0 if the log could not be written.
    """

    kind: ExportFormat
    path: Path
    rows: int
    digest: str
    size: int
    root: str
    number: int = 0
