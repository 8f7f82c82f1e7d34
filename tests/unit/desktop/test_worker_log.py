"""The log of a worker is bounded, whatever it says; and what is left out is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop.system import worker_log
from desktop.system.exit_reasons import reason_of
from desktop.system.log_ring import MAX_LINE, MAX_LINES
from desktop.system.restarts import Restarts
from desktop.system.worker_log import WorkerLog


def lines_of(log: WorkerLog) -> list[str]:
    """All lines that are still there."""
    page = log.read(0, MAX_LINES)
    assert page.next - page.first == len(page.lines)
    return list(page.lines)


def test_lines_come_whole(tmp_path: Path) -> None:
    """Half a line waits for its other half, or for the end of whoever writes."""
    path = tmp_path / "log"
    log = WorkerLog(path)
    with path.open("ab", buffering=0) as file:
        file.write(b"one\nhal")
        assert log.look() == ["one"]
        file.write(b"f\r\n\xff\nlast")
        assert log.look() == ["half", "\\xff"]

    assert log.look(whole=True) == ["last"]
    assert lines_of(log) == ["one", "half", "\\xff", "last"]


def test_only_the_newest_lines_are_kept(tmp_path: Path) -> None:
    """Numbers go on, so that a reader sees what it has missed."""
    path = tmp_path / "log"
    log = WorkerLog(path)
    for part in range(3):
        with path.open("ab") as file:
            file.writelines(
                b"line %d\n" % number for number in range(10_000 * part, 10_000 * (part + 1))
            )
        log.look()

    page = log.read(0, 5)
    assert (page.first, page.next, page.last) == (10_000, 10_005, 30_000)
    assert page.lines[0] == "line 10000"
    assert log.read(29_999, 100).lines == ("line 29999",)
    assert log.read(99_999, 100).lines == ()


def test_a_line_of_megabytes_is_cut(tmp_path: Path) -> None:
    """With its end, or before it has one."""
    path = tmp_path / "log"
    log = WorkerLog(path)
    with path.open("ab", buffering=0) as file:
        for _ in range(5):
            file.write(b"x" * 500_000)
            log.look()
        file.write(b"\nnext\n")
        log.look()

    long, after = lines_of(log)
    assert (len(long), long[-5:], after) == (MAX_LINE + 5, "… cut", "next")


def test_too_much_at_once_is_left_out_and_said(tmp_path: Path) -> None:
    """A worker that prints without end cannot keep the console busy."""
    path = tmp_path / "log"
    log = WorkerLog(path)
    path.write_bytes(b"y" * 99 + b"\n")
    log.look()
    with path.open("ab") as file:
        file.write((b"x" * 99 + b"\n") * 50_000)

    first, *rest = log.look()
    assert first == "… 3,951,424 bytes are not shown: too much at once"
    assert set(rest) == {"x" * 99}


def test_a_file_that_grew_too_long_is_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes goes on at its new end."""
    monkeypatch.setattr(worker_log, "MAX_FILE", 1000)
    path = tmp_path / "log"
    log = WorkerLog(path)
    with path.open("ab", buffering=0) as file:
        file.write(b"line\n" * 300)
        assert "begun anew" in log.look()[-1]
        assert path.stat().st_size == 0
        file.write(b"after\n")
        assert log.look() == ["after"]


def test_a_later_console_begins_near_the_end(tmp_path: Path) -> None:
    """Of a long log of before it reads the last part, in whole lines."""
    path = tmp_path / "log"
    path.write_bytes((b"x" * 99 + b"\n") * 10_000)
    log = WorkerLog(path)
    log.look()

    assert set(lines_of(log)) == {"x" * 99}
    assert 2000 < log.end < 3000


@pytest.mark.parametrize(
    ("code", "said", "title", "hint"),
    [
        (1, ["/usr/bin/python3: No module named workers"], "does not have Signoff", "Install"),
        (2, ["Unknown option: -P"], "too old", "3.11"),
        (2, ["The broker refused.", "Check the password."], "The broker refused.", "Check the"),
        (1, ["Traceback", "  File", "KeyError: 'x'", '{"event":"y"}'], "exit code 1", "KeyError"),
        (-15, [], "SIGTERM (15)", ""),
        (3, ["a", "b"], "exit code 3", "a\nb"),
        (130, [], "interrupted", ""),
    ],
)
def test_an_end_is_explained(code: int, said: list[str], title: str, hint: str) -> None:
    """By its code and by the last words before it."""
    reason = reason_of(code, said)

    assert title in reason.title
    assert hint in reason.hint
    assert reason.failed


def test_pauses_grow_and_restarts_come_to_an_end() -> None:
    """One that lived for a minute begins anew; five within ten minutes are enough."""
    now = [0.0]
    restarts = Restarts(lambda: now[0])

    assert [restarts.next_pause(1) for _ in range(3)] == [1, 2, 4]
    assert [restarts.next_pause(90), restarts.next_pause(1)] == [1, 2]
    assert restarts.next_pause(1) is None
    now[0] = 601
    assert restarts.next_pause(1) == 4
