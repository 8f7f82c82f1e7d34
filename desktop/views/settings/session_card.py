"""The card of sessions: when the passphrase is asked for, when it locks, which registry counts."""

from typing import Final

from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLineEdit, QRadioButton, QWidget

from desktop.actions.desk import Desk
from desktop.settings import MOST_LOCK_MINUTES, SigningRule, trust_folder
from desktop.views.parts.choice_box import ChoiceBox
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.settings.card import SettingsCard

_RULES: Final = (
    (SigningRule.FIRST, "Once per session"),
    (SigningRule.ABOVE, "Once per session, and again for each call of high risk"),
    (SigningRule.EVERY, "For each decision"),
)
_SESSIONS: Final = (15, 30, 60, 120, 240, 480)
_LOCKS: Final = tuple(range(1, MOST_LOCK_MINUTES + 1))
_LOCK_ABOUT: Final = (
    "It also locks with the screen and before the computer sleeps. A locked console shows "
    "nothing, and what was being written in it is dropped."
)
_TRUST_ABOUT: Final = (
    "The folder with roots.json and registry.json, from whoever administers them. SIGNOFF_TRUST "
    "overrides it."
)
_RING: Final = 7


class SessionCard(SettingsCard):
    """Every choice counts at once; a change ends the session that is open."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__("Passphrase and lock", parent=parent)
        self._desk = desk
        self._rules = QButtonGroup(self)
        self._session = _minutes("session.minutes", "A session lasts at most", _SESSIONS)
        self._lock = _minutes("session.lock", "Lock when nobody touched it for", _LOCKS)
        self._trust = QLineEdit()
        self._trust.setObjectName("session.trust")
        self._trust.setAccessibleName("Trust folder")
        self._lay_out()
        self._rules.idClicked.connect(self._on_chosen)
        self._session.activated.connect(self._on_chosen)
        self._lock.activated.connect(lambda: desk.identity.choose_lock(self._lock.currentData()))
        self._trust.editingFinished.connect(self._on_trust)
        self.show_choices()

    def show_choices(self) -> None:
        """Show what is chosen."""
        chosen = self._desk.settings
        rules = [rule for rule, _ in _RULES]
        self._rules.button(rules.index(chosen.signing_rule)).setChecked(True)
        _show(self._session, chosen.signing_minutes)
        _show(self._lock, chosen.lock_minutes)
        if not self._trust.isModified():
            self._trust.setText(chosen.trust)
            self._trust.setPlaceholderText(str(trust_folder(chosen)))

    def _on_chosen(self) -> None:
        rule = _RULES[self._rules.checkedId()][0]
        self._desk.identity.choose_rule(rule, self._session.currentData())

    def _on_trust(self) -> None:
        folder = self._trust.text().strip()
        if folder != self._desk.settings.trust:
            self._desk.identity.choose_trust(folder)
        self._trust.setModified(False)
        self.show_choices()

    def _lay_out(self) -> None:
        self.column.addWidget(TextLabel("Ask for the passphrase", Look.STRONG))
        for number, (rule, words) in enumerate(_RULES):
            button = QRadioButton(words)
            button.setObjectName(f"session.rule.{rule}")
            self._rules.addButton(button, number)
            row = QHBoxLayout()
            row.setSpacing(0)
            row.addSpacing(-_RING)
            row.addWidget(button)
            self.column.addLayout(row)
        for words, box in (
            ("A session lasts at most", self._session),
            ("Lock when nobody touched it for", self._lock),
        ):
            self.column.addSpacing(4)
            label = TextLabel(words, Look.STRONG)
            label.setBuddy(box)
            row = QHBoxLayout()
            row.setSpacing(10)
            row.addWidget(label)
            row.addWidget(box)
            row.addStretch(1)
            self.column.addLayout(row)
        self.column.addWidget(TextLabel(_LOCK_ABOUT, Look.SMALL, wrap=True))
        self.column.addSpacing(4)
        label = TextLabel("Trust folder", Look.STRONG)
        label.setBuddy(self._trust)
        self.column.addWidget(label)
        self.column.addWidget(self._trust)
        self.column.addWidget(TextLabel(_TRUST_ABOUT, Look.SMALL, wrap=True))


def _minutes(name: str, words: str, offered: tuple[int, ...]) -> ChoiceBox:
    box = ChoiceBox()
    box.setObjectName(name)
    box.setAccessibleName(words)
    for minutes in offered:
        _offer(box, minutes)
    return box


def _offer(box: ChoiceBox, minutes: int) -> None:
    box.addItem("1 minute" if minutes == 1 else f"{minutes} minutes", minutes)


def _show(box: ChoiceBox, minutes: int) -> None:
    if box.findData(minutes) < 0:  # from the file, where a person wrote it
        _offer(box, minutes)
    box.setCurrentIndex(box.findData(minutes))
