"""A row of chips of which exactly one is chosen: `Waiting`, `High risk`, `Resolved`."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QWidget

from desktop.views.parts.buttons import ActionButton, ButtonLook


class FilterChips(QWidget):
    """Chips for (name, words) pairs; the first is chosen.

    One stop of the Tab key; arrow keys walk along them. Qt does that for an exclusive group.

    Signals:
        chosen: the name of the chip a person chose.
    """

    chosen = Signal(str)

    def __init__(
        self,
        accessible_name: str,
        choices: Sequence[tuple[str, str]],
        parent: QWidget | None = None,
        *,
        tight: bool = False,
    ) -> None:
        """Make them.

        Args:
            tight: many of them have to fit a narrow list.
        """
        super().__init__(parent)
        self.setAccessibleName(accessible_name)
        self._names = [name for name, _ in choices]
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4 if tight else 6)
        for number, (_, words) in enumerate(choices):
            chip = ActionButton(words, ButtonLook.CHIP, parent=self)
            chip.setProperty("tight", tight)
            self._group.addButton(chip, number)
            row.addWidget(chip)
        self._group.button(0).setChecked(True)
        row.addStretch()
        self._group.idClicked.connect(lambda number: self.chosen.emit(self._names[number]))

    def choice(self) -> str:
        """Name of the chosen chip."""
        return self._names[self._group.checkedId()]

    def choose(self, name: str) -> None:
        """Choose a chip by its name, without the signal; an unknown name changes nothing."""
        if name in self._names:
            self._group.button(self._names.index(name)).setChecked(True)
