"""A box of which one of several words is chosen."""

from typing import Final

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QWidget,
)

from desktop.views.parts.tips import tip

#: The list of choices is as wide as the longest of them, up to here.
_WIDEST_LIST: Final = 480
_LIST_SIDES: Final = 40


class ChoiceBox(QComboBox):
    """Chooses one. The wheel scrolls the page it is on, and chooses nothing.

    Words that it has no room for are cut with an ellipsis; the tool tip has all of them, and so
    has the list that opens.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.currentTextChanged.connect(self._on_words_changed)

    def event(self, event: QEvent) -> bool:
        """A letter looks for a choice that begins so, whatever else it does on the page."""
        asked = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if asked and isinstance(event, QKeyEvent) and event.text().isalnum():
            event.accept()
            return True
        return super().event(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """A reviewer who scrolls past must not decide by it."""
        event.ignore()

    def showPopup(self) -> None:
        """Open the list, wide enough to tell its choices apart."""
        needed = self.view().sizeHintForColumn(0) + _LIST_SIDES
        self.view().setMinimumWidth(min(max(needed, self.width()), _WIDEST_LIST))
        super().showPopup()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Less room, fewer letters."""
        super().resizeEvent(event)
        self._on_words_changed()

    def paintEvent(self, event: QPaintEvent) -> None:
        """As Qt paints it, which cuts words wherever the room ends."""
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        option.currentText = self._cut()
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        painter.end()

    def _cut(self) -> str:
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        whole, end = self.currentText(), Qt.TextElideMode.ElideRight
        return self.fontMetrics().elidedText(whole, end, field.width())

    def _on_words_changed(self) -> None:
        self.setToolTip("" if self._cut() == self.currentText() else tip(self.currentText()))
