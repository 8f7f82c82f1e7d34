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
HALT: Final = "signoff:halt"
AUDIT_PREFIX: Final = "signoff:audit:"


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


def discarded(agent: str) -> str:
    """Stream: entries that a person took out of quarantine for good, with who did."""
    return f"{_of_inbox(agent)}discarded"


def parked(agent: str, context_id: str) -> str:
    """List: inbox ids of invocations that wait until the context waits for nothing."""
    return f"{_of_inbox(agent)}parked:{context_id}"


def inbox_keys(agent: str) -> str:
    """What every key about an inbox begins with; the scripts on the broker spell the rest."""
    return _of_inbox(agent)


def gated(agent: str) -> str:
    """String: the newest inbox id that was put in a context's queue."""
    return f"{_of_inbox(agent)}gated"


def queue(agent: str, context_id: str) -> str:
    """List: inbox ids of a context, oldest first; the head is running."""
    return f"{_of_inbox(agent)}q:{context_id}"


def queued(agent: str) -> str:
    """Hash: inbox id to its context, for every entry that is queued or parked."""
    return f"{_of_inbox(agent)}ctxof"


def attempts(agent: str) -> str:
    """Hash: inbox id to how often it was started."""
    return f"{_of_inbox(agent)}attempts"


def run(agent: str) -> str:
    """Hash: context to `consumer|token` of the worker that runs it."""
    return f"{_of_inbox(agent)}run"


def due(agent: str) -> str:
    """Sorted set: context to when it may be taken, ms: the end of a lease, or not before."""
    return f"{_of_inbox(agent)}due"


def later(agent: str) -> str:
    """Sorted set: `data` of an entry to when it is to be put into the inbox, ms."""
    return f"{_of_inbox(agent)}later"


def token(agent: str) -> str:
    """String: the newest fencing token; it never goes back."""
    return f"{_of_inbox(agent)}token"


def consumers(agent: str) -> str:
    """Sorted set: our consumer names in the inbox's group to their last renewal, ms."""
    return f"{_of_inbox(agent)}consumers"


def heartbeat(agent: str, consumer: str) -> str:
    """String with an expiry: this consumer lives."""
    return f"{_of_inbox(agent)}hb:{consumer}"


def sweeper(agent: str) -> str:
    """String with an expiry: who looks after what dead workers left."""
    return f"{_of_inbox(agent)}sweeper"


def seen(agent: str, caller: str, invocation_id: str) -> str:
    """Hash with an expiry: digest of an invocation to the inbox id that it first came with."""
    return f"{_of_inbox(agent)}seen:{caller}:{invocation_id}"


def fence(context_id: str, agent: str) -> str:
    """String: the highest fencing token with which an agent has written about a context."""
    return f"{_of_progress(context_id)}fence:{agent}"


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


def votes(context_id: str, request_id: str) -> str:
    """Stream: signed decisions that wait for others, until there are enough."""
    return f"{_of_progress(context_id)}votes:{request_id}"


def claim(context_id: str, request_id: str) -> str:
    """String with an expiry: who looks at a request now; it holds nobody back."""
    return f"{_of_progress(context_id)}claim:{request_id}"


def audit(month: str) -> str:
    """Stream: entries of consoles' audit logs, on their way to the other consoles."""
    return f"{AUDIT_PREFIX}{month}"


def _of_inbox(agent: str) -> str:
    return f"signoff:{{{inbox(agent)}}}:"


def _of_progress(context_id: str) -> str:
    return f"signoff:{{{progress(context_id)}}}:"
