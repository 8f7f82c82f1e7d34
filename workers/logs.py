"""Logging of workers: one line per event on stderr, for people and for collectors.

The only place that configures logging. Logs say which agent, which context and which request; they
hold no message text, no arguments, no results and no addresses with passwords. A line that cannot
be written is lost, and nothing else is: what reads the log may be gone before the worker is.
"""

from __future__ import annotations

import io
import logging
import os
import sys
from typing import TextIO, cast

import structlog


def configure_logging(*, verbose: bool = False) -> None:
    """Send log lines to stderr: readable in a terminal, JSON elsewhere."""
    level = logging.DEBUG if verbose else logging.INFO
    terminal = sys.stderr.isatty()
    lines = cast("TextIO", _Unfailing(sys.stderr))  # it is only ever written to
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=lines),
    )
    # Libraries may log requests with their bodies; only what they consider wrong is of interest.
    logging.basicConfig(stream=lines, level=logging.WARNING, format="%(name)s: %(message)s")


class _Unfailing(io.TextIOBase):
    """A stream to write lines to that goes on when nobody reads it any more."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or lose, a text."""
        try:
            self._stream.write(text)
        except (OSError, ValueError):
            self._go_nowhere()
        return len(text)

    def flush(self) -> None:
        """Hand over what was written, or lose it."""
        try:
            self._stream.flush()
        except (OSError, ValueError):
            self._go_nowhere()

    def _go_nowhere(self) -> None:
        """Let everything that writes to where the stream leads write to nothing from now on.

        Warnings and tracebacks of the interpreter go there, too, and what is still buffered would
        fail once more when it ends.
        """
        try:
            nothing = os.open(os.devnull, os.O_WRONLY)
            try:
                os.dup2(nothing, self._stream.fileno())
            finally:
                os.close(nothing)
        except (OSError, ValueError):
            return  # it is closed altogether; each line is lost by itself
