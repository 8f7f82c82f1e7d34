"""Half a second in which a click counts for nothing.

The only place that knows how long a reviewer must have had a call before their eyes. A card that
appears under a mouse on its way down must not be approved by it.
"""

from PySide6.QtCore import QObject, QTimer, Signal

GUARD_MS = 500


class MisclickGuard(QObject):
    """Holds from `hold` for its time: `GUARD_MS`, unless told another.

    Signals:
        released: the time is over.
    """

    released = Signal()

    def __init__(self, milliseconds: int | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        interval = GUARD_MS if milliseconds is None else milliseconds
        self._timer = QTimer(self, interval=interval, singleShot=True)
        self._timer.timeout.connect(self.released)

    @property
    def is_holding(self) -> bool:
        """Whether a click now would count for nothing."""
        return self._timer.isActive()

    def hold(self) -> None:
        """Begin, or begin again."""
        self._timer.start()
