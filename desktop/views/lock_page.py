"""The page of a console that is locked: that it is, why, and the way back.

The only thing in the window then; it knows nothing of what was there before.
"""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from desktop.actions.signing import SigningActions
from desktop.qtmodels.bridge import Bridge
from desktop.store.changes import Changes
from desktop.store.signing import Signing
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.labels import Look, Surface, TextLabel, panel
from desktop.views.parts.passphrase_prompt import PassphrasePrompt
from desktop.views.theme import appearance, tokens
from desktop.views.theme_icons import icon_pixmap

_WIDTH: Final = 420
_ICON: Final = 40
_GOES_ON: Final = "Agents and their conversations go on. Nothing is decided here meanwhile."


class LockPage(QWidget):
    """Asks for the passphrase where there is one to ask for, else for a click.

    Signals:
        unlocked: somebody who may be here is back.
    """

    unlocked = Signal()

    def __init__(
        self,
        signing: SigningActions,
        bridge: Bridge,
        now_ms: Callable[[], int],
        why: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._signing = signing
        self._icon = QLabel()
        self._icon.setFixedSize(_ICON, _ICON)
        self._why = TextLabel(why, Look.MUTED, wrap=True)
        self._why.setObjectName("lock.why")
        self._prompt = PassphrasePrompt(
            signing, bridge, now_ms, to_sign=False, cancellable=False, name="lock"
        )
        self._click = ActionButton("Unlock", ButtonLook.PRIMARY)
        self._click.setObjectName("lock.click")
        self._lay_out()
        self._prompt.opened.connect(self.unlocked)
        self._click.clicked.connect(self._on_clicked)
        bridge.changed.connect(self._on_changed)
        appearance().changed.connect(self._draw_icon)
        self._draw_icon()
        self._show_way()

    def showEvent(self, event: QShowEvent) -> None:
        """The way back has the keyboard."""
        super().showEvent(event)
        way = self._click if self._prompt.isHidden() else self._prompt.field
        way.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_clicked(self) -> None:
        if not self._signing.has_passphrase:
            self._signing.unlock("", to_sign=False)  # a demo's reviewer signs again, too
            self.unlocked.emit()

    def _on_changed(self, changes: Changes) -> None:
        if changes.signing and not self.isHidden():
            self._show_way()

    def _show_way(self) -> None:
        asks = self._signing.has_passphrase
        # At the start it is not known yet whether there is a key.
        is_known = self._signing.status != Signing()
        self._click.setVisible(is_known and not asks)
        if not asks:
            self._prompt.hide()
        elif self._prompt.isHidden():
            self._prompt.ask("Give your passphrase to go on.")

    def _draw_icon(self) -> None:
        self._icon.setPixmap(icon_pixmap("lock", tokens().muted, _ICON))

    def _lay_out(self) -> None:
        self.setProperty("surface", "bg")
        self.setAccessibleName("Signoff is locked")
        card = panel(Surface.CARD)
        card.setFixedWidth(_WIDTH)
        column = QVBoxLayout(card)
        column.setContentsMargins(32, 28, 32, 28)
        column.setSpacing(10)
        column.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignHCenter)
        title = TextLabel("Signoff is locked", Look.TITLE)
        title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(title)
        for words in (self._why, TextLabel(_GOES_ON, Look.SMALL, wrap=True)):
            words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(words)
        column.addSpacing(8)
        column.addWidget(self._prompt)
        column.addWidget(self._click)
        # Stretched and not aligned: else nobody asks how high the card is at its width.
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(card)
        row.addStretch(1)
        whole = QVBoxLayout(self)
        whole.addStretch(2)
        whole.addLayout(row)
        whole.addStretch(3)
