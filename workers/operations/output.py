"""Output that stays short: of a worker whose output is a file, and whom nobody may be watching.

The only place of a worker that empties that file. The console bounds the files of its workers while
it is open; one that goes on without a console has to do it itself.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import msgspec

_LOOK_SECONDS: Final = 1.0
_WORDS: Final = "the log had become too long while nobody read it, and was begun anew"


def keep_output_short(most_bytes: int, look_seconds: float = _LOOK_SECONDS) -> None:
    """Begin the file anew that standard output leads to, whenever it is longer.

    A thread sees to it: a tool may block the event loop and print on. What is printed between two
    looks comes on top. Nothing happens where output leads elsewhere.

    Args:
        most_bytes: the file must be open for appending, or it would keep its length.
        look_seconds: between two looks.
    """

    def watch() -> None:
        while True:
            with suppress(OSError):  # a full disk; there is another look
                _shorten(1, most_bytes)
            time.sleep(look_seconds)

    threading.Thread(target=watch, name="keep output short", daemon=True).start()


def _shorten(descriptor: int, most_bytes: int) -> None:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_size <= most_bytes:
        return
    os.ftruncate(descriptor, 0)
    at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    line = {"event": _WORDS, "level": "warning", "timestamp": at}
    os.write(descriptor, msgspec.json.encode(line) + b"\n")
