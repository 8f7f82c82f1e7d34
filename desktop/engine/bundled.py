"""The demo's own reviewers, whose keys and passphrases lie in the demo's folder.

The only place that opens a key without asking anybody. Their signatures prove nothing about a
person; the demo's registry, and no other, knows them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from workers.wire.signing.wrapping import WrappedKey

_MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Bundled:
    """A reviewer of the demo."""

    id: str
    wrapped: WrappedKey
    passphrase: str = field(repr=False)


def bundled_reviewers(folder: Path | None) -> tuple[Bundled, ...]:
    """The reviewers of a demo, by id; those of files that are no keys are left out.

    Args:
        folder: holds `<id>.json`, a wrapped key, and `<id>.passphrase` beside it.
    """
    if folder is None:
        return ()
    found = (_read(path) for path in sorted(folder.glob("*.json")))
    return tuple(one for one in found if one is not None)


def _read(path: Path) -> Bundled | None:
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        wrapped = msgspec.json.decode(path.read_bytes(), type=WrappedKey)
        passphrase = path.with_suffix(".passphrase").read_text(encoding="utf-8")
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return Bundled(path.stem, wrapped, passphrase)
