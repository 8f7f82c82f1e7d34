"""The question for the passphrase, inside a page. The only place that takes one to unlock the key.

How to use it: lay it out where the question belongs, call `ask` when
`SigningActions.needs_passphrase` says so, and do on `opened` what was asked for. It hides itself
then, and when it is cancelled; nothing that was typed stays in it.
"""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from desktop.actions.signing import SigningActions
from desktop.qtmodels.bridge import Bridge
from desktop.store.changes import Changes
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.parts.rows import button_row

MOST_LETTERS: Final = 1000
_TICK_MS: Final = 250


class PassphraseField(QLineEdit):
    """A line of dots. Enter in it goes to nobody else: no shortcut, no default button.

    Signals:
        entered: Enter was pressed in it.
    """

    entered = Signal()

    def __init__(self, name: str, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(words)
        self.setPlaceholderText(words)
        self.setMaxLength(MOST_LETTERS)
        self.setEchoMode(QLineEdit.EchoMode.Password)
        self.setInputMethodHints(
            Qt.InputMethodHint.ImhHiddenText
            | Qt.InputMethodHint.ImhNoPredictiveText
            | Qt.InputMethodHint.ImhSensitiveData
        )
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter is kept here; a key that repeats while it is held counts once."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            event.accept()
            if not event.isAutoRepeat():
                self.entered.emit()
            return
        super().keyPressEvent(event)


class PassphrasePrompt(QWidget):
    """Hidden until `ask`. No dialog: the page stays as it is.

    Args:
        now_ms: ms since the epoch.
        to_sign: it is asked for a decision; else only to see who is there.
        cancellable: whether there is a way out but the right passphrase.
        name: the beginning of the object names of its controls.

    Signals:
        opened: the passphrase was right; go on with what was asked for.
        cancelled: the person does not want to.
    """

    opened = Signal()
    cancelled = Signal()

    def __init__(
        self,
        signing: SigningActions,
        bridge: Bridge,
        now_ms: Callable[[], int],
        *,
        to_sign: bool = True,
        cancellable: bool = True,
        name: str = "passphrase",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._signing, self._now_ms, self._to_sign = signing, now_ms, to_sign
        self._unlocks: int | None = None
        self._why = TextLabel("", Look.STRONG, wrap=True)
        self._who = TextLabel("", Look.SMALL, wrap=True)
        self.field = PassphraseField(f"{name}.field", "Passphrase")
        self._error = TextLabel("", Look.ERROR, wrap=True)
        self._error.setObjectName(f"{name}.error")
        self._unlock = ActionButton("Unlock", ButtonLook.PRIMARY)
        self._unlock.setObjectName(f"{name}.unlock")
        self._cancel = ActionButton("Cancel")
        self._cancel.setObjectName(f"{name}.cancel")
        for button in (self._unlock, self._cancel):
            button.setAutoDefault(False)
        self._clock = QTimer(self, interval=_TICK_MS)
        self._clock.timeout.connect(self._refresh)
        self._lay_out()
        self._cancel.setVisible(cancellable)  # only in its place: before, it is a window
        self.field.entered.connect(self._on_submitted)
        self.field.textEdited.connect(self._refresh)
        self._unlock.clicked.connect(self._on_submitted)
        self._cancel.clicked.connect(self.cancel)
        bridge.changed.connect(self._on_changed)
        self.hide()

    def ask(self, why: str) -> None:
        """Ask, and let the field have the keyboard.

        Args:
            why: what the passphrase is wanted for, e.g. "Give your passphrase to approve."
        """
        self._unlocks = None
        self._why.show_text(why)
        self._refresh()
        self.show()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def cancel(self) -> None:
        """Leave it; what comes of a passphrase that is being tried opens nothing here any more."""
        self._unlocks = None
        self.hide()
        self.cancelled.emit()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nothing that was typed stays."""
        super().hideEvent(event)
        self._clock.stop()
        self.field.clear()

    def _on_submitted(self) -> None:
        if not self.field.text() or self._why_not():
            return
        self._unlocks = self._signing.status.unlocks
        words = self.field.text()
        self.field.clear()
        self._signing.unlock(words, to_sign=self._to_sign)
        self._refresh()

    def _on_changed(self, changes: Changes) -> None:
        if not changes.signing or self.isHidden():
            return
        status = self._signing.status
        if self._unlocks is not None and not status.checking:
            was_right = status.unlocks > self._unlocks
            self._unlocks = None
            if was_right:
                self.hide()
                self.opened.emit()
                return
            self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self._refresh()

    def _why_not(self) -> str:
        status = self._signing.status
        if status.checking or self._unlocks is not None:
            return "The passphrase is being tried."
        left = self._seconds_left()
        return f"The next one is taken in {_words_of(left)}." if left else ""

    def _seconds_left(self) -> int:
        return max(0, -((self._now_ms() - self._signing.status.retry_ms) // 1000))

    def _refresh(self) -> None:
        status, why_not = self._signing.status, self._why_not()
        who = status.identity
        self._who.show_text(f"{who.name} ({who.id})" if who else "")
        left = self._seconds_left()
        rest = f"The next one is taken in {_words_of(left)}." if left else status.hint
        waits = self._unlocks is not None or status.checking
        self._error.show_text("" if waits else f"{status.title} {rest}".strip())
        self._error.setVisible(bool(self._error.text()))
        self.field.setAccessibleDescription(self._error.text())
        self._unlock.setText("Checking…" if waits else "Unlock")
        self._unlock.allow(why_not or ("" if self.field.text() else "Type your passphrase first."))
        if left:
            self._clock.start()
        else:
            self._clock.stop()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        for part in (self._why, self._who, self.field, self._error):
            column.addWidget(part)
        column.addLayout(button_row(self._unlock, self._cancel))


def _words_of(seconds: int) -> str:
    if seconds > 90:
        return f"{-(-seconds // 60)} minutes"
    return f"{seconds} s"
