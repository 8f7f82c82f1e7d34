"""An export as evidence: every entry to the byte, each with a proof that it is in the log.

The only place that writes the JSON Lines form; `checking` verifies it, without the log.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Final

from msgspec import structs

from desktop.audit.entries import AuditEntry
from desktop.audit.exporting.evidence import KIND, End, EntryLine, Header, write_line
from desktop.audit.exporting.selecting import Snapshot
from desktop.audit.opening import ENVELOPE
from workers.wire.canonical import JSON

_HOLDS: Final = (
    "Entries of the audit log of one desk, as they are kept, each with its place in the hash chain"
    " and a proof (RFC 6962) that it is in the log of this root. `signoff audit verify --file`"
    " checks all of it."
)
_CONTENT: Final = (
    "Arguments, message texts, results and reasons: entries hold salted digests of them. A reason"
    " is in clear only inside a signed decision, because it is what was signed."
)
_CHOSEN: Final = (
    "Entries that were not asked for. That this file holds all that were shows in the log, whose"
    " entry about this export has the number of rows and the digest of this file."
)
_OTHERS: Final = "Logs of other desks, and entries made after this file was begun."
_UNSIGNED_ROOT: Final = "A signature over the root. Compare it with one that was kept elsewhere."
_NO_DECISIONS: Final = "Signed decisions: this desk could not or was not to hand them out."
_NO_REGISTRY: Final = "The registry of who may decide."


def evidence(chosen: Snapshot, made: AuditEntry, query: dict[str, JSON]) -> Iterator[bytes]:
    """The lines of an export, in order.

    Args:
        made: the entry that will record it: when, by whom.
        query: what was asked for.
    """
    digest = hashlib.sha256()
    for line in _lines(chosen, made, query):
        digest.update(line)
        yield line
    yield write_line(End(rows=chosen.rows, sha256=digest.hexdigest()))


def _lines(chosen: Snapshot, made: AuditEntry, query: dict[str, JSON]) -> Iterator[bytes]:
    yield write_line(_header(chosen, made, query))
    for kept in chosen.entries():
        line = EntryLine(
            number=kept.number,
            before=kept.before.hex(),
            hash=kept.hash.hex(),
            body=kept.body,
            proof=tuple(one.hex() for one in chosen.proofs.inclusion(kept.number, chosen.size)),
        )
        envelope = chosen.secret(kept, ENVELOPE)
        yield write_line(structs.replace(line, decision=json.loads(envelope or "null")))


def _header(chosen: Snapshot, made: AuditEntry, query: dict[str, JSON]) -> Header:
    beside = chosen.beside
    lacks = [_CONTENT, _OTHERS]
    lacks += [_CHOSEN] if query else []
    lacks += [] if chosen.note and beside.install else [_UNSIGNED_ROOT]
    lacks += [] if beside.secrets else [_NO_DECISIONS]
    lacks += [] if beside.registry else [_NO_REGISTRY]
    return Header(
        kind=KIND,
        v=1,
        at=made.at,
        by=made.actor,
        app=made.app,
        holds=_HOLDS,
        lacks=tuple(lacks),
        query=query,
        size=chosen.size,
        root=chosen.root.hex(),
        head=chosen.head.hex(),
        rows=chosen.rows,
        checkpoint=chosen.note,
        install=beside.install,
        registry=beside.registry,
    )
