"""Under a hidden value: why it is hidden, and the button that shows it for a while.

The only place that words why.
"""

from typing import Final

from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.store.masking import Hidden
from desktop.store.sensitive import Secrecy
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.parts.reveals import Reveals

_BELOW: Final = 5  # pixels under words beside which there is no button
_WORDS: Final = {
    Secrecy.SECURITY_CODE: "Security code",
    Secrecy.CARD: "Card number",
    Secrecy.SSN: "Social security number",
    Secrecy.IBAN: "Account number",
    Secrecy.PATIENT: "Patient data",
    Secrecy.EMAIL: "E-mail address",
    Secrecy.POLICY: "By the worker's policy",
    Secrecy.DEEP: "Nested deeply",
}


class RevealLine(QWidget):
    """One line for one value, or for many of one argument at once.

    Args:
        hidden: not empty.
    """

    def __init__(
        self, hidden: tuple[Hidden, ...], reveals: Reveals, *, with_place: bool, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._reveals = reveals
        self._pointers = tuple(one.pointer for one in hidden if one.can_be_revealed)
        self._why = _words_for(hidden, with_place=with_place)
        self._label = TextLabel(self._why, Look.SMALL)
        self.button = ActionButton("Show", ButtonLook.QUIET, parent=self)
        self.button.clicked.connect(self._on_clicked)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0 if self._pointers else _BELOW)
        row.setSpacing(8)
        row.addWidget(self._label, 1)
        row.addWidget(self.button)
        self.refresh()

    def refresh(self) -> None:
        """Say whether it is shown now."""
        is_shown = self._is_shown()
        self._label.show_text(self._why if is_shown else f"{self._why}, hidden")
        if not self._pointers:
            self._label.show_text(f"{self._why}, never shown")
        self.button.setVisible(bool(self._pointers))
        self.button.setText("Hide" if is_shown else "Show")
        self.button.setAccessibleName(f"{self.button.text()}: {self._why}")

    def _is_shown(self) -> bool:
        return bool(self._pointers) and self._reveals.shown.issuperset(self._pointers)

    def _on_clicked(self) -> None:
        act = self._reveals.hide if self._is_shown() else self._reveals.reveal
        act(*self._pointers)


def _words_for(hidden: tuple[Hidden, ...], *, with_place: bool) -> str:
    if len(hidden) > 1:
        return f"{len(hidden)} values"
    words = _WORDS[hidden[0].kind]
    return f"{words} {hidden[0].pointer}" if with_place else words
