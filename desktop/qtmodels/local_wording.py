"""Local workers in words: their rows, their states, the lines of their logs.

The only place that words what a local worker is and says. Texts are as they came; the parts that
show them make hidden characters visible.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import msgspec

from desktop.actions.local_workers import DEMO_ID
from desktop.qtmodels.rows import Pill, Row
from desktop.qtmodels.tone import Tone
from desktop.qtmodels.wording import age, hue, initial
from desktop.store.local_records import Demo
from desktop.store.local_workers import (
    LocalWorker,
    LocalWorkerState,
    RestartPolicy,
    WorkerDefinition,
)

_STATES = {
    LocalWorkerState.STOPPED: Pill("Stopped", Tone.NEUTRAL),
    LocalWorkerState.STARTING: Pill("Starting", Tone.ACCENT),
    LocalWorkerState.RUNNING: Pill("Running", Tone.OK),
    LocalWorkerState.STOPPING: Pill("Stopping", Tone.ACCENT),
    LocalWorkerState.PAUSING: Pill("Restarts soon", Tone.WARN),
    LocalWorkerState.FAILED: Pill("Failed", Tone.DANGER),
}
RESTART_WORDS = {
    RestartPolicy.NEVER: "Never",
    RestartPolicy.ON_FAILURE: "After a failure",
    RestartPolicy.ALWAYS: "Always",
}
_TROUBLE = frozenset((LocalWorkerState.FAILED, LocalWorkerState.PAUSING))
_LEVELS = {
    "debug": Tone.NEUTRAL,
    "info": Tone.ACCENT,
    "warning": Tone.WARN,
    "error": Tone.DANGER,
    "critical": Tone.DANGER,
}
_LEVEL_WIDTH = 8


class LogStyle(StrEnum):
    """How a part of a log line is shown."""

    TIME = "time"
    LEVEL = "level"
    EVENT = "event"
    FIELDS = "fields"


class LogPart(NamedTuple):
    """A part of a log line; a part that is a level has its tone."""

    text: str
    style: LogStyle
    tone: Tone = Tone.NEUTRAL


def local_state(worker: LocalWorker) -> Pill:
    """How a worker stands."""
    return _STATES[worker.state]


def local_worker_row(worker: LocalWorker, now_ms: int) -> Row:
    """A local worker as a row."""
    definition = worker.definition
    return Row(
        title=definition.name,
        subtitle=worker.title or definition.target,
        meta=", ".join(worker.agents) or (definition.target if worker.title else ""),
        age=age(worker.since_ms, now_ms) if worker.since_ms else "",
        pill=local_state(worker),
        unread=worker.state in _TROUBLE,
        initial=initial(definition.name),
        hue=hue(definition.name),
    )


def demo_as_worker(demo: Demo) -> LocalWorker:
    """The bundled demo as one of the workers of this computer."""
    return LocalWorker(
        definition=WorkerDefinition(
            id=DEMO_ID, name="Demo", target="the bundled demo", folder="with a broker of its own"
        ),
        state=LocalWorkerState(demo.state.value),
        title=demo.title,
        hint=demo.hint,
    )


def local_summary(workers: Iterable[LocalWorker]) -> Pill:
    """All local workers in a word or two: what is wrong first."""
    states = [worker.state for worker in workers]
    failed = sum(state in _TROUBLE for state in states)
    running = states.count(LocalWorkerState.RUNNING)
    if failed:
        return Pill(f"{failed} failed", Tone.DANGER)
    if running:
        return Pill(f"{running} running", Tone.OK)
    return Pill("None running" if states else "None", Tone.NEUTRAL)


def local_facts(worker: LocalWorker, now_ms: int) -> str:
    """Where a worker is run, and as which process."""
    definition = worker.definition
    parts = [definition.target, definition.folder]
    if worker.pid:
        parts.append(f"process {worker.pid}")
    if worker.since_ms:
        since = age(worker.since_ms, now_ms)
        parts.append("just now" if since == "now" else f"for {since}")
    if worker.restarts:
        times = "once" if worker.restarts == 1 else f"{worker.restarts} times"
        parts.append(f"started again {times}")
    return "  ·  ".join(parts)


def log_parts(line: str) -> list[LogPart]:
    """A line of a log in parts: our workers write JSON, everything else stands as it is."""
    said = _object(line)
    agents, event = said.get("agents"), said.get("event")
    if isinstance(agents, list) and "pid" in said:
        names = ", ".join(map(str, agents))
        return [LogPart(f"listens as {names} (process {said['pid']})", LogStyle.EVENT)]
    if not isinstance(event, str):
        return [LogPart(line, LogStyle.EVENT)]
    level = str(said.get("level", "info"))
    rest = {
        name: value
        for name, value in said.items()
        if name not in {"event", "level", "timestamp", "exception"}
    }
    parts = [
        LogPart(f"{_time(said.get('timestamp'))} ", LogStyle.TIME),
        LogPart(level.ljust(_LEVEL_WIDTH), LogStyle.LEVEL, _LEVELS.get(level, Tone.NEUTRAL)),
        # A line's end inside a text must not pass for another line.
        LogPart(event.replace("\n", "\\n"), LogStyle.EVENT),
    ]
    if rest:
        parts.append(LogPart("  " + _fields(rest), LogStyle.FIELDS))
    trace = said.get("exception")
    if isinstance(trace, str):
        parts.append(LogPart("\n    " + trace.replace("\n", "\n    "), LogStyle.FIELDS))
    return parts


def _object(line: str) -> Mapping[str, object]:
    if not line.startswith("{"):
        return {}
    try:
        said = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _fields(rest: Mapping[str, object]) -> str:
    return " ".join(f"{name}={_value(value)}" for name, value in rest.items())


def _value(value: object) -> str:
    if isinstance(value, str) and value and value.isprintable() and " " not in value:
        return value
    return msgspec.json.encode(value).decode()


def _time(timestamp: object) -> str:
    """The time of day here."""
    try:
        at = datetime.fromisoformat(str(timestamp)).astimezone()
    except (ValueError, OverflowError, OSError):
        return "--:--:--"
    return at.strftime("%H:%M:%S")
