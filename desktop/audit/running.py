"""Whether what ran is what was decided: these arguments, once, by the word of enough people.

The only place that compares what workers say ran with the decisions of a log. That something ran
without any decision is found by `matching`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

from desktop.audit.entries import AuditKind, Glance
from desktop.audit.findings import Finding
from workers.wire.approvals import DecisionKind, Outcome
from workers.wire.signing.statements import Meaning

_OTHER: Final = "The worker ran other arguments than were decided on."
_AGAIN: Final = "The worker ran the call a second time, under another decision."
_FEW: Final = "The worker counted {} where the decision says that it takes {}."
_NOT_THEM: Final = "The worker counted other reviewers than the one who decided."
_DECISIONS: Final = frozenset((AuditKind.DECISION, AuditKind.DECISION_SEEN))
#: Of a call in doubt nobody knows with which arguments it was started, or whether.
_RAN: Final = frozenset((Outcome.EXECUTED.value, Outcome.FAILED.value))
_REFUSED: Final = f"{Outcome.REFUSED}:"
_COUNTED: Final = _RAN | {Outcome.APPLIED.value, Outcome.IN_DOUBT.value}


class _Decided(NamedTuple):
    """A decision that lets a call run.

    Attributes:
        digest: of the arguments that may run; empty if nobody here knows.
        quorum: how many reviewers it takes; 0 if nobody counts.
        approves: its signature counts towards that; an author's does not.
    """

    nonce: str
    person: str
    digest: str
    quorum: int
    approves: bool


class Running:
    """Takes in the entries of a log, in order; a decision stands before what it lets run."""

    def __init__(self) -> None:
        self._decided: dict[str, list[_Decided]] = {}
        # By request, of its first run: the decision's nonce, the outcome and the result's digest.
        self._ran: dict[str, tuple[str, str, str]] = {}
        self._refused: set[tuple[str, str]] = set()

    def see(self, number: int, glance: Glance) -> Sequence[Finding]:
        """Take in an entry about a request. Returns what is wrong with it."""
        request, outcome = glance.request_id, glance.outcome
        if glance.kind in _DECISIONS:
            if glance.decision != DecisionKind.REJECT:
                self._decided.setdefault(request, []).append(_decided(glance))
        elif glance.kind is AuditKind.RECEIPT:
            if outcome in _COUNTED and glance.decision != DecisionKind.REJECT:
                titles = self._troubles(request, glance)
                return [Finding(number, title, is_tampering=False) for title in titles]
            if outcome.startswith(_REFUSED):
                self._refused.add((request, glance.nonce))
        return ()

    def _troubles(self, request: str, glance: Glance) -> list[str]:
        decided, titles = self._decided.get(request, ()), []
        named = [one for one in decided if one.nonce == glance.nonce]
        if glance.outcome in _RAN:
            allowed = [one.digest for one in named or decided]
            if allowed and glance.args_digest not in allowed and "" not in allowed:
                titles.append(_OTHER)
            if self._is_second(request, glance):
                titles.append(_AGAIN)
        counted = frozenset(glance.reviewers)
        for one in named or _newest(decided, counted):
            if len(counted) < one.quorum:
                titles.append(_FEW.format(len(counted), one.quorum))
            elif one.approves and one.person not in counted:
                titles.append(_NOT_THEM)
        return titles

    def _is_second(self, request: str, glance: Glance) -> bool:
        """Whether this is another run than the first.

        A worker that takes over tells again how a call ended, under the decision that it has then:
        another one only if the first was taken back meanwhile.
        """
        run = (glance.nonce, glance.outcome, glance.result_digest)
        first = self._ran.setdefault(request, run)
        if run[0] == first[0]:
            return False
        is_told_again = (request, first[0]) in self._refused and bool(glance.result_digest)
        return not (is_told_again and run[1:] == first[1:])


def _decided(glance: Glance) -> _Decided:
    is_here = glance.kind is AuditKind.DECISION
    match glance.decision:
        case DecisionKind.APPROVE:
            digest = glance.args_digest
        case DecisionKind.EDIT:
            digest = glance.edited_args_digest
        case _:
            digest = ""
    return _Decided(
        glance.nonce,
        glance.actor.id,
        digest,
        glance.quorum if is_here else 0,
        is_here and glance.quorum > 0 and glance.meaning != Meaning.AUTHORSHIP,
    )


def _newest(decided: Iterable[_Decided], counted: Collection[str]) -> list[_Decided]:
    """What those who were counted decided last."""
    return list({one.person: one for one in decided if one.person in counted}.values())
