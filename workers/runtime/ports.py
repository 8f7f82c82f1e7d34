"""What the runtime needs of an agent, and what an agent needs of the runtime.

The only place where the two meet. No LangGraph type crosses it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from workers.wire.approvals import ApprovalRequest, DecisionKind, Refusal
from workers.wire.canonical import JSON
from workers.wire.errors import SignoffError
from workers.wire.ids import HUMAN


class RunFailed(SignoffError):
    """A run ended with an error that may be told: no secrets, no traceback.

    Attributes:
        is_transient: the same again may succeed later.
        retry_after_seconds: what the service that refused asked for; 0 when it said nothing.
        is_told: whoever waits for the run knows of it.
        kind: what may stand in a log, where nothing may that somebody said.
    """

    def __init__(
        self,
        title: str,
        hint: str = "",
        *,
        is_transient: bool = False,
        retry_after_seconds: float = 0.0,
        kind: str = "",
    ) -> None:
        super().__init__(title, hint)
        self.kind = kind or title
        self.is_transient = is_transient
        self.retry_after_seconds = retry_after_seconds
        self.is_told = False


class RunStopped(Exception):
    """A run ended between two steps because the worker stops; the rest is for another worker."""


@dataclass(frozen=True, slots=True)
class PendingApproval:
    """An approval request that waits in a thread.

    Attributes:
        interrupt_id: LangGraph's id; the only handle by which it may be resumed.
        value: what was raised, with the base layer's fields and ours.
        is_hosted: a graph that knows nothing of us raised it; it is answered in its own dialect.
        in_doubt: the call was started before, and nobody knows what it did.
    """

    interrupt_id: str
    request: ApprovalRequest
    value: Mapping[str, JSON]
    allowed: tuple[DecisionKind, ...]
    is_hosted: bool = False
    in_doubt: bool = False


@dataclass(frozen=True, slots=True)
class PendingDelegation:
    """A task for another agent that waits in a thread for the answer."""

    interrupt_id: str
    tool_call_id: str
    agent: str
    task: str


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf a thread runs.

    Attributes:
        agent: who gave the task; `human` for people.
        context: what the caller said of the user, e.g. `user_id` and `user_name`.
        chain: the agents through which the task came, the first one first.
        digest: of the whole message that brought the task, by which a copy of it is known.
    """

    agent: str = HUMAN
    invocation_id: str = ""
    context: Mapping[str, JSON] = field(default_factory=dict)
    chain: tuple[str, ...] = ()
    digest: str = ""


@dataclass(frozen=True, slots=True)
class MessageProduced:
    """A message of the run.

    Attributes:
        key: names it within the context, the same each time it is produced again.
        message: LangChain's `model_dump()` as JSON.
        text: its text.
        may_be_last: the run may end with it (no tool calls follow).
    """

    key: str
    message: JSON
    text: str
    may_be_last: bool


@dataclass(frozen=True, slots=True)
class TokensProduced:
    """A piece of a message while the model writes it."""

    message_id: str
    text: str


@dataclass(frozen=True, slots=True)
class ApprovalRaised:
    """The run asks a person, and goes on with what does not depend on the answer."""

    approval: PendingApproval


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The run came to its end, and the thread waits for nothing. Not every run says so.

    Attributes:
        last: its last word.
    """

    last: MessageProduced


RunEvent: TypeAlias = MessageProduced | TokensProduced | ApprovalRaised | RunEnded


@dataclass(frozen=True, slots=True)
class Thread:
    """How an agent's thread of one context stands.

    Attributes:
        cause: what the newest checkpoint was written for; see `AgentPort.run`.
        unfinished: steps are left that wait for nobody, as after a crash or an error.
        between_steps: all that one step does is stored and the next has not begun. Only a crash
            leaves a thread so, and nobody else goes on with it.
        turn: the messages since the last task.
    """

    caller: Caller
    cause: str = ""
    approvals: tuple[PendingApproval, ...] = ()
    delegations: tuple[PendingDelegation, ...] = ()
    unfinished: bool = False
    between_steps: bool = False
    turn: tuple[MessageProduced, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether it waits for a person or another agent."""
        return bool(self.approvals or self.delegations)

    @property
    def final_text(self) -> str:
        """The text of its newest message."""
        return self.turn[-1].text if self.turn else ""


@dataclass(frozen=True, slots=True)
class Review:
    """What a reviewer answered: the value an approval request's interrupt is resumed with.

    Attributes:
        args: the new arguments of an edit, or the answer to a hosted graph, as they travelled.
        request_id: the request that was answered.
        args_digest: of the arguments that may run; for an edit those of the edit.
        expired: nobody decided in time; said as a rejection.
        envelopes: the signed decisions, to be judged again at the point of use.
        reviewers: ids of all whose signed decisions counted.
        at: when they were judged first, seconds since the epoch.
        policy_id, policy_version: of the policy under which was asked.
    """

    kind: DecisionKind
    request_id: str
    args_digest: str
    args: JSON = None
    message: str = ""
    reviewer: str = ""
    nonce: str = ""
    expired: bool = False
    envelopes: tuple[JSON, ...] = ()
    reviewers: tuple[str, ...] = ()
    at: float = 0.0
    policy_id: str = ""
    policy_version: int = 0


@dataclass(frozen=True, slots=True)
class Reported:
    """What another agent reported: the value a delegation's interrupt is resumed with."""

    content: str


@dataclass(frozen=True, slots=True)
class Begin:
    """Start on a task."""

    task: str
    message_id: str
    caller: Caller


@dataclass(frozen=True, slots=True)
class Answer:
    """Give one interrupt its answer; the others stay pending."""

    interrupt_id: str
    value: Review | Reported


@dataclass(frozen=True, slots=True)
class GoOn:
    """Do the steps that are left."""


Order: TypeAlias = Begin | Answer | GoOn


class AgentPort(Protocol):
    """An agent, as the runtime sees it."""

    @property
    def name(self) -> str:
        """The agent's name; its inbox is named after it."""
        ...

    @property
    def tools(self) -> Sequence[str]:
        """The names of its tools."""
        ...

    async def thread(self, context_id: str) -> Thread:
        """How the thread of a context stands.

        Raises:
            RunFailed: the store that keeps it does not answer.
        """
        ...

    def run(self, context_id: str, order: Order, cause: str) -> AsyncGenerator[RunEvent]:
        """Carry out an order until the thread ends or waits.

        Args:
            cause: what the order came from; kept in the checkpoints, so that the same message
                delivered again is recognised.

        Raises:
            RunFailed: the model, the store, a limit or the agent's own code ended the run.
            RunStopped: see `drain`.
        """
        ...

    def drain(self) -> None:
        """Let every run end after the step it is at; the worker stops."""
        ...

    def edit_problem(self, action: str, args: JSON) -> str:
        """Why these arguments cannot be used for this tool; empty if they can."""
        ...


@dataclass(frozen=True, slots=True)
class ApprovedCall:
    """A call that a decision lets run.

    Attributes:
        args_digest: of the arguments that run; after an edit not those of the request.
        reviewers: ids of all whose signed decisions counted.
    """

    request: ApprovalRequest
    decision: DecisionKind
    args_digest: str
    reviewer: str = ""
    nonce: str = ""
    reviewers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool said."""

    content: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class EarlierStart:
    """An approved call that was started before.

    Attributes:
        result: what it said; None if it never came back, so that nobody knows what it did.
        started_ms: when it was started; 0 if that is not known (any more).
        noticed_ms: when it was noticed that it never came back; 0 if it did.
    """

    result: ToolResult | None
    started_ms: int = 0
    noticed_ms: int = 0


class Ledger(Protocol):
    """At most one automatic start for each approved call, and a receipt for its end."""

    async def start(
        self, call: ApprovedCall, *, is_known: bool = False, is_idempotent: bool = False
    ) -> EarlierStart | None:
        """Note that the call starts. None: it may run.

        Args:
            is_known: it is known from elsewhere that the call was started before; it must not
                run whatever the ledger has forgotten.
            is_idempotent: a start that never came back may be repeated.
        """
        ...

    async def settle(self, call: ApprovedCall, result: ToolResult) -> None:
        """Note what a person found out about a call that was in doubt."""
        ...

    async def finish(self, call: ApprovedCall, result: ToolResult) -> None:
        """Note what the tool said, and tell it in a receipt."""
        ...

    async def ended(self, call: ApprovedCall) -> None:
        """Note that a call ended of which nobody can say what came of it."""
        ...

    async def doubt(self, call: ApprovedCall) -> None:
        """Note that nobody knows how a call ended, and tell it in a receipt."""
        ...

    async def taken_back(self, call: ApprovedCall) -> None:
        """Tell in a receipt that the run broke on an answer, and the question is asked again."""
        ...

    async def refused(self, call: ApprovedCall, refusal: Refusal, note: str = "") -> None:
        """Tell in a receipt why a call that had its decision did not run after all."""
        ...
