"""What `signoff decide` refuses, with what is wrong and what to do; nothing leaves.

The troubles, each with a real file, are in `tests.integration.engine.test_refusals` and
`tests.support.broken_logs`; here is that a command says the same, with its own exit code.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import keyring
import msgspec
import pytest

from desktop import settings
from desktop.audit.entries import AuditKind
from desktop.audit.log import read_entries
from desktop.cli.deciding import decide
from desktop.cli.session import Session
from desktop.system.vault import SERVICE, SIGNING_KEY
from tests.integration.cli.test_commands import worker as worker
from tests.support import scenes
from tests.support.broken_logs import LOGS
from tests.support.command_line import signoff
from tests.support.desktop_session import SecretService
from tests.support.hand_worker import HandWorker
from tests.support.registered import ROOT_1
from tests.support.signing import PASSPHRASE, wrapped
from tests.support.trusted import ROSA_MORA, TrustedFolder
from workers.wire import keys
from workers.wire.approvals import (
    Mode,
    PolicyTerms,
    QuorumTerms,
    Refusal,
    read_decision,
    refused,
)
from workers.wire.events import AgentCommand, Event
from workers.wire.streams.connection import Connection
from workers.wire.trust import TrustFolder

CALL: Final = (scenes.CONTEXT, scenes.CALL)
POLICY: Final = PolicyTerms(
    id="payments", version=7, quorums=(QuorumTerms(count=1),), meanings=("approval",)
)
REFUSED: Final = 3
TWO_HOURS_AGO: Final = (datetime.now(UTC) - timedelta(hours=2)).isoformat()


@dataclass
class Account:
    """Rosa's: her key in the keyring, a registry that knows her, and a call that waits for her.

    Attributes:
        ahead: her computer's clock of the true time, in seconds.
    """

    environment: dict[str, str]
    trust: TrustedFolder
    keyring: SecretService
    passphrase: Path
    redis_url: str
    said: pytest.CaptureFixture[str]
    ahead: float = 0.0

    async def decide(self, decision: str, wait: float = 5.0) -> tuple[int, Any]:
        """Run `signoff decide` in this process. Returns its exit code, and what it said."""
        options = argparse.Namespace(
            context=scenes.CONTEXT,
            tool_call=scenes.CALL,
            decision=decision,
            reason="",
            args="",
            again=False,
            meaning="",
            passphrase_file="",
            wait=wait,
            json=True,
        )
        self.said.readouterr()
        async with Session(self.redis_url, now=lambda: time.time() + self.ahead) as session:
            code = await decide(session, options)
        lines = self.said.readouterr().out.splitlines()  # the log's lines stand beside it
        return code, json.loads(next(line for line in lines if line.startswith("{")))

    async def inbox(self) -> int:
        """How many decisions have reached the worker."""
        async with Connection(self.redis_url) as connection:
            return int(await connection.client.xlen(keys.inbox(scenes.AGENT)))


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
    """What a command of hers is started with."""
    person = settings.Person(ROSA_MORA.id, ROSA_MORA.name)
    settings.save(settings.with_signer(settings.load()[0], person))
    with secret_service.in_process():
        keyring.set_password(SERVICE, SIGNING_KEY.format(person.id), wrapped(ROSA_MORA.key))
    (tmp_path / "passphrase").write_text(PASSPHRASE)
    settings.audit_log().parent.mkdir(parents=True, exist_ok=True)
    await worker.say(scenes.asks(mode=Mode.ENFORCE, policy=POLICY))
    return {
        **secret_service.env,
        "SIGNOFF_TRUST": str(trust.path),
        "SIGNOFF_REDIS_URL": redis_url,
        "SIGNOFF_PASSPHRASE_FILE": str(tmp_path / "passphrase"),
    }


@pytest.fixture
def account(
    environment: dict[str, str],
    trust: TrustedFolder,
    secret_service: SecretService,
    tmp_path: Path,
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Account]:
    """Rosa's, in this process."""
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    with secret_service.in_process():
        passphrase = tmp_path / "passphrase"
        yield Account(environment, trust, secret_service, passphrase, redis_url, capsys)


def _rolled_back(one: Account) -> None:
    TrustFolder(one.trust.path).registry(time.time())
    one.trust.write_registry(version=2)


def _damaged_count(_one: Account) -> None:
    settings.attempts().parent.mkdir(parents=True, exist_ok=True)
    settings.attempts().write_text("damaged")


def _wrong_clock(one: Account) -> None:
    one.ahead = 180.0


#: What is wrong, and what the command says of it.
TROUBLES: Final[dict[str, tuple[Callable[[Account], object], str]]] = {
    "registry missing": (lambda one: (one.trust.path / "registry.json").unlink(), "registry.json"),
    "registry expired": (
        lambda one: one.trust.write_registry(version=4, expires_at=TWO_HOURS_AGO),
        "expired",
    ),
    "registry by one root": (
        lambda one: one.trust.write_registry(ROOT_1, version=4),
        "signed by 1 of 2 root keys",
    ),
    "registry rolled back": (_rolled_back, "version 2; 3 was seen"),
    "keyring locked": (lambda one: one.keyring.lock(), "The keyring is locked."),
    "count of passphrases damaged": (_damaged_count, "signing.json"),
    "clock 3 minutes ahead": (_wrong_clock, "This computer's clock is 3 min ahead of the broker's"),
}


@pytest.mark.parametrize("name", TROUBLES)
async def test_a_command_refuses_what_the_window_would_and_says_what_to_do(
    account: Account, name: str
) -> None:
    """Exit code 3, a reason and a hint."""
    spoil, words = TROUBLES[name]
    spoil(account)
    code, told = await account.decide("approve")
    assert (code, told["outcome"]) == (REFUSED, "refused"), told
    assert words in told["reason"]
    assert told["hint"]
    assert await account.inbox() == 0


@pytest.mark.parametrize("name", LOGS)
async def test_a_command_approves_nothing_that_it_cannot_record(
    account: Account, name: str
) -> None:
    """What stops the call leaves all the same."""
    make, words = LOGS[name]
    with make(settings.audit_log()):
        code, told = await account.decide("approve")
        assert (code, told["outcome"]) == (REFUSED, "refused"), told
        assert words in told["reason"]
        assert "Rejecting still works" in told["hint"]
        assert await account.inbox() == 0
        await account.decide("reject", wait=0.2)
        assert await account.inbox() == 1


async def test_a_worker_without_a_policy_to_believe_refuses_the_command(
    account: Account, worker: HandWorker
) -> None:
    """The decision left; nothing runs, and who can mend it is said."""

    async def refuse(event: Event) -> None:
        assert isinstance(event.body, AgentCommand)
        binding = read_decision(event.body.payload).binding
        assert binding is not None
        outcome = refused(Refusal.UNPREPARED)
        await worker.tell(scenes.receipt(outcome, nonce=binding.nonce))

    async with worker.serving(refuse):
        code, told = await account.decide("approve")
    assert (code, told["outcome"], told["state"]) == (REFUSED, "refused", "waiting")
    assert "no registry or policy" in told["reason"]
    assert "signoff-worker doctor" in told["reason"]


async def test_wrong_passphrases_are_counted_delayed_locked_and_recorded(account: Account) -> None:
    """From one command to the next, each of which is a process of its own to a person."""
    account.passphrase.write_text("not hers")
    code, told = await account.decide("approve")
    assert (code, told["reason"]) == (REFUSED, "The passphrase is wrong.")
    code, told = await account.decide("approve")
    assert (code, "too soon after a wrong" in told["reason"]) == (REFUSED, True)

    counted = {ROSA_MORA.id: {"count": 4, "at": 0.0, "until": 0.0}}
    settings.attempts().write_bytes(msgspec.json.encode(counted))
    code, told = await account.decide("approve")
    assert (code, told["hint"]) == (REFUSED, "Signing is locked for 15 minutes.")
    account.passphrase.write_text(PASSPHRASE)
    code, told = await account.decide("approve")
    assert (code, told["hint"]) == (REFUSED, "The next one is taken in 15 minutes.")
    assert await account.inbox() == 0
    kinds = [one.entry.kind for one in read_entries(settings.audit_log(), 100)]
    assert kinds.count(AuditKind.PASSPHRASE_WRONG) == 2


async def test_the_program_ends_with_a_code_of_its_own(
    environment: dict[str, str], redis_url: str
) -> None:
    """Without a keyring nobody can sign, and a program that asks is told so in its form."""
    gone = {**environment, "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nobody/listens/here"}
    approved = await signoff("decide", *CALL, "approve", "--json", env=gone)
    assert (approved.code, approved.json["outcome"]) == (REFUSED, "refused"), approved
    assert "keyring" in approved.json["reason"]
    assert approved.json["hint"]
    async with Connection(redis_url) as connection:
        assert not await connection.client.xlen(keys.inbox(scenes.AGENT))
