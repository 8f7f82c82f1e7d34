"""Logs of the console: to standard error, without payloads.

The only place that configures logging. No message text, argument or secret is ever logged; ids are.
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys
from typing import TextIO, cast

import structlog


def configure(*, verbose: bool = False) -> None:
    """Send structured lines to standard error; warnings and worse unless `verbose`."""
    level = logging.DEBUG if verbose else logging.WARNING
    # They may go to a file on a disk that is full.
    lines = cast("TextIO", _Losing(sys.stderr))
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=lines),
    )
    logging.basicConfig(level=level, stream=lines)


class _Losing(io.TextIOBase):
    """A stream that loses lines rather than failing: what they are about has to go on."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or lose, a text."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand over what was written, or lose it."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()
