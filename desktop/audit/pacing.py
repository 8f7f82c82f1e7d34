"""How fast a log is verified: at once for whoever waits for it, else slowly; and that it can end.

The only place that holds a verification back, so that a window beside it is drawn as ever.
"""

from __future__ import annotations

import threading

from desktop.errors import ConsoleError


class VerificationStopped(ConsoleError):
    """The verification was ended before it had seen everything; it says nothing of the log."""


class Pace:
    """Asked by a verification on its own thread; told on any.

    Args:
        pause_seconds: between two steps of some milliseconds each.
    """

    def __init__(self, pause_seconds: float = 0.0) -> None:
        self._pause_seconds = pause_seconds
        self._stopped = threading.Event()

    def hurry(self) -> None:
        """Somebody waits for it now: pause no more."""
        self._pause_seconds = 0.0

    def stop(self) -> None:
        """Let it end with the step it is at."""
        self._stopped.set()

    def __call__(self) -> bool:
        """Pause. Returns whether it is to end."""
        return self._stopped.wait(self._pause_seconds)
