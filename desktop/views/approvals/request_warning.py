"""What a reviewer is warned of before deciding on a request: one thing, the gravest.

The only place that words it.
"""

from typing import Final

from desktop.actions.approvals import no_way
from desktop.qtmodels.tone import Tone
from desktop.qtmodels.wording import in_doubt_words
from desktop.store.records import Request
from desktop.store.signing import Proof

_BROKEN: Final = "This request is not what its worker signed."
_BROKEN_HINT: Final = "Somebody changed it on its way, or made it up. It cannot be approved."
_CHANGED: Final = "These are not the arguments the worker asked about."
_CHANGED_HINT: Final = "Reject the call, and tell whoever runs the worker."
_FIND_OUT: Final = "Find out whether it took effect before you decide."
_FOREIGN: Final = "This worker cannot verify decisions."
_FOREIGN_HINT: Final = "It resumes whatever waits; Signoff sends one decision at a time."
_BOUND: Final = "This worker does not verify signatures."
_BOUND_HINT: Final = "It holds a decision to this call, but cannot tell who made it."


def warning_for(request: Request) -> tuple[Tone, str, str] | None:
    """How grave it is, what it is, and what to do; None where there is nothing to warn of."""
    # What is over may be from before the agent's workers signed, or of a key revoked since.
    if request.proof is Proof.BROKEN and request.is_open:
        return Tone.DANGER, _BROKEN, _BROKEN_HINT
    if not request.intact:
        return Tone.DANGER, _CHANGED, _CHANGED_HINT
    if request.call.is_in_doubt and request.is_open:
        return Tone.DANGER, in_doubt_words(request), _FIND_OUT
    if request.is_open and not request.choices:
        nothing = no_way(request)
        return Tone.WARN, nothing.title, nothing.hint
    if request.foreign:
        return Tone.WARN, _FOREIGN, _FOREIGN_HINT
    if request.is_open and not request.must_be_signed:
        return Tone.WARN, _BOUND, _BOUND_HINT
    return None
