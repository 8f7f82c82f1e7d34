"""Files with variables for a worker: one `NAME=value` on each line.

The only place that reads them. They may hold secrets, so what is wrong is said by its line's
number, never by its content.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from desktop.errors import LocalWorkersFailed

MAX_BYTES = 64 * 1024
_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
_QUOTES = "\"'"


def read_environment_file(path: str) -> dict[str, str]:
    """The variables of a file. Empty lines and lines that begin with `#` are passed over.

    Values stand as they are, or in quotes; nothing is expanded or run.

    Raises:
        LocalWorkersFailed: it cannot be read, is too long, or a line is no variable.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(_content(path).splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _LINE.fullmatch(text)
        if match is None or "\0" in text:
            title = f"Line {number} of the environment file is no variable."
            raise LocalWorkersFailed(title, "Write NAME=value on each line.")
        name, value = match[1], match[2]
        if len(value) > 1 and value[0] in _QUOTES and value[-1] == value[0]:
            value = value[1:-1]
        found[name] = value
    return found


def _content(path: str) -> str:
    try:
        descriptor = os.open(Path(path), os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise LocalWorkersFailed("The environment file is no file.", path)
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise LocalWorkersFailed("The environment file is too long.", "At most 64 KB.")
        return content.decode()
    except OSError as error:
        title = f"The environment file could not be read: {error.strerror or error}."
        raise LocalWorkersFailed(title, path) from error
    except UnicodeDecodeError as error:
        raise LocalWorkersFailed("The environment file is no text.", path) from error
