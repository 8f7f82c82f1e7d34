"""The second question before something that cannot be undone, in place of the button that asked.

The only way in which a page asks again; no dialog opens.
"""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.qtmodels.tone import Tone
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.decision_button import DecisionButton
from desktop.views.parts.guard import MisclickGuard
from desktop.views.parts.outcome import Outcome
from desktop.views.parts.rows import button_row


class ConfirmPanel(QWidget):
    """Hidden until `ask`. What confirms can be pressed only after a moment, and not with Enter.

    Args:
        name: the beginning of the object names of its controls.

    Signals:
        confirmed: do it. cancelled: do not.
    """

    confirmed = Signal()
    cancelled = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._why_not = ""
        self._guard = MisclickGuard(parent=self)
        self._warning = Outcome(self)
        self.confirm = DecisionButton("", ButtonLook.DANGER, icon_name="warning")
        self.confirm.setObjectName(f"{name}.confirm")
        self.cancel = ActionButton("Cancel")
        self.cancel.setObjectName(f"{name}.cancel")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self._warning)
        column.addLayout(button_row(self.confirm, self.cancel))
        self._guard.released.connect(self._refresh)
        self.confirm.clicked.connect(self.confirmed)
        self.cancel.clicked.connect(self.cancelled)
        self.hide()

    def ask(self, warning: str, words: str) -> None:
        """Ask whether to do it, and let Cancel have the keyboard."""
        self._warning.show_outcome(warning, Tone.WARN)
        self.confirm.setText(words)
        self._guard.hold()
        self._refresh()
        self.show()
        self.cancel.setFocus(Qt.FocusReason.OtherFocusReason)

    def allow(self, why_not: str = "") -> None:
        """Let it be confirmed, or say why it cannot be."""
        self._why_not = why_not
        self._refresh()

    def _refresh(self) -> None:
        self.confirm.allow(self._why_not)
        if self._guard.is_holding:
            self.confirm.setEnabled(False)
