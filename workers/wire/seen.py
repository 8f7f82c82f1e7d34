"""What was believed before: the newest version of a file in a trust folder, and what was in it.

The only place that notes that, and reads it back. It is noted in the trust folder and in the home
of who reads it, wherever that can be written, so that an older file, or another one of the same
version, shows to a process that has only just started as well.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from workers.wire.signing.distrust import Distrust, NotTrusted

#: In the home: a folder for each trust folder that was believed from there.
SEEN_FOLDER: Final = "seen"
_NAME_DIGITS: Final = 16
_DIGEST_DIGITS: Final = 64


@dataclass(frozen=True, slots=True)
class Seen:
    """A version, and what was in it.

    Attributes:
        digest: SHA-256 in hexadecimal; empty where only the version was noted.
    """

    version: int = 0
    digest: str = ""


class Memory:
    """The newest version of one file. Blocking; small files."""

    def __init__(self, what: str, hint: str, places: Sequence[Path], *, writes: bool) -> None:
        """Name it; nothing is read yet.

        Args:
            what: the file is, in a word for people; it is noted in `<what>.seen`.
            hint: how an older one is mended.
            places: folders, any of which may be missing, or be read only.
            writes: note what is believed; False for who only looks.
        """
        self._what = what
        self._hint = hint
        self._files = tuple(place / f"{what}.seen" for place in places)
        self._writes = writes
        # Also where nothing is noted, and if a file is deleted meanwhile.
        self._newest = Seen()

    @property
    def least(self) -> int:
        """The newest version that was ever believed; 0 if none was.

        Raises:
            NotTrusted: what was noted cannot be read.
        """
        return max(one.version for one in (self._newest, *map(self._read, self._files)))

    def believe(self, found: Seen) -> None:
        """Go on from what was found now; from then on nothing before it counts.

        Raises:
            NotTrusted: it is older than one that was believed, or another one of that version, or
                it can be noted nowhere.
        """
        noted = {file: self._read(file) for file in self._files}
        known = (self._newest, *noted.values())
        newest = max(one.version for one in known)
        if found.version < newest:
            what = f"The {self._what} is version {found.version}; {newest} was seen before."
            raise NotTrusted(Distrust.ROLLED_BACK, what, self._hint)
        same = {one.digest for one in known if one.version == newest == found.version}
        if not same <= {"", found.digest}:
            what = f"The {self._what} is another version {newest} than the one seen before."
            raise NotTrusted(Distrust.ROLLED_BACK, what, self._hint)
        if self._writes:
            self._note(found, noted.items())
        self._newest = max(self._newest, found, key=lambda one: (one.version, one.digest))

    def can_note(self) -> bool:
        """Whether this process may write in any of the places; nothing is left there."""
        return any(_is_writable(file.parent) for file in self._files)

    def _note(self, found: Seen, noted: Iterable[tuple[Path, Seen]]) -> None:
        # Each place that lacks it, so that one of them can be lost.
        held = [one == found or _write(file, found) for file, one in noted]
        if not any(held):
            places = " nor in ".join(str(file.parent) for file in self._files)
            raise NotTrusted(
                Distrust.ROLLED_BACK,
                f"An old {self._what} could not be told: nothing can be noted in {places}.",
                "Give the process a SIGNOFF_HOME that it can write.",
            )

    def _read(self, file: Path) -> Seen:
        try:
            return _parsed(file.read_text())
        except (FileNotFoundError, NotADirectoryError):
            return Seen()
        except (OSError, ValueError) as error:
            title = f"{file} cannot be read, so an old {self._what} could not be told."
            raise NotTrusted(Distrust.ROLLED_BACK, title, self._hint) from error


def digest_of(content: bytes) -> str:
    """What tells one content from another of the same version."""
    return hashlib.sha256(content).hexdigest()


def places_for(folder: Path, home: Path | None) -> tuple[Path, ...]:
    """Where to note what was believed of a trust folder.

    Args:
        home: of who reads it. A trust folder in there has no need of a second place: who loses the
            one loses both, and who begins it anew deletes both.
    """
    here = Path(os.path.abspath(folder))  # noqa: PTH100 - links are kept: what they lead to changes
    if home is None or here.is_relative_to(os.path.abspath(home)):  # noqa: PTH100 - see above
        return (folder,)
    name = hashlib.sha256(os.fsencode(here)).hexdigest()[:_NAME_DIGITS]
    return (folder, home / SEEN_FOLDER / name)


def _parsed(text: str) -> Seen:
    version, _, digest = text.strip().partition(" ")
    if len(digest) not in (0, _DIGEST_DIGITS):
        raise ValueError(digest)
    return Seen(int(version), digest)


def _write(file: Path, seen: Seen) -> bool:
    """Write it, whole or not at all; whether that could be done."""
    new = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with new.open("x") as text:
            text.write(f"{seen.version} {seen.digest}\n")
            text.flush()
            os.fsync(text.fileno())
        new.replace(file)
    except OSError:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        return False
    return True


def _is_writable(place: Path) -> bool:
    there = next((folder for folder in (place, *place.parents) if folder.exists()), place)
    try:
        tempfile.TemporaryFile(dir=there).close()
    except OSError:
        return False
    return True
