"""Buttons with an icon, a word and the key that does the same. The only button of the console."""

from enum import StrEnum
from typing import Final

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QPushButton,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QWidget,
)

from desktop.views.parts.tips import tip
from desktop.views.theme import appearance, tokens, ui_font
from desktop.views.theme_icons import paint_icon

_ICON: Final = 18
_GAP: Final = 7
_SIDE: Final = 14
_TIGHT_SIDE: Final = 8  # of chips in a narrow list
_KEY_HEIGHT: Final = 18


class ButtonLook(StrEnum):
    """How a button weighs. One primary at most on a page; danger is for what cannot be undone."""

    PRIMARY = "primary"
    DANGER = "danger"
    PLAIN = "plain"
    QUIET = "quiet"
    CHIP = "chip"


class ActionButton(QPushButton):
    """A push button that shows its key, e.g. `Approve  A`.

    Args:
        key_hint: only shown and said to screen readers; the page owns the shortcut itself.
        icon_name: one of the shipped line icons; takes the colour of the text.
    """

    def __init__(
        self,
        text: str,
        look: ButtonLook = ButtonLook.PLAIN,
        *,
        key_hint: str = "",
        icon_name: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self._look = look
        self._key_hint = key_hint
        self._icon_name = icon_name
        self._left_to: QWidget | None = None
        self.setProperty("look", look.value)
        self.setCheckable(look is ButtonLook.CHIP)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        if look not in {ButtonLook.CHIP, ButtonLook.QUIET}:
            self.setMinimumHeight(38)
        self._describe("")
        appearance().changed.connect(self.update)

    def allow(self, why_not: str = "") -> None:
        """Let it be pressed, or say why it cannot be: in the tool tip and to screen readers."""
        self.setEnabled(not why_not)
        self.setToolTip(tip(why_not))
        self._describe(why_not)

    def pause(self, why_not: str) -> None:
        """Like `allow`, for a moment: the keyboard comes back unless it was taken elsewhere."""
        had_focus = self.hasFocus()
        self.allow(why_not)
        if why_not and had_focus:
            self._left_to = QApplication.focusWidget()
        elif not why_not and self._left_to is not None:
            if QApplication.focusWidget() is self._left_to:
                self.setFocus(Qt.FocusReason.OtherFocusReason)
            self._left_to = None

    def sizeHint(self) -> QSize:
        """Room for icon, word and key."""
        hint = super().sizeHint()
        if self.property("tight"):
            return QSize(self._content_width() + 2 * _TIGHT_SIDE, hint.height())
        return QSize(max(self._content_width() + 2 * _SIDE, 40), hint.height())

    def minimumSizeHint(self) -> QSize:
        """A button's word is never cut."""
        return self.sizeHint()

    def changeEvent(self, event: QEvent) -> None:
        """A disabled button shows another cursor and other colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.EnabledChange:
            shape = Qt.CursorShape.PointingHandCursor if self.isEnabled() else None
            self.setCursor(shape or Qt.CursorShape.ArrowCursor)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The style paints the button, we paint what is on it."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text = ""
        painter = QStylePainter(self)
        painter.drawControl(QStyle.ControlElement.CE_PushButton, option)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_content(painter)
        painter.end()

    def _describe(self, why_not: str) -> None:
        self.setAccessibleDescription(
            why_not or (f"Key: {self._key_hint}" if self._key_hint else "")
        )

    def _paint_content(self, painter: QPainter) -> None:
        ink = self._ink()
        left = (self.width() - self._content_width()) / 2
        middle = self.height() / 2
        if self._icon_name:
            spot = QRectF(left, middle - _ICON / 2, _ICON, _ICON)
            paint_icon(painter, spot, self._icon_name, ink.name())
            left += _ICON + _GAP
        font = self._font()
        painter.setFont(font)
        painter.setPen(ink)
        width = QFontMetrics(font).horizontalAdvance(self.text())
        words = QRect(round(left), 0, width + 2, self.height())
        painter.drawText(
            words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self.text()
        )
        if self._key_hint:
            left += width + _GAP + 2
            self._paint_key(painter, QRectF(left, middle - _KEY_HEIGHT / 2, 0, _KEY_HEIGHT), ink)

    def _paint_key(self, painter: QPainter, area: QRectF, ink: QColor) -> None:
        area.setWidth(self._key_width())
        outline = QColor(ink)
        outline.setAlphaF(0.45)
        painter.setPen(outline)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setPen(ink)
        painter.setFont(ui_font(11, QFont.Weight.Medium))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, self._key_hint)

    def _ink(self) -> QColor:
        colours = tokens()
        if not self.isEnabled():
            return QColor(colours.faint)
        match self._look:
            case ButtonLook.PRIMARY:
                return QColor(colours.on_fill)
            case ButtonLook.DANGER:
                return QColor(colours.danger)
            case ButtonLook.QUIET:
                return QColor(colours.accent)
            case _:
                return QColor(colours.accent if self.isChecked() else colours.text)

    def _font(self) -> QFont:
        if self._look is ButtonLook.CHIP:
            return ui_font(12, QFont.Weight.DemiBold if self.isChecked() else QFont.Weight.Medium)
        loud = self._look in {ButtonLook.PRIMARY, ButtonLook.DANGER}
        return ui_font(14, QFont.Weight.DemiBold if loud else QFont.Weight.Medium)

    def _key_width(self) -> float:
        metrics = QFontMetrics(ui_font(11, QFont.Weight.Medium))
        return max(_KEY_HEIGHT, metrics.horizontalAdvance(self._key_hint) + 10)

    def _content_width(self) -> int:
        # Measured in the heavier weight, so that a chip keeps its width when it is checked.
        heavy = QFont(self._font())
        heavy.setWeight(QFont.Weight.DemiBold)
        width = float(QFontMetrics(heavy).horizontalAdvance(self.text()))
        if self._icon_name:
            width += _ICON + _GAP
        if self._key_hint:
            width += _GAP + 2 + self._key_width()
        return round(width)
