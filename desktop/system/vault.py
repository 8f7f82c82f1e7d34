"""Passwords, the key of kept message text and signing keys, in the operating system's keyring.

The only place that calls `keyring`. Where no keyring answers, a password lives in this process and
nowhere else, and the person is told so; it is never written to a file. Nor are the keys: without a
keyring no text is kept, and nothing is signed.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import concurrent.futures
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import structlog

from desktop.errors import VaultUnavailable

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "signoff"
#: A locked keyring asks the person; nobody waits for that longer than this.
ANSWER_SECONDS = 20.0
#: One that has answered before takes something to keep at once; a console that ends cannot wait.
KEEP_SECONDS = 3.0
TEXT_KEY = "key of kept message text"
TEXT_KEY_BYTES = 32
#: Under this name the keyring keeps a reviewer's signing key, wrapped by their passphrase.
SIGNING_KEY = "signing-key:{}"
#: Packages whose keyrings keep passwords in files, or keep nothing.
_NO_KEYRINGS = ("keyrings.alt.", "keyring.backends.null.")
_SIGNING_HINT = "Nothing can be signed at this desk until a keyring of the system answers."
_TEXT_HINT = "No message text is kept on this computer."
_HINT = "The password is kept in memory and forgotten when Signoff closes."

_log = structlog.get_logger(__name__)
_Call: TypeAlias = Callable[[str, str], str | None]


class Vault:
    """Passwords by broker address, and one key for message text.

    Each call runs in a thread of its own: a keyring may ask the person to unlock it. The thread
    does not keep the process alive, as asyncio's own pool would while nobody answers.
    """

    def __init__(self) -> None:
        self._session: dict[str, str] = {}

    async def password(self, address: str) -> str:
        """The password of a broker; empty if none is known.

        Raises:
            VaultUnavailable: the keyring does not answer, and this session knows none.
        """
        if address in self._session:
            return self._session[address]
        return await self._ask(_get, address) or ""

    async def keep(self, address: str, password: str) -> None:
        """Keep a password; an empty one is forgotten.

        Raises:
            VaultUnavailable: it is kept for this session only.
        """
        self._session[address] = password
        await self._ask(_set if password else _delete, address, password)

    async def text_key(self) -> bytes:
        """The 32 bytes under which message text is kept here; made where there are none.

        Raises:
            VaultUnavailable: the keyring does not answer, or does not keep it.
        """
        try:
            known = _key_in(await self._ask(_get, TEXT_KEY) or "")
            if known:
                return known
            new = base64.b64encode(secrets.token_bytes(TEXT_KEY_BYTES)).decode()
            await self._ask(_set, TEXT_KEY, new)
            # Some keyrings take everything and keep nothing; another console may have been quicker.
            kept = _key_in(await self._ask(_get, TEXT_KEY) or "")
        except VaultUnavailable as error:
            raise VaultUnavailable(error.title, _TEXT_HINT) from error
        if not kept:
            raise VaultUnavailable("The keyring does not keep the key.", _TEXT_HINT)
        return kept

    async def forget_text_key(self) -> None:
        """Forget the key: whatever was kept under it can be read by nobody.

        Raises:
            VaultUnavailable: the keyring does not answer, and the key may still be there.
        """
        try:
            await self._ask(_delete, TEXT_KEY)
        except VaultUnavailable as error:
            hint = "The key of kept message text may still be in the keyring."
            raise VaultUnavailable(error.title, hint) from error

    async def signing_key(self, reviewer_id: str) -> str:
        """A reviewer's wrapped key, as JSON; empty if none was made on this computer.

        Raises:
            VaultUnavailable: the keyring does not answer.
        """
        try:
            return await self._ask(_get, SIGNING_KEY.format(reviewer_id)) or ""
        except VaultUnavailable as error:
            raise VaultUnavailable(error.title, _SIGNING_HINT) from error

    async def keep_signing_key(self, reviewer_id: str, wrapped: str) -> None:
        """Keep a reviewer's wrapped key, in place of the one before.

        Raises:
            VaultUnavailable: the keyring does not answer, or does not keep it.
        """
        try:
            name = SIGNING_KEY.format(reviewer_id)
            await self._ask(_set, name, wrapped)
            # Some keyrings take everything and keep nothing.
            kept = await self._ask(_get, name)
        except VaultUnavailable as error:
            raise VaultUnavailable(error.title, _SIGNING_HINT) from error
        if kept != wrapped:
            raise VaultUnavailable("The keyring does not keep the key.", _SIGNING_HINT)

    async def _ask(self, call: _Call, address: str, password: str = "") -> str | None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await _in_thread(partial(call, address, password))
        except TimeoutError as error:
            raise VaultUnavailable("The keyring does not answer.", _HINT) from error


def _key_in(kept: str) -> bytes:
    """The key as it was kept; empty if it is none."""
    try:
        key = base64.b64decode(kept, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return key if len(key) == TEXT_KEY_BYTES else b""


class LogKeyring:
    """The keyring, for whoever is on a thread that may wait. Implements `audit.keys.Keyring`."""

    def read(self, name: str) -> str:
        """See `audit.keys.Keyring`."""
        return self._ask(partial(_get, name, ""), ANSWER_SECONDS) or ""

    def keep(self, name: str, value: str) -> None:
        """See `audit.keys.Keyring`."""
        self._ask(partial(_set if value else _delete, name, value), KEEP_SECONDS)

    def _ask(self, call: Callable[[], str | None], seconds: float) -> str | None:
        try:
            return _started(call).result(seconds)
        except TimeoutError as error:
            raise VaultUnavailable("The keyring does not answer.", _HINT) from error


def keep_in_memory() -> None:
    """Let this process keep in memory what it would keep in the system's keyring.

    For a tour, which neither reads what is in that keyring nor leaves anything there.
    """
    import keyring  # noqa: PLC0415 - see `_keyring`
    from keyring.backend import KeyringBackend  # noqa: PLC0415

    kept: dict[tuple[str, str], str] = {}

    class InMemory(KeyringBackend):
        priority = 0.1

        def get_password(self, service: str, username: str) -> str | None:
            return kept.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            kept[service, username] = password

        def delete_password(self, service: str, username: str) -> None:
            kept.pop((service, username), None)

    keyring.set_keyring(InMemory())  # type: ignore[no-untyped-call]


async def _in_thread(call: Callable[[], str | None]) -> str | None:
    return await asyncio.wrap_future(_started(call))


def _started(call: Callable[[], str | None]) -> concurrent.futures.Future[str | None]:
    answer: concurrent.futures.Future[str | None] = concurrent.futures.Future()

    def run() -> None:
        if not answer.set_running_or_notify_cancel():
            return
        try:
            answer.set_result(call())
        except VaultUnavailable as error:
            answer.set_exception(error)

    threading.Thread(target=run, name="keyring", daemon=True).start()
    return answer


def _get(address: str, _password: str) -> str | None:
    with _translated():
        return _keyring().get_password(SERVICE, address)


def _set(address: str, password: str) -> None:
    with _translated():
        _keyring().set_password(SERVICE, address, password)


def _delete(address: str, _password: str) -> None:
    with _translated():
        keyring = _keyring()
        if keyring.get_password(SERVICE, address) is not None:
            keyring.delete_password(SERVICE, address)


def _keyring() -> KeyringBackend:
    """The keyring of this system.

    Raises:
        VaultUnavailable: the one that is set up keeps what it is given in a plain file.
    """
    import keyring  # noqa: PLC0415 - 0.1 s that a start without a password does not need

    found = keyring.get_keyring()
    # Of several that are chained, the first one keeps.
    first = next(iter(getattr(found, "backends", ())), found)
    if f"{type(first).__module__}.".startswith(_NO_KEYRINGS):
        title = "The keyring that is set up here keeps secrets in a file, or not at all."
        raise VaultUnavailable(title, _HINT)
    return found


@contextmanager
def _translated() -> Iterator[None]:
    from keyring.errors import (  # noqa: PLC0415
        InitError,
        KeyringError,
        KeyringLocked,
        NoKeyringError,
    )

    try:
        yield
    except VaultUnavailable:
        raise
    except NoKeyringError as error:
        raise VaultUnavailable("No keyring is running.", _HINT) from error
    except (KeyringLocked, InitError) as error:
        raise VaultUnavailable("The keyring is locked.", _HINT) from error
    except KeyringError as error:
        raise VaultUnavailable("The keyring refused.", _HINT) from error
    # A keyring is a plug-in of the system, and raises what it likes.
    except Exception as error:
        _log.warning("keyring failed", error=type(error).__name__)
        raise VaultUnavailable("The keyring is not reachable.", _HINT) from error
