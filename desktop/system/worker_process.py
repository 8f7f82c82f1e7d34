"""One process of a local worker: started, found again by a later console, told to end.

The only place that starts a person's own code. A process is known by a small record beside its log
(its id, and when it began) and, where the system has such locks, by a lock that it holds as long as
it lives; so the same worker is never started twice, and a stranger with the same id is left alone.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from desktop.errors import LocalWorkersFailed
from desktop.system.process_identity import began

_HELD = "Another console, or what it left behind, still runs this worker."
_HELD_HINT = "End that one first."


class Record(msgspec.Struct, frozen=True):
    """What is written down of a process that was started.

    Attributes:
        began, owner_began: see `process_identity.began`; the owner is the console.
        kept: it stays when its console ends.
        broker: the address it was given, without a password.
    """

    pid: int
    began: str
    owner: int
    owner_began: str
    kept: bool
    broker: str
    at_ms: int


class WorkerProcess:
    """A process that was started here, or one that an earlier console left.

    Attributes:
        record: what is known of it.
        exit_code: what it ended with; negative is a signal's number. None while it runs, and for
            ever if it was not started here.
    """

    def __init__(self, record: Record, popen: subprocess.Popen[bytes] | None = None) -> None:
        self.record = record
        self.exit_code: int | None = None
        self._popen = popen

    def runs(self) -> bool:
        """Whether it runs; from the first time it does not, `exit_code` is right."""
        if self._popen is None:
            return began(self.record.pid) == self.record.began
        self.exit_code = self._popen.poll()
        return self.exit_code is None

    def ask_to_end(self) -> None:
        """Let it finish what runs, and end."""
        if not self.runs():
            return
        with suppress(ProcessLookupError):
            if self._popen is not None:
                self._popen.terminate()
            else:
                os.kill(self.record.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, and what its tools have started."""
        if sys.platform != "win32":
            self.end_rest()
        elif self.runs():
            with suppress(ProcessLookupError):
                os.kill(self.record.pid, signal.SIGTERM)

    def end_rest(self) -> None:
        """End at once all that is left of it, also what its tools have started.

        Their group keeps its id to itself for as long as anybody is in it, with or without the
        worker. On Windows there is no such group.
        """
        if sys.platform != "win32":
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.record.pid, signal.SIGKILL)

    def let_go(self) -> None:
        """Leave it running, for a later console to find."""
        if self._popen is not None and self._popen.poll() is None:
            # Else Popen complains of a process that nobody waited for: this one shall go on.
            self._popen.returncode = 0


def launch(
    place: Path,
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: str,
    output: int,
    kept: bool,
    broker: str,
) -> WorkerProcess:
    """Start a process. Blocks for as long as the system needs for that.

    Args:
        place: path without a suffix, for the record and the lock.
        output: descriptor for all that it says; closed by the caller.
        kept: see `Record`.

    Raises:
        LocalWorkersFailed: the system would not, or the worker runs already.
    """
    with _lock(place) as lock:
        try:
            popen = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=folder,
                # Ctrl+C in the terminal is for the console; and all of it can be killed at once.
                start_new_session=True,
                pass_fds=lock,
            )
        except (OSError, ValueError) as error:
            raise LocalWorkersFailed(f"It could not be started: {error}.") from error
    record = Record(
        pid=popen.pid,
        began=began(popen.pid),
        owner=os.getpid(),
        owner_began=began(os.getpid()),
        kept=kept,
        broker=broker,
        at_ms=int(time.time() * 1000),
    )
    with suppress(OSError):  # then it cannot be found again, which its lock will say
        place.with_suffix(".json").write_bytes(msgspec.json.encode(record))
    return WorkerProcess(record, popen)


def find(place: Path) -> WorkerProcess | None:
    """The process that a console which is gone has left; None when there is none.

    One whose console lives belongs to that console, and is not found.
    """
    try:
        record = msgspec.json.decode(place.with_suffix(".json").read_bytes(), type=Record)
    except (OSError, msgspec.DecodeError):
        return None
    process = WorkerProcess(record)
    owned = bool(record.owner_began) and began(record.owner) == record.owner_began
    if not record.began or not process.runs() or (owned and not record.kept):
        return None
    return process


def forget(place: Path) -> None:
    """Delete the record and the lock of a worker that does not run."""
    for suffix in (".json", ".lock"):
        with suppress(OSError):
            place.with_suffix(suffix).unlink()


if sys.platform == "win32":

    @contextmanager
    def _lock(_place: Path) -> Iterator[tuple[int, ...]]:
        yield ()  # a lock cannot be handed on there; the record alone has to do

else:
    import fcntl

    @contextmanager
    def _lock(place: Path) -> Iterator[tuple[int, ...]]:
        """A lock that lives as long as a process that was started with its descriptor."""
        try:
            descriptor = os.open(place.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise LocalWorkersFailed(f"It could not be started: {error}.") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield (descriptor,)
        except BlockingIOError as error:
            raise LocalWorkersFailed(_HELD, _HELD_HINT) from error
        finally:
            os.close(descriptor)
