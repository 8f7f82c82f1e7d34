"""Messages of other desks about audit logs, taken in one after the other.

The only place that says what becomes of each: kept, ignored and counted, or a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from desktop.audit.chain import Tree
from desktop.audit.checkpoints import BadCheckpoint, Checkpoint, read_checkpoint
from desktop.audit.cosigning import read_cosigned
from desktop.audit.entries import BadEntry, read_entry
from desktop.audit.judging_peers import Fit, Judged, judge
from desktop.audit.peers import Cosigned, PeerFinding, PeersFile
from workers.wire.auditing import (
    AuditBatch,
    AuditCosignature,
    AuditMessage,
    read_message,
)
from workers.wire.errors import DecodeError
from workers.wire.signing.distrust import NotTrusted
from workers.wire.signing.keys import VerifyKey

FORKED = "Its desk has signed two different logs: the one that is kept here, and another."
OTHER_LOG = "This installation has signed a log that is not, or no longer, the one of this desk."
_MALFORMED, _FORGED, _TOO_MANY = "malformed", "forged", "too_many"
_WHO = 60


@dataclass(frozen=True, slots=True)
class Own:
    """The own log.

    Attributes:
        install: its key; None if nobody here knows.
        root_at: the root it had at a size; None if it is shorter.
    """

    install: VerifyKey | None
    root_at: Callable[[int], bytes | None]


@dataclass(slots=True)
class Taken:
    """What came of some messages.

    Attributes:
        grown: desks whose logs have grown, with their newest checkpoint.
        missing: desks of whose logs something is missing, with the last entry that is kept.
        asked_after: somebody misses entries of the own log after this one; None if nobody does.
        malformed, forged, too_many: how many messages were nothing, were not signed by whom they
            say, or came from more desks than are kept.
        found: what does not fit, and was not found before.
    """

    grown: dict[bytes, str] = field(default_factory=dict)
    missing: dict[bytes, int] = field(default_factory=dict)
    asked_after: int | None = None
    malformed: int = 0
    forged: int = 0
    too_many: int = 0
    found: list[PeerFinding] = field(default_factory=list)


def earliest(one: int | None, other: int | None) -> int | None:
    """The lower of two numbers, either of which may be nobody's."""
    return min((number for number in (one, other) if number is not None), default=None)


class Taker:
    """Takes messages into a file, inside its `writing`."""

    def __init__(self, peers: PeersFile, own: Own, taken: Taken) -> None:
        self._peers, self._own, self._taken = peers, own, taken

    def take(self, messages: Iterable[bytes]) -> None:
        """Take the `data` of some entries, in order."""
        for raw in messages:
            try:
                message = read_message(raw)
            except DecodeError as error:
                self._taken.malformed += 1
                self._peers.ignore(f"{_MALFORMED}: {error.reason}", raw)
                continue
            if not self._took(message):
                self._taken.forged += 1
                self._peers.ignore(_FORGED, raw)

    def _took(self, message: AuditMessage) -> bool:
        """Take one in. Returns whether it is what it says."""
        own = self._own.install
        if own is None or message.install != own.raw:
            # What others ask of each other, and say of each other's logs, is theirs.
            return not isinstance(message, AuditBatch) or self._peers_batch(message)
        if isinstance(message, AuditBatch):
            return self._own_batch(message, own)
        if isinstance(message, AuditCosignature):
            return self._cosigned(message, own)
        self._taken.asked_after = earliest(self._taken.asked_after, message.after)
        return True

    def _peers_batch(self, batch: AuditBatch) -> bool:
        kept = self._peers.kept(batch.install)
        judged = judge(batch, kept)
        match judged.fit:
            case Fit.FORGED:
                return False
            case Fit.FORKED:
                self._found(batch.install, FORKED, judged.note)
            case Fit.MISSING if kept is not None:
                self._taken.missing[batch.install] = kept.size
            case Fit.GROWN if kept is None and not self._peers.has_room():
                self._taken.too_many += 1
            case Fit.GROWN:
                if kept is None and judged.begins:
                    root = Tree.from_peaks(judged.begins, batch.peaks).root()
                    self._peers.begin(batch.install, judged.begins, root, batch.peaks, batch.begin)
                self._grew(batch.install, judged)
        return True

    def _grew(self, install: bytes, judged: Judged) -> None:
        self._peers.keep(install, judged, _who(judged.fresh, self._peers.who(install)))
        self._taken.grown[install] = judged.note
        self._taken.missing.pop(install, None)

    def _own_batch(self, batch: AuditBatch, own: VerifyKey) -> bool:
        """What was told from here before: the broker has it even if this disk was put back."""
        try:
            self._compare(read_checkpoint(batch.note, own), own, batch.note)
        except BadCheckpoint:
            return False
        return True

    def _cosigned(self, message: AuditCosignature, own: VerifyKey) -> bool:
        try:
            told, _ = read_cosigned(message.note, own, VerifyKey(message.by))
        except (BadCheckpoint, NotTrusted):
            return False
        if self._compare(told, own, message.note):
            self._peers.keep_cosignature(Cosigned(own.raw, message.by, told.size, message.note))
        return True

    def _compare(self, told: Checkpoint, own: VerifyKey, note: str) -> bool:
        """Whether the own log is the one that was signed; a finding if it is not."""
        if self._own.root_at(told.size) == told.root:
            return True
        self._found(own.raw, OTHER_LOG, note)
        return False

    def _found(self, install: bytes, title: str, note: str) -> None:
        if self._peers.find(install, title, note):
            self._taken.found.append(PeerFinding(install, title, "", note))


def _who(fresh: tuple[bytes, ...], known: str) -> str:
    """The last person that entries name, and their computer; nobody has proven it.

    Args:
        known: who was named before. Much of a log is written by nobody, but by the account.
    """
    account = ""
    for body in reversed(fresh):
        try:
            actor = read_entry(body).actor
        except BadEntry:
            continue
        name = _at(actor.name or actor.id, actor.device)
        if name:
            return name
        account = account or _at(actor.os_user, actor.device)
    return known or account


def _at(name: str, device: str) -> str:
    name, device = _plain(name), _plain(device)
    return f"{name} at {device}" if name and device else name


def _plain(text: str) -> str:
    return "".join(character for character in text if character.isprintable())[:_WHO]
