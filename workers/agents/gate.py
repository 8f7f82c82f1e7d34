"""The gate: every tool call of an agent passes it, and gated ones wait here for a person.

The only place that raises approval requests and that lets an approved call run. Nothing with an
effect stands before `interrupt()`, because the step runs again from its start on every resume.
Afterwards the live call is compared with the reviewed one, at the point of use.
"""

from __future__ import annotations

import base64
import hmac
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, TypeAlias

import structlog
from langchain.agents.middleware import AgentMiddleware
from langchain.agents.middleware.types import ToolCallRequest
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool
from langgraph.errors import GraphBubbleUp
from langgraph.types import Command, interrupt
from msgspec.structs import replace

from workers.agents.calls import ExactCall, edited_call, exact_call
from workers.agents.permits import Gate, Permit, permitted
from workers.agents.questions import (
    CHANGED,
    EDITED,
    MARKED_DONE,
    OWN_INTERRUPT,
    given_up,
    question,
    question_in_doubt,
    rejection,
    time_text,
)
from workers.agents.state import caller_in, salt_seed_in
from workers.agents.texts import mended, mended_message
from workers.runtime.ports import ApprovedCall, Ledger, Review, ToolResult
from workers.wire.approvals import (
    ApprovalRequest,
    DecisionKind,
    Mode,
    Requester,
    args_digest,
    request_id,
    request_salt,
)
from workers.wire.errors import BrokerError, NotApprovable

Outcome: TypeAlias = ToolMessage | Command[Any]
Handler: TypeAlias = Callable[[ToolCallRequest], Awaitable[Outcome]]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class GatePlan:
    """Which tools of an agent need approval.

    Attributes:
        gated: names of the tools a person has to approve; with the function's own gate where
            it has one (`human_approval_required`).
        delegations: names of the tools that give a task to another agent.
        idempotent: names of the tools whose calls may be made again after a crash.
    """

    gated: Mapping[str, Gate | None]
    delegations: frozenset[str] = frozenset()
    idempotent: frozenset[str] = frozenset()


class ApprovalMiddleware(AgentMiddleware[Any, Any, Any]):
    """Asks for each gated call with an interrupt of its own; lets the others through.

    Only for graphs that run asynchronously; a synchronous one refuses to call any tool.
    """

    def __init__(self, agent: str, plan: GatePlan, ledger: Ledger, mode: Mode) -> None:
        super().__init__()
        self._agent = agent
        self._plan = plan
        self._ledger = ledger
        self._mode = mode

    async def awrap_tool_call(self, request: ToolCallRequest, handler: Handler) -> Outcome:
        """Let a tool call run, now or once it is approved."""
        name = request.tool_call["name"]
        if request.tool is None or name in self._plan.delegations:
            return _named(request, await handler(request))
        if name not in self._plan.gated:
            return _named(request, await self._run(request, handler))
        return _named(request, await self._gated(request, request.tool, handler))

    async def _gated(self, request: ToolCallRequest, tool: BaseTool, handler: Handler) -> Outcome:
        try:
            call = exact_call(tool, request.tool_call["args"])
            asked = self._request(request, call)
        except NotApprovable as error:
            return _message(request, f"The call was not made. {error}", failed=True)
        review = _ask(question(asked, call, tool))
        if review.request_id != asked.request_id:
            return await self._changed(request, asked, review)
        match review.kind:
            case DecisionKind.REJECT:
                return _message(request, rejection(tool.name, review.message), failed=True)
            case DecisionKind.RESPOND:
                return _message(request, review.message)
            case DecisionKind.EDIT:
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
            approved = ApprovedCall(asked, review.kind, live, review.reviewer, review.nonce)
            following = self._request(request, call, asked.attempt + 1)
            earlier = await self._ledger.start(
                approved,
                is_known=following.request_id in _answered(request),
                is_idempotent=tool.name in self._plan.idempotent,
            )
            if earlier is None:
                outcome = await self._start(request, handler, approved, call)
                return _with_notice(outcome) if is_edited else outcome
            if earlier.result is not None:
                content, failed = earlier.result.content, earlier.result.failed
                outcome = _message(request, content, failed=failed)
                return _with_notice(outcome) if is_edited else outcome
            asked = replace(following, issued_at=time_text(earlier.noticed_ms))
            value = question_in_doubt(asked, call, tool, earlier)
            # An answer that was delivered again after a crash has taken the place of the next one.
            while review.request_id == approved.request.request_id:
                review = _ask(value)
            if review.request_id != asked.request_id or review.kind is DecisionKind.EDIT:
                return await self._changed(request, asked, review)
            if review.kind is DecisionKind.REJECT:
                return _message(request, given_up(tool.name, review.message), failed=True)
            if review.kind is DecisionKind.RESPOND:
                found = ToolResult(review.message or MARKED_DONE)
                await self._ledger.settle(approved, found)
                return _message(request, found.content)

    async def _start(
        self, request: ToolCallRequest, handler: Handler, approved: ApprovedCall, call: ExactCall
    ) -> Outcome:
        """Start an approved call, and see it through."""
        asked = approved.request
        exact = request.override(tool_call={**request.tool_call, "args": dict(call.args)})
        gate = self._plan.gated[asked.action]
        permit = Permit(gate, asked.tool_call_id, approved.args_digest) if gate else None
        with permitted(permit) if permit is not None else nullcontext():
            outcome = await self._run(exact, handler)
        await self._ledger.finish(approved, _result(outcome))
        return outcome

    async def _run(self, request: ToolCallRequest, handler: Handler) -> Outcome:
        """Run a tool; whatever it raises is told to the model, and ends no run."""
        name = request.tool_call["name"]
        try:
            return await handler(request)
        except BrokerError:
            raise  # the runtime's own, not the tool's
        except GraphBubbleUp:
            _log.warning("tool interrupted", agent=self._agent, tool=name)
            return _message(request, OWN_INTERRUPT, failed=True)
        except Exception as error:  # noqa: BLE001 - the door for errors in other people's tools
            _log.warning("tool failed", agent=self._agent, tool=name, error=type(error).__name__)
            return _message(request, f"{type(error).__name__}: {error}", failed=True)

    async def _changed(
        self, request: ToolCallRequest, asked: ApprovalRequest, review: Review
    ) -> Outcome:
        call = ApprovedCall(asked, review.kind, asked.args_digest, review.reviewer, review.nonce)
        await self._ledger.changed(call)
        return _message(request, CHANGED, failed=True)

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
        settings = request.runtime.config["configurable"]
        checkpoint_ns = str(settings["checkpoint_ns"])
        context_id = str(settings["thread_id"]).removeprefix(f"{self._agent}#")
        action = request.tool_call["name"]
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
            requester=_requester(request.state),
            issued_at=str(request.state.get("asked_at", "")),
            mode=self._mode,
            attempt=attempt,
        )


def _ask(value: dict[str, Any]) -> Review:
    review: Review = interrupt(value, response_schema=Review)
    return review


def _answered(request: ToolCallRequest) -> set[str]:
    """The ids of the requests that were answered in this step.

    The thread knows of a call in doubt even when the ledger, which is on the broker, was lost.
    """
    answers = request.runtime.config["configurable"]["__pregel_scratchpad"].resume
    return {str(one.get("request_id")) for one in answers if isinstance(one, Mapping)}


def _requester(state: Mapping[str, Any]) -> Requester:
    caller = caller_in(state)
    user = caller.context.get("user_id") or caller.context.get("user_name")
    return Requester(id=str(user) if user else caller.agent)


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


def _message(request: ToolCallRequest, content: str, *, failed: bool = False) -> ToolMessage:
    return ToolMessage(
        content=content,
        name=request.tool_call["name"],
        tool_call_id=request.tool_call["id"] or "",
        status="error" if failed else "success",
    )


def _named(request: ToolCallRequest, outcome: Outcome) -> Outcome:
    """Give a tool's message an id that is the same each time, so that it is told once."""
    if not isinstance(outcome, ToolMessage):
        return outcome
    settings = request.runtime.config["configurable"]
    place = f"{settings.get('thread_id')}\x00{settings.get('checkpoint_ns')}"
    name = outcome.id or str(uuid.uuid5(uuid.NAMESPACE_OID, place))
    return mended_message(outcome).model_copy(update={"id": name})
