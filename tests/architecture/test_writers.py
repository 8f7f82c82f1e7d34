"""What writes to the broker from the console, and that it asks whether it may.

A read-only console writes nothing. Whoever adds a way to write finds it missing here.
"""

from __future__ import annotations

import ast
from typing import Final

from tests.architecture.sources import Source, sources

#: What of `workers.wire.streams` a console writes with, by the place of each.
_WRITES: Final = {
    "audit_transport": {"AuditTransport"},
    "claims": {"Leases"},
    "consumers": {"remove_leaked"},
    "guard": {"send_once"},
    "inbox": {"Inbox", "keep_response", "send", "send_later", "send_not"},
    "progress": {"ProgressWriter"},
    "quarantine": {"Quarantine"},
    "votes": {"Ballots"},
}
#: Who asks before each write, or is asked for by somebody who did, or writes with none of it.
_ASKING: Final = {"casting", "claims", "completing", "halts", "outbox", "replication", "unsent"}
_ASKED_FOR: Final = {"repairs": "outbox"}
_READING: Final = {"surroundings"}


def _writes(source: Source) -> bool:
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        package, _, module = node.module.rpartition(".")
        names = {alias.name for alias in node.names}
        if node.module == "workers.wire.streams" and "halts" in names:
            return True
        if package == "workers.wire.streams" and names & _WRITES.get(module, set()):
            return True
    return False


def test_whatever_writes_to_the_broker_asks_whether_it_may() -> None:
    """Each writer of the console is known, and is in the engine."""
    writers = {one.module: one for one in sources() if one.module.startswith("desktop.")}
    writers = {name: one for name, one in writers.items() if _writes(one)}
    known = {*_ASKING, *_ASKED_FOR, *_READING}

    assert set(writers) == {f"desktop.engine.{name}" for name in known}
    for name in _ASKING:
        assert "permission." in writers[f"desktop.engine.{name}"].text, name
