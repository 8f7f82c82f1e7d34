"""Which request a decision is about, and whether it says of the call what is true of it.

The only place that reads a decision beside what is pending. Nothing is changed or told here.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from workers.runtime.demanding import AskedCall, calls_in
from workers.runtime.judging import Case
from workers.runtime.ports import PendingApproval
from workers.wire.answers import by_interrupt_id, native_answer, read_native_answer
from workers.wire.approvals import (
    Decision,
    DecisionKind,
    Outcome,
    Refusal,
    digest_in,
    read_decision,
    refused,
)
from workers.wire.canonical import JSON
from workers.wire.dialects import read_interrupt
from workers.wire.errors import MalformedDecision, NotApprovable
from workers.wire.events import AgentCommand
from workers.wire.policy.judging import policy_name

#: The only command there is on the wire of the base package.
RESUME = "resume"


class NotTaken(Exception):
    """A decision is not taken: why, and to which request it belongs, if to any.

    Attributes:
        outcome, note: as they stand in a receipt.
    """

    def __init__(self, reason: Refusal | None, request_id: str = "", note: str = "") -> None:
        """Say why; without a reason it came too late."""
        super().__init__(reason)
        self.outcome = str(Outcome.EXPIRED) if reason is None else refused(reason)
        self.request_id = request_id
        self.note = note


def read_command(
    command: AgentCommand, approvals: Sequence[PendingApproval]
) -> tuple[Decision, Sequence[PendingApproval]]:
    """The decision in a command, and the requests it can be about.

    Raises:
        NotTaken: it is none; told with the request it seems to be about.
    """
    answered = by_interrupt_id(command.payload)
    is_hosted = not approvals or any(approval.is_hosted for approval in approvals)
    if answered is not None and is_hosted and command.type == RESUME:
        return _read_hosted(*answered, approvals)
    near = [a for a in approvals if a.request.tool_call_id == command.tool_call_id]
    request_id = near[0].request.request_id if len(near) == 1 else ""
    if command.type != RESUME:
        raise NotTaken(Refusal.MALFORMED, request_id)
    try:
        return read_decision(command.payload), approvals
    except MalformedDecision as error:
        raise NotTaken(Refusal.MALFORMED, request_id) from error


def _read_hosted(
    interrupt_id: str, answer: JSON, approvals: Sequence[PendingApproval]
) -> tuple[Decision, Sequence[PendingApproval]]:
    """An answer in a hosted graph's own dialect. One to our gate would name its own target."""
    for approval in approvals:
        if approval.interrupt_id != interrupt_id:
            continue
        request_id = approval.request.request_id
        if not approval.is_hosted:
            raise NotTaken(Refusal.MALFORMED, request_id)
        value = dict(approval.value)
        try:
            return read_native_answer(read_interrupt(value), value, answer), (approval,)
        except MalformedDecision as error:
            raise NotTaken(Refusal.MALFORMED, request_id) from error
    is_gate = any(not approval.is_hosted for approval in approvals)
    raise NotTaken(Refusal.MALFORMED if is_gate else Refusal.NOT_PENDING)


def case_of(approval: PendingApproval, decision: Decision) -> Case:
    """What the judge is to know of a decision: the call as it would run."""
    request = approval.request
    if approval.is_hosted:
        value = dict(approval.value)
        calls = calls_in(request.action, read_interrupt(value).args, value, decision.args)
    else:
        is_edit = decision.kind is DecisionKind.EDIT
        args = decision.args if is_edit else asked_args(approval)
        calls = (AskedCall(request.action, args),)
    return Case(
        request=request,
        calls=calls,
        kind=decision.kind,
        policy=policy_name(request),
        envelopes=decision.envelopes,
        edited_args_digest=edited_digest_of(decision, approval),
        message=decision.message,
        reviewer=decision.binding.reviewer.id if decision.binding else "",
    )


def asked_args(approval: PendingApproval) -> JSON:
    """The arguments that a request of our own gate is about."""
    asked = approval.value.get("action_request")
    return asked.get("args") if isinstance(asked, dict) else None


def check_fits(approval: PendingApproval, decision: Decision) -> None:
    """Refuse what would be stored in the thread and break it each time it is read."""
    if decision.kind is not DecisionKind.RESPOND and decision.args is not None:
        # Some dialects would take the arguments for the whole answer, whatever its kind says.
        raise NotTaken(Refusal.MALFORMED, approval.request.request_id)
    value = dict(approval.value)
    try:
        native_answer(read_interrupt(value), value, decision)
    except MalformedDecision as error:
        raise NotTaken(Refusal.MALFORMED, approval.request.request_id) from error


def matching(
    command: AgentCommand, decision: Decision, approvals: Sequence[PendingApproval]
) -> list[PendingApproval]:
    """The pending requests a decision could be about."""
    if decision.binding is not None:
        wanted = decision.binding.request_id
        return [approval for approval in approvals if approval.request.request_id == wanted]
    if command.tool_call_id:
        wanted = command.tool_call_id
        return [approval for approval in approvals if approval.request.tool_call_id == wanted]
    return list(approvals)


def is_addressed(
    context_id: str,
    command: AgentCommand,
    decision: Decision,
    approval: PendingApproval,
    edited_digest: str,
) -> bool:
    """Whether everything the decision says it is about is what is pending here."""
    request, binding = approval.request, decision.binding
    if binding is None:
        return True
    return (
        binding.aud == request.agent
        and binding.context_id == request.context_id == context_id
        and binding.tool_call_id == request.tool_call_id
        and command.tool_call_id in {"", request.tool_call_id}
        and binding.request_id == request.request_id
        and binding.action == request.action
        and hmac.compare_digest(binding.args_digest.encode(), request.args_digest.encode())
        and binding.edited_args_digest in _digests(decision, edited_digest)
        and binding.decision is decision.kind
    )


def _digests(decision: Decision, edited_digest: str) -> tuple[str, ...]:
    """What a binding may name; one that binds no more than the words of an answer is older."""
    return (edited_digest, "") if decision.kind is DecisionKind.RESPOND else (edited_digest,)


def edited_digest_of(decision: Decision, approval: PendingApproval) -> str:
    """The digest of the arguments that come with a decision; empty if none do.

    They are those of an edit, or an answer to a hosted graph that is more than words.
    """
    is_answer = decision.kind is DecisionKind.RESPOND and approval.is_hosted
    if decision.kind is not DecisionKind.EDIT and not (is_answer and decision.args is not None):
        return ""
    try:
        return digest_in(approval.request, decision.args)
    except NotApprovable as error:
        raise NotTaken(Refusal.MALFORMED, approval.request.request_id) from error
