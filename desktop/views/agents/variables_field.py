"""Variables of a worker, one line each: a name, a value, and whether it is a secret."""

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop.actions.local_workers import MAX_VALUE, sounds_secret
from desktop.store.local_workers import WorkerDefinition
from desktop.views.parts.buttons import ActionButton, ButtonLook

_NAME_LENGTH: Final = 200
_KEPT: Final = "kept in the keyring; empty leaves it"


class VariableLine(QWidget):
    """One variable. What looks like a secret is marked as one.

    Signals:
        edited: something was changed. unwanted: it shall go.
    """

    edited = Signal()
    unwanted = Signal()

    def __init__(self, name: str = "", value: str = "", *, is_kept: bool = False) -> None:
        super().__init__()
        self.is_kept = is_kept
        self.name = _field("Name of the variable", "NAME", "local.variable_name")
        self.value = _field("Value of the variable", "value", "local.variable_value")
        self.name.setMaxLength(_NAME_LENGTH)
        self.value.setMaxLength(MAX_VALUE)
        self.secret = QCheckBox("Secret")
        self.secret.setObjectName("local.variable_secret")
        remove = ActionButton("Remove", ButtonLook.QUIET)
        remove.setObjectName("local.variable_remove")
        remove.setAccessibleName("Remove this variable")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.name, 2)
        row.addWidget(self.value, 3)
        row.addWidget(self.secret)
        row.addWidget(remove)
        self.secret.toggled.connect(self._on_secret)
        self.name.textEdited.connect(self._on_edited)
        self.value.textEdited.connect(self._on_edited)
        remove.clicked.connect(self.unwanted)
        self.name.setText(name)
        self.value.setText(value)
        self.secret.setChecked(is_kept)

    def _on_edited(self) -> None:
        if sounds_secret(self.name.text(), self.value.text()):
            self.secret.setChecked(True)
        self.edited.emit()

    def _on_secret(self, secret: bool) -> None:
        mode = QLineEdit.EchoMode.Password if secret else QLineEdit.EchoMode.Normal
        self.value.setEchoMode(mode)
        self.value.setPlaceholderText(_KEPT if secret and self.is_kept else "value")
        self.edited.emit()


class VariablesField(QWidget):
    """All variables of a worker.

    Signals:
        edited: something was changed.
    """

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: list[VariableLine] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        add = ActionButton("Add a variable", ButtonLook.QUIET, icon_name="plus")
        add.setObjectName("local.add_variable")
        add.clicked.connect(self._on_add)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(add)
        row.addStretch(1)
        self._column.addLayout(row)

    def show_definition(self, definition: WorkerDefinition) -> None:
        """Show the variables of a worker; of its secrets, the names."""
        for line in tuple(self._lines):
            self._remove(line)
        for name, value in definition.environment.items():
            self._add(VariableLine(name, value))
        for name in definition.secrets:
            self._add(VariableLine(name, is_kept=True))

    def plain(self) -> dict[str, str]:
        """Variables that are no secrets."""
        return {
            line.name.text().strip(): line.value.text()
            for line in self._filled()
            if not line.secret.isChecked()
        }

    def secrets(self) -> tuple[str, ...]:
        """Names of secrets."""
        return tuple(line.name.text().strip() for line in self._secret_lines())

    def values(self) -> dict[str, str]:
        """Values of secrets that were entered."""
        lines = self._secret_lines()
        return {line.name.text().strip(): line.value.text() for line in lines if line.value.text()}

    def problem(self) -> str:
        """What is wrong here that a definition does not show; empty if nothing."""
        names = [line.name.text().strip() for line in self._filled()]
        doubled = next((name for name in names if names.count(name) > 1), "")
        if doubled:
            return f"{doubled} is there twice."
        for line in self._secret_lines():
            if not line.value.text() and not line.is_kept:
                return f"Enter the value of {line.name.text().strip()}."
        return ""

    def _filled(self) -> list[VariableLine]:
        return [line for line in self._lines if line.name.text().strip() or line.value.text()]

    def _secret_lines(self) -> list[VariableLine]:
        return [line for line in self._filled() if line.secret.isChecked()]

    def _on_add(self) -> None:
        line = VariableLine()
        self._add(line)
        line.name.setFocus()

    def _add(self, line: VariableLine) -> None:
        self._lines.append(line)
        self._column.insertWidget(self._column.count() - 1, line)
        line.show()  # now, so that it can take the keyboard
        line.edited.connect(self.edited)
        line.unwanted.connect(lambda: self._remove(line))

    def _remove(self, line: VariableLine) -> None:
        self._lines.remove(line)
        self._column.removeWidget(line)
        line.hide()
        line.deleteLater()
        self.edited.emit()


def _field(accessible_name: str, placeholder: str, object_name: str) -> QLineEdit:
    field = QLineEdit()
    field.setAccessibleName(accessible_name)
    field.setPlaceholderText(placeholder)
    field.setObjectName(object_name)
    return field
