"""Whom the demo believes: two invented reviewers, keys for its agents, and a policy.

The only place that makes them. They are made once, in the demo's own folder, and renewed before
they expire, so that a first look at the product shows signed decisions. The keys that make the
registry and open the reviewers lie beside it, unguarded: it proves nothing about anybody, and is
for the demo's agents alone.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Final

import msgspec

from workers.errors import NotConfigured
from workers.wire.errors import SignoffError
from workers.wire.policy.rules import read_policy
from workers.wire.signing.administering import (
    EnrolmentStatement,
    enrolment,
    first_registry,
    open_enrolment,
    renewed,
    sealed,
    with_enrolled,
    write_envelope,
)
from workers.wire.signing.keys import SigningKey, VerifyKey
from workers.wire.signing.registry import RegistryStatement, Roots
from workers.wire.signing.statements import moment
from workers.wire.signing.wrapping import WrappedKey, unwrap, wrap
from workers.wire.trust import (
    AGENTS_FOLDER,
    POLICY_FILE,
    REGISTRY_FILE,
    ROOTS_FILE,
    TrustFolder,
    write_agent_key,
    write_roots,
)

TRUST_FOLDER: Final = "trust"
#: `<id>.json` holds a reviewer's wrapped key, `<id>.passphrase` what opens it.
REVIEWERS_FOLDER: Final = "reviewers"
ROOT_KEY: Final = "roots/root-1"
ROLES: Final = ("treasury", "records", "operations")
#: What has less than this left is renewed: a demo may be left running over a weekend.
_SPARE: Final = timedelta(days=10)
_QUICK_KIB: Final = 64


@dataclass(frozen=True, slots=True)
class DemoReviewer:
    """Somebody who does not exist, and may decide on the demo's calls."""

    id: str
    name: str


REVIEWERS: Final = (
    DemoReviewer("demo-reviewer", "Demo Reviewer"),
    DemoReviewer("second-reviewer", "Second Reviewer"),
)


def prepare_trust(folder: Path, agents: Collection[str], now: datetime) -> TrustFolder:
    """The demo's trust folder, made if there is none and renewed if it would expire.

    Args:
        folder: the demo's own; the trust folder is in it.
        agents: names of those whose workers sign.
        now: with its zone.

    Raises:
        NotConfigured: there is one that cannot be used.
    """
    path = folder / TRUST_FOLDER
    try:
        if path.exists():
            _bring_up_to_date(path, agents, now)
        else:
            _make(path, agents, now)
        trust = TrustFolder(path)
        trust.registry(now.timestamp())
        trust.policy()
    except (SignoffError, OSError, ValueError) as error:
        what = error.title if isinstance(error, SignoffError) else str(error)
        raise NotConfigured(
            f"The demo cannot use its own keys: {what}",
            f"Delete {path}; the next start makes new ones.",
        ) from error
    return trust


def _make(path: Path, agents: Collection[str], now: datetime) -> None:
    """Make the folder, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=".trust-", dir=path.parent))
    root = SigningKey.generate()
    try:
        _write_locked(new, ROOT_KEY, root, "Demo root")
        (new / ROOTS_FILE).write_bytes(write_roots(Roots((root.public,), 1)))
        (new / REGISTRY_FILE).write_bytes(write_envelope(sealed(first_registry(now), [root])))
        _bring_up_to_date(new, agents, now)
        new.rename(path)
    except OSError:
        if not path.exists():
            raise
        # Another demo was quicker; its keys are as good.
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _bring_up_to_date(path: Path, agents: Collection[str], now: datetime) -> None:
    _write_policy(path / POLICY_FILE)
    # At no time: one that has expired is what a renewal is for.
    before = following = TrustFolder(path).registry(0.0).statement
    for reviewer in REVIEWERS:
        following = _with_reviewer(path, following, reviewer, now)
    for agent in agents:
        following = _with_agent(path, following, agent, now)
    if following is before and _ends_soon(before.expires_at, now):
        following = renewed(before, now)
    if following is not before:
        signed = sealed(following, [_open_root(path)])
        _write_whole(path / REGISTRY_FILE, write_envelope(signed))


def _write_policy(file: Path) -> None:
    """The policy of this version of the product, unless somebody has written another."""
    shipped = resources.files(__package__).joinpath("policy.toml").read_bytes()
    if file.exists():
        present, ours = read_policy(file.read_bytes()), read_policy(shipped)
        if present.id != ours.id or present.version >= ours.version:
            return
    _write_whole(file, shipped)


def _with_reviewer(
    path: Path, statement: RegistryStatement, reviewer: DemoReviewer, now: datetime
) -> RegistryStatement:
    file = path / REVIEWERS_FOLDER / f"{reviewer.id}.json"
    if file.exists():
        key_id = msgspec.json.decode(file.read_bytes(), type=WrappedKey).key_id
        if _counts(statement, key_id, now):
            return statement
    key = SigningKey.generate()
    _write_locked(path, f"{REVIEWERS_FOLDER}/{reviewer.id}", key, reviewer.name)
    asked = _asked(key, now, id=reviewer.id, name=reviewer.name)
    return with_enrolled(statement, asked, ROLES, now)


def _with_agent(
    path: Path, statement: RegistryStatement, agent: str, now: datetime
) -> RegistryStatement:
    key = TrustFolder(path).agent_key(agent)
    if key is not None and _counts(statement, key.public.key_id, now):
        return statement
    file = path / AGENTS_FOLDER / f"{agent}.key"
    file.unlink(missing_ok=True)
    key = SigningKey.generate()
    write_agent_key(file, key)
    return with_enrolled(statement, _asked(key, now, agent=agent), (), now)


def _asked(key: SigningKey, now: datetime, **who: str) -> EnrolmentStatement:
    """A request for registration, proven as anybody's would be."""
    statement = EnrolmentStatement(
        id=who.get("id", ""),
        name=who.get("name", ""),
        agent=who.get("agent", ""),
        public=key.public.text,
        made_at=now.isoformat(timespec="seconds"),
        device="demo",
    )
    return open_enrolment(enrolment(key, statement))


def _counts(statement: RegistryStatement, key_id: str, now: datetime) -> bool:
    """Whether a key is registered, was not struck out, and does not end soon."""
    listed = [entry for one in statement.reviewers for entry in one.keys]
    listed += [entry for one in statement.agents for entry in one.keys]
    return any(
        VerifyKey.from_text(entry.public).key_id == key_id
        and not entry.revoked_at
        and not _ends_soon(entry.not_after, now)
        for entry in listed
    )


def _ends_soon(end: str, now: datetime) -> bool:
    return moment(end) - now.timestamp() < _SPARE.total_seconds()


def _open_root(path: Path) -> SigningKey:
    file = path / f"{ROOT_KEY}.json"
    wrapped = msgspec.json.decode(file.read_bytes(), type=WrappedKey)
    return unwrap(wrapped, file.with_suffix(".passphrase").read_text())


def _write_locked(path: Path, name: str, key: SigningKey, label: str) -> None:
    """Write a key as everybody's is kept, and beside it the passphrase, for its owner alone."""
    words = secrets.token_urlsafe(24)
    # Nobody guesses such a passphrase, whatever a guess costs.
    wrapped = wrap(key, words, label, memory_kib=_QUICK_KIB)
    file = path / f"{name}.json"
    file.parent.mkdir(mode=0o700, exist_ok=True)
    _write_whole(file, msgspec.json.format(msgspec.json.encode(wrapped)))
    _write_whole(file.with_suffix(".passphrase"), words.encode())


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file for its owner alone, whole or not at all."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    new.replace(path)
