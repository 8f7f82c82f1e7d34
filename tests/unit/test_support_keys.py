"""Which keys may stay on a broker for ever."""

from __future__ import annotations

import pytest

from tests.support.keys import is_permanent


@pytest.mark.parametrize(
    "key",
    [
        "agent_event:treasury_agent",
        "agent_task:3f9c",
        "signoff:contexts",
        "signoff:waiting",
        "signoff:receipts",
        "signoff:audit:2026-03",
        "signoff:{agent_event:treasury_agent}:gated",
        "signoff:{agent_event:treasury_agent}:q:3f9c",
        "signoff:{agent_event:treasury_agent}:parked:3f9c",
        "signoff:{agent_event:treasury_agent}:dlq",
    ],
)
def test_permanent(key: str) -> None:
    """One for each agent, or the record itself."""
    assert is_permanent(key)


@pytest.mark.parametrize(
    "key",
    [
        "signoff:{agent_task:3f9c}:claim:r1",
        "signoff:{agent_event:treasury_agent}:seen:human:i1",
        "signoff:{agent_event:treasury_agent}:hb:host",
        "signoff:worker:signoff:host:1:2",
        "lock:context:3f9c",
        "celery",
    ],
)
def test_everything_else_needs_an_expiry(key: str) -> None:
    """What grows with each message, or belongs to one process, has to go by itself."""
    assert not is_permanent(key)
