"""One entry of the audit log, opened: what the reviewer saw then, and what came of it.

The only place that puts an entry together with its encrypted part and with the entries around it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from desktop.audit import wording
from desktop.audit.due import Due, may_settle
from desktop.audit.entries import AuditEntry, AuditKind
from desktop.audit.log import Kept
from desktop.audit.secrets import NOT_KEPT
from desktop.errors import ConsoleError
from desktop.store.record import AuditDetail, Shown
from workers.wire.canonical import JSON
from workers.wire.codec import decode_json
from workers.wire.errors import DecodeError

#: Names of the encrypted parts of a decision.
ARGS, EDITED, COMMENT, ENVELOPE = "args", "edited_args", "comment", "envelope"
#: Reads an encrypted part by its name: None if there is none any more. Raises `ConsoleError` if it
#: cannot be decrypted.
Secrets: TypeAlias = Callable[[sqlite3.Connection, Kept, str], str | None]
Numbered: TypeAlias = tuple[int, AuditEntry]
_MOST_BYTES: Final = 1024 * 1024
_DECISIONS: Final = (AuditKind.DECISION, AuditKind.DECISION_SEEN)


def detail_of(
    kept: Kept,
    related: Sequence[Numbered],
    due: Mapping[int, Due],
    read: Callable[[str], str | None] | None,
) -> AuditDetail:
    """An entry with everything about it.

    Args:
        related: the entries about the same request, in order; the entry itself may be among them.
        due: what is wrong with which entry.
        read: reads its encrypted part; None where nobody has the key.

    Raises:
        BadEntry: it is none.
    """
    entry = kept.entry
    others = [(number, other) for number, other in related if number != kept.number]
    shown, args = _kept_args(entry, ARGS, read)
    own = due.get(kept.number, Due.NOTHING)
    return AuditDetail(
        row=wording.row_of(kept.number, entry, own),
        printed=wording.printed(entry),
        shown=shown,
        args=args,
        edited=_kept_args(entry, EDITED, read)[1],
        masked=tuple(dict.fromkeys((*entry.masked, *entry.revealed))),
        comment=_comment(entry, read),
        outcome=_came_of(kept.number, entry, others),
        facts=wording.facts_of(entry),
        digests=wording.digests_of(entry, kept.hash, kept.before),
        related=tuple(
            wording.row_of(number, other, due.get(number, Due.NOTHING)) for number, other in others
        ),
        hint=wording.finding_hint(own),
    )


def unreadable(kept: Kept) -> AuditDetail:
    """Bytes in the log that are no entry."""
    return AuditDetail(
        wording.unreadable_row(kept.number),
        digests=(("This entry", kept.hash.hex()), ("Entry before", kept.before.hex())),
        hint=wording.finding_hint(Due.UNREADABLE),
    )


def _kept_args(
    entry: AuditEntry, name: str, read: Callable[[str], str | None] | None
) -> tuple[Shown, JSON]:
    """Arguments, as far as they are kept."""
    if entry.kind not in _DECISIONS or name not in entry.secrets:
        return Shown.NONE, None
    if entry.secrets[name] == NOT_KEPT:
        return Shown.NOT_KEPT, None
    if read is None:
        return Shown.UNREADABLE, None
    try:
        text = read(name)
        if text is None:
            return Shown.SHREDDED, None
        return Shown.KEPT, decode_json(text.encode(), max_bytes=_MOST_BYTES)
    except (ConsoleError, DecodeError, UnicodeEncodeError):
        return Shown.UNREADABLE, None


def _comment(entry: AuditEntry, read: Callable[[str], str | None] | None) -> str:
    if read is None or COMMENT not in entry.secrets:
        return ""
    try:
        return read(COMMENT) or ""
    except ConsoleError:
        return ""


def _came_of(number: int, entry: AuditEntry, others: Sequence[Numbered]) -> tuple[str, ...]:
    """What came of a decision, a sentence for each entry that says something of it."""
    if entry.kind not in _DECISIONS:
        return ()
    later = (
        other
        for at, other in others
        if at > number
        and may_settle(other)
        # Of another's decision on the same request, only what the call came to.
        and (other.nonce == entry.nonce or other.kind is AuditKind.RECEIPT)
    )
    return tuple(said for said in map(wording.sentence, later) if said)
