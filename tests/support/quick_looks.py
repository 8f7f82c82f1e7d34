"""Looks that workers and consoles take every few seconds, taken ten times a second.

The only place where tests shorten them. A test whose story waits for several of them asks for
`quick_looks`; all others meet the times of the product.
"""

from __future__ import annotations

import pytest

_OFTEN_SECONDS = 0.1


@pytest.fixture
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Heartbeats, halts, inboxes, the registry and votes are looked at again within a moment."""
    # Imported here: most test processes never need the engine.
    from desktop.engine import agents, halts, monitor, surroundings, trust
    from workers.runtime import service

    monkeypatch.setattr(service, "HEARTBEAT_SECONDS", _OFTEN_SECONDS)
    monkeypatch.setattr(agents, "AGENTS_SECONDS", _OFTEN_SECONDS)
    monkeypatch.setattr(halts, "LOOK_SECONDS", _OFTEN_SECONDS)
    monkeypatch.setattr(monitor, "LOOK_SECONDS", _OFTEN_SECONDS)
    monkeypatch.setattr(surroundings, "LOOK_SECONDS", _OFTEN_SECONDS)
    monkeypatch.setattr(trust, "_KEPT_SECONDS", _OFTEN_SECONDS)
