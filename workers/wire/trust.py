"""Whom a process believes: the registry and the policy in one folder of its own machine.

The only place that reads that folder. `roots.json` says whose signatures make a registry,
`registry.json` is it, `policy.toml` says what calls demand, and `agents/<agent>.key` is what a
worker signs with. Nothing of it ever comes from the broker.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from workers.wire.codec import decode_json, encode_struct
from workers.wire.errors import DecodeError
from workers.wire.halts import HaltStatement
from workers.wire.ids import check_agent_name
from workers.wire.policy.rules import Policy, read_policy
from workers.wire.seen import Memory, Seen, digest_of, places_for
from workers.wire.signing.assertions import read_halt
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.dsse import Envelope, read_envelope
from workers.wire.signing.keys import SigningKey, VerifyKey, from_base64, to_base64
from workers.wire.signing.registry import Registry, Roots, open_registry
from workers.wire.signing.statements import write_statement

ROOTS_FILE: Final = "roots.json"
REGISTRY_FILE: Final = "registry.json"
POLICY_FILE: Final = "policy.toml"
AGENTS_FOLDER: Final = "agents"
#: Remembers signed halts, one file for each scope.
HALTS_FOLDER: Final = "halts"
MAX_FILE_BYTES: Final = 4 * 1024 * 1024
_HINT: Final = "Until it can be read and is believed, nothing can be approved here."
_OLD_REGISTRY: Final = (
    "Ask whoever administers the registry for the present one. If it was begun anew with other "
    "roots, delete registry.seen there and in SIGNOFF_HOME/seen."
)
_OLD_POLICY: Final = (
    "Each change of a policy takes a later version, also one that goes back to what it was before. "
    "If it was begun anew, delete policy.seen there and in SIGNOFF_HOME/seen."
)


class _RootsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    threshold: int
    keys: tuple[str, ...]
    v: int = 1


@dataclass(frozen=True, slots=True)
class _Stamp:
    """What tells a file from the one that was read before."""

    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int


class TrustFolder:
    """The folder, read again when a file in it changes. Blocking; small files.

    Signatures are verified once for the bytes they are in. Whether a registry still counts is
    asked each time: it may have expired since, or been followed by another.
    """

    def __init__(
        self,
        path: Path,
        *,
        home: Path | None = None,
        is_named: bool = False,
        remembers: bool = True,
    ) -> None:
        """Name it; nothing is read yet.

        Args:
            home: of who reads it, to note there as well what was believed; see `places_for`.
            is_named: somebody said that it is to be this one, so that there has to be a policy.
            remembers: note what was believed; False for who only looks.
        """
        self.path = path
        self._is_named = is_named
        self._raw: dict[str, tuple[_Stamp, bytes]] = {}
        places = places_for(path, home)
        self._registries = Memory("registry", _OLD_REGISTRY, places, writes=remembers)
        self._policies = Memory("policy", _OLD_POLICY, places, writes=remembers)
        # Made of the bytes beside them; asked for with each call of a tool.
        self._registry: tuple[bytes, bytes, Registry, Seen] | None = None
        self._policy: tuple[bytes, Policy, Seen] | None = None
        self._keys: dict[str, tuple[bytes, SigningKey]] = {}

    @property
    def exists(self) -> bool:
        """Whether somebody has set it up."""
        return _is_there(self.path / ROOTS_FILE)

    @property
    def wants_policy(self) -> bool:
        """Whether calls are judged by its policy: one is there, readable or not, or is missed.

        It is missed where one was believed before, or somebody named this folder: a disk that is
        not there, or a typo in the name, must not let run what the policy gates.
        """
        if self._is_named or _is_there(self.path / POLICY_FILE):
            return True
        try:
            return self._policies.least > 0
        except NotTrusted:
            return True

    def can_note(self) -> bool:
        """Whether this process could note what it believed, here or in its home."""
        return self._registries.can_note()

    def roots(self) -> Roots:
        """Whose signatures make a registry.

        Raises:
            NotTrusted: the file is missing or malformed.
        """
        return _roots_in(self._read(ROOTS_FILE))

    def registry(self, now: float) -> Registry:
        """The registry, verified now; it is remembered, so that none before it counts again.

        Args:
            now: seconds since the epoch.

        Raises:
            NotTrusted: missing, malformed, expired, rolled back or not signed by enough roots;
                another one of its version was believed before; or nothing can be noted.
        """
        raw, roots, known = self._read(REGISTRY_FILE), self._read(ROOTS_FILE), self._registry
        least = self._registries.least
        if known is not None and known[0] is raw and known[1] is roots:
            _, _, registry, seen = known
            registry.check_present(now, least)
        else:
            registry = open_registry(_envelope_in(raw), _roots_in(roots), now, least)
            # Of what is signed: another root may sign the same registry later.
            seen = Seen(registry.version, digest_of(write_statement(registry.statement)))
            self._registry = (raw, roots, registry, seen)
        self._registries.believe(seen)
        return registry

    def policy(self) -> Policy:
        """The policy; it is remembered, so that none before it counts again.

        Raises:
            NotTrusted: the file is missing; an older one, or the same version with other content;
                or nothing can be noted.
            BadPolicy: it cannot be understood.
        """
        raw, known = self._read(POLICY_FILE), self._policy
        if known is None or known[0] is not raw:
            policy = read_policy(raw)
            known = self._policy = (raw, policy, Seen(policy.version, digest_of(raw)))
        self._policies.believe(known[2])
        return known[1]

    def agent_key(self, agent: str) -> SigningKey | None:
        """What the workers of an agent sign with here; None if they do not.

        Raises:
            NotTrusted: the file holds no key.
        """
        name = f"{AGENTS_FOLDER}/{check_agent_name(agent)}.key"
        if not _is_there(self.path / name):
            return None
        raw, known = self._read(name), self._keys.get(name)
        if known is None or known[0] is not raw:
            text = raw.decode(errors="replace").strip()
            known = self._keys[name] = (raw, SigningKey(from_base64(text)))
        return known[1]

    def halts(self) -> list[HaltStatement]:
        """The signed halts and lifts that were proven here, as far as they can be read."""
        kept: list[HaltStatement] = []
        with contextlib.suppress(OSError):
            for path in sorted((self.path / HALTS_FOLDER).glob("*.json")):
                statement = read_halt(path.read_bytes())
                if statement is not None:
                    kept.append(statement)
        return kept

    def keep_halt(self, statement: HaltStatement) -> bool:
        """Remember a proven halt or lift in place of the one before on its scope.

        Returns:
            Whether it is remembered; a folder that only others may write remembers nothing.
        """
        name = hashlib.sha256(statement.scope.encode()).hexdigest()[:32]
        try:
            (self.path / HALTS_FOLDER).mkdir(exist_ok=True, mode=0o700)
            self._put(f"{HALTS_FOLDER}/{name}.json", encode_struct(statement))
        except OSError:
            return False
        return True

    def _read(self, name: str) -> bytes:
        path = self.path / name
        try:
            found = path.stat()
            stamp = _Stamp(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
            if found.st_size > MAX_FILE_BYTES:
                title = f"{name} has {found.st_size:,} bytes; {MAX_FILE_BYTES:,} are allowed."
                raise NotTrusted(Distrust.MALFORMED, title, _HINT)
            known = self._raw.get(name)
            if known is None or known[0] != stamp:
                known = self._raw[name] = (stamp, path.read_bytes())
        except OSError as error:
            title = f"{name} cannot be read in {self.path}: {error.strerror}."
            raise NotTrusted(Distrust.MISSING, title, _HINT) from error
        return known[1]

    def _put(self, name: str, content: bytes) -> None:
        """Write a file that others find as a whole or not at all."""
        new = self.path / f"{name}.{os.getpid()}.new"
        new.write_bytes(content)
        new.replace(self.path / name)


def _envelope_in(raw: bytes) -> Envelope:
    try:
        return read_envelope(decode_json(raw, max_bytes=MAX_FILE_BYTES))
    except DecodeError as error:
        title = f"The registry cannot be read: {error}."
        raise NotTrusted(Distrust.MALFORMED, title, _HINT) from error


def _roots_in(raw: bytes) -> Roots:
    try:
        told = msgspec.json.decode(raw, type=_RootsFile)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        title = f"{ROOTS_FILE} is malformed: {error}."
        raise NotTrusted(Distrust.MALFORMED, title, _HINT) from error
    keys = tuple(dict.fromkeys(VerifyKey.from_text(text) for text in told.keys))
    if told.v != 1 or not 1 <= told.threshold <= len(keys):
        title = f"{ROOTS_FILE} asks for more signatures than it has keys, or for none."
        raise NotTrusted(Distrust.MALFORMED, title, _HINT)
    return Roots(keys, told.threshold)


def _is_there(path: Path) -> bool:
    """Whether there is a file; one that may not be looked at counts, so that it is missed."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def read_key_file(path: Path) -> SigningKey:
    """The key in a file as `write_agent_key` writes it.

    Raises:
        NotTrusted: there is none, or it holds no key.
    """
    try:
        text = path.read_text(errors="replace")
    except OSError as error:
        title = f"The key {path} cannot be read: {error.strerror}."
        raise NotTrusted(Distrust.MISSING, title, "Name a file that holds a key.") from error
    return SigningKey(from_base64(text.strip()))


def write_roots(roots: Roots) -> bytes:
    """`roots.json` for these keys."""
    keys = tuple(key.text for key in roots.keys)
    return msgspec.json.format(msgspec.json.encode(_RootsFile(roots.threshold, keys))) + b"\n"


def write_agent_key(path: Path, key: SigningKey) -> None:
    """Write what a worker signs with, for its owner alone.

    Raises:
        OSError: it could not be written, or there is one already.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{to_base64(key.seed)}\n")
