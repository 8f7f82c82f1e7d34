"""A log that was tampered with, on the command line: it stays so until somebody sets it aside."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from desktop import settings
from desktop.audit.emergency import FILE_NAME
from desktop.audit.entries import AuditKind
from desktop.audit.log import Record, read_entries
from desktop.audit.logbook import Logbook
from desktop.cli import main
from desktop.system.vault import LogKeyring
from tests.integration.cli.test_commands import worker as worker
from tests.integration.cli.test_refused_decisions import Account
from tests.integration.cli.test_refused_decisions import account as account
from tests.integration.cli.test_refused_decisions import environment as environment
from tests.integration.cli.test_refused_decisions import trust as trust
from tests.support.audited import ALL, by_hand, decided
from tests.support.desktop_session import SecretService


@pytest.fixture
def log(secret_service: SecretService) -> Iterator[Path]:
    """This person's log, of three entries, with its head in the system's keyring."""
    path = settings.audit_log()
    with secret_service.in_process():
        _write(path)
        yield path


def _write(path: Path) -> None:
    with closing(Logbook(path, LogKeyring())) as book:
        book.open()
        for number in (1, 2, 3):
            book.append([Record(decided(number))])
            head = book.checkpoint()
            assert head
            book.keep_head(head)


def test_it_stays_so_through_every_command_until_it_is_set_aside(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An export signs nothing of it, and is refused; a log that is gone is missed."""
    by_hand(log, "DELETE FROM entry WHERE number > 1", "DELETE FROM checkpoint WHERE size > 1")
    export = ["audit", "export", "--format", "csv", "--out", str(tmp_path / "x.csv")]
    assert main(["audit", "verify"]) == 3
    assert main(export) == 2
    assert "its end was cut off" in capsys.readouterr().err
    assert main(["audit", "verify"]) == 3
    assert len(read_entries(log, ALL)) == 1
    log.unlink()
    assert main(["audit", "verify"]) == 3
    assert main(export) == 2

    assert main(["audit", "set-aside", "--reason", "The disk was put back."]) == 0
    assert "a new one has begun" in capsys.readouterr().out
    assert main(["audit", "verify"]) == 0
    assert main(export) == 0
    kinds = [one.entry.kind for one in read_entries(log, ALL)]
    assert kinds[0] is AuditKind.SET_ASIDE
    assert kinds[-1] in {AuditKind.EXPORTED, AuditKind.VERIFIED}
    assert main(["audit", "set-aside", "--reason", "Again.", "--json"]) == 2
    assert "Nothing is wrong" in capsys.readouterr().out


async def test_a_command_approves_nothing_on_it(account: Account) -> None:
    """Without a window, too, the keyring is asked; what is rejected leaves, and lies beside."""
    path = settings.audit_log()
    await asyncio.to_thread(_write, path)
    by_hand(path, "DELETE FROM entry WHERE number > 1", "DELETE FROM checkpoint WHERE size > 1")
    code, told = await account.decide("approve")
    assert (code, "its end was cut off" in told["reason"]) == (3, True)
    assert "set-aside" in told["hint"]
    await account.decide("reject", wait=0.5)
    assert await account.inbox() == 1
    assert len(read_entries(path, ALL)) == 1
    assert path.with_name(FILE_NAME).exists()
