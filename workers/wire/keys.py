"""Every key on the broker, spelled once.

The only place that spells a key. Names in braces are Cluster hash tags: what one script touches
lies in one slot.
"""

from __future__ import annotations

from typing import Final

INBOX_PREFIX: Final = "agent_event:"
PROGRESS_PREFIX: Final = "agent_task:"
TOKEN_PREFIX: Final = "agent_token:"  # noqa: S105 - a channel's name, not a password

CONTEXTS: Final = "signoff:contexts"
CONTEXT: Final = "signoff:context"
WAITING: Final = "signoff:waiting"
REQUEST: Final = "signoff:request"
WORKERS: Final = "signoff:workers"
RECEIPTS: Final = "signoff:receipts"


def inbox(agent: str) -> str:
    """Stream: the agent's inbox."""
    return f"{INBOX_PREFIX}{agent}"


def inbox_group(agent: str) -> str:
    """Consumer group of the agent's inbox, shared with workers of the base package."""
    return f"consumer_group_{agent}"


def progress(context_id: str) -> str:
    """Stream and channel: the context's progress events."""
    return f"{PROGRESS_PREFIX}{context_id}"


def tokens(context_id: str) -> str:
    """Channel: pieces of messages while a model writes them; never stored."""
    return f"{TOKEN_PREFIX}{context_id}"


def worker(consumer: str) -> str:
    """Hash with an expiry: what one living worker says of itself."""
    return f"signoff:worker:{consumer}"


def dead_letters(agent: str) -> str:
    """Stream: entries put in quarantine, with the reason."""
    return f"{_of_inbox(agent)}dlq"


def parked(agent: str, context_id: str) -> str:
    """List: invocations that wait until the context's requests are decided."""
    return f"{_of_inbox(agent)}parked:{context_id}"


def emitted(context_id: str) -> str:
    """Set: keys of progress events already emitted, so that a second run emits nothing twice."""
    return f"{_of_progress(context_id)}emitted"


def decisions(context_id: str) -> str:
    """Hash: request id (or `foreign_call` of a base worker) to its first decision."""
    return f"{_of_progress(context_id)}decision"


def foreign_call(agent: str, call: str) -> str:
    """A foreign worker's call, named alike by all; models of two agents may use the same ids."""
    return f"{agent}#{call}"


def tool_ledger(context_id: str) -> str:
    """Hash: request id to started, then done."""
    return f"{_of_progress(context_id)}tool"


def _of_inbox(agent: str) -> str:
    return f"signoff:{{{inbox(agent)}}}:"


def _of_progress(context_id: str) -> str:
    return f"signoff:{{{progress(context_id)}}}:"
