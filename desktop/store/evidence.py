"""What is known of one request, and what follows from it.

The only place that decides where a request stands. Evidence is only ever added, and the state is
computed from all of it, so that facts may come late, twice or in any order. This desk's own click
is evidence of sending and of nothing else: the worker's receipt, or a foreign worker's event
stream, decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from types import MappingProxyType
from typing import Final

from desktop.store.records import Execution, Request, RequestKey, RequestState
from desktop.store.signing import CastVote, Claim, Meaning, Proof
from workers.wire.approvals import DecisionKind, Outcome, Receipt, Refusal, digest_matches
from workers.wire.codec import encode_struct
from workers.wire.dialects import PendingCall
from workers.wire.messages import ChatMessage
from workers.wire.signing.distrust import Distrust

#: What the base package's tools answer when they were rejected.
BASE_REJECTED = "User declined to execute this action"

_LOST: Final = (
    "The broker removed entries of this conversation before they were read. What became of the "
    "call may be among them."
)
REMOVED: Final = (
    "Its entry was removed at the broker, and no worker's index says that it waits. Nobody can "
    "tell here what a decision would answer."
)
_NOBODY: Final[Mapping[str, str]] = MappingProxyType({})
_ENDINGS = {
    DecisionKind.APPROVE: RequestState.APPROVED,
    DecisionKind.EDIT: RequestState.EDITED,
    DecisionKind.REJECT: RequestState.REJECTED,
    DecisionKind.RESPOND: RequestState.RESPONDED,
}
_REFUSALS = {
    Refusal.UNBOUND: "The worker takes only decisions bound to one call.",
    Refusal.MISMATCH: "The worker found that the decision does not match the waiting call.",
    Refusal.NOT_ALLOWED: "The worker does not take this kind of decision here.",
    Refusal.MALFORMED: "The worker could not read the decision.",
    Refusal.HALTED: "An operator has halted such calls. Decide again when the halt is lifted.",
    Refusal.AMBIGUOUS: "More than one call waits, and the decision named none.",
    Refusal.UNSIGNED: "The worker takes only signed decisions.",
    Refusal.UNTRUSTED: "The worker does not believe the signature on the decision.",
    Refusal.NOT_ENOUGH: "The worker asks for more reviewers than have signed.",
    Refusal.UNPREPARED: "The worker has no registry or policy that it can believe. Whoever runs it "
    "learns from signoff-worker doctor what is wrong.",
}
#: What the worker has against a signature, where a person can do something about it.
_DISTRUST: Final = {
    Distrust.FROM_THE_FUTURE: "By the worker's clock the decision was made in the future. Compare "
    "its clock with this computer's.",
    Distrust.EXPIRED: "By the worker's clock the decision came too late. Decide again; if that "
    "comes too late, too, compare its clock with this computer's.",
    Distrust.KEY_REVOKED: "The worker's registry says that the key which signed was revoked.",
    Distrust.KEY_NOT_VALID: "By the worker's registry and clock, the key which signed is not valid "
    "now.",
    Distrust.UNKNOWN_KEY: "The worker's registry does not know the key which signed.",
    Distrust.WRONG_REVIEWER: "By the worker's registry, the key which signed is not this person's.",
    Distrust.WRONG_ROLE: "By the worker's registry, whoever signed is not in the role they named.",
    Distrust.WRONG_POLICY: "The worker's policy has changed since it asked.",
}


@dataclass(frozen=True, slots=True)
class Sending:
    """A decision of this desk, on its way or come back.

    Attributes:
        left: it reached the broker, before any other.
        joined: it is signed and waits with the request until others have signed, too.
        by: id of whoever signed it; empty if it is not signed.
        edited: see `DecisionSending`.
    """

    kind: DecisionKind
    nonce: str
    failure: str = ""
    lost_race: bool = False
    left: bool = False
    joined: bool = False
    by: str = ""
    edited: str = ""

    @property
    def is_under_way(self) -> bool:
        """Whether nobody knows yet if it reached the broker first."""
        return not (self.left or self.failure)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of one request.

    Attributes:
        call: None while only this desk's click is known.
        answer: the tool's message, once there is one.
        applied: the receipt of the decision that counted.
        ran: the receipt that says how the call itself went.
        refusals: receipts of decisions that did not count, or were taken back.
        asked_again: its call was in doubt, and has a second request.
        asked_under: the version of the policy under which it was told first; 0 for none.
        is_lost: entries after it were removed before they were read, and it with them.
        removed: what asked it is no longer in the stream, and nothing else says that it waits.
        used_again: see `Request`.
        proof, votes, claim: see `Request`.
    """

    key: RequestKey
    agent: str = ""
    call: PendingCall | None = None
    since_ms: int = 0
    requester: str = ""
    sending: Sending | None = None
    answer: ChatMessage | None = None
    applied: Receipt | None = None
    ran: Receipt | None = None
    refusals: tuple[Receipt, ...] = ()
    asked_again: bool = False
    asked_under: int = 0
    is_lost: bool = False
    removed: bool = False
    used_again: bool = False
    proof: Proof = Proof.NONE
    votes: tuple[CastVote, ...] = ()
    claim: Claim | None = None

    def told(self, answer: ChatMessage | None, receipts: Iterable[Receipt]) -> Evidence:
        """The evidence with all that the worker has said so far."""
        bare = replace(self, answer=answer, applied=None, ran=None, refusals=())
        return reduce(Evidence._with_receipt, receipts, bare)

    def _with_receipt(self, receipt: Receipt) -> Evidence:
        match receipt.kind:
            case Outcome.APPLIED | Outcome.EXPIRED:
                told = (self.applied, receipt) if self.applied else (receipt,)
                return replace(self, applied=min(told, key=_age))
            case Outcome.EXECUTED | Outcome.FAILED | Outcome.IN_DOUBT:
                told = (self.ran, receipt) if self.ran else (receipt,)
                return replace(self, ran=max(told, key=_age))
            case Outcome.REFUSED | Outcome.RE_ASKED if receipt not in self.refusals:
                return replace(self, refusals=tuple(sorted((*self.refusals, receipt), key=_age)))
            case _:
                return self

    @property
    def has_word(self) -> bool:
        """Whether its worker has said what became of a decision."""
        return self._word is not None

    def conclude(self, names: Mapping[str, str] = _NOBODY) -> Request | None:
        """The request as it stands; None while its call has not been seen.

        Args:
            names: of reviewers, by id; who is not in it is called by their id.
        """
        call = self.call
        if call is None:
            return None
        state, decision, notice = self._state()
        deciders = self._deciders
        has_digest = call.request is not None
        return Request(
            key=self.key,
            agent=self.agent,
            call=call,
            since_ms=self.since_ms,
            state=state,
            execution=self._execution(decision),
            requester=call.request.requester.id if call.request else self.requester,
            intact=not has_digest or _is_intact(self.agent, self.key, call),
            foreign=self._is_foreign,
            decision=decision,
            decided_by=", ".join(names.get(one, one) for one in deciders),
            edited_by=names.get(author, author) if (author := self._author()) else "",
            notice=notice,
            result=self.answer.text if self.answer else "",
            proof=self.proof,
            votes=self.votes,
            claim=self.claim,
            decided_ms=self._word.at_ms if self._word else 0,
            asked_under=self.asked_under,
            used_again=self.used_again,
        )

    @property
    def _is_foreign(self) -> bool:
        return self.call is not None and self.call.request is None

    @property
    def _word(self) -> Receipt | None:
        """The worker's word on the decision that counted; the one on the call tells it, too."""
        return self.applied or self.ran

    @property
    def _deciders(self) -> tuple[str, ...]:
        """Ids of all whose decision it was, by the worker's word."""
        return self._word.reviewers or (self._word.reviewer,) if self._word else ()

    def _applied_edit(self) -> str:
        """Digest of the changed arguments that were decided on; empty if that is not known."""
        if self._word_kind() is not DecisionKind.EDIT:
            return ""
        if self.ran is not None and self.ran.args_digest:
            return self.ran.args_digest
        edits = [vote for vote in self.votes if vote.edited_args_digest]
        theirs = {v.edited_args_digest for v in edits if v.reviewer_id in self._deciders}
        known = theirs or {vote.edited_args_digest for vote in edits}
        if not known and self.sending is not None and self.sending.edited:
            return self.sending.edited
        return known.pop() if len(known) == 1 else ""

    def _author(self) -> str:
        """Id of whoever changed the arguments that others then decided on; empty for nobody."""
        edit = self._applied_edit()
        authors = [
            vote.reviewer_id
            for vote in self.votes
            if vote.meaning is Meaning.AUTHORSHIP and vote.edited_args_digest == edit
        ]
        if self.sending is not None and self.sending.edited == edit:
            authors.append(self.sending.by)
        others = (one for one in authors if one and one not in self._deciders)
        return next(others, "") if edit else ""

    def _is_part_of(self, word: Receipt) -> bool:
        """Whether this desk's decision is the one that counted, or one of several that did."""
        sending = self.sending
        if sending is None or sending.nonce == word.nonce:
            return True
        if not sending.by or sending.kind != word.decision:
            return False
        is_theirs = sending.by in word.reviewers
        return is_theirs or bool(sending.edited and sending.edited == self._applied_edit())

    def _state(self) -> tuple[RequestState, DecisionKind | None, str]:
        sending, word = self.sending, self._word
        if self.ran is not None and self.ran.kind is Outcome.IN_DOUBT:
            notice = "Started, but nobody knows how it ended."
            again = " The call is asked about again." if self.asked_again else ""
            return RequestState.IN_DOUBT, self._word_kind(), notice + again
        if word is not None and word.kind is Outcome.EXPIRED:
            return RequestState.EXPIRED, None, ""
        if word is not None:
            return self._state_by_word(word)
        # A Signoff worker's tool message may be read before the receipt that explains it.
        receipt_is_due = sending is not None and not sending.failure and not self._is_foreign
        # A foreign worker's answer may be to another desk's decision, which was there before ours.
        is_racing = self._is_foreign and sending is not None and sending.is_under_way
        if self.answer is not None and not receipt_is_due and not is_racing:
            return self._state_by_answer()
        if self.is_lost and self._is_foreign:
            # Offered still, an approval might run the call that the worker asks about next.
            return RequestState.WITHDRAWN, None, _LOST
        if sending is None:
            return self._state_untouched("")
        return self._state_by_sending(sending)

    def _state_untouched(self, notice: str) -> tuple[RequestState, DecisionKind | None, str]:
        """No decision of this desk counts."""
        if self.removed:
            return RequestState.WITHDRAWN, None, REMOVED
        return RequestState.WAITING, None, notice

    def _state_by_sending(self, sending: Sending) -> tuple[RequestState, DecisionKind | None, str]:
        """Nobody has said anything of this desk's decision, or only that it does not count."""
        if sending.lost_race:
            return RequestState.DECIDED_ELSEWHERE, None, sending.failure
        if sending.failure or sending.joined:
            return self._state_untouched(sending.failure)
        return self._state_by_refusals(sending)

    def _state_by_word(self, word: Receipt) -> tuple[RequestState, DecisionKind | None, str]:
        kind = self._word_kind()
        stopped = any(
            receipt.nonce == word.nonce and receipt.refusal is Refusal.MISMATCH
            for receipt in self.refusals
        )
        notice = "The call had changed by the time it was to run, so it did not." if stopped else ""
        if any(r.nonce == word.nonce and r.refusal is Refusal.HALTED for r in self.refusals):
            notice = "An operator had halted such calls, so it did not run."
        if any(r.nonce == word.nonce and r.kind is Outcome.RE_ASKED for r in self.refusals):
            notice = "The agent could not go on with this answer. The question is asked again."
        if not self._is_part_of(word):
            return RequestState.DECIDED_ELSEWHERE, kind, notice
        return (_ENDINGS[kind] if kind else RequestState.DECIDED_ELSEWHERE), kind, notice

    def _state_by_answer(self) -> tuple[RequestState, DecisionKind | None, str]:
        """A foreign worker sends no receipts; its tool's message is all there is."""
        assert self.answer is not None  # noqa: S101 - told apart by the caller
        if not self._is_foreign:
            return RequestState.DECIDED_ELSEWHERE, None, ""  # its receipt is no longer kept
        rejected = self.answer.text == BASE_REJECTED
        kind = DecisionKind.REJECT if rejected else DecisionKind.APPROVE
        if self.sending is not None and self.sending.kind is kind and not self.sending.failure:
            return _ENDINGS[kind], kind, ""
        return RequestState.DECIDED_ELSEWHERE, kind, ""

    def _state_by_refusals(self, sending: Sending) -> tuple[RequestState, DecisionKind | None, str]:
        for receipt in self.refusals:
            if receipt.nonce != sending.nonce:
                continue
            if receipt.refusal is Refusal.ALREADY_DECIDED:
                return RequestState.DECIDED_ELSEWHERE, None, ""
            if receipt.refusal is Refusal.NOT_PENDING:
                return RequestState.WITHDRAWN, None, "The worker no longer waits for this call."
            return RequestState.WAITING, None, _words_of(receipt)
        return RequestState.SENDING, sending.kind, ""

    def _word_kind(self) -> DecisionKind | None:
        name = self._word.decision if self._word else ""
        return next((kind for kind in DecisionKind if kind == name), None)

    def _execution(self, decision: DecisionKind | None) -> Execution:
        if self.ran is not None:
            outcomes = {Outcome.EXECUTED: Execution.EXECUTED, Outcome.FAILED: Execution.FAILED}
            return outcomes.get(self.ran.kind or Outcome.IN_DOUBT, Execution.UNKNOWN)
        if self.answer is None or self.applied is not None:
            return Execution.NOT_RUN
        if not self._is_foreign:
            return Execution.UNKNOWN
        if decision is not DecisionKind.APPROVE:
            return Execution.NOT_RUN
        return Execution.FAILED if self.answer.failed else Execution.EXECUTED


def _words_of(refused: Receipt) -> str:
    """Why a worker refused a decision, in words."""
    if refused.refusal is None:
        return refused.outcome
    reason = next((words for word, words in _DISTRUST.items() if word == refused.note), "")
    is_reason = reason and refused.refusal is Refusal.UNTRUSTED
    return reason if is_reason else _REFUSALS[refused.refusal]


def _age(receipt: Receipt) -> tuple[int, bytes]:
    """Orders what workers said, the same however it arrived."""
    return receipt.at_ms, encode_struct(receipt)


def _is_intact(agent: str, key: RequestKey, call: PendingCall) -> bool:
    """Whether the request is about the call it stands beside: what is shown is what is bound."""
    request = call.request
    return request is not None and (
        digest_matches(request, call.args)
        and request.action == call.action
        and request.tool_call_id == call.tool_call_id
        and request.context_id == key.context_id
        and request.agent == agent
    )
