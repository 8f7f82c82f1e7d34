"""Whether a decision would stand up: who signs it, under which policy, and whether it is recorded.

The only place that says so before the click. The worker judges again, by its own registry and its
own policy, and only its word lets anything run.
"""

from __future__ import annotations

from typing import Final

from desktop.errors import NotAllowedNow, PassphraseWanted
from desktop.store.clock import ClockState
from desktop.store.policies import barred, default_meaning
from desktop.store.record import AuditHealth
from desktop.store.records import DecisionKind, Request
from desktop.store.signing import Identity, Meaning, Proof, Seen, Signing, SigningState
from desktop.store.store import Store
from workers.wire.approvals import Decision

_LOCKED: Final = {
    SigningState.NO_KEY: "This request takes a signed decision, and you have no signing key here.",
    SigningState.LOCKED: "This request takes a signed decision, and your signing key is locked.",
    SigningState.UNAVAILABLE: "This request takes a signed decision, and nothing can be signed.",
}
_LOCKED_HINT: Final = "Open your signing key, or make one in Settings."
_REGISTRY_HINT: Final = "Ask whoever administers the registry for a new one."


def why_not_sound(
    store: Store, request: Request, kind: DecisionKind, seen: Seen | None, edited: str = ""
) -> NotAllowedNow | None:
    """What signatures, the policy and the audit log have against a decision; None for nothing.

    Args:
        seen: what the reviewer has seen so far; None to leave out how long that took.
        edited: digest of the changed arguments; empty if there are none, or not known yet.
    """
    refusal = _why_not_signed(store, request, kind, seen, edited)
    if refusal is None and request.must_be_signed and store.signing.state is SigningState.LOCKED:
        # Last, so that nobody gives a passphrase for what is refused after it.
        return PassphraseWanted(_LOCKED[SigningState.LOCKED], _LOCKED_HINT)
    return refusal


def _why_not_signed(
    store: Store, request: Request, kind: DecisionKind, seen: Seen | None, edited: str
) -> NotAllowedNow | None:
    """What there is against it, whether or not the key is open."""
    refusal = _why_nobody_signs(store.signing) if request.must_be_signed else None
    if refusal is not None or kind is DecisionKind.REJECT:
        return refusal  # beside that, what stops a call is never held back
    standing = store.audit_standing
    if standing.health in {AuditHealth.UNWRITABLE, AuditHealth.TAMPERED}:
        return NotAllowedNow(standing.title or "The audit log is not fine.", standing.hint)
    if request.proof is Proof.BROKEN:
        return NotAllowedNow(
            "This request is not what a worker of the agent signed.",
            "Reject it, and tell whoever runs the broker: somebody may have forged it.",
        )
    return _why_not_by_terms(store, request, kind, seen, edited) if request.must_be_signed else None


def _why_nobody_signs(signing: Signing) -> NotAllowedNow | None:
    """Why a signature of this desk would not count, whatever it is under."""
    if signing.state not in {SigningState.OPEN, SigningState.LOCKED}:
        title, hint = signing.title or _LOCKED[signing.state], signing.hint or _LOCKED_HINT
        return NotAllowedNow(title, hint)
    if signing.identity is None or signing.identity.roles:
        return None
    if signing.registry_trouble:
        hint = signing.registry_hint or _REGISTRY_HINT
        return NotAllowedNow(signing.registry_trouble, f"Your signature would not count. {hint}")
    title = "You are in no role of the registry, so your signature would not count."
    return NotAllowedNow(title, "Ask whoever administers the registry to enrol you.")


def _why_not_by_terms(
    store: Store, request: Request, kind: DecisionKind, seen: Seen | None, edited: str
) -> NotAllowedNow | None:
    """What the clock and the policy have against a signed decision that lets a call run."""
    if store.clock.state is ClockState.WRONG:
        return NotAllowedNow(store.clock.title, store.clock.hint)
    identity = store.signing.identity
    meaning = default_meaning(request, kind, identity, edited) if edited else None
    title, hint = barred(request, identity, kind, meaning, edited)
    if title:
        return NotAllowedNow(title, hint)
    dwell = request.policy.dwell_seconds if request.policy else 0.0
    if seen is not None and seen.ms_open < dwell * 1000:
        title = f"The policy asks to look at this for {dwell:g} s before deciding."
        return NotAllowedNow(title, f"It has been open for {seen.ms_open / 1000:.0f} s.")
    return None


def check_policy(
    request: Request, signer: Identity, decision: Decision, meaning: Meaning, edited: str
) -> None:
    """Raise what the policy has against a decision that is made up.

    Raises:
        NotAllowedNow: nothing may be sent.
    """
    policy = request.policy
    if policy is None or not request.must_be_signed or decision.kind is DecisionKind.REJECT:
        return
    title, hint = barred(request, signer, decision.kind, meaning, edited)
    if title:
        raise NotAllowedNow(title, hint)
    is_author = decision.kind is DecisionKind.EDIT and meaning is Meaning.AUTHORSHIP
    if not is_author and policy.meanings and str(meaning) not in policy.meanings:
        title = f"Under this policy an approval cannot mean '{meaning}'."
        raise NotAllowedNow(title, f"Choose one of: {', '.join(policy.meanings)}.")
    if policy.reason_required and not is_author and not decision.message.strip():
        raise NotAllowedNow("The policy asks for a reason.", "Write why you approve this.")
