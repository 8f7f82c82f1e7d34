"""The gate: every tool call of an agent passes it, and gated ones wait here for a person.

The only place that raises approval requests and that lets an approved call run. Nothing with an
effect stands before `interrupt()`, because the step runs again from its start on every resume.
Afterwards the live call is compared with the reviewed one, at the point of use.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any

from langchain.agents.middleware import AgentMiddleware
from langchain.agents.middleware.types import ToolCallRequest
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool
from langgraph.types import interrupt
from msgspec.structs import replace

from workers.agents.calling import (
    Handler,
    Outcome,
    TookTooLong,
    call_free_tool,
    call_tool,
    message,
    named,
)
from workers.agents.calls import ExactCall, edited_call, exact_call
from workers.agents.endings import ending
from workers.agents.permits import Gate, Permit, permitted
from workers.agents.questions import (
    CHANGED,
    EDITED,
    MARKED_DONE,
    NOT_GIVEN,
    NOT_PROVEN,
    given_up,
    not_in_time,
    question,
    question_in_doubt,
    rejection,
    time_text,
    too_slow,
)
from workers.agents.state import requester_in, salt_seed_in
from workers.agents.terms import OnReject, Terms, expiry
from workers.agents.texts import mended, was_mended
from workers.runtime.demanding import AskedCall
from workers.runtime.judging import Case, Judge, Unproven
from workers.runtime.metering import Meter
from workers.runtime.ports import ApprovedCall, Ledger, Review, ToolResult
from workers.wire.approvals import (
    ApprovalRequest,
    DecisionKind,
    Refusal,
    args_digest,
    request_id,
    request_salt,
)
from workers.wire.errors import NotApprovable
from workers.wire.signing.statements import PolicyName


@dataclass(frozen=True, slots=True)
class GatePlan:
    """Which tools of an agent need approval.

    Attributes:
        gated: the tools a person has to approve, by name, and on what terms; unless the worker's
            policy says otherwise.
        terms: of tools that the policy alone gates.
        gates: of functions that have one of their own (`human_approval_required`), by tool name.
        delegations: names of the tools that give a task to another agent.
        tool_seconds: no call of any tool may take longer.
        meter: counts the calls.
    """

    gated: Mapping[str, Terms]
    terms: Terms = field(default_factory=Terms)
    gates: Mapping[str, Gate] = field(default_factory=dict)
    delegations: frozenset[str] = frozenset()
    tool_seconds: float = 300.0
    meter: Meter = field(default_factory=Meter)

    def terms_of(self, tool: str) -> Terms:
        """On what terms a tool's calls are approved."""
        return self.gated.get(tool, self.terms)


class ApprovalMiddleware(AgentMiddleware[Any, Any, Any]):
    """Asks for each gated call with an interrupt of its own; lets the others through.

    Only for graphs that run asynchronously; a synchronous one refuses to call any tool.
    """

    def __init__(self, agent: str, plan: GatePlan, ledger: Ledger, judge: Judge) -> None:
        super().__init__()
        self._agent = agent
        self._plan = plan
        self._ledger = ledger
        self._judge = judge

    async def awrap_tool_call(self, request: ToolCallRequest, handler: Handler) -> Outcome:
        """Let a tool call run, now or once it is approved."""
        name = request.tool_call["name"]
        if request.tool is None:
            return named(request, await handler(request))
        if name in self._plan.delegations:
            return named(request, await self._delegated(request, handler))
        if _answered(request):
            # It was asked about, and stays so: an answer must not become nobody's.
            outcome = await self._gated(request, request.tool, handler)
        elif self._judge.has_policy:
            outcome = await self._ruled(request, request.tool, handler)
        elif name in self._plan.gated:
            outcome = await self._gated(request, request.tool, handler)
        else:
            outcome = await self._free(request, handler)
        return named(request, outcome)

    async def _delegated(self, request: ToolCallRequest, handler: Handler) -> Outcome:
        """Let another agent be given a task, unless a rule wants a person to be asked first."""
        call = request.tool_call
        # One that was given is not forbidden by a later policy: its answer has come.
        is_given = bool(_answers(request))
        if not is_given and self._judge.forbids_task(AskedCall(call["name"], call["args"])):
            return message(request, NOT_GIVEN, failed=True)
        return await handler(request)

    async def _ruled(self, request: ToolCallRequest, tool: BaseTool, handler: Handler) -> Outcome:
        """Let the policy say whether a call is gated."""
        name = request.tool_call["name"]
        call: ExactCall | None = None
        with suppress(NotApprovable):
            call = exact_call(tool, request.tool_call["args"])
        # What cannot be written down is looked at without its arguments: no limit waives it.
        ruling = self._judge.ruling(AskedCall(name, call.wire_args if call else None))
        if ruling.gated is not False:
            return await self._gated(request, tool, handler)
        exact = request if call is None else _exactly(request, call)
        gate = self._plan.gates.get(name)
        permit = Permit(gate, request.tool_call["id"] or "", "") if gate else None
        with permitted(permit) if permit is not None else nullcontext():
            return await self._free(exact, handler)

    async def _free(self, request: ToolCallRequest, handler: Handler) -> Outcome:
        seconds, meter = self._plan.tool_seconds, self._plan.meter
        return await call_free_tool(request, handler, self._agent, seconds, meter)

    async def _gated(self, request: ToolCallRequest, tool: BaseTool, handler: Handler) -> Outcome:
        try:
            call = exact_call(tool, request.tool_call["args"])
            asked = self._request(request, call)
        except NotApprovable as error:
            return message(request, f"The call was not made. {error}", failed=True)
        review = _ask(question(self._judge.signed_request(asked), call, tool))
        if review.request_id != asked.request_id:
            return await self._changed(request, asked, review)
        if review.kind is DecisionKind.REJECT:
            late = review.expired
            why = not_in_time(tool.name) if late else rejection(tool.name, review.message)
            return self._rejected(request, why)
        if review.kind is DecisionKind.EDIT:
            try:
                call = edited_call(tool, review.args)
            except NotApprovable:
                return await self._changed(request, asked, review)
        return await self._approved(request, tool, handler, asked, review, call)

    async def _approved(
        self,
        request: ToolCallRequest,
        tool: BaseTool,
        handler: Handler,
        asked: ApprovalRequest,
        review: Review,
        call: ExactCall,
    ) -> Outcome:
        """Run an approved call, if it is still the one that was approved, and was never started.

        One that was started and never came back is asked about again, as often as that happens.
        """
        is_edited = review.kind is DecisionKind.EDIT
        while True:
            live = args_digest(self._agent, tool.name, call.wire_args, _salt(asked))
            if not hmac.compare_digest(live.encode(), review.args_digest.encode()):
                return await self._changed(request, asked, review)
            try:
                approved = await self._proven(asked, review, call, live)
            except Unproven as unproven:
                return await self._refused(request, asked, review, unproven.refusal, unproven.note)
            if review.kind is DecisionKind.RESPOND:
                return message(request, review.message)
            following = self._request(request, call, asked.attempt + 1)
            is_idempotent = self._plan.terms_of(tool.name).idempotent
            earlier = await self._ledger.start(
                approved,
                is_known=following.request_id in _answered(request),
                is_idempotent=is_idempotent,
            )
            if earlier is None:
                outcome = await self._start(request, handler, approved, call)
                if outcome is None:
                    continue  # the ledger has its start without an end now
                return _with_notice(outcome) if is_edited else outcome
            if earlier.result is not None:
                content, failed = earlier.result.content, earlier.result.failed
                outcome = message(request, content, failed=failed)
                return _with_notice(outcome) if is_edited else outcome
            asked = replace(following, issued_at=time_text(earlier.noticed_ms))
            value = question_in_doubt(self._judge.signed_request(asked), call, tool, earlier)
            # An answer that was delivered again after a crash has taken the place of the next one.
            while review.request_id == approved.request.request_id:
                review = _ask(value)
            if review.request_id != asked.request_id or review.kind is DecisionKind.EDIT:
                return await self._changed(request, asked, review)
            if review.kind is DecisionKind.REJECT:
                return self._rejected(request, given_up(tool.name, review.message))
            if review.kind is DecisionKind.RESPOND:
                return await self._settled(request, asked, review, approved, call)

    async def _settled(
        self,
        request: ToolCallRequest,
        asked: ApprovalRequest,
        review: Review,
        in_doubt: ApprovedCall,
        call: ExactCall,
    ) -> Outcome:
        """A person says what came of a call in doubt."""
        try:
            await self._proven(asked, review, call, asked.args_digest)
        except Unproven as unproven:
            return await self._refused(request, asked, review, unproven.refusal, unproven.note)
        found = ToolResult(review.message or MARKED_DONE)
        await self._ledger.settle(in_doubt, found)
        return message(request, found.content)

    async def _proven(
        self, asked: ApprovalRequest, review: Review, call: ExactCall, live: str
    ) -> ApprovedCall:
        """What a decision lets run, judged again: now, and over what would run.

        Args:
            live: the digest of the call's arguments.

        Raises:
            Unproven: nothing may run.
        """
        case = Case(
            request=asked,
            calls=(AskedCall(asked.action, call.wire_args),),
            kind=review.kind,
            policy=PolicyName(id=review.policy_id, version=review.policy_version),
            envelopes=review.envelopes,
            edited_args_digest=live if review.kind is DecisionKind.EDIT else "",
            message=review.message,
            reviewer=review.reviewer,
        )
        reviewers = await self._judge.judge(case, review.at)
        return ApprovedCall(asked, review.kind, live, review.reviewer, review.nonce, reviewers)

    async def _start(
        self, request: ToolCallRequest, handler: Handler, approved: ApprovedCall, call: ExactCall
    ) -> Outcome | None:
        """Start an approved call, and see it through. None: it did not end in time.

        Then nobody knows what it did, as after a crash; unless it may be made twice anyway.
        """
        asked, seconds = approved.request, self._plan.tool_seconds
        exact = _exactly(request, call)
        gate = self._plan.gates.get(asked.action)
        permit = Permit(gate, asked.tool_call_id, approved.args_digest) if gate else None
        try:
            with permitted(permit) if permit is not None else nullcontext():
                outcome = await call_tool(exact, handler, self._agent, seconds, self._plan.meter)
        except TookTooLong:
            if not self._plan.terms_of(asked.action).idempotent:
                return None
            outcome = message(request, too_slow(asked.action, seconds), failed=True)
        await self._ledger.finish(approved, _result(outcome))
        return outcome

    def _rejected(self, request: ToolCallRequest, why: str) -> ToolMessage:
        told = message(request, why, failed=True)
        terms = self._plan.terms_of(request.tool_call["name"])
        return ending(told) if terms.on_reject is OnReject.END else told

    async def _changed(
        self, request: ToolCallRequest, asked: ApprovalRequest, review: Review
    ) -> Outcome:
        return await self._refused(request, asked, review, Refusal.MISMATCH)

    async def _refused(
        self,
        request: ToolCallRequest,
        asked: ApprovalRequest,
        review: Review,
        refusal: Refusal,
        note: str = "",
    ) -> Outcome:
        """A call that had its decision does not run after all."""
        call = ApprovedCall(asked, review.kind, asked.args_digest, review.reviewer, review.nonce)
        await self._ledger.refused(call, refusal, note)
        told = CHANGED if refusal is Refusal.MISMATCH else NOT_PROVEN
        return message(request, told, failed=True)

    def _request(
        self, request: ToolCallRequest, call: ExactCall, attempt: int = 0
    ) -> ApprovalRequest:
        """The approval request for a call; the same each time the step runs.

        Args:
            attempt: see `ApprovalRequest`.

        Raises:
            NotApprovable: the call has no id to bind a decision to, or no canonical form.
        """
        tool_call_id = request.tool_call["id"]
        if not tool_call_id:
            raise NotApprovable("The model gave the call no id.")
        if was_mended(request.state.get("messages", ()), tool_call_id):
            raise NotApprovable("The arguments hold half a character, or a number without end.")
        settings = request.runtime.config["configurable"]
        checkpoint_ns = str(settings["checkpoint_ns"])
        context_id = str(settings["thread_id"]).removeprefix(f"{self._agent}#")
        action = request.tool_call["name"]
        issued_at, terms = str(request.state.get("asked_at", "")), self._plan.terms_of(action)
        ruling = self._judge.ruling(AskedCall(action, call.wire_args))
        salt = request_salt(salt_seed_in(request.state), checkpoint_ns, tool_call_id)
        digest = args_digest(self._agent, action, call.wire_args, salt)
        return ApprovalRequest(
            request_id=request_id(
                self._agent, context_id, checkpoint_ns, tool_call_id, digest, attempt
            ),
            agent=self._agent,
            context_id=context_id,
            tool_call_id=tool_call_id,
            action=action,
            args_digest=digest,
            salt=base64.b64encode(salt).decode(),
            requester=requester_in(request.state),
            issued_at=issued_at,
            # A call in doubt waits for ever: somebody has to find out.
            expires_at=""
            if attempt
            else expiry(issued_at, ruling.ends_after(terms.expires_after_seconds)),
            mode=self._judge.mode,
            attempt=attempt,
            risk=ruling.risk,
            policy=ruling.terms,
        )


def _exactly(request: ToolCallRequest, call: ExactCall) -> ToolCallRequest:
    """The request with the arguments that were looked at."""
    return request.override(tool_call={**request.tool_call, "args": dict(call.args)})


def _ask(value: dict[str, Any]) -> Review:
    review: Review = interrupt(value, response_schema=Review)
    return review


def _answered(request: ToolCallRequest) -> set[str]:
    """The ids of the requests that were answered in this step.

    The thread knows of a call in doubt even when the ledger, which is on the broker, was lost.
    """
    answers = _answers(request)
    return {str(one.get("request_id")) for one in answers if isinstance(one, Mapping)}


def _answers(request: ToolCallRequest) -> Sequence[object]:
    """What came for the questions that this step has raised."""
    answers: Sequence[object] = request.runtime.config["configurable"]["__pregel_scratchpad"].resume
    return answers


def _salt(asked: ApprovalRequest) -> bytes:
    return base64.b64decode(asked.salt)


def _result(outcome: Outcome) -> ToolResult:
    if isinstance(outcome, ToolMessage):
        return ToolResult(mended(str(outcome.text)), outcome.status == "error")
    return ToolResult("")


def _with_notice(outcome: Outcome) -> Outcome:
    if not isinstance(outcome, ToolMessage):
        return outcome
    return outcome.model_copy(update={"content": f"{EDITED}\n\nTool response:\n{outcome.text}"})
