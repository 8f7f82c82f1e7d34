"""Signing from the command line: a key in a real keyring, and a passphrase in no argument."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import keyring
import pytest

from desktop import settings
from desktop.system.vault import SERVICE, SIGNING_KEY
from tests.integration.cli.test_commands import worker as worker
from tests.support import scenes
from tests.support.command_line import signoff
from tests.support.desktop_session import SecretService
from tests.support.hand_worker import HandWorker
from tests.support.signing import PASSPHRASE, wrapped
from tests.support.trusted import ROSA_MORA, TrustedFolder
from workers.wire.approvals import Mode, PolicyTerms, QuorumTerms, read_decision
from workers.wire.canonical import JSON
from workers.wire.events import AgentCommand

CALL = (scenes.CONTEXT, scenes.CALL)


def _policy(count: int) -> PolicyTerms:
    return PolicyTerms(
        id="payments", version=7, quorums=(QuorumTerms(count=count),), meanings=("approval",)
    )


@pytest.fixture
def environment(secret_service: SecretService, tmp_path: Path, redis_url: str) -> dict[str, str]:
    """Rosa's account: her key in the keyring, and a registry that knows her."""
    TrustedFolder(tmp_path / "trust", "another_agent")
    person = settings.Person(ROSA_MORA.id, ROSA_MORA.name)
    settings.save(settings.with_signer(settings.load()[0], person))
    with secret_service.in_process():
        keyring.set_password(SERVICE, SIGNING_KEY.format(person.id), wrapped(ROSA_MORA.key))
    trust = {"SIGNOFF_TRUST": str(tmp_path / "trust"), "SIGNOFF_REDIS_URL": redis_url}
    return {**secret_service.env, **trust}


async def test_a_signed_approval_leaves_with_its_envelope(
    worker: HandWorker, environment: dict[str, str], tmp_path: Path
) -> None:
    """The passphrase comes from a file; without one nothing leaves."""
    await worker.say(scenes.asks(mode=Mode.ENFORCE, policy=_policy(1)))
    approve = ("decide", *CALL, "approve", "--json")
    right = tmp_path / "right"
    right.write_text(f"{PASSPHRASE}\n")

    nobody = await signoff(*approve, env=environment)
    async with worker.serving(worker.obey):
        decided = await signoff(*approve, "--passphrase-file", str(right), env=environment)

    assert (nobody.code, decided.code) == (3, 0)
    assert "asked for a passphrase" in nobody.json["reason"]
    [event] = worker.taken
    assert isinstance(event.body, AgentCommand)
    decision = read_decision(event.body.payload)
    assert decision.binding is not None
    assert decision.binding.reviewer.id == "r.mora"
    assert len(decision.envelopes) == 1


async def test_what_was_printed_is_signed_to_have_been_seen(
    worker: HandWorker, environment: dict[str, str], tmp_path: Path
) -> None:
    """Masked, unless somebody asked for it; a program is shown nothing, and signs so."""
    hidden: dict[str, JSON] = {"patient_name": "Ada Example", "cvv": "123", "amount": 5}
    for number in range(3):
        asked = scenes.asks(
            call=f"call_{number}", args=hidden, mode=Mode.ENFORCE, policy=_policy(1)
        )
        await worker.say(asked)
    file = tmp_path / "passphrase"
    file.write_text(PASSPHRASE)
    environment["SIGNOFF_PASSPHRASE_FILE"] = str(file)
    reveal = ("--reveal", "/patient_name")

    async with worker.serving(worker.obey):
        masked, revealed, program = [
            await signoff("decide", scenes.CONTEXT, f"call_{n}", "approve", *more, env=environment)
            for n, more in enumerate(((), reveal, ("--json",)))
        ]
    nothing = await signoff(
        "decide", scenes.CONTEXT, "call_0", "approve", "--reveal", "/cvv", env=environment
    )

    assert "Ada Example" not in masked.text
    assert "Ada Example" in revealed.text
    assert "123" not in revealed.text
    assert program.json["outcome"] == "applied"
    displays = []
    for event in worker.taken:
        assert isinstance(event.body, AgentCommand)
        [envelope] = read_decision(event.body.payload).envelopes
        assert isinstance(envelope, dict)
        displays.append(json.loads(base64.b64decode(str(envelope["payload"])))["display"])
    assert [one["masked"] for one in displays] == [["/patient_name", "/cvv"], ["/cvv"], []]
    assert [one["revealed"] for one in displays] == [[], ["/patient_name"], []]
    assert len({one["digest"] for one in displays}) == 3
    assert nothing.code == 3


async def test_a_vote_that_waits_for_others_says_who_has_signed(
    worker: HandWorker, environment: dict[str, str], tmp_path: Path
) -> None:
    """It takes two; a wrong passphrase signs nothing, and nothing was sent to the worker."""
    await worker.say(scenes.asks(mode=Mode.ENFORCE, policy=_policy(2)))
    file = tmp_path / "passphrase"
    file.write_text(PASSPHRASE)
    approve = ("decide", *CALL, "approve", "--json")

    environment["SIGNOFF_PASSPHRASE_FILE"] = str(file)
    ended = await signoff(*approve, env=environment)
    file.write_text("a guess")
    guess = await signoff(*approve, env=environment)

    assert (ended.code, ended.json["outcome"]) == (0, "joined")
    [vote] = ended.json["votes"]
    assert (vote["reviewer"], vote["role"], vote["counts"]) == ("r.mora", "treasury", True)
    assert (guess.code, guess.json["reason"]) == (3, "The passphrase is wrong.")
    assert worker.taken == []
