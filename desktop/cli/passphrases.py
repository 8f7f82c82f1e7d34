"""Where a command gets a passphrase: from a file, from standard input, or from a person.

The only place that asks for one to sign a decision. It is never an argument or a variable, which
other programs can read.
"""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path

from desktop.errors import ConsoleError

FILE_VARIABLE = "SIGNOFF_PASSPHRASE_FILE"
#: Names standard input instead of a file.
STANDARD_INPUT = "-"
_MOST_BYTES = 4096


def passphrase_given(path: str) -> str | None:
    """The passphrase of a file; None where none is named.

    Args:
        path: empty for the file that `SIGNOFF_PASSPHRASE_FILE` names, if any.

    Raises:
        ConsoleError: it cannot be read.
    """
    path = path or os.environ.get(FILE_VARIABLE, "")
    if not path:
        return None
    if path == STANDARD_INPUT:
        return sys.stdin.readline(_MOST_BYTES).rstrip("\r\n")
    try:
        with Path(path).open(encoding="utf-8", errors="replace") as file:
            return file.readline(_MOST_BYTES).rstrip("\r\n")
    except OSError as error:
        title = f"The passphrase file cannot be read: {error.strerror}."
        raise ConsoleError(title, f"Check {path}.") from error


def ask_passphrase(who: str) -> str:
    """Ask whoever sits at the terminal.

    Raises:
        ConsoleError: nobody does.
    """
    if not sys.stdin.isatty():
        hint = f"Run it in a terminal, give --passphrase-file, or set {FILE_VARIABLE}."
        raise ConsoleError("Nobody is here to be asked for a passphrase.", hint)
    return getpass.getpass(f"Passphrase of {who}: ")
