"""Which hidden values are shown now: each for half a minute, then it is hidden again.

The only place that knows how long. It knows where values stand, and none of them.
"""

from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

REVEAL_MS: Final = 30_000


class Reveals(QObject):
    """Pointers of values that are in clear, of one request at a time.

    Signals:
        revealed(tuple), hidden(tuple): the values here have just been shown, or hidden again.
    """

    revealed = Signal(tuple)
    hidden = Signal(tuple)

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

    def reveal(self, *pointers: str) -> None:
        """Show values, for their time; asking again while one is shown gives it no more."""
        new = [pointer for pointer in pointers if pointer not in self._timers]
        if not new:
            return
        timer = QTimer(self, interval=self._milliseconds, singleShot=True)
        timer.timeout.connect(lambda: self.hide(*new))
        for pointer in new:
            self._timers[pointer] = timer
            self._ever[pointer] = None
        timer.start()
        self.revealed.emit(tuple(new))

    def stay(self) -> None:
        """Let what is in clear stay so until `hide_all`: a form shows it, too."""
        for timer in set(self._timers.values()):
            timer.stop()

    def hide(self, *pointers: str) -> None:
        """Hide values; nothing happens to those that are hidden."""
        gone = [pointer for pointer in pointers if pointer in self._timers]
        if not gone:
            return
        timers = {self._timers.pop(pointer) for pointer in gone}
        for timer in timers - set(self._timers.values()):
            timer.stop()
            timer.deleteLater()
        self.hidden.emit(tuple(gone))

    def hide_all(self) -> None:
        """Hide every value."""
        self.hide(*self._timers)
