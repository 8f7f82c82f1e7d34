"""Passwords in a real keyring; and where none answers, in memory only, with a word about it."""

from __future__ import annotations

import asyncio
import gc
import signal
import warnings
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest

from desktop import settings
from desktop.cli.session import broker_url
from desktop.errors import VaultUnavailable
from desktop.settings import Settings
from desktop.store.facts import MemoryChanged
from desktop.system import vault as vault_module
from desktop.system.kept_text import KeptText
from desktop.system.vault import SERVICE, TEXT_KEY, TEXT_KEY_BYTES, Vault
from tests.support.command_line import python
from tests.support.desktop_session import PrivateBus, SecretService

ADDRESS = "redis://console@broker:6379/0"
PASSWORD = "pä:ss/wo@rd#"


@pytest.fixture
def open_keyring(secret_service: SecretService) -> Iterator[SecretService]:
    """A real keyring, unlocked, that this process uses."""
    with secret_service.in_process():
        yield secret_service


async def test_a_kept_password_is_there_for_the_next_console(
    open_keyring: SecretService,
) -> None:
    """It outlives the process that kept it."""
    await Vault().keep(ADDRESS, PASSWORD)

    assert await Vault().password(ADDRESS) == PASSWORD
    assert await asyncio.to_thread(keyring.get_password, SERVICE, ADDRESS) == PASSWORD
    assert await Vault().password("redis://another/0") == ""


async def test_an_empty_password_is_forgotten(open_keyring: SecretService) -> None:
    """Also when there was none."""
    await Vault().keep(ADDRESS, PASSWORD)

    await Vault().keep(ADDRESS, "")
    await Vault().keep(ADDRESS, "")

    assert await Vault().password(ADDRESS) == ""


async def test_a_changed_password_replaces_the_old_one(open_keyring: SecretService) -> None:
    """The broker has a new one."""
    await Vault().keep(ADDRESS, "old")

    await Vault().keep(ADDRESS, PASSWORD)

    assert await Vault().password(ADDRESS) == PASSWORD


async def test_a_locked_keyring_leaves_the_password_in_this_session(
    open_keyring: SecretService, tmp_path: Path
) -> None:
    """The person is told; the session goes on; no file ever holds it."""
    await Vault().keep(ADDRESS, "kept before")
    open_keyring.lock()
    vault = Vault()

    with pytest.raises(VaultUnavailable) as caught:
        await vault.password(ADDRESS)
    assert caught.value.title == "The keyring is locked."
    with pytest.raises(VaultUnavailable, match="kept in memory and forgotten when"):
        await vault.keep(ADDRESS, PASSWORD)

    assert await vault.password(ADDRESS) == PASSWORD
    with pytest.raises(VaultUnavailable):
        await Vault().password(ADDRESS)
    assert _files_with(PASSWORD, tmp_path) == []


async def test_without_a_keyring_the_password_lives_in_this_session(tmp_path: Path) -> None:
    """A server without a desktop, or a container."""
    vault = Vault()

    with pytest.raises(VaultUnavailable, match="No keyring is running"):
        await vault.keep(ADDRESS, PASSWORD)

    assert await vault.password(ADDRESS) == PASSWORD
    with pytest.raises(VaultUnavailable, match="No keyring is running"):
        await Vault().password(ADDRESS)
    assert _files_with(PASSWORD, tmp_path) == []


async def test_a_keyring_that_goes_away_is_no_crash(
    open_keyring: SecretService, private_bus: PrivateBus
) -> None:
    """The desktop session ended under the console."""
    vault = Vault()
    await vault.keep(ADDRESS, "kept before")
    private_bus.stop()

    with pytest.raises(VaultUnavailable):
        await vault.keep(ADDRESS, PASSWORD)
    assert await vault.password(ADDRESS) == PASSWORD
    with pytest.raises(VaultUnavailable):
        await Vault().password(ADDRESS)


async def test_a_keyring_that_does_not_answer_is_not_waited_for(
    open_keyring: SecretService, private_bus: PrivateBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It hangs, or asks a person who is away."""
    monkeypatch.setattr(vault_module, "ANSWER_SECONDS", 0.2)
    daemon = private_bus._children[-1]
    daemon.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(VaultUnavailable, match="does not answer"):
            await Vault().password(ADDRESS)
    finally:
        daemon.send_signal(signal.SIGCONT)


async def test_a_keyring_that_hangs_does_not_keep_the_console_from_ending(
    open_keyring: SecretService, private_bus: PrivateBus
) -> None:
    """Nobody has to kill a window."""
    script = (
        "import asyncio; from desktop.system import vault; vault.ANSWER_SECONDS = 0.2;"
        f"asyncio.run(vault.Vault().password({ADDRESS!r}))"
    )
    daemon = private_bus._children[-1]
    daemon.send_signal(signal.SIGSTOP)
    try:
        ended = await python("-c", script, env=open_keyring.env)
    finally:
        daemon.send_signal(signal.SIGCONT)

    assert b"The keyring does not answer." in ended.err


async def test_a_command_finds_the_password_of_the_window(open_keyring: SecretService) -> None:
    """The address is in the settings, the password is not."""
    settings.save(Settings(broker_url=ADDRESS))
    await Vault().keep(ADDRESS, "secret")

    assert await broker_url("") == "redis://console:secret@broker:6379/0"
    assert await broker_url("redis://given/0") == "redis://given/0"
    assert _files_with("secret", settings.home()) == []


async def test_a_command_goes_on_without_a_keyring() -> None:
    """A broker without a password needs none."""
    settings.save(Settings(broker_url=ADDRESS))

    assert await broker_url("") == ADDRESS


async def test_kept_text_has_one_key_until_it_is_forgotten(open_keyring: SecretService) -> None:
    """The next console reads what this one kept; after that nobody does."""
    key = await Vault().text_key()
    assert len(key) == TEXT_KEY_BYTES
    assert await Vault().text_key() == key

    await Vault().forget_text_key()
    assert await Vault().text_key() != key


async def test_a_key_that_is_none_is_made_anew(open_keyring: SecretService) -> None:
    """Somebody changed it in the keyring."""
    await asyncio.to_thread(keyring.set_password, SERVICE, TEXT_KEY, "no key")

    assert len(await Vault().text_key()) == TEXT_KEY_BYTES


async def test_message_text_is_kept_with_a_keyring_only(open_keyring: SecretService) -> None:
    """Without one the person is told, and the engine gets no key; giving it up needs none."""
    handed: list[bytes] = []
    told: list[MemoryChanged] = []
    text = KeptText(Vault(), handed.append, told.append)
    assert await text.unlock()
    assert handed == [await Vault().text_key()]

    open_keyring.lock()
    assert not await text.unlock()
    assert len(handed) == 1
    assert told[0].memory.title == "The keyring is locked."
    assert told[0].memory.hint == "No message text is kept on this computer."
    with pytest.raises(VaultUnavailable, match="may still be in the keyring"):
        await text.drop()
    assert handed[1:] == [b""]


def _files_with(text: str, folder: Path) -> list[Path]:
    content = text.encode()
    return [p for p in folder.rglob("*") if p.is_file() and content in p.read_bytes()]


@pytest.fixture(autouse=True)
def _keyring_rubbish() -> Iterator[None]:
    """A connection that keyring 25 forgets to close when something goes wrong."""
    yield
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        gc.collect()
