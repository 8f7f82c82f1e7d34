"""Approval requests, decisions and receipts: what binds a person's word to one exact call.

The only place that computes request ids and argument digests, and that builds and reads decision
payloads. `PROTOCOL` section 5 is the design; `docs/protocol.md` says what this version carries.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from enum import StrEnum

import msgspec
import rfc8785

from workers.wire.canonical import JSON, digest
from workers.wire.errors import MalformedDecision, NotApprovable


class DecisionKind(StrEnum):
    """What a reviewer can decide."""

    APPROVE = "approve"
    EDIT = "edit"
    REJECT = "reject"
    RESPOND = "respond"


class Risk(StrEnum):
    """How much harm a call could do, as the worker's policy sees it."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Mode(StrEnum):
    """What a worker demands of a decision. Set in its own configuration, never on the wire.

    `ENFORCE`: signed by enough registered reviewers. `BOUND`: bound to the call; who decided is not
    proven. `OBSERVE`: a bare answer is taken as well.
    """

    ENFORCE = "enforce"
    BOUND = "bound"
    OBSERVE = "observe"


class Outcome(StrEnum):
    """What became of a decision, by the worker's word."""

    APPLIED = "applied"
    EXECUTED = "executed"
    FAILED = "failed"
    REFUSED = "refused"
    EXPIRED = "expired"
    IN_DOUBT = "in_doubt"
    RE_ASKED = "re_asked"
    PARKED = "parked"


class Refusal(StrEnum):
    """Why a worker refused a decision. The request, if there is one, stays pending."""

    NOT_PENDING = "not_pending"
    ALREADY_DECIDED = "already_decided"
    AMBIGUOUS = "ambiguous"
    UNBOUND = "unbound"
    MISMATCH = "mismatch"
    NOT_ALLOWED = "not_allowed"
    MALFORMED = "malformed"
    HALTED = "halted"
    UNSIGNED = "unsigned"
    UNTRUSTED = "untrusted"
    NOT_ENOUGH = "not_enough"
    UNPREPARED = "unprepared"


#: `payload.type` on the wire; the base package knows the first two.
PAYLOAD_TYPES = {
    DecisionKind.APPROVE: "accept",
    DecisionKind.REJECT: "reject",
    DecisionKind.EDIT: "edit",
    DecisionKind.RESPOND: "respond",
}
#: Arguments may have so many bytes in their canonical form: the interrupt that shows them and the
#: decision that edits them must each fit into one entry of a stream.
MAX_ARGS_BYTES = 128 * 1024
#: So many reviewers may decide together on one call.
MAX_ENVELOPES = 32
_SALT_BYTES = 16
_OUTCOMES = {str(outcome): outcome for outcome in Outcome}
_REFUSALS = {str(refusal): refusal for refusal in Refusal}
_KINDS = {name: kind for kind, name in PAYLOAD_TYPES.items()}


class Requester(msgspec.Struct, frozen=True, kw_only=True):
    """On whose behalf the agent acts, and how sure the worker is of that."""

    id: str
    assurance: str = "claimed"


class QuorumTerms(msgspec.Struct, frozen=True, kw_only=True):
    """So many distinct reviewers, each in one of these roles (any role, if there are none)."""

    count: int
    roles: tuple[str, ...] = ()


class PolicyTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What the worker's policy demands of one call, for the console to explain.

    The worker holds decisions to its own policy, not to what travelled.

    Attributes:
        quorums: each has to be reached.
        meanings: what an approval may mean.
        dwell_seconds: so long the request is open before it can be approved.
        masked: JSON pointers of arguments that are hidden until somebody asks to see them.
        why: the rules that say so, in words for the reviewer.
    """

    id: str
    version: int
    quorums: tuple[QuorumTerms, ...]
    meanings: tuple[str, ...] = ()
    requester_may_approve: bool = False
    editor_may_approve: bool = False
    reason_required: bool = False
    dwell_seconds: float = 0.0
    masked: tuple[str, ...] = ()
    why: tuple[str, ...] = ()


class ApprovalRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An interrupt that asks a human to decide on one tool call.

    Attributes:
        args_digest: binds the decision to the arguments; see `args_digest()`.
        salt: 16 bytes in base64, so that a digest in a log says nothing about an account number.
        issued_at: RFC 3339, UTC.
        expires_at: the same; a decision that comes later does not count. Empty: it never expires.
        attempt: 0 for a call that was never started. Each time an approved start of it ends in
            doubt, the same call is asked about again with the next number and another request id.
        policy: what the worker's policy demands; None where it has none.
        dsse: the worker's signature over all the rest (`wire.signing.assertions`); None for none.
    """

    v: int = 1
    request_id: str
    agent: str
    context_id: str
    tool_call_id: str
    action: str
    args_digest: str
    args_enc: str = "jcs"
    salt: str
    requester: Requester
    risk: Risk = Risk.HIGH
    issued_at: str = ""
    expires_at: str = ""
    mode: Mode = Mode.ENFORCE
    attempt: int = 0
    policy: PolicyTerms | None = None
    dsse: JSON = None


class Reviewer(msgspec.Struct, frozen=True, kw_only=True):
    """Who decides."""

    id: str
    name: str = ""


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision is about: the worker compares every field with the live call.

    Attributes:
        aud: the agent the decision is for.
        iat: seconds since the epoch when the reviewer decided.
        nonce: 32 hex digits, unlike any other decision's.
    """

    aud: str
    context_id: str
    tool_call_id: str
    request_id: str
    action: str
    args_digest: str
    decision: DecisionKind
    edited_args_digest: str = ""
    reviewer: Reviewer
    iat: int
    nonce: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A decision as it arrived.

    Attributes:
        args: the new arguments of an edit.
        message: a reason or an answer.
        binding: None when a base client sent a bare answer.
        envelopes: signed decisions, one of each reviewer; read by `wire.policy.judging` alone.
    """

    kind: DecisionKind
    args: JSON = None
    message: str = ""
    binding: Binding | None = None
    envelopes: tuple[JSON, ...] = ()


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker says became of a decision, on `signoff:receipts`.

    Attributes:
        outcome: an `Outcome`; for a refusal `refused:<reason>`.
        request_id: empty when the decision named no request of ours.
        nonce: the decision's, empty for a bare one.
        note: `decision.unsigned_accepted` when an observing worker took what nobody had signed; of
            a refusal, why a signature is not believed or a vote does not count.
        reviewers: ids of all whose signed decisions counted.
        dsse: the worker's signature over all the rest; None for none.
    """

    outcome: str
    request_id: str
    context_id: str
    agent: str
    tool_call_id: str = ""
    decision: str = ""
    reviewer: str = ""
    nonce: str = ""
    args_digest: str = ""
    result_digest: str = ""
    note: str = ""
    at_ms: int = 0
    reviewers: tuple[str, ...] = ()
    dsse: JSON = None
    v: int = 1

    @property
    def kind(self) -> Outcome | None:
        """The outcome without its reason; None for one this version does not know."""
        name = self.outcome.partition(":")[0]
        return _OUTCOMES.get(name)

    @property
    def refusal(self) -> Refusal | None:
        """Why the decision was refused, if it was, and if the reason is known here."""
        head, _, reason = self.outcome.partition(":")
        return _REFUSALS.get(reason) if head == Outcome.REFUSED else None


def refused(reason: Refusal) -> str:
    """The `outcome` of a receipt for a refusal."""
    return f"{Outcome.REFUSED}:{reason}"


def request_salt(seed: bytes, checkpoint_ns: str, tool_call_id: str) -> bytes:
    """The salt of one request: 16 bytes.

    Args:
        seed: random bytes kept in the thread's own checkpoint, so that a node that runs again
            after a resume makes the same request, and nobody else can.
    """
    place = f"signoff/salt/v1\x00{checkpoint_ns}\x00{tool_call_id}"
    return hmac.new(seed, place.encode(), hashlib.sha256).digest()[:_SALT_BYTES]


def args_digest(agent: str, action: str, args: JSON, salt: bytes) -> str:
    """Digest that binds a decision to the exact call a reviewer saw.

    Args:
        args: as they travel, that is after `canonical.strict_json`.
        salt: 16 bytes.

    Returns:
        "sha-256:" and 64 lower-case hex digits over the RFC 8785 form.

    Raises:
        NotApprovable: the arguments have no canonical form, or one of more than 128 KB.
    """
    call = {"agent": agent, "action": action, "args": args}
    try:
        form = rfc8785.dumps(call)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise NotApprovable(f"The arguments have no canonical form: {error}.") from error
    if len(form) > MAX_ARGS_BYTES:
        title = f"The arguments have {len(form):,} bytes; {MAX_ARGS_BYTES:,} are allowed."
        raise NotApprovable(title)
    return digest("signoff/args/v1", salt, form)


def request_id(
    agent: str,
    context_id: str,
    checkpoint_ns: str,
    tool_call_id: str,
    call_digest: str,
    attempt: int = 0,
) -> str:
    """The request's id: 32 hex digits, the same each time the node runs again.

    Args:
        attempt: see `ApprovalRequest`; makes a decision on an earlier attempt useless for this one.
    """
    parts = "\x00".join((agent, context_id, checkpoint_ns, tool_call_id, call_digest))
    if attempt:
        parts += f"\x00{attempt}"
    return hashlib.sha256(b"signoff/request/v1\x00" + parts.encode()).hexdigest()[:32]


def digest_in(request: ApprovalRequest, args: JSON) -> str:
    """The digest other arguments have under the same request: what an edit is bound to.

    Args:
        args: as they travel, that is after `canonical.strict_json`.

    Raises:
        NotApprovable: the arguments have no canonical form, or the salt of the request is none.
    """
    try:
        salt = base64.b64decode(request.salt, validate=True)
    except ValueError as error:
        raise NotApprovable("The request carries no usable salt.") from error
    if len(salt) != _SALT_BYTES:
        # A longer one could take over the first bytes of the arguments.
        raise NotApprovable("The request carries no usable salt.")
    return args_digest(request.agent, request.action, args, salt)


def digest_matches(request: ApprovalRequest, args: JSON) -> bool:
    """Whether the arguments beside a request are those its digest was made of."""
    try:
        return hmac.compare_digest(digest_in(request, args), request.args_digest)
    except NotApprovable:
        return False


def decision_payload(decision: Decision) -> JSON:
    """The resume payload that carries a decision; a base worker understands it too."""
    payload: dict[str, JSON] = {"type": PAYLOAD_TYPES[decision.kind]}
    if decision.args is not None:
        payload["args"] = decision.args
    if decision.message:
        payload["message"] = decision.message
    if decision.binding is not None:
        binding = msgspec.to_builtins(decision.binding)
        envelopes = list(decision.envelopes)
        payload["approval"] = {"v": 1, "binding": binding, "envelopes": envelopes}
    return payload


def read_decision(payload: JSON) -> Decision:
    """Read a resume payload.

    Raises:
        MalformedDecision: not an object with a known `type`, or a broken binding. A payload keyed
            by interrupt ids is one of these: it would name its own target.
    """
    if not isinstance(payload, dict):
        raise MalformedDecision("A decision is not an object.")
    kind = _KINDS.get(str(payload.get("type")))
    if kind is None:
        raise MalformedDecision("A decision says neither accept, reject, edit nor respond.")
    message = payload.get("message", "")
    if not isinstance(message, str):
        raise MalformedDecision("The reason of a decision is not a text.")
    return Decision(
        kind=kind,
        args=payload.get("args"),
        message=message,
        binding=_read_binding(payload.get("approval")),
        envelopes=_read_envelopes(payload.get("approval")),
    )


def _read_binding(approval: JSON) -> Binding | None:
    if approval is None:
        return None
    if not isinstance(approval, dict) or approval.get("v") != 1:
        raise MalformedDecision("The decision is of a version this worker does not know.")
    try:
        return msgspec.convert(approval.get("binding"), Binding)
    except msgspec.ValidationError as error:
        raise MalformedDecision(f"The binding of a decision is malformed: {error}.") from error


def _read_envelopes(approval: JSON) -> tuple[JSON, ...]:
    """The signed decisions beside a binding, unread."""
    envelopes = approval.get("envelopes", []) if isinstance(approval, dict) else []
    if not isinstance(envelopes, list) or len(envelopes) > MAX_ENVELOPES:
        raise MalformedDecision("The signed decisions of a decision are no list, or too many.")
    return tuple(envelopes)
