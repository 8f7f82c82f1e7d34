"""What an entry of the audit log says.

The only place that defines it. An entry holds no arguments, no message text and no reason in clear,
but digests of them: whoever has the text can show that it is the one, and the log gives nothing
away.
"""

from __future__ import annotations

import getpass
import hashlib
import importlib.metadata
import platform
import time
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Final

import msgspec
import rfc8785

from desktop.errors import ConsoleError


class AuditKind(StrEnum):
    """What happened."""

    DECISION = "decision"
    DECISION_JOINED = "decision.joined"
    DECISION_SENT = "decision.sent"
    DECISION_NOT_SENT = "decision.not_sent"
    DECISION_SEEN = "decision.seen"
    RECEIPT = "receipt"
    REQUEST_SEEN = "request.seen"
    REQUEST_OPENED = "request.opened"
    VALUE_REVEALED = "value.revealed"
    VALUE_HIDDEN = "value.hidden"
    VALUE_COPIED = "value.copied"
    CLAIM_TAKEN = "claim.taken"
    CLAIM_ENDED = "claim.ended"
    SESSION_STARTED = "session.started"
    SESSION_ENDED = "session.ended"
    SESSION_LOCKED = "session.locked"
    SESSION_UNLOCKED = "session.unlocked"
    PASSPHRASE_WRONG = "passphrase.wrong"  # noqa: S105 - an event's name
    KEY_MADE = "key.made"
    LINK_CHANGED = "link.changed"
    REGISTRY_SEEN = "registry.seen"
    REGISTRY_CHANGED = "registry.changed"
    REGISTRY_REFUSED = "registry.refused"
    HALT_SET = "halt.set"
    HALT_LIFTED = "halt.lifted"
    CLOCK_WRONG = "clock.wrong"
    UNREADABLE_SEEN = "unreadable.seen"
    VERIFIED = "audit.verified"
    CHECKPOINT = "audit.checkpoint"
    COSIGNED = "audit.cosigned"
    PEER_WRONG = "audit.peer_wrong"
    HEAD_GONE = "audit.head_gone"
    SET_ASIDE = "audit.set_aside"
    WRITABLE_AGAIN = "audit.writable_again"
    EXPORTED = "audit.exported"
    HOLD_SET = "audit.hold_set"
    HOLD_LIFTED = "audit.hold_lifted"
    SHREDDED = "audit.shredded"
    SINK_FAILED = "audit.sink_failed"
    SINK_BACK = "audit.sink_back"


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who did it: the person the console knows, and the account and machine it ran on."""

    id: str = ""
    name: str = ""
    os_user: str = ""
    device: str = ""


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened.

    Attributes:
        at: RFC 3339 in UTC, to the millisecond, by this machine's clock.
        offset_minutes: of the local time from UTC.
        mono_ms: milliseconds of a clock that is never set, to tell a clock that was set back.
        outcome: what became of it: a receipt's outcome, or why it was not sent; else empty.
        nonce: of the decision it is about.
        meaning, role, policy: under which the decision was signed; a policy as `id@version`.
        quorum: how many reviewers the request takes at least; 0 where nobody counts them.
        envelope_digest: of the signed decision, which is in the encrypted part.
        display_digest: of the fields as they were rendered.
        masked, revealed: JSON pointers of values that were hidden, and of those that were shown.
        ms_open: how long the request was open.
        result_digest: of what the tool said.
        reviewers: ids of all whose signed decisions counted.
        proof: of what a worker said: `unsigned` where nobody has proven that it was one.
        broker: the address without its password.
        clock_skew_ms: how far this machine's clock was ahead of the broker's when they were last
            compared; negative if behind; None if they were not.
        detail: what else there is to say, in words of ours; never of a person or an agent.
        secrets: names of what the encrypted part holds of it, each with the salted digest of its
            clear text; a shredded one can still be told from another.
        comment_digest: of the reason or answer; empty for none.
        app: the console's version.
    """

    kind: AuditKind
    at: str
    offset_minutes: int
    mono_ms: int
    actor: Actor = Actor()
    context_id: str = ""
    agent: str = ""
    tool_call_id: str = ""
    request_id: str = ""
    action: str = ""
    args_digest: str = ""
    edited_args_digest: str = ""
    decision: str = ""
    comment_digest: str = ""
    nonce: str = ""
    outcome: str = ""
    meaning: str = ""
    role: str = ""
    policy: str = ""
    quorum: int = 0
    envelope_digest: str = ""
    display_digest: str = ""
    masked: tuple[str, ...] = ()
    revealed: tuple[str, ...] = ()
    ms_open: int = 0
    result_digest: str = ""
    reviewers: tuple[str, ...] = ()
    proof: str = ""
    broker: str = ""
    clock_skew_ms: int | None = None
    detail: str = ""
    secrets: dict[str, str] = {}
    app: str = ""
    v: int = 1


class Named(msgspec.Struct, frozen=True, gc=False):
    """Of an actor, who it was."""

    id: str = ""


class Glance(msgspec.Struct, frozen=True, gc=False):
    """What a verification needs of an entry: a third of the work of reading all of it."""

    kind: AuditKind
    at: str
    mono_ms: int = 0
    request_id: str = ""
    decision: str = ""
    nonce: str = ""
    outcome: str = ""
    detail: str = ""
    secrets: dict[str, str] = {}
    actor: Named = Named()
    args_digest: str = ""
    edited_args_digest: str = ""
    result_digest: str = ""
    meaning: str = ""
    quorum: int = 0
    reviewers: tuple[str, ...] = ()


class BadEntry(ConsoleError):
    """Bytes in the log that are no entry."""


#: See `invent_place`; the last one counts.
_invented: Final[list[Actor]] = []
_GLANCES = msgspec.json.Decoder(Glance)


def happened(kind: AuditKind, *, person: str = "", name: str = "") -> AuditEntry:
    """An entry of now, by this account on this machine; the caller adds what it is about.

    Args:
        person: their id.
    """
    now = datetime.now(UTC)
    offset = now.astimezone().utcoffset()
    return AuditEntry(
        kind=kind,
        at=now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        offset_minutes=round(offset.total_seconds() / 60) if offset else 0,
        mono_ms=time.monotonic_ns() // 1_000_000,
        actor=Actor(id=person, name=name, os_user=own_account(), device=own_device()),
        app=own_version(),
    )


def followed(entry: AuditEntry, kind: AuditKind, outcome: str) -> AuditEntry:
    """What became, now, of something that was recorded."""
    now = happened(kind)
    return msgspec.structs.replace(
        entry, kind=kind, outcome=outcome, at=now.at, mono_ms=now.mono_ms, secrets={}
    )


@cache
def own_version() -> str:
    """Of Signoff. It is read from a file, which costs more than all the rest of an entry."""
    return importlib.metadata.version("signoff")


def own_account() -> str:
    """The account this process runs as; empty where the system has none, as in some containers."""
    if _invented:
        return _invented[-1].os_user
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def own_device() -> str:
    """What this machine calls itself."""
    return _invented[-1].device if _invented else platform.node()


def invent_place(os_user: str, device: str) -> None:
    """Let this process record another account and machine than its own.

    For a tour: its log is thrown away, and its pictures and exports go round.
    """
    _invented.append(Actor(os_user=os_user, device=device))


def comment_digest(comment: str, nonce: str) -> str:
    """The digest of a reason. The decision's nonce in it makes short reasons hard to guess."""
    if not comment:
        return ""
    content = f"signoff/comment/v1\x00{nonce}\x00{comment}".encode(errors="surrogatepass")
    return f"sha-256:{hashlib.sha256(content).hexdigest()}"


def write_entry(entry: AuditEntry) -> bytes:
    """The bytes of an entry: RFC 8785.

    Raises:
        BadEntry: it holds something that has no such form.
    """
    try:
        return rfc8785.dumps(msgspec.to_builtins(entry))
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise BadEntry(f"This cannot be recorded: {error}.") from error


def read_glance(body: bytes) -> Glance:
    """What a verification needs of an entry.

    Raises:
        BadEntry: it says nothing.
    """
    try:
        return _GLANCES.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadEntry(f"An entry cannot be read: {error}.") from error


def read_entry(body: bytes) -> AuditEntry:
    """An entry from its bytes.

    Raises:
        BadEntry: they are none.
    """
    try:
        return msgspec.json.decode(body, type=AuditEntry)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadEntry(f"An entry cannot be read: {error}.") from error
