"""A scroll area that is as high as what it holds, and scrolls only when there is no more room."""

from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QWidget

_ABOVE: Final = 8  # pixels of what stands before a part that is scrolled to


class FittingArea(QScrollArea):
    """Holds one widget at the area's own width; what stands below follows its end.

    Args:
        content: needs a layout.

    Signals:
        overflowed(bool): whether some of it is out of sight now.
    """

    overflowed = Signal(bool)

    def __init__(self, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        # What is in it is reached with Tab; the area itself is no stop.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._content = content
        self.setWidget(content)
        content.installEventFilter(self)
        bar = self.verticalScrollBar()
        bar.rangeChanged.connect(lambda _lowest, highest: self.overflowed.emit(highest > 0))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The content was laid out anew: it may need another height."""
        if watched is self._content and event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width needs another height."""
        super().resizeEvent(event)
        self._fit()

    def sizeHint(self) -> QSize:
        """As high as the content."""
        return QSize(super().sizeHint().width(), self._height_of_content())

    def minimumSizeHint(self) -> QSize:
        """As narrow as the content, and a few lines high."""
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(self._content.minimumSizeHint().width() + bar, 80)

    def show_when_laid_out(self, part: QWidget) -> None:
        """Scroll to the top of a part of the content that is still to be laid out."""
        QTimer.singleShot(0, part, lambda: self._scroll_to(part))

    def _scroll_to(self, part: QWidget) -> None:
        if not self._content.isAncestorOf(part):
            return
        top = part.mapTo(self._content, QPoint(0, 0)).y()
        self.verticalScrollBar().setValue(max(0, top - _ABOVE))

    def _height_of_content(self) -> int:
        layout = self._content.layout()
        if layout is None:
            return self._content.sizeHint().height()
        if layout.hasHeightForWidth():
            return layout.totalHeightForWidth(self.viewport().width())
        return layout.totalSizeHint().height()

    def _fit(self) -> None:
        height = self._height_of_content()
        if height != self.maximumHeight():
            self.setMaximumHeight(height)
            self.updateGeometry()
