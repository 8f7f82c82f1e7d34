"""Signoff workers: LangGraph agents that wait for a named person before they act.

The public names, loaded when they are first used: the console imports `workers.wire` and must not
pay for LangGraph.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workers.agents.permits import human_approval_required
    from workers.agents.runner import AgentRunner
    from workers.agents.terms import OnReject
    from workers.client.cli import AgentCLI
    from workers.client.client import AgentClient

__all__ = ["AgentCLI", "AgentClient", "AgentRunner", "OnReject", "human_approval_required"]

_HOMES = {
    "AgentCLI": "workers.client.cli",
    "AgentClient": "workers.client.client",
    "AgentRunner": "workers.agents.runner",
    "OnReject": "workers.agents.terms",
    "human_approval_required": "workers.agents.permits",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
