"""Workers of a person's own that this console runs: what they are, and how they stand.

The only place that defines these records. What a definition must look like is checked in
`desktop.actions.local_workers`; what runs is known to `desktop.system.local_workers`.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class RestartPolicy(StrEnum):
    """When a worker that ended by itself is started again."""

    NEVER = "never"
    ON_FAILURE = "on_failure"
    ALWAYS = "always"


class WorkerDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """A worker as a person entered it. It is kept in a file, so it holds no secret.

    Attributes:
        id: names it for ever, in file names and in the keyring: 32 hex digits.
        name: for people; unique at this desk.
        target: `MODULE:ATTR`, see `signoff-worker run`.
        folder: the working directory, from where the module is found too.
        python: the interpreter; empty for the console's own.
        environment: variables added to the console's own.
        environment_file: lines of `NAME=value`, read at each start; empty for none.
        secrets: names of variables whose values are in the keyring.
        with_console: start it when the console starts and has a broker.
        keep_running: leave it running when the console ends.
    """

    id: str
    name: str
    target: str
    folder: str
    python: str = ""
    environment: dict[str, str] = {}
    environment_file: str = ""
    secrets: tuple[str, ...] = ()
    restart: RestartPolicy = RestartPolicy.ON_FAILURE
    with_console: bool = False
    keep_running: bool = False


class LocalWorkerState(StrEnum):
    """How a local worker stands."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    PAUSING = "pausing"
    FAILED = "failed"


#: There is a process.
LIVING_STATES = frozenset(
    (LocalWorkerState.STARTING, LocalWorkerState.RUNNING, LocalWorkerState.STOPPING)
)


class LocalWorker(msgspec.Struct, frozen=True, kw_only=True):
    """A local worker, as it stands now.

    Attributes:
        title: what happened last, in words; empty when there is nothing to say.
        hint: what may help, such as its last words.
        pid: of its process; 0 without one.
        since_ms: when it came to this state, milliseconds since the epoch.
        broker: the address it serves, without a password; empty without a process.
        agents: whom it serves, once it said so.
        restarts: how often it was started again by itself since a person started it.
    """

    definition: WorkerDefinition
    state: LocalWorkerState = LocalWorkerState.STOPPED
    title: str = ""
    hint: str = ""
    pid: int = 0
    since_ms: int = 0
    broker: str = ""
    agents: tuple[str, ...] = ()
    restarts: int = 0


class LogPage(msgspec.Struct, frozen=True):
    """Lines of a local worker's log, as they came.

    Attributes:
        first: number of the first of these lines; higher than asked for where older ones are gone.
        next: number to ask with for what comes after them.
        last: number of the newest line there is, plus one.
    """

    first: int
    next: int
    last: int
    lines: tuple[str, ...] = ()
