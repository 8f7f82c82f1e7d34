"""What was asked, decided and done in a quarrel, and whether it went as it must.

The only place that counts a quarrel. It trusts nobody: what ran is read from the book, what was
decided from the receipts, and what was sent from those who sent it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import msgspec

from tests.chaos.deciders import Way, Word
from tests.chaos.office import Book
from tests.chaos.storm import Outcome
from workers.wire.approvals import DecisionKind, Receipt
from workers.wire.approvals import Outcome as Fate
from workers.wire.codec import decode_event
from workers.wire.dialects import PendingCall, read_interrupt
from workers.wire.events import AgentProgress, ProgressType
from workers.wire.messages import Role, read_message

_BARE_KINDS = {Way.BARE_ACCEPT: DecisionKind.APPROVE, Way.BARE_REJECT: DecisionKind.REJECT}


class Ruling(Outcome, kw_only=True):
    """What was counted. All that `is_good` names must be 0.

    Attributes:
        requests: that were decided on; those of calls in doubt count for themselves.
        decisions: that were sent.
        won_by: how often each way of deciding won.
        refused: receipts of refusals, by reason.
        decided_twice: requests for which more than one decision counted.
        undecided: requests for which none did.
        unanswered: decisions of which nobody said what became of them.
        ran_undecided: payments started without a decision to do so.
        ran_otherwise: payments started with other arguments than the winner's.
        not_run: payments that were to run, did not, and are not in doubt.
        failed: errors that agents told.
    """

    requests: int = 0
    decisions: int = 0
    won_by: dict[str, int] = msgspec.field(default_factory=dict)
    refused: dict[str, int] = msgspec.field(default_factory=dict)
    decided_twice: int = 0
    undecided: int = 0
    unanswered: int = 0
    ran_undecided: int = 0
    ran_otherwise: int = 0
    not_run: int = 0
    failed: int = 0

    @property
    def is_good(self) -> bool:
        """Whether every promise was kept."""
        return super().is_good and not any(
            (
                self.decided_twice,
                self.undecided,
                self.unanswered,
                self.ran_undecided,
                self.ran_otherwise,
                self.not_run,
                self.failed,
            )
        )


@dataclass
class Asked:
    """One request, and everything that was decided on it."""

    call: PendingCall
    words: list[Word] = field(default_factory=list)

    @property
    def request_id(self) -> str:
        assert self.call.request is not None
        return self.call.request.request_id

    @property
    def attempt(self) -> int:
        assert self.call.request is not None
        return self.call.request.attempt

    @property
    def payment(self) -> str:
        assert isinstance(self.call.args, dict)
        return str(self.call.args["payment"])

    @property
    def name(self) -> str:
        """What the names of its reviewers begin with."""
        return f"{self.payment}#{self.attempt}"


@dataclass
class Transcript:
    """One context, as those who follow it see it.

    Attributes:
        tasks: in the order they were given.
        echoes: tasks as they were told when an agent took them up.
        answers: the last word on each task.
    """

    agent: str
    tasks: list[str] = field(default_factory=list)
    asked: dict[str, Asked] = field(default_factory=dict)
    echoes: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def ask(self, call: PendingCall) -> Asked | None:
        """Note a request. None: it was told before."""
        asked = Asked(call)
        if asked.request_id in self.asked:
            return None
        self.asked[asked.request_id] = asked
        return asked

    @property
    def answered(self) -> list[str]:
        """The tasks of the answers."""
        return [answer.removeprefix("Done ").partition(":")[0] for answer in self.answers]


def take_in(transcript: Transcript, told: Iterable[bytes]) -> list[Asked]:
    """Add what was told to a transcript. Returns the requests that are new in it."""
    new: list[Asked] = []
    for data in told:
        body = decode_event(data).body
        assert isinstance(body, AgentProgress)
        if body.type is ProgressType.INTERRUPT:
            asked = transcript.ask(read_interrupt(body.message))
            new += [asked] if asked is not None else []
            continue
        message = read_message(body.message)
        if isinstance(message, str):
            transcript.errors.append(message)
        elif message.role is Role.HUMAN:
            transcript.echoes.append(message.text)
        elif body.is_finish:
            transcript.answers.append(message.text)
    return new


def rule_on_order(out: Ruling, transcript: Transcript) -> None:
    """Each task was taken up and answered once, in the order they were given."""
    out.messages += len(transcript.tasks)
    out.applied += len(transcript.answers)
    out.failed += len(transcript.errors)
    places = {task: place for place, task in enumerate(transcript.tasks)}
    for told in (transcript.echoes, transcript.answered):
        out.lost += len(set(transcript.tasks) - set(told))
        out.applied_twice += len(told) - len(set(told))
        order = [places[task] for task in dict.fromkeys(told)]
        out.out_of_order += sum(later < one for one, later in pairwise(order))


def rule_on_decisions(
    out: Ruling, asked: Iterable[Asked], receipts: Sequence[Receipt], book: Book
) -> None:
    """Each request was decided once, and what ran is what its winner decided."""
    by_request: dict[str, list[Receipt]] = defaultdict(list)
    bare: Counter[str] = Counter()
    for receipt in receipts:
        by_request[receipt.request_id].append(receipt)
        if receipt.kind is Fate.REFUSED:
            reason = str(receipt.refusal)
            out.refused[reason] = out.refused.get(reason, 0) + 1
            bare[receipt.tool_call_id] += not receipt.nonce
        out.in_doubt += receipt.kind is Fate.IN_DOUBT
    asked = list(asked)
    again = {one.payment for one in asked if one.attempt}
    for one in asked:
        told = by_request[one.request_id]
        winner = _rule_on_one(out, one, told)
        if one.attempt == 0:
            is_listed = one.payment in again and any(r.kind is Fate.IN_DOUBT for r in told)
            _rule_on_payment(out, one.payment, winner, book, is_listed=is_listed)
    for call_id, count in _bare_words(asked).items():
        won = sum(
            1
            for one in asked
            if one.call.tool_call_id == call_id
            for receipt in {_key(r) for r in by_request[one.request_id] if r.kind is Fate.APPLIED}
            if not receipt[0]
        )
        out.unanswered += max(count - won - bare[call_id], 0)


def _rule_on_one(out: Ruling, one: Asked, told: Sequence[Receipt]) -> Word | None:
    """Exactly one decision counts; each other bound one has a receipt of its own."""
    out.requests += 1
    out.decisions += len(one.words)
    applied = {_key(receipt) for receipt in told if receipt.kind is Fate.APPLIED}
    out.decided_twice += max(len(applied) - 1, 0)
    out.undecided += not applied
    heard = {receipt.reviewer for receipt in told if receipt.kind in {Fate.APPLIED, Fate.REFUSED}}
    bound = [word for word in one.words if not word.is_bare]
    out.unanswered += sum(word.reviewer not in heard for word in bound)
    for reviewer, decision in applied:
        found = (word for word in one.words if _won(word, reviewer, decision))
        winner = next(found, None)
        if winner is not None:
            out.won_by[winner.way] = out.won_by.get(winner.way, 0) + 1
            return winner
    return None


def _rule_on_payment(
    out: Ruling, payment: str, winner: Word | None, book: Book, *, is_listed: bool
) -> None:
    starts = book.starts.get(payment, [])
    out.effects += len(starts)
    out.started_twice += max(len(starts) - 1, 0)
    out.unlisted += len(starts) > book.ends.count(payment) and not is_listed
    amount = winner.amount if winner is not None and may_run(winner) else None
    if amount is None:
        out.ran_undecided += bool(starts)
    else:
        out.ran_otherwise += any(start != amount for start in starts)
        out.not_run += not starts and not is_listed


def rule_on_ledger(out: Ruling, ledger: Mapping[str, str], asked: Mapping[str, Asked]) -> None:
    """What the workers themselves noted: each start without an end has a note of the doubt."""
    for request_id in asked:
        is_open = '"type":"started"' in ledger.get(request_id, "")
        out.unlisted += is_open and f"doubt:{request_id}" not in ledger


def may_run(word: Word) -> bool:
    """Whether the call runs when this decision wins."""
    return word.way in {Way.APPROVE, Way.EDIT, Way.CLIENT, Way.BARE_ACCEPT}


def _won(word: Word, reviewer: str, decision: str) -> bool:
    if word.is_bare:
        return not reviewer and _BARE_KINDS.get(word.way) == decision
    return word.reviewer == reviewer


def _key(receipt: Receipt) -> tuple[str, str]:
    return receipt.reviewer, receipt.decision


def _bare_words(asked: Iterable[Asked]) -> Counter[str]:
    return Counter(one.call.tool_call_id for one in asked for word in one.words if word.is_bare)
