"""Whom this console believes: the registry in its trust folder, and what workers signed.

The only place of the console that reads that folder while it runs, and that says whether a request
or a receipt is what a worker of its agent signed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog
from msgspec import structs

from desktop import settings
from desktop.audit.entries import AuditEntry, AuditKind, happened
from desktop.store.facts import Fact, ReviewersSeen
from desktop.store.signing import Proof
from workers.wire.approvals import ApprovalRequest, Receipt
from workers.wire.dialects import PendingCall
from workers.wire.errors import SignoffError
from workers.wire.ids import StreamId
from workers.wire.signing.assertions import check_receipt, check_request
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.registry import Registry
from workers.wire.signing.statements import moment
from workers.wire.trust import TrustFolder

#: What was read of the folder counts for so long.
_KEPT_SECONDS: Final = 1.0

_log = structlog.get_logger(__name__)


class Trust:
    """The registry of one desk. Blocking, for small files; used on the engine's loop.

    Attributes:
        on_changed: told when another registry is believed, or none any more.
    """

    def __init__(self, emit: Callable[[Fact], None], note: Callable[[AuditEntry], None]) -> None:
        """Set it up; until `follow` nobody is believed.

        Args:
            note: takes what has to be in the audit log.
        """
        self._emit = emit
        self._note = note
        self._folder: TrustFolder | None = None
        self._registry: Registry | None = None
        self._trouble: SignoffError | None = None
        self._read_at = float("-inf")
        self._told: tuple[int, str] = (0, "")
        self.on_changed: Callable[[], None] = lambda: None

    def follow(self, path: Path) -> None:
        """Believe the registry of another folder from now on."""
        if self._folder is None or path != self._folder.path:
            self._folder = TrustFolder(path, home=settings.home())
            self._read_at = float("-inf")

    @property
    def folder(self) -> Path | None:
        """Where the registry is; None if nobody is believed."""
        return self._folder.path if self._folder else None

    def registry(self) -> Registry | None:
        """The registry, as it is believed now; None if there is none, or none to believe."""
        if time.monotonic() - self._read_at >= _KEPT_SECONDS:
            self._read_at = time.monotonic()
            self._read()
        return self._registry

    def check(self) -> Registry | None:
        """The registry, for a decision that lets a call run; None if nobody has set one up.

        Raises:
            SignoffError: there is one, and it is not to be believed.
        """
        self._read_at = float("-inf")
        registry = self.registry()
        if self._trouble is not None:
            raise self._trouble
        return registry

    def proof(self, agent: str, context_id: str, call: PendingCall, at: StreamId) -> Proof:
        """Whether the worker's signature under what an interrupt asks holds now.

        Where it stands proves nothing: of a stream that is new, or was deleted, anybody can choose
        the ids. So of an agent whose workers sign nothing goes without a signature, however old it
        says it is; and a key that has been revoked by now proves no request.

        Args:
            agent, context_id: of the interrupt.
            at: where it stands in its stream.
        """
        registry, request = self.registry(), call.request
        if registry is None or not registry.signs(agent):
            return Proof.NONE
        try:
            _check(request, agent, context_id, registry, at)
        except NotTrusted as error:
            _log.warning("a request is not what was signed", agent=agent, reason=str(error.reason))
            return Proof.BROKEN
        return Proof.PROVEN

    def proof_of_receipt(self, receipt: Receipt, entry_id: str) -> tuple[Proof, str]:
        """Whether a worker of the agent says this, and if not, why: a word of `Distrust`.

        Unlike a request, what was said before its key was revoked still counts: it is history.

        Args:
            entry_id: of the receipt.
        """
        registry, at = self.registry(), StreamId.parse(entry_id)
        if registry is None or not registry.signs(receipt.agent):
            return Proof.NONE, ""
        try:
            check_receipt(receipt, registry, _told_at(receipt.at_ms / 1000, at))
        except NotTrusted as error:
            return Proof.BROKEN, str(error.reason)
        return Proof.PROVEN, ""

    def _read(self) -> None:
        self._registry, self._trouble = None, None
        if self._folder is not None and self._folder.exists:
            try:
                self._registry = self._folder.registry(time.time())
            except SignoffError as error:
                self._trouble = error
        version = self._registry.version if self._registry else 0
        told = (version, self._trouble.title if self._trouble else "")
        if told == self._told:
            return
        self._told = told
        people = self._registry.statement.reviewers if self._registry else ()
        self._emit(ReviewersSeen({one.id: one.name for one in people}))
        if self._trouble is not None:
            _log.warning("the registry is not believed", reason=self._trouble.title)
            entry = happened(AuditKind.REGISTRY_REFUSED)
            self._note(structs.replace(entry, detail=self._trouble.title))
        elif version:
            self._note(structs.replace(happened(AuditKind.REGISTRY_SEEN), detail=f"v{version}"))
        self.on_changed()


def _told_at(claimed: float, at: StreamId) -> float:
    """When something was signed, at the latest, seconds since the epoch.

    Who has a key that ended can claim any earlier time, and not have it stand earlier in a stream
    that others have read.
    """
    return max(claimed, at.milliseconds / 1000)


def _check(
    request: ApprovalRequest | None, agent: str, context_id: str, registry: Registry, at: StreamId
) -> None:
    """Raise unless a worker of the agent asks this in this context.

    Raises:
        NotTrusted: it does not, or nobody has proven it.
    """
    if request is None or (request.agent, request.context_id) != (agent, context_id):
        raise NotTrusted(Distrust.WRONG_AGENT, "It is not what the agent's worker asks.")
    holder = check_request(request, registry, _told_at(moment(request.issued_at), at))
    holder.entry.check_not_revoked(time.time())
