"""What an edit changes: each argument as it was and as it would be, one under the other."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.actions.edits import Change
from desktop.actions.forms import Absent, Value
from desktop.qtmodels.tone import Tone
from desktop.views.parts.argument_text import worded
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.parts.value_box import ValueBox
from desktop.views.parts.visible_text import visible
from desktop.views.theme import appearance, tokens

_MAX_LINES: Final = 3
_RADIUS: Final = 6


class ChangesView(QWidget):
    """Shows changes; hidden while there are none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("request.changes")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self.hide()

    def show_changes(self, changes: Sequence[Change]) -> None:
        """Show other changes in place of those before."""
        while (item := self._column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for change in changes:
            name = visible(change.name, exact=True) or "⟨empty⟩"
            self._column.addWidget(TextLabel(name, Look.MUTED))
            self._column.addWidget(_Side("−", f"{name} before", change.before, Tone.DANGER))
            self._column.addWidget(_Side("+", f"{name} after", change.after, Tone.OK))
        self.setVisible(bool(changes))


class _Side(QWidget):
    """One value in the wash of its side, with a sign that needs no colour to be understood."""

    def __init__(self, sign: str, name: str, value: Value, tone: Tone) -> None:
        super().__init__()
        self._tone = tone
        box = ValueBox(name, self, max_lines=_MAX_LINES)
        box.show_value("⟨not given⟩" if isinstance(value, Absent) else worded(value).text)
        mark = TextLabel(sign, Look.MONO)
        mark.setFixedWidth(14)
        mark.setContentsMargins(0, 3, 0, 0)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 4, 0)
        row.setSpacing(4)
        row.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(box, 1)
        appearance().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A strip in the wash of the side."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens().wash(self._tone)))
        painter.drawRoundedRect(QRectF(self.rect()), _RADIUS, _RADIUS)
        painter.end()
