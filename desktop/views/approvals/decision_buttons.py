"""The buttons of a request: what its agent takes, each under the word for what it does there."""

from itertools import pairwise
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from desktop.actions.offers import is_batch
from desktop.store.quorums import edit_awaiting
from desktop.store.records import DecisionKind, Request
from desktop.views.parts.buttons import ButtonLook
from desktop.views.parts.decision_button import DecisionButton

_COLUMNS: Final = 2


class DecisionButtons(QWidget):
    """One button for each decision that is offered, two in a row. Run again is not Approve.

    Signals:
        chosen(DecisionKind): a person pressed the button of this decision.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.approve = _button("approve", "Approve", ButtonLook.PRIMARY, "A", "check")
        self.again = _button("again", "Run again", ButtonLook.PLAIN, "A")
        self.edit = _button("edit", "Edit", ButtonLook.PLAIN, "E", "edit")
        self.reject = _button("reject", "Reject", ButtonLook.DANGER, "R", "x")
        self.respond = _button("respond", "Answer…", ButtonLook.PLAIN)
        self._all = (self.approve, self.again, self.edit, self.reject, self.respond)
        self._order: list[DecisionButton] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(8)
        for column in range(_COLUMNS):
            self._grid.setColumnStretch(column, 1)
        for button in self._all:
            button.setParent(self)
            button.hide()
        self._tell(self.approve, DecisionKind.APPROVE)
        self._tell(self.again, DecisionKind.APPROVE)
        self._tell(self.edit, DecisionKind.EDIT)
        self._tell(self.reject, DecisionKind.REJECT)
        self._tell(self.respond, DecisionKind.RESPOND)

    def show_for(self, request: Request, *, wait_seconds: int = 0, deaf: bool = False) -> None:
        """Offer what this request takes.

        Args:
            wait_seconds: for so long it must still be read before it can be approved.
            deaf: no key counts now.
        """
        batch = is_batch(request)
        words = "Approve all" if batch else "Approve"
        if edit_awaiting(request) is not None:
            words = "Approve change"
        self.approve.setText(f"{words} in {wait_seconds} s" if wait_seconds else words)
        for button in self._all:
            button.deaf = deaf
        self.reject.setText("Reject all" if batch else "Reject")
        words = "Decide each…" if batch else "Answer…"
        self.respond.setText("Mark done…" if request.call.is_in_doubt else words)
        self._arrange([button for button, _ in self.offered(request)])

    def offered(self, request: Request) -> list[tuple[DecisionButton, DecisionKind]]:
        """The buttons of a request in their order, with what each decides."""
        doubt = request.call.is_in_doubt
        runs = (self.again if doubt else self.approve, DecisionKind.APPROVE)
        answers = (self.respond, DecisionKind.RESPOND)
        rejects, edits = (self.reject, DecisionKind.REJECT), (self.edit, DecisionKind.EDIT)
        order = (answers, runs, rejects) if doubt else (runs, rejects, edits, answers)
        return [(button, kind) for button, kind in order if kind in request.choices]

    def press_approve(self) -> None:
        """What the key A does: press what approves, if it can be seen and pressed."""
        for button in (self.approve, self.again):
            if button.isVisible():
                button.click()

    def _tell(self, button: DecisionButton, kind: DecisionKind) -> None:
        button.clicked.connect(lambda: self.chosen.emit(kind))

    def _arrange(self, order: list[DecisionButton]) -> None:
        if order == self._order:
            return
        self._order = order
        for button in self._all:
            self._grid.removeWidget(button)
            button.setVisible(button in order)
        for number, button in enumerate(order):
            row, column = divmod(number, _COLUMNS)
            is_alone = column == 0 and number == len(order) - 1
            self._grid.addWidget(button, row, column, 1, _COLUMNS if is_alone else 1)
        for before, after in pairwise(order):
            QWidget.setTabOrder(before, after)


def _button(
    name: str, words: str, look: ButtonLook, key_hint: str = "", icon: str = ""
) -> DecisionButton:
    button = DecisionButton(words, look, key_hint=key_hint, icon_name=icon)
    button.setObjectName(f"request.{name}")
    return button
