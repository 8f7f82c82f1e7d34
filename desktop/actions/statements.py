"""What a reviewer's key signs: the whole decision, with what they saw and under which policy.

The only place of the console that knows all that goes into one. The engine adds what only it knows:
when the key was opened, and the hash of the reviewer's last entry in the audit log.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from desktop.audit.entries import own_version
from desktop.store.masking import without_codes
from desktop.store.policies import name_of, role_for
from desktop.store.quorums import takes_several
from desktop.store.records import Dialect, Request
from desktop.store.signing import Identity, Meaning, Seen
from workers.wire.approvals import Binding, Decision, DecisionKind, args_digest
from workers.wire.canonical import canonical_bytes, digest
from workers.wire.errors import NotApprovable
from workers.wire.signing.distrust import NotTrusted
from workers.wire.signing.statements import (
    Authentication,
    DecisionStatement,
    Display,
    Signer,
    moment,
)
from workers.wire.signing.stating import state
from workers.wire.signing.verifying import Call

#: A decision that is sent at once has to arrive within so long, in seconds.
SOON_SECONDS: Final = 5 * 60
#: One that waits for others counts so long, unless the request expires before.
WAITING_SECONDS: Final = 8 * 3600


def stated(
    request: Request,
    decision: Decision,
    binding: Binding | None,
    identity: Identity,
    seen: Seen,
    meaning: Meaning,
    *,
    nonce: str,
    now: int,
) -> DecisionStatement:
    """The statement of one decision.

    Args:
        binding: what the worker compares; None for a foreign worker, which knows no digest and no
            request's id. The statement is then for the record alone, and names what that names.
        now: seconds since the epoch.
    """
    key, call = request.key, request.call
    edited = binding.edited_args_digest if binding else ""
    role = role_for(request, identity, edited)
    decided = Call(
        agent=request.agent,
        context_id=key.context_id,
        tool_call_id=request.tool_call_id,
        request_id=binding.request_id if binding else "",
        action=call.action,
        args_digest=binding.args_digest if binding else _own_digest(request, nonce),
        decision=decision.kind,
        edited_args_digest=edited,
        comment=decision.message,
    )
    display = Display(
        digest=display_digest(seen),
        masked=seen.masked,
        revealed=seen.revealed,
        ms_open=seen.ms_open,
    )
    return state(
        decided,
        Signer(id=identity.id, name=identity.name, role=role),
        meaning,
        name_of(request.policy),
        display,
        Authentication(method="passphrase", at=0),
        nonce=nonce,
        iat=now,
        exp=_end(request, meaning, now),
        app=own_version(),
    )


def display_digest(seen: Seen) -> str:
    """Digest of the fields as they were rendered: pairs of pointer and text, in RFC 8785 form."""
    try:
        return digest("signoff/display/v1", canonical_bytes([list(pair) for pair in seen.fields]))
    except NotApprovable:
        return ""  # half a character in a text; the arguments' own digest still binds it


def secrets_of(request: Request, decision: Decision, seen: Seen) -> Mapping[str, str]:
    """What only the encrypted part of the audit log may hold of a decision, by name."""
    told = {
        "args": _text(without_codes(request.args)),
        "edited_args": _text(without_codes(decision.args)) if decision.args is not None else "",
        "comment": decision.message,
        "fields": _text([list(pair) for pair in seen.fields]) if seen.fields else "",
    }
    return {name: text for name, text in told.items() if text}


def binds_arguments(request: Request, decision: Decision) -> bool:
    """Whether arguments come with a decision that the worker binds it to, too.

    They are those of an edit, or an answer to a hosted graph that is more than words.
    """
    is_hosted = request.call.dialect is not Dialect.SIGNOFF
    is_answer = decision.kind is DecisionKind.RESPOND and is_hosted and decision.args is not None
    return decision.kind is DecisionKind.EDIT or is_answer


def _end(request: Request, meaning: Meaning, now: int) -> int:
    """When the decision counts no more, seconds since the epoch."""
    waits = takes_several(request) or meaning is Meaning.AUTHORSHIP
    end = now + (WAITING_SECONDS if waits and meaning is not Meaning.REJECTION else SOON_SECONDS)
    asked = request.call.request
    if asked is None or not asked.expires_at:
        return end
    try:
        return max(now + 1, min(end, int(moment(asked.expires_at))))
    except NotTrusted:
        return end  # the worker judges by its own clock and its own request


def _own_digest(request: Request, nonce: str) -> str:
    """For a foreign worker's call, which has no digest: one that the record can be held to."""
    try:
        salt = bytes.fromhex(nonce)
        return args_digest(request.agent, request.call.action, request.args, salt)
    except NotApprovable:
        return ""


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
