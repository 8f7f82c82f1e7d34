"""Wrong passphrases: how many there were, and when the next is taken.

The only place that makes guessing slow beside Argon2id itself. It is kept in a file, so that
closing the console begins nothing anew; whoever can delete the file can guess as fast as Argon2id
lets them. A file that cannot be read counts as the last guess before the lock, for everybody.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import msgspec
import structlog

#: After the first wrong passphrases; with the one after them it is locked.
DELAYS_SECONDS: Final = (1, 2, 4, 8)
LOCKED_SECONDS: Final = 15 * 60

_log = structlog.get_logger(__name__)


class _Wrong(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Wrong passphrases of one person; times in seconds since the epoch."""

    count: Annotated[int, msgspec.Meta(ge=0)]
    at: float
    until: float


class Attempts:
    """Counts them, per person. Small blocking files.

    Args:
        path: where they are kept from one start to the next.
        now: seconds since the epoch.
    """

    def __init__(self, path: Path, now: Callable[[], float]) -> None:
        self._path, self._now = path, now
        self._wrong: dict[str, _Wrong] | None = None
        self._unknown: _Wrong | None = None

    def wait(self, person: str) -> float:
        """Seconds until the next passphrase of a person is taken; 0 for now."""
        wrong = self._of(person)
        if wrong is None:
            return 0.0
        # A clock that was set back must not lock for longer than was meant.
        return max(0.0, min(wrong.until - self._now(), wrong.until - wrong.at))

    def count(self, person: str) -> int:
        """How many were wrong since the last right one, or the last lock."""
        wrong = self._of(person)
        return wrong.count if wrong else 0

    @property
    def is_damaged(self) -> bool:
        """Whether the file could not be read; a right passphrase makes it anew."""
        self._known()
        return self._unknown is not None

    def failed(self, person: str) -> float:
        """Count a wrong one. Returns the seconds until the next is taken."""
        count = self.count(person)
        is_last = count >= len(DELAYS_SECONDS)
        seconds = LOCKED_SECONDS if is_last else DELAYS_SECONDS[count]
        now = self._now()
        self._known()[person] = _Wrong(0 if is_last else count + 1, now, now + seconds)
        self._save()
        return float(seconds)

    def succeeded(self, person: str) -> None:
        """Forget those of a person."""
        if self._known().pop(person, None) is not None or self._unknown is not None:
            self._unknown = None
            self._save()

    def _of(self, person: str) -> _Wrong | None:
        return self._known().get(person, self._unknown)

    def _known(self) -> dict[str, _Wrong]:
        if self._wrong is None:
            self._wrong = self._load()
        return self._wrong

    def _load(self) -> dict[str, _Wrong]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, _Wrong])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            _log.warning("count of wrong passphrases lost", error=type(error).__name__)
            now, seconds = self._now(), DELAYS_SECONDS[-1]
            self._unknown = _Wrong(len(DELAYS_SECONDS), now, now + seconds)
            return {}

    def _save(self) -> None:
        new = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            new.write_bytes(msgspec.json.encode(self._known()))
            new.replace(self._path)
        except OSError as error:
            # Counted all the same, for as long as the console runs.
            _log.warning("wrong passphrases not counted on disk", error=type(error).__name__)
