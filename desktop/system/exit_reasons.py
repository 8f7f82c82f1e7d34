"""Why a local worker ended, in words for the person who started it.

The only place that reads meaning from exit codes and last words.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass

#: What `signoff-worker` says with it: something is configured wrongly, or not there.
_WRONG = 2
_INTERRUPTED = 130
_HINT_LINES = 6

_NO_WORKERS = re.compile(r"No module named '?workers(\.[a-z_.]+)?'?$")
_NO_MODULE = re.compile(r"There is no module '([^']+)'\.")
_UNKNOWN_OPTION = re.compile(r"unknown option:? -P", re.IGNORECASE)
_ERROR = re.compile(r"[A-Za-z_][\w.]*(Error|Exception|Exit|Interrupt|Warning)?: .+")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why it ended.

    Attributes:
        failed: not as it should; a restart after failures counts it.
    """

    title: str
    hint: str = ""
    failed: bool = True


def reason_of(code: int | None, said: Sequence[str]) -> Reason:
    """Why a worker ended that nobody had told to.

    Args:
        code: what it ended with; negative is a signal's number, None is not known.
        said: its last lines, as they came.
    """
    words = [line.strip() for line in said if line.strip() and not line.lstrip().startswith("{")]
    hint = "\n".join(words[-_HINT_LINES:])
    if code is None:
        return Reason("It ended; how, only the console that started it could know.", hint)
    if code == 0:
        return Reason("It ended by itself, without an error.", failed=False)
    if code < 0:
        return Reason(f"It was ended by the signal {_signal_name(-code)}.", hint)
    if code == _INTERRUPTED:
        return Reason("It was interrupted.", hint)
    return _known(words) or _by_code(code, words, hint)


def _known(words: Sequence[str]) -> Reason | None:
    """Endings that are met often, and have a remedy."""
    for line in reversed(words[-_HINT_LINES:]):
        if _NO_WORKERS.search(line):
            return Reason(
                "This Python does not have Signoff installed.",
                "Install it there, or leave the field Python empty to use the console's own.",
            )
        if _UNKNOWN_OPTION.search(line):
            return Reason("This Python is too old.", "Signoff needs Python 3.11 or newer.")
        missing = _NO_MODULE.search(line)
        if missing:
            return Reason(
                f"It could not import the module {missing[1]}.",
                "It must be in the working directory, or installed in the Python that runs it.",
            )
    return None


def _by_code(code: int, words: Sequence[str], hint: str) -> Reason:
    if code == _WRONG and len(words) > 1:  # a title and a hint, as all our commands end
        return Reason(words[-2], words[-1])
    error = next((line for line in reversed(words) if _ERROR.match(line)), "")
    if error:
        return Reason(f"It ended with an error (exit code {code}).", error)
    return Reason(f"It ended with exit code {code}.", hint)


def _signal_name(number: int) -> str:
    try:
        return f"{signal.Signals(number).name} ({number})"
    except ValueError:
        return str(number)
