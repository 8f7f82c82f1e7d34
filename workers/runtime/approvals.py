"""Decisions: which request one is about, whether it may be applied, and that it is applied once.

The only place that accepts or refuses a decision. A refusal leaves the request pending, writes a
receipt with the reason, and runs nothing. What is checked here is that the decision is bound to
the live request, its tool call and its arguments; whether it is signed by enough of the right
people is for the `Judge` to say.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence

import structlog
from msgspec import structs

from workers.runtime.addressing import (
    NotTaken,
    asked_args,
    case_of,
    check_fits,
    edited_digest_of,
    is_addressed,
    matching,
    read_command,
)
from workers.runtime.expiry import EXPIRE, NOBODY, expiring, has_expired
from workers.runtime.judging import Judge, Unproven
from workers.runtime.leases import confirm_lease, fence
from workers.runtime.marks import make_expiry_mark, make_mark, read_mark
from workers.runtime.policy_news import LOOK
from workers.runtime.ports import AgentPort, Answer, PendingApproval, Review, Thread
from workers.wire.answers import by_interrupt_id
from workers.wire.approvals import (
    Decision,
    DecisionKind,
    Mode,
    Outcome,
    Receipt,
    Refusal,
    digest_matches,
)
from workers.wire.events import AgentCommand
from workers.wire.halts import scopes_of
from workers.wire.policy.judging import policy_name
from workers.wire.streams.progress import ProgressWriter

#: The note of a receipt for what an observing worker took although nobody had signed it.
UNSIGNED_ACCEPTED = "decision.unsigned_accepted"

_log = structlog.get_logger(__name__)


class DecisionDesk:
    """Where the decisions for one agent arrive.

    A decision is taken only if it is bound to the request id, the tool call and the digest of the
    arguments; in mode `enforce` enough reviewers must have signed it, too. In mode `observe` a bare
    answer is taken as well, if it is clear which request it means.
    """

    def __init__(self, agent: AgentPort, writer: ProgressWriter, judge: Judge) -> None:
        self._agent = agent
        self._writer = writer
        self._judge = judge

    @property
    def judge(self) -> Judge:
        """By whom decisions are judged."""
        return self._judge

    async def decide(
        self, context_id: str, command: AgentCommand, thread: Thread, inbox_id: str
    ) -> Answer | None:
        """Check a decision against what is pending, and consume it.

        Args:
            inbox_id: of the entry that brought it; the same when it is delivered again.

        Returns:
            How the thread is to be resumed; None if nothing is to be done (any more).
        """
        if command.type == EXPIRE:
            due = expiring(command, thread.approvals, inbox_id)
            return await self._let_expire(context_id, due, inbox_id) if due is not None else None
        if command.type == LOOK:
            return None
        decision: Decision | None = None
        try:
            if thread.cause == inbox_id and by_interrupt_id(command.payload) is not None:
                return None  # such an answer leaves nothing else to know it by when it comes again
            decision, approvals = read_command(command, thread.approvals)
            approval = await self._find(context_id, command, decision, approvals, inbox_id)
            if approval is None:
                return None
            if has_expired(approval.request, inbox_id):
                return await self._let_expire(context_id, approval, inbox_id, decision)
            review = self._check(context_id, command, decision, approval)
            review = await self._prove(context_id, decision, approval, review, inbox_id)
            await self._check_halt(context_id, approval, review)
            await self._consume(context_id, decision, approval, inbox_id)
        except NotTaken as refusal:
            await self._tell_refusal(context_id, command, decision, refusal)
            return None
        await self._tell_applied(context_id, decision, approval, review)
        return Answer(approval.interrupt_id, review)

    async def _find(
        self,
        context_id: str,
        command: AgentCommand,
        decision: Decision,
        approvals: Sequence[PendingApproval],
        inbox_id: str,
    ) -> PendingApproval | None:
        """The one request that is meant; None if this very decision was carried out before."""
        found = matching(command, decision, approvals)
        if len(found) == 1:
            return found[0]
        if found:
            raise NotTaken(Refusal.AMBIGUOUS)
        wanted = decision.binding.request_id if decision.binding else ""
        for request_id, text in (await self._writer.decision_marks(context_id)).items():
            mark = read_mark(text)
            same_call = bool(command.tool_call_id) and mark.tool_call_id == command.tool_call_id
            if request_id == wanted or (not wanted and same_call):
                if mark.is_of(decision, inbox_id) or mark.is_expiry_by(inbox_id):
                    return None
                if mark.is_expiry:
                    raise NotTaken(None, request_id)
                raise NotTaken(Refusal.ALREADY_DECIDED, request_id)
        raise NotTaken(Refusal.NOT_PENDING, wanted)

    def _check(
        self, context_id: str, command: AgentCommand, decision: Decision, approval: PendingApproval
    ) -> Review:
        """The answer for the interrupt, unless something does not fit the live request."""
        request = approval.request
        edited_digest = edited_digest_of(decision, approval)
        if not is_addressed(context_id, command, decision, approval, edited_digest):
            raise NotTaken(Refusal.MISMATCH, request.request_id)
        if decision.kind not in approval.allowed:
            raise NotTaken(Refusal.NOT_ALLOWED, request.request_id)
        # A second click on what was approved before must not start again what may have run.
        is_second = approval.in_doubt or (request.attempt > 0 and not approval.is_hosted)
        if decision.binding is None and (self._judge.mode is not Mode.OBSERVE or is_second):
            raise NotTaken(Refusal.UNBOUND, request.request_id)
        is_edit = decision.kind is DecisionKind.EDIT
        if is_edit and self._agent.edit_problem(request.action, decision.args):
            raise NotTaken(Refusal.MALFORMED, request.request_id)
        if approval.is_hosted:
            check_fits(approval, decision)
        name = policy_name(request)
        return Review(
            kind=decision.kind,
            request_id=request.request_id,
            args_digest=(edited_digest if is_edit else "") or request.args_digest,
            args=decision.args if is_edit or approval.is_hosted else None,
            message=decision.message,
            reviewer=decision.binding.reviewer.id if decision.binding else "",
            nonce=decision.binding.nonce if decision.binding else "",
            envelopes=decision.envelopes,
            policy_id=name.id,
            policy_version=name.version,
        )

    async def _prove(
        self,
        context_id: str,
        decision: Decision,
        approval: PendingApproval,
        review: Review,
        inbox_id: str,
    ) -> Review:
        """The answer with what was proven of it.

        Raises:
            NotTaken: too few of the right people have signed it, or something is wrong with what
                they signed.
        """
        request, at = approval.request, time.time()
        if self._judge.mode is Mode.ENFORCE and not approval.is_hosted:
            asked = asked_args(approval)
            if not digest_matches(request, asked):
                raise NotTaken(Refusal.MISMATCH, request.request_id)
        try:
            reviewers = await self._judge.judge(case_of(approval, decision), at)
        except Unproven as unproven:
            await self._take_back(context_id, decision, request.request_id, inbox_id)
            raise NotTaken(unproven.refusal, request.request_id, unproven.note) from unproven
        return dataclasses.replace(review, reviewers=reviewers, at=at)

    async def _take_back(
        self, context_id: str, decision: Decision, request_id: str, inbox_id: str
    ) -> None:
        """A decision that was consumed before a crash, and counts no longer, lets others decide."""
        marks = await self._writer.decision_marks(context_id)
        mark = marks.get(request_id)
        if mark is not None and read_mark(mark).is_of(decision, inbox_id):
            await confirm_lease()
            await self._writer.forget_decision(context_id, request_id)

    async def _check_halt(self, context_id: str, approval: PendingApproval, review: Review) -> None:
        """A hosted graph cannot be stopped at the call, so its request stays where it is."""
        if not approval.is_hosted or review.kind is DecisionKind.REJECT:
            return
        found = await self._writer.halts(scopes_of(approval.request.agent, context_id))
        if await self._judge.halts.stop(found, time.time()):
            raise NotTaken(Refusal.HALTED, approval.request.request_id)

    async def _consume(
        self, context_id: str, decision: Decision, approval: PendingApproval, inbox_id: str
    ) -> None:
        """Set the mark; the first decision wins, and may be delivered again."""
        request = approval.request
        mark = make_mark(decision, request.tool_call_id, inbox_id)
        earlier = await self._writer.consume_decision(
            context_id, request.request_id, mark, fence(request.agent)
        )
        # The same decision again: the worker died between this mark and the resume.
        if earlier is not None and not read_mark(earlier).is_of(decision, inbox_id):
            raise NotTaken(Refusal.ALREADY_DECIDED, request.request_id)

    async def _let_expire(
        self,
        context_id: str,
        approval: PendingApproval,
        inbox_id: str,
        late: Decision | None = None,
    ) -> Answer | None:
        """Answer a request that nobody decided in time; nothing runs.

        Args:
            late: the decision that came too late, if it was one that brought it up.

        Raises:
            NotTaken: a decision that came in time was first.
        """
        request = approval.request
        mark = make_expiry_mark(request.tool_call_id, inbox_id)
        earlier = await self._writer.consume_decision(
            context_id, request.request_id, mark, fence(request.agent)
        )
        if earlier is not None and not read_mark(earlier).is_expiry:
            if late is None:
                return None
            raise NotTaken(Refusal.ALREADY_DECIDED, request.request_id)
        _log.info(
            "request expired",
            agent=request.agent,
            context_id=context_id,
            request_id=request.request_id,
        )
        await self._tell(_receipt(Outcome.EXPIRED, approval), late)
        return Answer(
            approval.interrupt_id,
            Review(
                kind=DecisionKind.REJECT,
                request_id=request.request_id,
                args_digest=request.args_digest,
                message=NOBODY,
                expired=True,
            ),
        )

    async def _tell_applied(
        self, context_id: str, decision: Decision, approval: PendingApproval, review: Review
    ) -> None:
        request = approval.request
        _log.info(
            "decision applied",
            agent=request.agent,
            context_id=context_id,
            request_id=request.request_id,
            decision=str(decision.kind),
        )
        is_unsigned = self._judge.mode is Mode.OBSERVE and not review.reviewers
        note = UNSIGNED_ACCEPTED if is_unsigned else ""
        receipt = structs.replace(
            _receipt(Outcome.APPLIED, approval, note), reviewers=review.reviewers
        )
        await self._tell(receipt, decision)

    async def _tell_refusal(
        self, context_id: str, command: AgentCommand, decision: Decision | None, why: NotTaken
    ) -> None:
        _log.warning(
            "decision refused",
            agent=self._agent.name,
            context_id=context_id,
            request_id=why.request_id,
            reason=why.outcome,
            note=why.note,
        )
        receipt = Receipt(
            outcome=why.outcome,
            request_id=why.request_id,
            context_id=context_id,
            agent=self._agent.name,
            tool_call_id=command.tool_call_id,
            note=why.note,
        )
        await self._tell(receipt, decision)

    async def _tell(self, receipt: Receipt, decision: Decision | None) -> None:
        await self.tell(_with(receipt, decision))

    async def tell(self, receipt: Receipt) -> None:
        """Say what became of a message, under the worker's signature if it has a key."""
        await self._writer.receipt(self._judge.signed_receipt(receipt))


def _receipt(outcome: Outcome, approval: PendingApproval, note: str = "") -> Receipt:
    request = approval.request
    return Receipt(
        outcome=str(outcome),
        request_id=request.request_id,
        context_id=request.context_id,
        agent=request.agent,
        tool_call_id=request.tool_call_id,
        args_digest=request.args_digest,
        note=note,
    )


def _with(receipt: Receipt, decision: Decision | None) -> Receipt:
    """The receipt with what the decision says of itself, as of now."""
    binding = decision.binding if decision else None
    return structs.replace(
        receipt,
        decision=str(decision.kind) if decision else "",
        reviewer=binding.reviewer.id if binding else "",
        nonce=binding.nonce if binding else "",
        at_ms=time.time_ns() // 1_000_000,
    )
