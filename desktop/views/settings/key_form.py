"""The form that makes a signing key: who, the passphrase twice, and where the request goes.

The only place where a new passphrase is typed. Nothing of it stays when the form is left.
"""

from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from desktop.actions.passphrases import strength
from desktop.settings import Person
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.parts.passphrase_prompt import PassphraseField
from desktop.views.parts.rows import button_row
from desktop.views.settings.fields import field_label, line_field

_MOST: Final = 100
_ID_ABOUT: Final = (
    "Your ID names you in every decision for ever, e.g. r.mora. It is never given to anybody else."
)
_ABOUT: Final = (
    "The key is made on this computer and stays in its keyring, locked with your passphrase. "
    "Nobody can recover either: who forgets it makes another key and is registered again."
)
_REPLACES: Final = "This takes the place of your key on this computer, which is lost by it."


class KeyForm(QWidget):
    """Hidden until `begin`.

    Signals:
        wanted(Person, str, Path, bool): make a key: for whom, under which passphrase, with the
            request in which file, and whether it takes the place of another.
        left: nothing is wanted any more.
    """

    wanted = Signal(object, str, object, bool)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._replaces = ""
        self._name = line_field("key.name", "Your name, as it is printed beside a signature", _MOST)
        self._id = line_field("key.id", "Your ID", _MOST)
        self._first = PassphraseField("key.passphrase", "Passphrase")
        self._again = PassphraseField("key.again", "Passphrase, again")
        self._file = line_field("key.file", "The request file to hand over", _MOST)
        self._file.setMaxLength(4096)
        self._choose = ActionButton("Choose…")
        self._choose.setObjectName("key.choose")
        self._strength = TextLabel("", Look.SMALL, wrap=True)
        self._strength.setObjectName("key.strength")
        self._note = TextLabel("", Look.ERROR, wrap=True)
        self._note.setObjectName("key.note")
        self._make = ActionButton("Make the key", ButtonLook.PRIMARY)
        self._make.setObjectName("key.make")
        self._cancel = ActionButton("Cancel")
        self._cancel.setObjectName("key.cancel")
        self._lay_out()
        for field in (self._name, self._id, self._first, self._again, self._file):
            field.textEdited.connect(self._refresh)
        self._choose.clicked.connect(self._on_choose)
        self._make.clicked.connect(self._on_make)
        self._cancel.clicked.connect(self._on_cancel)
        self.hide()

    def begin(self, person: Person, *, has_key: bool) -> None:
        """Ask, with what is known filled in.

        Args:
            has_key: this person has a key here, which another would replace.
        """
        self._name.setText(person.name)
        # A user and a host is how somebody without a key is called; nobody is registered so.
        self._id.setText("" if "@" in person.id else person.id)
        self._replaces = person.id if has_key else ""
        self._file.setText(str(Path.home() / "signoff-request.json"))
        self._refresh()
        self.show()
        first = self._id if self._name.text() else self._name
        first.setFocus(Qt.FocusReason.OtherFocusReason)

    def hideEvent(self, event: QHideEvent) -> None:
        """Nothing that was typed stays."""
        super().hideEvent(event)
        self._first.clear()
        self._again.clear()

    def _refresh(self) -> None:
        person = self._person()
        found = strength(self._first.text(), known=(person.id, *person.name.split()))
        self._strength.show_text(found.words)
        self._strength.setVisible(bool(found.words))
        differ = bool(self._again.text()) and self._again.text() != self._first.text()
        replaces = _REPLACES if self._replaces and person.id == self._replaces else ""
        self._note.show_text("The two passphrases differ." if differ else replaces)
        self._note.setVisible(bool(self._note.text()))
        self._make.allow(self._why_not(person, allowed=found.allowed))

    def _why_not(self, person: Person, *, allowed: bool) -> str:
        if not person.name or not person.id:
            return "Write your name and ID first."
        if not allowed:
            return "Choose a passphrase first."
        if self._again.text() != self._first.text():
            return "Write the same passphrase twice."
        return "" if self._file.text().strip() else "Say where the request goes."

    def _person(self) -> Person:
        return Person(self._id.text().strip(), self._name.text().strip())

    def _on_make(self) -> None:
        person, words = self._person(), self._first.text()
        path = Path(self._file.text().strip()).expanduser()
        replaces = person.id == self._replaces
        self.hide()
        self.wanted.emit(person, words, path, replaces)

    def _on_cancel(self) -> None:
        self.hide()
        self.left.emit()

    def _on_choose(self) -> None:
        dialog = QFileDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(self._file.text())
        dialog.fileSelected.connect(self._on_chosen)
        dialog.open()

    def _on_chosen(self, path: str) -> None:
        self._file.setText(path)
        self._refresh()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(8)
        column.addWidget(TextLabel(_ABOUT, Look.SMALL, wrap=True))
        for words, field in (("Name", self._name), ("ID", self._id)):
            column.addWidget(field_label(words, field))
            column.addWidget(field)
        column.addWidget(TextLabel(_ID_ABOUT, Look.SMALL, wrap=True))
        column.addWidget(field_label("Passphrase", self._first))
        for field in (self._first, self._again):
            column.addWidget(field)
        column.addWidget(self._strength)
        column.addWidget(field_label("Request file", self._file))
        place = QHBoxLayout()
        place.setSpacing(6)
        place.addWidget(self._file, 1)
        place.addWidget(self._choose)
        column.addLayout(place)
        column.addWidget(self._note)
        column.addLayout(button_row(self._make, self._cancel, spacing=10))
