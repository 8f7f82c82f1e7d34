"""What `signoff decide` refuses, with what is wrong and what to do; nothing leaves.

The troubles, each with a real file, are in `tests.integration.engine.test_refusals`; here is that a
command says the same, as a document and with its own exit code.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import keyring
import pytest

from desktop import settings
from desktop.audit.log import AuditLog
from desktop.cli.deciding import decide
from desktop.cli.session import Session
from desktop.system.vault import SERVICE, SIGNING_KEY
from tests.integration.cli.test_commands import worker as worker
from tests.support import scenes
from tests.support.command_line import signoff
from tests.support.desktop_session import SecretService
from tests.support.environment import ROOT
from tests.support.hand_worker import HandWorker
from tests.support.registered import ROOT_1
from tests.support.signing import PASSPHRASE, wrapped
from tests.support.trusted import ROSA_MORA, TrustedFolder
from workers.wire import keys
from workers.wire.approvals import Mode, PolicyTerms, QuorumTerms
from workers.wire.streams.connection import Connection

CALL: Final = (scenes.CONTEXT, scenes.CALL)
POLICY: Final = PolicyTerms(
    id="payments", version=7, quorums=(QuorumTerms(count=1),), meanings=("approval",)
)
REFUSED: Final = 3
_HOLDER: Final = """
import sys
from pathlib import Path
from desktop.audit.log import AuditLog
log = AuditLog(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def trust(tmp_path: Path) -> TrustedFolder:
    """A registry that knows Rosa."""
    return TrustedFolder(tmp_path / "trust", "another_agent")


@pytest.fixture
async def environment(
    secret_service: SecretService,
    trust: TrustedFolder,
    tmp_path: Path,
    redis_url: str,
    worker: HandWorker,
) -> dict[str, str]:
    """Rosa's account, with her key and her passphrase; a call waits for her."""
    person = settings.Person(ROSA_MORA.id, ROSA_MORA.name)
    settings.save(settings.with_signer(settings.load()[0], person))
    with secret_service.in_process():
        keyring.set_password(SERVICE, SIGNING_KEY.format(person.id), wrapped(ROSA_MORA.key))
    passphrase = tmp_path / "passphrase"
    passphrase.write_text(PASSPHRASE)
    await worker.say(scenes.asks(mode=Mode.ENFORCE, policy=POLICY))
    return {
        **secret_service.env,
        "SIGNOFF_TRUST": str(trust.path),
        "SIGNOFF_REDIS_URL": redis_url,
        "SIGNOFF_PASSPHRASE_FILE": str(passphrase),
    }


@contextmanager
def _registry_by_one_root(_env: dict[str, str], trust: TrustedFolder) -> Iterator[None]:
    trust.write_registry(ROOT_1)
    yield


@contextmanager
def _no_keyring(env: dict[str, str], _trust: TrustedFolder) -> Iterator[None]:
    env["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nobody/listens/here"
    yield


@contextmanager
def _later_log(_env: dict[str, str], _trust: TrustedFolder) -> Iterator[None]:
    log = settings.audit_log()
    log.parent.mkdir(parents=True, exist_ok=True)
    AuditLog(log).close()
    with closing(sqlite3.connect(log)) as connection:
        connection.execute("PRAGMA user_version = 99")
    yield


@contextmanager
def _window_open(_env: dict[str, str], _trust: TrustedFolder) -> Iterator[None]:
    log = settings.audit_log()
    log.parent.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(log)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as window:
        assert window.stdout is not None
        assert window.stdout.readline() == b"open\n"
        yield
        window.kill()


@contextmanager
def _damaged_count(_env: dict[str, str], _trust: TrustedFolder) -> Iterator[None]:
    settings.attempts().parent.mkdir(parents=True, exist_ok=True)
    settings.attempts().write_text("damaged")
    yield


#: What is wrong; what the command says of it; and whether a rejection leaves all the same.
TROUBLES: Final[dict[str, tuple[Callable[[dict[str, str], TrustedFolder], Any], str, bool]]] = {
    "registry by one root": (_registry_by_one_root, "signed by 1 of 2 root keys", False),
    "no keyring": (_no_keyring, "keyring", False),
    "log of a later version": (_later_log, "version 99", True),
    "window open": (_window_open, "Another Signoff of yours", True),
    "damaged count": (_damaged_count, "signing.json", False),
}


@pytest.mark.parametrize("name", TROUBLES)
async def test_a_command_refuses_what_the_window_would_and_says_what_to_do(
    environment: dict[str, str], trust: TrustedFolder, redis_url: str, name: str
) -> None:
    """Exit code 3, and a hint in both forms."""
    make, words, may_reject = TROUBLES[name]
    with make(environment, trust):
        approved = await signoff("decide", *CALL, "approve", "--json", env=environment)
        assert (approved.code, approved.json["outcome"]) == (REFUSED, "refused"), approved
        assert words in approved.json["reason"]
        assert approved.json["hint"]
        assert await _inbox(redis_url) == 0
        if may_reject:
            await signoff("decide", *CALL, "reject", "--wait", "0.5", env=environment)
            assert await _inbox(redis_url) == 1


async def test_a_clock_that_is_three_minutes_off_is_refused_by_the_command_too(
    environment: dict[str, str],
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    secret_service: SecretService,
) -> None:
    """With the clock in this process's hands."""
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    options = argparse.Namespace(
        context=scenes.CONTEXT,
        tool_call=scenes.CALL,
        decision="approve",
        reason="",
        args="",
        again=False,
        meaning="",
        passphrase_file="",
        wait=5.0,
        json=True,
    )
    with secret_service.in_process():
        async with Session(redis_url, now=lambda: time.time() + 180) as session:
            code = await decide(session, options)
    told = json.loads(capsys.readouterr().out.splitlines()[-1])  # the log's lines come before
    assert (code, told["reason"]) == (
        REFUSED,
        "This computer's clock is 3 min ahead of the broker's.",
    )
    assert "Set it right" in told["hint"]
    assert await _inbox(redis_url) == 0


async def _inbox(redis_url: str) -> int:
    async with Connection(redis_url) as connection:
        return int(await connection.client.xlen(keys.inbox(scenes.AGENT)))
