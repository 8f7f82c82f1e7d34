"""The small cards of the settings page: the person, the look, notices, kept text, looking only."""

from typing import Final

from PySide6.QtWidgets import QButtonGroup, QCheckBox, QHBoxLayout, QLineEdit, QRadioButton, QWidget

from desktop.actions.desk import Desk
from desktop.settings import Theme
from desktop.store.local_records import Memory
from desktop.store.store import Store
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.settings.card import SettingsCard

_THEMES: Final = (
    (Theme.SYSTEM, "As the system"),
    (Theme.LIGHT, "Light"),
    (Theme.DARK, "Dark"),
)
_NAME_LENGTH: Final = 100
_FIELD_WIDTH: Final = 360
_KEPT_TEXT: Final = (
    "The list of conversations is kept, so that the next start shows it at once: IDs, agents, "
    "times and states. With this on, what is said in them is kept too, so that a search finds it, "
    "encrypted with a key in the keyring of your system: of each the newest 64 KB that this "
    "console has read, in all 128 MB. Turning it off deletes it."
)
_RING: Final = 7  # what the focus ring around a box or a dot takes on its left


class PersonCard(SettingsCard):
    """Who decides at this desk. A name is taken when the field is left; an empty one is not."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__("You", "Decisions made at this desk carry this name.", parent)
        self._desk = desk
        self._name = QLineEdit()
        self._name.setObjectName("settings.name")
        self._name.setAccessibleName("Your name")
        self._name.setMaxLength(_NAME_LENGTH)
        self._name.setMaximumWidth(_FIELD_WIDTH)
        self._name.setPlaceholderText("Your name")
        self._note = TextLabel("", Look.SMALL, wrap=True, selectable=True)
        self._note.setObjectName("settings.name_note")
        self._name.editingFinished.connect(self._on_finished)
        self._name.textEdited.connect(lambda: self._note.show_text("Taken with Enter."))
        self.column.addWidget(self._name)
        self.column.addWidget(self._note)
        self.show_choices()

    def show_choices(self) -> None:
        """Show the name as it is chosen, unless somebody is writing another one.

        Whoever has a key is called as their key is registered.
        """
        signer = self._desk.signing.status.identity
        self._name.setEnabled(signer is None)
        if signer is not None:
            self._name.setText(signer.name)
            self._note.show_text(f"Your ID in decisions: {signer.id}")
            return
        if not self._name.isModified():
            chosen = self._desk.settings
            self._name.setText(chosen.reviewer_name)
            self._note.show_text(f"Your ID in decisions: {chosen.reviewer_id}")

    def _on_finished(self) -> None:
        name = self._name.text().strip()
        if name and name != self._desk.settings.reviewer_name:
            self._desk.introduce(name)
        self._name.setModified(False)
        self.show_choices()


class LookCard(SettingsCard):
    """The theme, changed at once."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__("Appearance", parent=parent)
        self._desk = desk
        self._group = QButtonGroup(self)
        choices = QWidget()
        choices.setObjectName("settings.theme")
        choices.setAccessibleName("Theme")
        row = QHBoxLayout(choices)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(14)
        for number, (theme, words) in enumerate(_THEMES):
            button = QRadioButton(words)
            button.setObjectName(f"settings.theme.{theme}")
            self._group.addButton(button, number)
            row.addWidget(button)
        row.addStretch(1)
        self.column.addLayout(_in_line(choices))
        self._group.idClicked.connect(lambda number: desk.choose_theme(_THEMES[number][0]))
        self.show_choices()

    def show_choices(self) -> None:
        """Mark the theme that is chosen."""
        themes = [theme for theme, _ in _THEMES]
        self._group.button(themes.index(self._desk.settings.theme)).setChecked(True)


class NotifyCard(SettingsCard):
    """Whether the desktop says that a call waits while the window is not in front."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__("Notifications", parent=parent)
        self._desk = desk
        self._box = QCheckBox("Tell me when a call waits and this window is not in front")
        self._box.setObjectName("settings.notify")
        self._box.clicked.connect(lambda wanted: desk.notify(wanted=wanted))
        about = "It says how many calls wait and how risky they are, and nothing else."
        self.column.addLayout(_in_line(self._box))
        self.column.addWidget(TextLabel(about, Look.SMALL, wrap=True))
        self.show_choices()

    def show_choices(self) -> None:
        """Show what is chosen."""
        self._box.setChecked(self._desk.settings.notify)


class KeepTextCard(SettingsCard):
    """Whether the words of conversations stay on this computer when Signoff is closed."""

    def __init__(self, desk: Desk, store: Store, parent: QWidget | None = None) -> None:
        super().__init__("On this computer", parent=parent)
        self._desk, self._store = desk, store
        self._box = QCheckBox("Keep message text on this computer")
        self._box.setObjectName("settings.keep_text")
        self._box.clicked.connect(self._on_clicked)
        self.column.addLayout(_in_line(self._box))
        self.column.addWidget(TextLabel(_KEPT_TEXT, Look.SMALL, wrap=True))
        self._missing = TextLabel("", Look.SMALL, wrap=True)
        self._missing.setObjectName("settings.not_kept")
        self.column.addWidget(self._missing)
        self.show_choices()

    def show_choices(self) -> None:
        """Show what is chosen, and what is missing of it."""
        self._box.setChecked(self._desk.settings.keep_text)
        self._missing.show_text(_not_kept(self._store.memory))
        self._missing.setVisible(bool(self._missing.text()))

    def _on_clicked(self, wanted: bool) -> None:
        self._desk.keep_text(wanted=wanted)
        # It counts when the keyring has the key, and is shown then.
        self.show_choices()


class ReadOnlyCard(SettingsCard):
    """Whether anything leaves this desk."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__("Read-only mode", parent=parent)
        self._desk = desk
        self._box = QCheckBox("Only look: this console sends nothing")
        self._box.setObjectName("settings.read_only")
        self._box.clicked.connect(lambda wanted: desk.only_read(wanted=wanted))
        about = (
            "Everything is shown, and nothing can be decided, written or repaired from here, "
            "neither in this window nor with the commands. Workers on this computer do not start "
            "with it; one that runs, or that you start yourself, serves its agents as ever."
        )
        self.column.addLayout(_in_line(self._box))
        self.column.addWidget(TextLabel(about, Look.SMALL, wrap=True))
        self.show_choices()

    def show_choices(self) -> None:
        """Show what is chosen."""
        self._box.setChecked(self._desk.settings.read_only)


def _in_line(widget: QWidget) -> QHBoxLayout:
    """Boxes and dots under the words above them, their focus ring outside of that line."""
    row = QHBoxLayout()
    row.setSpacing(0)
    row.addSpacing(-_RING)
    row.addWidget(widget)
    return row


def _not_kept(memory: Memory) -> str:
    """What no search finds although text is kept; empty for nothing."""
    parts = []
    if memory.missed:
        parts.append(f"{memory.missed:,} messages came faster than they could be kept.")
    if memory.dropped:
        parts.append(
            f"For want of room the words of {memory.dropped:,} conversations were dropped."
        )
    return " ".join(["Since the start:", *parts]) if memory.keeps_text and parts else ""
