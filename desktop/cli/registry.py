"""`signoff enrol` and `signoff registry`: who may decide, kept in a folder that roots sign.

The only place that administers a trust folder: it writes `roots.json` and `registry.json`, which
workers and consoles read (`workers.wire.trust`), and `roots/` (the root keys, each under a
passphrase; they belong on other machines, or in a safe).
"""

from __future__ import annotations

import argparse
import getpass
import hashlib
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from desktop import settings
from desktop.audit.entries import AuditKind, happened
from desktop.cli.output import print_json, print_line
from desktop.engine.recorder import Recorder
from desktop.errors import ConsoleError
from desktop.settings import Person
from desktop.system.enrolling import make_key
from desktop.system.vault import LogKeyring, Vault
from workers.wire.ids import check_agent_name
from workers.wire.signing.administering import (
    EnrolmentStatement,
    enrolment,
    first_registry,
    open_enrolment,
    renewed,
    sealed,
    with_enrolled,
    with_revoked,
    with_signature,
    write_envelope,
)
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.dsse import Envelope, read_envelope
from workers.wire.signing.keys import SigningKey, VerifyKey
from workers.wire.signing.registry import Registry, RegistryStatement, Roots, open_registry
from workers.wire.signing.wrapping import WrappedKey, unwrap, wrap
from workers.wire.trust import (
    MAX_FILE_BYTES,
    REGISTRY_FILE,
    ROOTS_FILE,
    TrustFolder,
    write_agent_key,
    write_roots,
)

ROOT_KEYS = "roots"

S = TypeVar("S", bound=msgspec.Struct)


async def run(options: argparse.Namespace) -> int:
    """Run one of them. Returns the exit code.

    Raises:
        SignoffError: with a title and a hint; nothing was changed.
    """
    if options.command == "enrol":
        return await _enrol(options)
    folder: Path = options.folder
    match options.step:
        case "init":
            code = _init(folder, options)
            await _note(folder, "init")
            return code
        case "list" | "verify":
            return _show(folder, options)
        case "sign":
            envelope = _envelope(folder / REGISTRY_FILE)
        case "add":
            envelope = sealed(_with_added(_statement(folder), options), [])
        case "revoke":
            following = with_revoked(
                _statement(folder), options.who, options.reason, _now(), options.key_id
            )
            envelope = sealed(following, [])
        case _:
            envelope = sealed(renewed(_statement(folder), _now()), [])
    for path in options.root:
        envelope = with_signature(envelope, _root_key(path, options))
    code = _save(folder, envelope, as_json=options.json)
    about = getattr(options, "who", "") or getattr(options, "key_id", "")
    await _note(folder, f"{options.step} {about}".strip())
    return code


async def _note(folder: Path, what: str) -> None:
    """Record that a registry was changed, or keep it beside a log that a window writes.

    Args:
        what: the step, and whom it is about: an id or a key id.
    """
    person = settings.load()[0].person
    digest = hashlib.sha256(_bytes(folder / REGISTRY_FILE)).hexdigest()
    made = happened(AuditKind.REGISTRY_CHANGED, person=person.id, name=person.name)
    recorder = Recorder(settings.audit_log(), LogKeyring())
    try:
        await recorder.note_anyway(
            msgspec.structs.replace(made, detail=what, result_digest=f"sha-256:{digest}")
        )
    finally:
        await recorder.close()


async def _enrol(options: argparse.Namespace) -> int:
    if options.agent:
        return _enrol_agent(SigningKey.generate(), options)
    person = Person(options.id, options.name)
    made = await make_key(
        Vault(),
        person,
        _passphrase(options, f"New passphrase for {options.name}"),
        options.out,
        email=options.email,
        replace=options.replace,
    )
    chosen, _ = settings.load()
    settings.save(settings.with_signer(chosen, person))
    recorder = Recorder(settings.audit_log(), LogKeyring())
    try:
        # A window that is open holds the log: it takes this in with what was written beside it.
        await recorder.note_anyway(made.entry)
    finally:
        await recorder.close()
    return _hand_over(options, options.id, made.key_id)


def _enrol_agent(key: SigningKey, options: argparse.Namespace) -> int:
    """An agent's key is for its workers, who cannot be asked for a passphrase."""
    if options.key_file is None or options.id or options.name:
        hint = "Give --agent with --key-file, or --id with --name."
        raise ConsoleError("An agent has a key in a file, and is no person.", hint)
    statement = EnrolmentStatement(
        id="",
        name="",
        agent=check_agent_name(options.agent),
        public=key.public.text,
        made_at=_now().isoformat(timespec="seconds"),
        device=platform.node(),
    )
    request = enrolment(key, statement)
    open_enrolment(request)
    try:
        write_agent_key(options.key_file, key)
    except OSError as error:
        raise ConsoleError(f"{options.key_file} cannot be written: {error.strerror}.") from error
    options.out.write_bytes(write_envelope(request))
    return _hand_over(options, options.agent, key.public.key_id)


def _hand_over(options: argparse.Namespace, who: str, key_id: str) -> int:
    if options.json:
        print_json({"id": who, "key_id": key_id, "request": str(options.out)})
    else:
        print_line(f"Give {options.out} to whoever administers the registry, and read them this:")
        print_line(key_id)
    return 0


def _init(folder: Path, options: argparse.Namespace) -> int:
    if (folder / REGISTRY_FILE).exists() or (folder / ROOTS_FILE).exists():
        raise ConsoleError(f"There is a registry in {folder} already.", "Choose another folder.")
    keys = [SigningKey.generate() for _ in range(options.roots)]
    if not 1 <= options.threshold <= len(keys):
        raise ConsoleError("The roots ask for more keys than there are, or for none.")
    pinned = Roots(tuple(key.public for key in keys), options.threshold)
    locked = [
        wrap(key, _passphrase(options, f"New passphrase for root key {number}"), f"root {number}")
        for number, key in enumerate(keys, 1)
    ]
    (folder / ROOT_KEYS).mkdir(parents=True, exist_ok=True)
    for number, wrapped in enumerate(locked, 1):
        path = folder / ROOT_KEYS / f"root-{number}.json"
        path.touch(mode=0o600)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(wrapped)))
    (folder / ROOTS_FILE).write_bytes(write_roots(pinned))
    envelope = sealed(first_registry(_now()), keys[: options.threshold])
    return _save(folder, envelope, as_json=options.json)


def _with_added(statement: RegistryStatement, options: argparse.Namespace) -> RegistryStatement:
    asked = open_enrolment(_envelope(options.request))
    key_id = VerifyKey.from_text(asked.public).key_id
    if key_id != options.key_id:
        hint = "Do not register it. Ask the person to read you theirs again."
        raise ConsoleError(f"The request asks for another key: {key_id}.", hint)
    return with_enrolled(statement, asked, options.role, _now())


def _show(folder: Path, options: argparse.Namespace) -> int:
    registry = TrustFolder(folder, home=settings.home()).registry(time.time())
    least = options.least_version if options.step == "verify" else 0
    if registry.version < least:
        title = f"The registry is version {registry.version}; {least} was seen before."
        raise NotTrusted(Distrust.ROLLED_BACK, title, "Somebody has put an older one in its place.")
    _print(registry, as_json=options.json, whole=options.step == "list")
    return 0


def _print(registry: Registry, *, as_json: bool, whole: bool) -> None:
    statement = registry.statement
    if as_json:
        print_json(msgspec.to_builtins(statement) if whole else {"version": statement.version})
        return
    print_line(f"Version {statement.version}, until {statement.expires_at}")
    for reviewer in statement.reviewers if whole else ():
        print_line(reviewer.id, reviewer.name, ", ".join(reviewer.roles) or "no role")
        for key in reviewer.keys:
            state = f"revoked {key.revoked_at}: {key.reason}" if key.revoked_at else key.not_after
            print_line("", VerifyKey.from_text(key.public).key_id, key.device, state)


def _save(folder: Path, envelope: Envelope, *, as_json: bool) -> int:
    """Write the registry, whole or not at all; one that lacks signatures says so."""
    roots = TrustFolder(folder).roots()
    signed = sum(roots.key(one.keyid) is not None for one in envelope.signatures)
    if signed >= roots.threshold:
        open_registry(envelope, roots, time.time())
    path = folder / REGISTRY_FILE
    beside = path.with_suffix(".new")
    beside.write_bytes(write_envelope(envelope))
    beside.replace(path)
    if as_json:
        print_json({"registry": str(path), "signed": signed, "threshold": roots.threshold})
    else:
        print_line(f"{path}: signed by {signed} of {roots.threshold} root keys that are needed")
    return 0


def _statement(folder: Path) -> RegistryStatement:
    """The registry to go on from, which has to be whole: changes do not pile up unsigned."""
    # At no time: one that has expired is what a renewal is for.
    return TrustFolder(folder, home=settings.home()).registry(0.0).statement


def _root_key(path: Path, options: argparse.Namespace) -> SigningKey:
    wrapped = _read(path, WrappedKey)
    return unwrap(wrapped, _passphrase(options, f"Passphrase of {wrapped.label}"))


def _passphrase(options: argparse.Namespace, question: str) -> str:
    if options.passphrase_file is not None:
        return _bytes(options.passphrase_file).decode(errors="replace").rstrip("\r\n")
    if not sys.stdin.isatty():
        hint = "Run it in a terminal, or give --passphrase-file."
        raise ConsoleError("Nobody is here to be asked for a passphrase.", hint)
    first = getpass.getpass(f"{question}: ")
    if question.startswith("New") and getpass.getpass("Again: ") != first:
        raise ConsoleError("The two passphrases differ.", "Nothing was made; try again.")
    return first


def _envelope(path: Path) -> Envelope:
    value: Any
    try:
        value = msgspec.json.decode(_bytes(path))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConsoleError(f"{path} is no JSON: {error}.") from error
    return read_envelope(value)


def _read(path: Path, kind: type[S]) -> S:
    try:
        return msgspec.json.decode(_bytes(path), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConsoleError(f"{path} cannot be read: {error}.") from error


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConsoleError(f"{path} cannot be opened: {error.strerror}.") from error
    if len(raw) > MAX_FILE_BYTES:
        raise ConsoleError(f"{path} has more than {MAX_FILE_BYTES:,} bytes.")
    return raw


def _now() -> datetime:
    return datetime.now(UTC)
