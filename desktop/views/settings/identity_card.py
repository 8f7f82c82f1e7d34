"""The card of who signs here: their key, what the registry says of them, and other people."""

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.actions.desk import Desk
from desktop.qtmodels.rows import Pill
from desktop.qtmodels.tone import Tone
from desktop.store.signing import Identity, Signing, SigningState
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.parts.pill import PillLabel
from desktop.views.parts.rows import button_row
from desktop.views.parts.tips import tip
from desktop.views.settings.card import SettingsCard
from desktop.views.settings.key_form import KeyForm

_ABOUT: Final = (
    "Decisions are signed with a key of your own, so that everybody can tell afterwards who "
    "decided what."
)
_PILLS: Final = {
    SigningState.NO_KEY: Pill("No key", Tone.NEUTRAL),
    SigningState.LOCKED: Pill("Locked", Tone.WARN),
    SigningState.OPEN: Pill("Open", Tone.OK),
    SigningState.UNAVAILABLE: Pill("Not available", Tone.DANGER),
}
_ASK: Final = (
    "Not in the registry. Give the request file to whoever administers it, and read them the "
    "fingerprint below; then put the new registry into the trust folder."
)
_BUNDLED: Final = "One of the demo's people: the key lies in the demo's folder and proves nothing."


class IdentityCard(SettingsCard):
    """Shows how signing stands; makes keys, and lets another person sign."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__("Signing key", _ABOUT, parent)
        self._desk = desk
        self._pill = PillLabel(parent=self)
        self._pill.setObjectName("identity.state")
        self._who = TextLabel("", Look.STRONG, wrap=True, selectable=True)
        self._who.setObjectName("identity.who")
        self._roles = TextLabel("", Look.BODY, wrap=True, selectable=True)
        self._roles.setObjectName("identity.roles")
        self._key = TextLabel("", Look.MONO, wrap=True, selectable=True)
        self._key.setObjectName("identity.key")
        self._trouble = TextLabel("", Look.ERROR, wrap=True, selectable=True)
        self._trouble.setObjectName("identity.trouble")
        self._make = ActionButton("Make a key")
        self._make.setObjectName("identity.make")
        self._look = ActionButton("Look again")
        self._look.setObjectName("identity.look")
        self._lock = ActionButton("Lock now", icon_name="lock")
        self._lock.setObjectName("identity.lock")
        self._people = QVBoxLayout()
        self._people.setSpacing(6)
        self._others: tuple[Identity, ...] = ()
        self._buttons: list[ActionButton] = []
        self.form = KeyForm()
        self._lay_out()
        self._make.clicked.connect(self._on_make)
        self._look.clicked.connect(desk.identity.look_again)
        self._lock.clicked.connect(desk.identity.lock_now)
        self.form.wanted.connect(
            lambda person, words, path, replace: desk.identity.make_key(
                person, words, path, replace=replace
            )
        )
        self.form.left.connect(self._make.setFocus)
        self.show_signing()

    def show_signing(self) -> None:
        """Show how signing stands now."""
        signing = self._desk.signing.status
        who = signing.identity
        self._pill.show_pill(_PILLS[signing.state])
        _say(self._who, f"{who.name} ({who.id})" if who else "")
        _say(self._roles, _roles_of(who) if who else "")
        _say(self._key, who.key_id if who else "")
        _say(self._trouble, _trouble_of(signing))
        self._make.setText("Make another key" if who and not who.bundled else "Make a key")
        self._make.setVisible(who is None or not who.bundled)
        if signing.others != self._others:
            self._others = signing.others
            self._show_people()

    def _show_people(self) -> None:
        for old in self._buttons:
            old.hide()
            old.deleteLater()
        self._buttons.clear()
        for other in self._others:
            button = ActionButton(f"Sign as {other.name}", icon_name="user")
            button.setObjectName(f"identity.as.{other.id}")
            button.setToolTip(tip(other.id))
            button.clicked.connect(lambda _=False, who=other.id: self._on_other(who))
            self._people.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
            self._buttons.append(button)

    def _on_other(self, reviewer_id: str) -> None:
        self._desk.identity.choose_person(reviewer_id)

    def _on_make(self) -> None:
        who = self._desk.signing.status.identity
        self.form.begin(self._desk.settings.person, has_key=who is not None)

    def _lay_out(self) -> None:
        self.head.addWidget(self._pill)
        self.head.addStretch(1)
        for label in (self._who, self._roles, self._key, self._trouble):
            self.column.addWidget(label)
        buttons = button_row(self._make, self._look, self._lock, spacing=10)
        self.column.addSpacing(4)
        self.column.addLayout(buttons)
        self.column.addLayout(self._people)
        self.column.addWidget(self.form)


def _say(label: TextLabel, words: str) -> None:
    label.show_text(words)
    label.setVisible(bool(words))


def _roles_of(who: Identity) -> str:
    roles = f"Roles: {', '.join(who.roles)}" if who.roles else _ASK
    return f"{roles}\n{_BUNDLED}" if who.bundled else roles


def _trouble_of(signing: Signing) -> str:
    registry = signing.registry_trouble
    return " ".join(words for words in (signing.title, signing.hint, registry) if words)
