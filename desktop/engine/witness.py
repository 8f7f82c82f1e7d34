"""What workers say became of decisions, written down in the audit log.

The only place that records receipts. A console that keeps a log records every receipt, each once
over all its lives; a command records those of its own decisions.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import structlog
from msgspec import structs

from desktop.audit.entries import AuditEntry, AuditKind, happened
from desktop.store.signing import Proof
from workers.wire.approvals import Outcome, Receipt
from workers.wire.ids import StreamId

FILE_NAME: Final = "receipts.json"
_UNSIGNED: Final = "unsigned"
_NOTHING: Final = StreamId(0, 0)

_log = structlog.get_logger(__name__)


class Witness:
    """Writes receipts down. Used on one event loop."""

    def __init__(
        self, note: Callable[[AuditEntry], None], folder: Path, *, everything: bool
    ) -> None:
        """Set it up.

        Args:
            note: takes entries for the audit log.
            folder: where it is kept how far receipts were recorded.
            everything: also what became of others' decisions.
        """
        self._note = note
        self._file = folder / FILE_NAME
        self._everything = everything
        self._own: set[str] = set()
        self._broker = ""
        self._recorded: dict[str, str] = _read(self._file) if everything else {}

    def follow(self, broker: str) -> None:
        """Receipts are of this broker from now on."""
        self._broker = broker

    def sent(self, nonce: str) -> None:
        """A decision of this desk is on its way."""
        self._own.add(nonce)

    def begin(self, newest: str) -> None:
        """Leave out what was there before the console was used with this broker.

        Args:
            newest: id of the newest receipt; empty if there is none.
        """
        self._recorded.setdefault(self._broker, newest or str(_NOTHING))

    def see(self, receipt: Receipt, entry_id: str, proof: Proof) -> None:
        """Take in a receipt that is believed."""
        is_own = receipt.nonce in self._own
        if not self._is_news(entry_id) or not (self._everything or is_own):
            return
        entry = structs.replace(
            happened(AuditKind.RECEIPT),
            context_id=receipt.context_id,
            agent=receipt.agent,
            tool_call_id=receipt.tool_call_id,
            request_id=receipt.request_id,
            decision=receipt.decision,
            nonce=receipt.nonce,
            outcome=receipt.outcome,
            args_digest=receipt.args_digest,
            result_digest=receipt.result_digest,
            reviewers=receipt.reviewers or ((receipt.reviewer,) if receipt.reviewer else ()),
            detail="" if proof is Proof.PROVEN else _UNSIGNED,
        )
        if proof is Proof.PROVEN and receipt.kind is Outcome.APPLIED and not is_own:
            # Its worker has proven who decided; this desk takes its word for the decision.
            self._note(structs.replace(entry, kind=AuditKind.DECISION_SEEN, outcome=""))
        self._note(entry)

    def keep(self, entry_id: str) -> None:
        """Remember how far receipts were recorded."""
        if not self._is_news(entry_id):
            return
        self._recorded[self._broker] = entry_id
        if not self._everything:
            return
        new = self._file.with_suffix(".new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            new.write_bytes(msgspec.json.encode(self._recorded))
            new.replace(self._file)
        except OSError as error:
            # The next start records some again; a review takes them for one.
            _log.warning("not kept how far receipts were recorded", error=str(error.strerror))

    def _is_news(self, entry_id: str) -> bool:
        before = self._recorded.get(self._broker)
        return before is None or StreamId.parse(entry_id) > StreamId.parse(before)


def _read(file: Path) -> dict[str, str]:
    try:
        kept = msgspec.json.decode(file.read_bytes(), type=dict[str, str])
        for entry_id in kept.values():
            StreamId.parse(entry_id)
    except (OSError, ValueError, msgspec.DecodeError, RecursionError):
        return {}
    return kept
