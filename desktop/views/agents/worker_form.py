"""The form of a local worker: what to run, where, and when. What is wrong is said at its field."""

import sys
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from desktop.actions.local_workers import MAX_TEXT, new_id, problems_of
from desktop.qtmodels.local_wording import RESTART_WORDS
from desktop.store.local_workers import WorkerDefinition
from desktop.views.agents.variables_field import VariablesField
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.labels import Edge, Look, Surface, TextLabel, panel

_WIDTH: Final = 720
_TEXTS: Final = (
    ("name", "Name", "Ledger agents", ""),
    (
        "target",
        "Agents",
        "my_agents:runner",
        "MODULE:ATTRIBUTE, as the command signoff-worker run takes it.",
    ),
    ("folder", "Working directory", "/home/me/agents", "The module is looked for here, too."),
    ("python", "Python", sys.executable, "Empty for the console's own. Signoff must be installed."),
    ("environment_file", "Environment file", "", "Lines of NAME=value, read at each start."),
)
_VARIABLES: Final = (
    "Secrets are kept in this computer's keyring, the rest in a file. SIGNOFF_REDIS_URL is set to "
    "the broker this window follows."
)
_KEPT: Final = (
    "Turned on, it counts from the next start; turned off, at once. Of what it prints while no "
    "console is open, the newest is kept: up to 32 MB."
)
_BOXES: Final = (
    ("with_console", "Start it when the console starts"),
    ("keep_running", "Keep it running when the console closes"),
)


class WorkerForm(QWidget):
    """Adds a worker, or changes one.

    Signals:
        saved(WorkerDefinition, dict): a definition that is in order, and values of secrets.
        cancelled: nothing shall change.
    """

    saved = Signal(object, object)
    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._id = ""
        self._others: tuple[WorkerDefinition, ...] = ()
        self._touched: set[str] = set()
        self._title = TextLabel("", Look.TITLE)
        self._fields = {name: QLineEdit() for name, *_ in _TEXTS}
        self._variables = VariablesField()
        self._errors = {name: TextLabel("", Look.ERROR, wrap=True) for name in self._fields}
        self._errors["environment"] = TextLabel("", Look.ERROR, wrap=True)
        self._restart = QComboBox()
        self._restart.setObjectName("local.restart_policy")
        self._restart.setAccessibleName("Start it again")
        for policy, words in RESTART_WORDS.items():
            self._restart.addItem(words, policy)
        self._boxes = {name: QCheckBox(words) for name, words in _BOXES}
        self._save = ActionButton("Save", ButtonLook.PRIMARY)
        self._save.setObjectName("local.save")
        self._cancel = ActionButton("Cancel")
        self._cancel.setObjectName("local.cancel")
        self._lay_out()
        self._save.clicked.connect(self._on_save)
        self._cancel.clicked.connect(self.cancelled)
        self._variables.edited.connect(lambda: self._on_edited("environment"))

    def show_definition(
        self, definition: WorkerDefinition | None, others: tuple[WorkerDefinition, ...]
    ) -> None:
        """Begin with this worker; with none, a new one.

        Args:
            others: workers whose names are taken.
        """
        self._title.show_text("Change this worker" if definition else "Add a worker")
        shown = definition or WorkerDefinition(id=new_id(), name="", target="", folder="")
        self._id, self._others = shown.id, others
        for name, field in self._fields.items():
            field.setText(getattr(shown, name))
        self._variables.show_definition(shown)
        self._restart.setCurrentIndex(self._restart.findData(shown.restart))
        for name, box in self._boxes.items():
            box.setChecked(getattr(shown, name))
        self._touched.clear()
        self._show_problems()
        self._fields["name"].setFocus(Qt.FocusReason.OtherFocusReason)

    def _definition(self) -> WorkerDefinition:
        texts = {name: field.text().strip() for name, field in self._fields.items()}
        return WorkerDefinition(
            id=self._id,
            name=texts["name"],
            target=texts["target"],
            folder=texts["folder"],
            python=texts["python"],
            environment_file=texts["environment_file"],
            environment=self._variables.plain(),
            secrets=self._variables.secrets(),
            restart=self._restart.currentData(),
            with_console=self._boxes["with_console"].isChecked(),
            keep_running=self._boxes["keep_running"].isChecked(),
        )

    def _show_problems(self) -> dict[str, str]:
        """Say what is wrong with fields that somebody has touched. Returns all that is wrong."""
        problems = problems_of(self._definition(), self._others)
        own = self._variables.problem()
        if own:
            problems.setdefault("environment", own)
        for name, label in self._errors.items():
            words = problems.get(name, "") if name in self._touched else ""
            label.show_text(words)
            label.setVisible(bool(words))
            if name in self._fields:
                self._fields[name].setAccessibleDescription(words)
        return problems

    def _on_edited(self, name: str) -> None:
        self._touched.add(name)
        self._show_problems()

    def _on_save(self) -> None:
        self._touched.update(self._errors)
        problems = self._show_problems()
        if not problems:
            self.saved.emit(self._definition(), self._variables.values())
            return
        first = next((name for name in self._fields if name in problems), "")
        if first:
            self._fields[first].setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_choose(self, name: str) -> None:
        dialog = QFileDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if name == "folder":
            dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(lambda path: self._take(name, path))
        dialog.open()

    def _take(self, name: str, path: str) -> None:
        self._fields[name].setText(path)
        self._on_edited(name)

    def _lay_out(self) -> None:
        inner = QWidget()
        inner.setProperty("surface", "none")
        inner.setMaximumWidth(_WIDTH)
        column = QVBoxLayout(inner)
        column.setContentsMargins(22, 18, 22, 22)
        column.setSpacing(6)
        column.addWidget(self._title)
        for name, label, placeholder, about in _TEXTS:
            self._add_field(column, name, label, placeholder, about)
        self._add_choices(column)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inner)
        foot = panel(Surface.PANEL, Edge.TOP)
        buttons = QHBoxLayout(foot)
        buttons.setContentsMargins(22, 10, 22, 10)
        buttons.setSpacing(10)
        buttons.addWidget(self._save)
        buttons.addWidget(self._cancel)
        buttons.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(area, 1)
        whole.addWidget(foot)

    def _add_field(
        self, column: QVBoxLayout, name: str, words: str, placeholder: str, about: str
    ) -> None:
        field = self._fields[name]
        field.setObjectName(f"local.{name}")
        field.setAccessibleName(words)
        field.setPlaceholderText(placeholder)
        field.setMaxLength(MAX_TEXT)
        field.textEdited.connect(lambda: self._on_edited(name))
        label = TextLabel(words, Look.STRONG)
        label.setBuddy(field)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(field, 1)
        if name in {"folder", "python", "environment_file"}:
            choose = ActionButton("Choose", ButtonLook.QUIET)
            choose.setObjectName(f"local.choose_{name}")
            choose.setAccessibleName(f"Choose: {words}")
            choose.clicked.connect(lambda: self._on_choose(name))
            row.addWidget(choose)
        column.addSpacing(6)
        column.addWidget(label)
        column.addLayout(row)
        self._errors[name].setObjectName(f"local.{name}_error")
        column.addWidget(self._errors[name])
        if about:
            column.addWidget(TextLabel(about, Look.SMALL, wrap=True))

    def _add_choices(self, column: QVBoxLayout) -> None:
        self._errors["environment"].setObjectName("local.environment_error")
        column.addSpacing(6)
        column.addWidget(TextLabel("Variables", Look.STRONG))
        column.addWidget(self._variables)
        column.addWidget(self._errors["environment"])
        column.addWidget(TextLabel(_VARIABLES, Look.SMALL, wrap=True))
        column.addSpacing(6)
        label = TextLabel("Start it again", Look.STRONG)
        label.setBuddy(self._restart)
        column.addWidget(label)
        column.addWidget(self._restart)
        for name, box in self._boxes.items():
            box.setObjectName(f"local.{name}")
            column.addWidget(box)
        column.addWidget(TextLabel(_KEPT, Look.SMALL, wrap=True))
