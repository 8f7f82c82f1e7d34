"""Halts in words: what is halted, who says so, and how far that is to be believed.

The only place that words them.
"""

from __future__ import annotations

from typing import Final

from desktop.qtmodels.rows import Pill
from desktop.qtmodels.tone import Tone
from desktop.qtmodels.wording import moment, waiting_since
from desktop.store.halts import (
    EVERYBODY,
    Halt,
    HaltPlace,
    HaltProof,
    Halts,
    agent_in,
    context_in,
)

_PILLS: Final = {
    HaltProof.PROVEN: Pill("Signed", Tone.OK),
    HaltProof.UNKNOWN: Pill("Signed, not proven", Tone.WARN),
    HaltProof.UNSIGNED: Pill("Not signed", Tone.WARN),
    HaltProof.UNTRUSTED: Pill("Signature not valid", Tone.DANGER),
    HaltProof.UNREADABLE: Pill("Not readable", Tone.DANGER),
}
_NOTES: Final = {
    HaltProof.UNKNOWN: "It is signed; this console knows no registry to prove it by.",
    HaltProof.UNSIGNED: "Nobody signed it, so anybody who reaches the broker may have written it, "
    "and may delete it.",
    HaltProof.UNREADABLE: "What stands at the broker cannot be read. It halts all the same.",
}


def scope_words(scope: str) -> str:
    """Which calls a scope is."""
    agent, context_id = agent_in(scope), context_in(scope)
    if agent:
        return f"Calls of {agent}"
    return f"Calls in conversation {context_id}" if context_id else "All calls"


def halt_pill(halt: Halt) -> Pill:
    """How far its author is proven, in short."""
    return _PILLS[halt.proof]


def halted_by(halt: Halt, now_ms: int) -> str:
    """Who halted, and when."""
    who = f"By {halt.by}" if halt.by else "By somebody who is not named"
    if halt.proof in {HaltProof.UNSIGNED, HaltProof.UNTRUSTED} and halt.by:
        who = f"By somebody who calls themselves {halt.by}"
    if not halt.at_ms:
        return who
    return f"{who}, {moment(halt.at_ms)} ({waiting_since(halt.at_ms, now_ms)} ago)"


def halt_note(halt: Halt) -> str:
    """What a person should know of how it stands; empty for nothing."""
    parts = [_NOTES.get(halt.proof, "")]
    if halt.proof is HaltProof.UNTRUSTED:
        parts.append(f"{halt.doubt} It halts for as long as it stands.")
    workers = "1 worker keeps" if halt.keepers == 1 else f"{halt.keepers:,} workers keep"
    if halt.place is HaltPlace.KEPT:
        parts.append(f"It was taken away at the broker without a signed lift. {workers} it.")
    elif halt.place is HaltPlace.LIFTED:
        parts.append(f"It is lifted at the broker, and {workers} it still.")
    elif halt.keepers:
        parts.append(f"{workers} it, whatever becomes of it at the broker.")
    return " ".join(part for part in parts if part)


def halted_words(halt: Halt) -> str:
    """A halt in one sentence."""
    by = f" by {halt.by}" if halt.by else ""
    reason = f": {halt.reason}" if halt.reason else "."
    return f"{scope_words(halt.scope)} are halted{by}{reason}"


def halts_in_short(halts: Halts) -> str:
    """How many there are, for the status line; empty for none."""
    if halts.of(EVERYBODY) is not None:
        return "All calls halted"
    count = len(halts.standing)
    if count == 1:
        # What may be cut off stands last.
        words = scope_words(halts.standing[0].scope)
        return f"Halted: {words[:1].lower()}{words[1:]}"
    return f"{count:,} halts" if count else ""
