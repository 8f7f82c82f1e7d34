"""What the operator's commands print: JSON in ASCII, or text that is safe on a terminal.

The only place of this room that writes to standard output. What lies on a broker can hold
characters that move a cursor or hide themselves; none reaches a terminal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from workers.wire.canonical import JSON

_DELETE = "\x7f"


def print_json(value: Mapping[str, JSON] | Sequence[Mapping[str, JSON]]) -> None:
    """Print one document on one line, in ASCII: it means the same on every terminal."""
    # JSON itself leaves this one control character of ASCII as it is.
    _print(json.dumps(value).replace(_DELETE, "\\u007f"))


def print_line(*parts: str) -> None:
    """Print one line of text, parts two blanks apart."""
    _print("  ".join(safe(part) for part in parts).rstrip())


def print_block(text: str) -> None:
    """Print several lines, indented: a text cannot pass for a line of ours."""
    _print("\n".join(f"    {safe(line)}" for line in text.split("\n")))


def safe(text: str) -> str:
    """One line for a terminal: what would move its cursor or hide itself is an escape."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def moment(milliseconds: int) -> str:
    """A time in RFC 3339, UTC."""
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
