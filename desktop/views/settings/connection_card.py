"""The connection: which broker, its password, and how the link stands.

The only place where a person types a password. It is handed to the desk and forgotten here.
"""

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from desktop.actions.desk import Desk
from desktop.errors import SignoffError
from desktop.qtmodels.rows import Pill
from desktop.qtmodels.tone import Tone
from desktop.qtmodels.wording import link_tone
from desktop.settings import DEFAULT_URL
from desktop.store.records import Link, LinkState
from desktop.views.parts.banner import Banner
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.parts.pill import PillLabel
from desktop.views.parts.rows import button_row
from desktop.views.settings.card import SettingsCard
from desktop.views.settings.fields import field_label, line_field

_STATES: Final = {
    LinkState.OFFLINE: "Not connected",
    LinkState.CONNECTING: "Connecting",
    LinkState.CATCHING_UP: "Reading",
    LinkState.ONLINE: "Connected",
    LinkState.REFUSED: "Refused",
}
_KEPT: Final = (
    "Address: settings file. Password: this computer's keyring; without one, only in memory."
)
_MAX_LENGTH: Final = 2000


class ConnectionCard(SettingsCard):
    """A form, and beside it what became of it."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__("Connection", parent=parent)
        self._desk = desk
        self._followed = ""
        self._state = PillLabel(parent=self)
        self._state.setObjectName("settings.link")
        self._about = TextLabel("", Look.MUTED, wrap=True, selectable=True)
        self._about.setObjectName("settings.link_words")
        self._problem = Banner()
        self._problem.setObjectName("settings.problem")
        self._url = line_field("settings.url", "Broker address", _MAX_LENGTH, DEFAULT_URL)
        self._error = TextLabel("", Look.ERROR, wrap=True, selectable=True)
        self._error.setObjectName("settings.url_error")
        self._error.hide()
        self._password = line_field(
            "settings.password", "Password", _MAX_LENGTH, "Empty if the broker wants none"
        )
        self._reveal = ActionButton("Show", ButtonLook.QUIET)
        self._reveal.setObjectName("settings.reveal")
        self._reveal.setCheckable(True)
        self._connect = ActionButton("Connect", ButtonLook.PRIMARY, icon_name="plug")
        self._connect.setObjectName("settings.connect")
        self._disconnect = ActionButton("Disconnect")
        self._disconnect.setObjectName("settings.disconnect")
        self._again = ActionButton("Try again")
        self._again.setObjectName("settings.try_again")
        self._lay_out()
        self._wire()
        self._hide_password()
        self.show_choices()

    def show_link(self, link: Link) -> None:
        """Show how the link stands; what went wrong stands out."""
        self._state.show_pill(Pill(_STATES[link.state], link_tone(link)))
        troubled = link.state is LinkState.REFUSED or (
            link.state is LinkState.CONNECTING and bool(link.hint)
        )
        self._problem.setVisible(troubled)
        self._about.setVisible(not troubled)
        if troubled:
            refused = link.state is LinkState.REFUSED
            tone = Tone.DANGER if refused else Tone.WARN
            self._problem.show_message(tone, link.title, link.hint, dismissable=False)
        elif link.state is LinkState.OFFLINE:
            self._about.show_text("Signoff follows no broker.")
        else:
            self._about.show_text(f"{link.address or link.title}\n{link.hint}".strip())
        followed = link.state is not LinkState.OFFLINE
        self._followed = link.address if followed else ""
        self.show_choices()
        self._disconnect.setEnabled(followed)
        self._again.setEnabled(troubled)

    def show_choices(self) -> None:
        """Show the address that is followed or chosen, unless somebody is writing another one."""
        if not self._url.isModified():
            # What is followed may have been given for this session alone.
            self._url.setText(self._followed or self._desk.settings.broker_url or DEFAULT_URL)

    def _on_connect(self) -> None:
        try:
            self._desk.connect(self._url.text(), self._password.text())
        except SignoffError as error:
            self._show_error(f"{error.title} {error.hint}".strip())
            self._url.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self._show_error("")
        self._password.clear()
        self._hide_password()
        # The desk has taken a password out of the address, if there was one in it.
        self._url.setText(self._desk.settings.broker_url)

    def _on_disconnect(self) -> None:
        self._desk.disconnect()
        self._show_error("")

    def _on_edited(self) -> None:
        self._show_error("")

    def _show_error(self, words: str) -> None:
        self._error.show_text(words)
        self._error.setVisible(bool(words))
        self._url.setAccessibleDescription(words)

    def _on_reveal(self, shown: bool) -> None:
        mode = QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password
        self._password.setEchoMode(mode)
        self._reveal.setText("Hide" if shown else "Show")
        self._reveal.setAccessibleName("Hide the password" if shown else "Show the password")

    def _hide_password(self) -> None:
        self._reveal.setChecked(False)
        self._on_reveal(shown=False)

    def _wire(self) -> None:
        self._connect.clicked.connect(self._on_connect)
        self._url.returnPressed.connect(self._on_connect)
        self._password.returnPressed.connect(self._on_connect)
        self._disconnect.clicked.connect(self._on_disconnect)
        self._again.clicked.connect(self._desk.reconnect)
        self._url.textEdited.connect(self._on_edited)
        self._reveal.toggled.connect(self._on_reveal)

    def _lay_out(self) -> None:
        self.head.addWidget(self._state)
        self.head.addStretch(1)
        self.column.addWidget(self._about)
        self.column.addWidget(self._problem)
        self.column.addSpacing(4)
        self.column.addWidget(field_label("Broker address", self._url))
        self.column.addWidget(self._url)
        self.column.addWidget(self._error)
        self.column.addSpacing(4)
        self.column.addWidget(field_label("Password", self._password))
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self._password, 1)
        row.addWidget(self._reveal)
        self.column.addLayout(row)
        self.column.addWidget(TextLabel(_KEPT, Look.SMALL, wrap=True))
        self.column.addSpacing(6)
        buttons = button_row(self._connect, self._disconnect, self._again, spacing=10)
        self.column.addLayout(buttons)
