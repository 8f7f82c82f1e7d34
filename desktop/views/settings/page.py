"""The settings page: what a person chooses about this desk, in one column of cards."""

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from desktop.actions.desk import Desk
from desktop.qtmodels.bridge import Bridge
from desktop.store.changes import Changes
from desktop.store.store import Store
from desktop.views.parts.labels import Edge, Look, Surface, TextLabel, panel
from desktop.views.settings.choice_cards import (
    KeepTextCard,
    LookCard,
    NotifyCard,
    PersonCard,
    ReadOnlyCard,
)
from desktop.views.settings.connection_card import ConnectionCard
from desktop.views.settings.identity_card import IdentityCard
from desktop.views.settings.session_card import SessionCard

_READING_WIDTH: Final = 720


class SettingsPage(QWidget):
    """Every choice counts at once; only the connection wants a button."""

    def __init__(
        self, store: Store, bridge: Bridge, desk: Desk, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._connection = ConnectionCard(desk)
        self.identity = IdentityCard(desk)
        self._choices = (
            PersonCard(desk),
            SessionCard(desk),
            LookCard(desk),
            NotifyCard(desk),
            KeepTextCard(desk, store),
            ReadOnlyCard(desk),
        )
        self._lay_out()
        bridge.changed.connect(self._on_changed)
        self._connection.show_link(store.link)

    def showEvent(self, event: QShowEvent) -> None:
        """Choices may have been made elsewhere, such as by starting the demo."""
        super().showEvent(event)
        self._connection.show_choices()
        for card in self._choices:
            card.show_choices()

    def _on_changed(self, changes: Changes) -> None:
        if changes.link:
            self._connection.show_link(self._store.link)
        if changes.signing:
            self.identity.show_signing()
        if changes.memory or changes.signing:
            for card in self._choices:
                card.show_choices()

    def _lay_out(self) -> None:
        self.setProperty("surface", "bg")
        head = panel(Surface.PANEL, Edge.BOTTOM)
        title = QHBoxLayout(head)
        title.setContentsMargins(22, 16, 22, 16)
        title.addWidget(TextLabel("Settings", Look.TITLE))
        cards = QWidget()
        cards.setProperty("surface", "none")
        cards.setMaximumWidth(_READING_WIDTH)
        column = QVBoxLayout(cards)
        column.setContentsMargins(22, 22, 22, 22)
        column.setSpacing(14)
        person, *others = self._choices
        for card in (self._connection, person, self.identity, *others):
            column.addWidget(card)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(cards)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(head)
        whole.addWidget(area, 1)
