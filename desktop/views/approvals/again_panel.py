"""The second question before a call in doubt is started again."""

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.qtmodels.tone import Tone
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.decision_button import DecisionButton
from desktop.views.parts.outcome import Outcome

_WARNING: Final = (
    "This call was started before. If that start took effect, it takes effect a second time."
)


class AgainPanel(QWidget):
    """Says what may happen, and asks again.

    Signals:
        confirmed: run it all the same. cancelled: do not.
    """

    confirmed = Signal()
    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        warning = Outcome(self)
        warning.words.setObjectName("request.again_warning")
        warning.show_outcome(_WARNING, Tone.WARN)
        self.confirm = DecisionButton("Run it again", ButtonLook.DANGER, icon_name="warning")
        self.confirm.setObjectName("request.confirm_again")
        self.cancel = ActionButton("Cancel")
        self.cancel.setObjectName("request.cancel_again")
        row = QHBoxLayout()
        row.setSpacing(8)
        # Cancel lies where Run again was: a double click on that one must not confirm.
        row.addWidget(self.confirm, 1)
        row.addWidget(self.cancel, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(warning)
        column.addLayout(row)
        self.confirm.clicked.connect(self.confirmed)
        self.cancel.clicked.connect(self.cancelled)
        self.hide()
