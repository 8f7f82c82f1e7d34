"""Who computes first: the window, and then the engine's thread.

Two threads that both compute share one interpreter. Left to it, they change places every half a
millisecond, and what the window does for a frame takes twice as long. The only place that says
which of them goes first.
"""

from __future__ import annotations

import selectors
import threading
from types import TracebackType
from typing import Final

#: The other one is held up no longer than this, and then gets a turn whatever the window does.
MOST_SECONDS: Final = 0.005


class Precedence:
    """Taken by one thread for as long as it must not be disturbed, `with` it; others give way.

    Attributes:
        is_taken: whether it computes just now.
    """

    def __init__(self) -> None:
        self.is_taken = False
        self._depth = 0
        self._over = threading.Event()

    def __enter__(self) -> None:
        self._depth += 1
        if self._depth == 1:
            self._over.clear()
            self.is_taken = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._depth -= 1
        if not self._depth:
            self.is_taken = False
            self._over.set()

    def give_way(self) -> None:
        """Wait on another thread until it is over."""
        if self.is_taken:
            self._over.wait(MOST_SECONDS)


#: There is one interpreter, and one window in it.
WINDOW: Final = Precedence()


class GivingWay(selectors.DefaultSelector):
    """What a loop waits with on a thread that gives way to the window before its callbacks."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """See `selectors`."""
        ready = super().select(timeout)
        WINDOW.give_way()
        return ready
