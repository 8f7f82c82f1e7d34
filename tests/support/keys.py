"""Keys that may stay on a broker for ever; any other must have an expiry.

The only place that knows this list. It follows PROTOCOL (sections 1 and 3): what grows with each
request or message and is not on the list would fill a broker within months.
"""

from __future__ import annotations

import re

import redis

_PERMANENT = re.compile(
    r"""
      agent_event:.+ | agent_task:.+                              # the streams themselves
    | signoff:(contexts|context|waiting|request|workers|receipts|halt)
    | signoff:audit:\d{4}-\d{2}
    # One for each agent.
    | signoff:\{[^{}]+\}:(gated|ctxof|attempts|run|due|token|consumers|dlq|discarded)
    | signoff:\{[^{}]+\}:later                                   # members go when they are due
    | signoff:\{[^{}]+\}:(q|parked):.+                            # lists; Redis drops empty ones
    """,
    re.VERBOSE,
)


def is_permanent(key: str) -> bool:
    """Whether `key` may stay without an expiry."""
    return _PERMANENT.fullmatch(key) is not None


def leaked_keys(client: redis.Redis) -> list[str]:
    """The keys on a broker that have no expiry and should have one."""
    keys = sorted(str(key) for key in client.scan_iter(count=1000))
    # -1: no expiry. -2, gone since the scan, is fine.
    return [key for key in keys if not is_permanent(key) and client.pttl(key) == -1]
