"""What an agent's thread keeps besides its messages.

The only place that defines the state of our graphs, and how it becomes a `Caller` again.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping
from typing import Any, NotRequired

from langchain.agents import AgentState

from workers.runtime.ports import Caller
from workers.wire.approvals import Requester
from workers.wire.ids import HUMAN


class WorkerState(AgentState[Any]):
    """The state of a thread.

    Attributes:
        caller_agent, invocation_id, context: of the task being worked on, as in the base package.
        chain: the agents through which the task came.
        task_digest: of the message that brought the task.
        salt_seed: 16 random bytes in base64, new for each task. Digests of arguments are salted
            with it, so that they say nothing to those who cannot read the thread.
        asked_at: when the model last answered, RFC 3339 in UTC. It is the time of the approval
            requests that follow; kept, because the step that makes them runs again on resume.
    """

    caller_agent: NotRequired[str]
    invocation_id: NotRequired[str]
    context: NotRequired[dict[str, Any]]
    chain: NotRequired[list[str]]
    task_digest: NotRequired[str]
    salt_seed: NotRequired[str]
    asked_at: NotRequired[str]


def new_task_state(caller: Caller) -> dict[str, Any]:
    """The part of the state that a new task sets."""
    return {
        "caller_agent": caller.agent,
        "invocation_id": caller.invocation_id,
        "context": dict(caller.context),
        "chain": list(caller.chain),
        "task_digest": caller.digest,
        "salt_seed": base64.b64encode(secrets.token_bytes(16)).decode(),
    }


def caller_in(values: Mapping[str, Any]) -> Caller:
    """On whose behalf a thread with these values runs."""
    return Caller(
        agent=values.get("caller_agent") or HUMAN,
        invocation_id=values.get("invocation_id") or "",
        context=values.get("context") or {},
        chain=tuple(values.get("chain") or ()),
        digest=values.get("task_digest") or "",
    )


def requester_in(values: Mapping[str, Any]) -> Requester:
    """Who asked for what a thread with these values does, in the caller's own words."""
    caller = caller_in(values)
    user = caller.context.get("user_id") or caller.context.get("user_name")
    return Requester(id=str(user) if user else caller.agent)


def salt_seed_in(values: Mapping[str, Any]) -> bytes:
    """The seed of a thread's salts.

    Raises:
        ValueError: there is none, as in a graph that no Signoff worker runs.
    """
    try:
        seed = base64.b64decode(values.get("salt_seed") or "", validate=True)
    except binascii.Error:
        seed = b""
    if len(seed) < 16:
        raise ValueError("the thread has no salt seed")
    return seed
