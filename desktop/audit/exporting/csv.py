"""An export for a spreadsheet: one row for each decision.

The only place that writes CSV. A spreadsheet runs what looks like a formula, so no cell of ours
begins like one; every cell is quoted, and nothing in it hides or breaks the line (RFC 4180).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final

from desktop.audit.exporting.decided import Decided
from desktop.audit.exporting.printed import printed

#: Also their full-width forms, which some spreadsheets take for the same.
_FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")
#: The first three are those of 21 CFR 11.50.
HEADINGS: Final = (
    "printed name", "date and time", "meaning", "decision", "outcome", "reviewer id", "role",
    "time (UTC)", "agent", "tool", "context id", "request id", "tool call id", "arguments digest",
    "changed arguments digest", "reason", "reason digest", "policy", "signed decision digest",
    "shown for ms", "account", "device", "console version", "entry", "entry hash",
)  # fmt: skip


def spreadsheet(rows: Iterable[Decided]) -> Iterator[bytes]:
    """The lines of the file. It begins with a byte order mark: without it Excel garbles names."""
    yield b"\xef\xbb\xbf" + _line(HEADINGS)
    for row in rows:
        yield _line([_cell(text) for text in _texts(row)])


def _texts(row: Decided) -> tuple[str, ...]:
    entry, kept = row.entry, row.kept
    return (
        row.name, row.when, row.meaning, row.decision, row.became, entry.actor.id, entry.role,
        entry.at, entry.agent, entry.action, entry.context_id, entry.request_id,
        entry.tool_call_id, entry.args_digest, entry.edited_args_digest, row.reason,
        entry.comment_digest, entry.policy, entry.envelope_digest, str(entry.ms_open),
        entry.actor.os_user, entry.actor.device, entry.app, str(kept.number), kept.hash.hex(),
    )  # fmt: skip


def _cell(text: str) -> str:
    guard = "'" if text.lstrip(" ").startswith(_FORMULA) else ""
    return guard + printed(text)


def _line(cells: Iterable[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(cells)
    return line.getvalue().encode()
