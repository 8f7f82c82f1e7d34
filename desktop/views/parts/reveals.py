"""Which hidden values are shown now: each for half a minute, then it is hidden again.

The only place that knows how long. It knows where values stand, and none of them.
"""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

REVEAL_MS: Final = 30_000


class Reveals(QObject):
    """Pointers of values that are in clear, of one request at a time.

    Signals:
        revealed(str), hidden(str): the value here has just been shown, or hidden again.
    """

    revealed = Signal(str)
    hidden = Signal(str)

    def __init__(self, milliseconds: int = REVEAL_MS, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._milliseconds = milliseconds
        self._timers: dict[str, QTimer] = {}
        self._ever: dict[str, None] = {}

    @property
    def shown(self) -> frozenset[str]:
        """What is in clear now."""
        return frozenset(self._timers)

    @property
    def ever(self) -> tuple[str, ...]:
        """What has been in clear since `begin`."""
        return tuple(self._ever)

    def begin(self) -> None:
        """Another request: nothing of it was shown."""
        self.hide_all()
        self._ever.clear()

    def reveal(self, pointer: str) -> None:
        """Show a value, for its time; asking again while it is shown gives it no more."""
        if pointer in self._timers:
            return
        timer = QTimer(self, interval=self._milliseconds, singleShot=True)
        timer.timeout.connect(self._hider(pointer))
        self._timers[pointer] = timer
        self._ever[pointer] = None
        timer.start()
        self.revealed.emit(pointer)

    def hide(self, pointer: str) -> None:
        """Hide a value; nothing happens if it is hidden."""
        timer = self._timers.pop(pointer, None)
        if timer is not None:
            timer.stop()
            timer.deleteLater()
            self.hidden.emit(pointer)

    def hide_all(self) -> None:
        """Hide every value."""
        for pointer in tuple(self._timers):
            self.hide(pointer)

    def _hider(self, pointer: str) -> Callable[[], None]:
        return lambda: self.hide(pointer)
