"""Deaths and broken disks while the audit log is written, and flipped bits in it afterwards.

The only place that does such things to it. What was acknowledged must be there, what is there must
be whole, and what was changed must show.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from desktop.audit.log import AuditLog, OutboxState, Outgoing, read_entries
from desktop.audit.verifying import HEAD_GONE, Report, Verdict, verify
from tests.support.audited import ALL, KEYS, STREAM, decided, head_of, make_log
from tests.support.environment import ROOT

KILLS: Final = 1000
#: What SQLite and Python do to the log's files on their way to the disk.
_CALLS: Final = "openat,pread64,pwrite64,fsync,fdatasync,ftruncate,unlink,fcntl,newfstatat"
_FAULTS: Final = ("error=EIO", "error=ENOSPC", "signal=KILL")
_APPENDED: Final = 3


class Outcome(msgspec.Struct):
    """What was counted.

    Attributes:
        lost: entries that were acknowledged and are not there.
        broken: logs that are not whole.
        missed: changes that did not show.
        skipped: why something was left out; empty if nothing was.
    """

    kills: int = 0
    acknowledged: int = 0
    faults: int = 0
    bits: int = 0
    lost: int = 0
    broken: int = 0
    missed: int = 0
    skipped: str = ""

    @property
    def is_good(self) -> bool:
        """Whether every promise was kept."""
        return not (self.lost or self.broken or self.missed)


def kill_writers(folder: Path, kills: int) -> Outcome:
    """Let a process write one log until it is killed, again and again."""
    # In a process of its own, which may have children by `fork`: it has no threads.
    command = [sys.executable, "-m", "tests.chaos.auditing", "kill", str(folder), str(kills)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return msgspec.json.decode(done.stdout, type=Outcome)


def _kill_here(folder: Path, kills: int, seed: int = 1) -> Outcome:
    outcome, chance, path = Outcome(), random.Random(seed), folder / "log.sqlite"
    for _ in range(kills):
        acknowledged = _killed(path, chance.randrange(1, 40), chance.random() / 500)
        outcome.kills += 1
        outcome.acknowledged += len(acknowledged)
        last = read_entries(path, 1)
        outcome.lost += bool(acknowledged) and (not last or last[0].number < acknowledged[-1])
    outcome.broken += not _is_whole(verify(path, None, KEYS))
    return outcome


def _killed(path: Path, after: int, pause_seconds: float) -> list[int]:
    """Let a child write, and kill it. Returns the numbers it was given."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        with os.fdopen(writing, "wb", buffering=0) as out:
            _write_for_ever(path, out.fileno())
    os.close(writing)
    told: list[int] = []
    with os.fdopen(reading, "rb") as said:
        for line in said:
            told.append(int(line))
            if len(told) == after:
                time.sleep(pause_seconds)
                os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return told


def _write_for_ever(path: Path, out: int) -> None:
    log = AuditLog(path, KEYS)
    while True:
        entry = decided(1, kind="session.started", nonce="")
        kept = log.append(entry, {"comment": "No"})
        os.write(out, b"%d\n" % kept.number)
        if not kept.number % 7:
            log.checkpoint()
        if not kept.number % 31:
            log.tidy(0)


def flip_bits(folder: Path, step: int = 1) -> Outcome:
    """Flip each bit, or each so many, of a log in which everything occurs."""
    outcome, path = Outcome(), folder / "log.sqlite"
    make_log(path)
    known, content = head_of(path), path.read_bytes()
    kept = [one.hash for one in read_entries(path, ALL)]
    for bit in range(0, len(content) * 8, step):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        outcome.bits += 1
        report = verify(path, known, KEYS)
        if report.verdict is Verdict.INTACT:
            # It was where nothing is: what is read is what was written.
            outcome.missed += [one.hash for one in read_entries(path, ALL)] != kept
    return outcome


def break_the_disk(folder: Path) -> Outcome:
    """Fail every system call on the way of three entries to the disk, in every way, one by one."""
    outcome = Outcome()
    if shutil.which("strace") is None:
        outcome.skipped = "strace is not on this machine"
        return outcome
    for call, number in _calls(folder):
        for fault in _FAULTS:
            with tempfile.TemporaryDirectory(dir=folder) as place:
                acknowledged = _strace(Path(place), f"inject={call}:{fault}:when={number}")
                outcome.faults += 1
                outcome.acknowledged += len(acknowledged)
                _judge(Path(place) / "log.sqlite", acknowledged, outcome)
    return outcome


def _judge(path: Path, acknowledged: list[int], outcome: Outcome) -> None:
    report = verify(path, None, KEYS)
    is_whole = _is_whole(report)
    if report.verdict is Verdict.UNREADABLE:
        # It was never begun; nobody was told of anything in it.
        is_whole = not acknowledged
    outcome.broken += not is_whole
    outcome.lost += bool(acknowledged) and report.size < max(acknowledged)
    if is_whole:
        with closing(AuditLog(path, KEYS)) as log:
            log.append(decided(9))


def _is_whole(report: Report) -> bool:
    """Whether nothing is wrong with a log, other than that no keyring knows its head."""
    others = [one for one in report.findings if one.title != HEAD_GONE]
    return report.verdict in {Verdict.INTACT, Verdict.FINDINGS} and not others


def _calls(folder: Path) -> Iterator[tuple[str, int]]:
    """Each system call that touches the log's files, and which of its kind it is."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        trace = Path(place) / "trace"
        _strace(Path(place), f"trace={_CALLS}", f"--output={trace}")
        counted = Counter(re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.MULTILINE))
    for call, count in counted.items():
        for number in range(1, count + 1):
            yield call, number


def _strace(place: Path, expression: str, output: str = "--output=/dev/null") -> list[int]:
    """Write a log under strace. Returns the numbers of the entries that were acknowledged."""
    path = place / "log.sqlite"
    files = [path.with_name(path.name + end) for end in ("", "-wal", "-shm", "-journal", ".lock")]
    watched = [f"--trace-path={file}" for file in files]
    writer = [sys.executable, "-m", "tests.chaos.auditing", "write", str(path)]
    done = subprocess.run(
        ["strace", "-f", *watched, output, "-e", expression, *writer],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    return [int(line) for line in done.stdout.split()]


def _write_some(path: Path) -> None:
    """What is traced: a decision with all that belongs to it, three times."""
    with closing(AuditLog(path, KEYS)) as log:
        for number in range(_APPENDED):
            entry = decided(number)
            kept = log.append(entry, {"comment": "No"}, Outgoing(STREAM, b"payload"))
            print(kept.number, flush=True)
            sent = msgspec.structs.replace(entry, kind="decision.sent")
            print(log.settle(kept.number, OutboxState.SENT, sent).number, flush=True)
            log.tidy(0)
        log.checkpoint()


def _run_as_asked(what: str, where: str, count: int = 0) -> None:
    if what == "write":
        _write_some(Path(where))
    else:
        print(msgspec.json.encode(_kill_here(Path(where), count)).decode())


if __name__ == "__main__":
    _run_as_asked(*sys.argv[1:3], *map(int, sys.argv[3:]))
