"""Making a reviewer's signing key on this computer, and the request to be registered with it.

The only place that makes one, for the window and for `signoff enrol`. The key is wrapped by the
passphrase before it goes to the keyring; the request file holds its public half.
"""

from __future__ import annotations

import asyncio
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from desktop.audit.entries import AuditEntry, AuditKind, happened
from desktop.errors import ConsoleError, VaultUnavailable
from desktop.settings import Person
from desktop.system.vault import Vault
from workers.wire.signing.administering import (
    EnrolmentStatement,
    enrolment,
    open_enrolment,
    write_envelope,
)
from workers.wire.signing.keys import SigningKey
from workers.wire.signing.wrapping import wrap


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was made.

    Attributes:
        key_id: its fingerprint, which the person reads to whoever administers the registry.
        request: the file with the request.
        entry: for the audit log.
    """

    key_id: str
    request: Path
    entry: AuditEntry


async def make_key(
    vault: Vault,
    person: Person,
    passphrase: str,
    request: Path,
    *,
    email: str = "",
    replace: bool = False,
) -> NewKey:
    """Make a key, keep it, and write the request.

    Args:
        request: the file to write.
        replace: also if the person has a key here, which is lost by it.

    Raises:
        NotTrusted: the passphrase is too short, or the request would be refused.
        VaultUnavailable: no keyring keeps it.
        ConsoleError: there is a key already, or the file cannot be written.
    """
    if not replace and await vault.signing_key(person.id):
        raise ConsoleError(
            f"There is a key of {person.id} on this computer already.",
            "Another in its place has to be registered, too; choose that if you mean it.",
        )
    key = SigningKey.generate()
    wrapped = await asyncio.to_thread(wrap, key, passphrase, person.name)
    statement = EnrolmentStatement(
        id=person.id,
        name=person.name,
        public=key.public.text,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        email=email,
        device=platform.node(),
    )
    envelope = enrolment(key, statement)
    open_enrolment(envelope)  # before anything is kept: one that would be refused helps nobody
    _write(request, write_envelope(envelope))
    try:
        await vault.keep_signing_key(person.id, msgspec.json.encode(wrapped).decode())
    except VaultUnavailable:
        _take_back(request)
        raise
    entry = happened(AuditKind.KEY_MADE, person=person.id, name=person.name)
    made = msgspec.structs.replace(entry, detail=key.public.key_id)
    return NewKey(key.public.key_id, request, made)


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        title = f"The request cannot be written: {error.strerror}."
        raise ConsoleError(title, "Nothing was made. Choose another place for it.") from error


def _take_back(path: Path) -> None:
    """The request is for a key that nobody has."""
    path.unlink(missing_ok=True)
