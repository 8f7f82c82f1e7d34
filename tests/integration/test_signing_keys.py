"""Signing keys in a real keyring: made once for the window and the commands, opened, refused."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Iterator
from pathlib import Path

import keyring
import msgspec
import pytest
from keyring.backend import KeyringBackend

from desktop.actions.ports import ChooseSigner, Unlock
from desktop.engine.attempts import Attempts
from desktop.engine.signing_desk import SigningDesk
from desktop.errors import ConsoleError, VaultUnavailable
from desktop.settings import SigningRule
from desktop.store.facts import Fact, SigningChanged
from desktop.store.signing import Signing, SigningState
from desktop.system.enrolling import make_key
from desktop.system.vault import SERVICE, SIGNING_KEY, Vault
from tests.support.desktop_session import SecretService
from tests.support.signing import PASSPHRASE, ROSA
from workers.wire.signing.administering import open_enrolment
from workers.wire.signing.distrust import NotTrusted
from workers.wire.signing.dsse import read_envelope
from workers.wire.signing.wrapping import WrappedKey


@pytest.fixture
def open_keyring(secret_service: SecretService) -> Iterator[SecretService]:
    """A real keyring, unlocked, that this process uses."""
    with secret_service.in_process():
        yield secret_service


async def opened_with(passphrase: str, folder: Path) -> Signing:
    """What comes of a passphrase at a desk of this computer."""
    told: list[Signing] = []

    def hear(fact: Fact) -> None:
        assert isinstance(fact, SigningChanged)
        told.append(fact.signing)

    async def record(_entry: object) -> None:
        """Nothing is looked at here."""

    attempts = Attempts(folder / "attempts.json", lambda: 0.0)
    desk = SigningDesk(hear, record, Vault(), lambda: None, attempts)
    desk.take(ChooseSigner(ROSA, (ROSA,), SigningRule.FIRST, 30, folder))
    desk.take(Unlock(passphrase))
    await asyncio.gather(*desk._work)
    await desk.close()
    return told[-1]


async def test_a_key_that_was_made_opens_with_its_passphrase_alone(
    open_keyring: SecretService, tmp_path: Path
) -> None:
    """The keyring has it wrapped; the request proves who has it, and says nothing else."""
    made = await make_key(Vault(), ROSA, PASSPHRASE, tmp_path / "request.json")

    kept = await asyncio.to_thread(keyring.get_password, SERVICE, SIGNING_KEY.format(ROSA.id))
    assert kept is not None
    assert msgspec.json.decode(kept, type=WrappedKey).key_id == made.key_id
    asked = open_enrolment(read_envelope(msgspec.json.decode(made.request.read_bytes())))
    assert (asked.id, asked.name) == (ROSA.id, ROSA.name)
    assert PASSPHRASE not in kept + made.request.read_text()
    assert made.entry.detail == made.key_id

    assert (await opened_with(PASSPHRASE, tmp_path)).state is SigningState.OPEN
    wrong = await opened_with("another passphrase", tmp_path)
    assert (wrong.state, wrong.title) == (SigningState.LOCKED, "The passphrase is wrong.")


async def test_a_key_is_not_replaced_unless_it_is_meant(
    open_keyring: SecretService, tmp_path: Path
) -> None:
    """Nor is one made under a passphrase that anybody guesses, or without its request."""
    request = tmp_path / "request.json"
    with pytest.raises(NotTrusted, match="8 characters"):
        await make_key(Vault(), ROSA, "short", request)
    with pytest.raises(ConsoleError, match="cannot be written"):
        await make_key(Vault(), ROSA, PASSPHRASE, tmp_path / "nowhere" / "request.json")
    assert await Vault().signing_key(ROSA.id) == ""
    first = await make_key(Vault(), ROSA, PASSPHRASE, request)

    with pytest.raises(ConsoleError, match="already"):
        await make_key(Vault(), ROSA, PASSPHRASE, request)
    second = await make_key(Vault(), ROSA, PASSPHRASE, request, replace=True)
    assert second.key_id != first.key_id


async def test_a_locked_keyring_signs_nothing(open_keyring: SecretService, tmp_path: Path) -> None:
    """Title and hint; no key is made, and no request is left of one."""
    await make_key(Vault(), ROSA, PASSPHRASE, tmp_path / "request.json")
    open_keyring.lock()

    status = await opened_with(PASSPHRASE, tmp_path)
    assert (status.state, status.title) == (SigningState.UNAVAILABLE, "The keyring is locked.")
    assert "Nothing can be signed" in status.hint
    with pytest.raises(VaultUnavailable):
        await make_key(Vault(), ROSA, PASSPHRASE, tmp_path / "again.json", replace=True)
    assert not (tmp_path / "again.json").exists()


class PlainText(KeyringBackend):
    """What keyrings that write into files look like from here."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        """It would answer."""
        raise AssertionError(f"asked for {username} of {service}")

    def set_password(self, service: str, username: str, password: str) -> None:
        """It would write it down."""
        raise AssertionError(f"kept {len(password)} letters for {username} of {service}")


# It registers itself, and would be found by every other test.
KeyringBackend._classes.discard(PlainText)


@pytest.mark.parametrize("module", ["keyrings.alt.file", "keyring.backends.null"])
async def test_a_keyring_that_keeps_secrets_in_a_file_is_refused(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither keys nor passwords go there."""
    before = keyring.get_keyring()
    monkeypatch.setattr(PlainText, "__module__", module)
    keyring.set_keyring(PlainText())  # type: ignore[no-untyped-call]
    try:
        with pytest.raises(VaultUnavailable, match="in a file, or not at all"):
            await make_key(Vault(), ROSA, PASSPHRASE, tmp_path / "request.json")
        with pytest.raises(VaultUnavailable, match="in a file, or not at all"):
            await Vault().keep("redis://broker/0", "secret")
        assert (await opened_with(PASSPHRASE, tmp_path)).state is SigningState.UNAVAILABLE
    finally:
        keyring.set_keyring(before)


@pytest.fixture(autouse=True)
def _keyring_rubbish() -> Iterator[None]:
    """A connection that keyring 25 forgets to close when something goes wrong."""
    yield
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        gc.collect()
