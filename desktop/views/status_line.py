"""The line at the lower edge of the window: the link, the demo, who answers, what is wrong.

The only place that keeps these in sight on every page.
"""

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from desktop.actions.guard import read_only
from desktop.qtmodels.audit_wording import record_words
from desktop.qtmodels.bridge import Bridge
from desktop.qtmodels.halt_wording import halted_words, halts_in_short
from desktop.qtmodels.tone import Tone
from desktop.qtmodels.wording import link_tone, survey_words
from desktop.store.changes import Changes
from desktop.store.clock import ClockState
from desktop.store.halts import EVERYBODY
from desktop.store.local_records import DemoState
from desktop.store.signing import SigningState
from desktop.store.store import Store
from desktop.views.parts.labels import Edge, Look, TextLabel
from desktop.views.parts.link_indicator import LinkIndicator
from desktop.views.parts.tips import tip
from desktop.views.theme import tokens

STATUS_HEIGHT: Final = 30
#: A conversation's id in them may be longer than any line.
_MOST_WHOLE: Final = 300
_PRESSING: Final = frozenset((Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter))
_DEMO_TONES: Final = {DemoState.FAILED: Tone.DANGER, DemoState.RUNNING: Tone.OK}

_SIGNING: Final = {
    SigningState.NO_KEY: (Tone.NEUTRAL, "no signing key"),
    SigningState.LOCKED: (Tone.WARN, "key locked"),
    SigningState.OPEN: (Tone.OK, "key open"),
    SigningState.UNAVAILABLE: (Tone.DANGER, "key not available"),
}


class StatusLine(QFrame):
    """Follows the store.

    Signals:
        settings_wanted: a person wants to see or change the connection.
        demo_wanted: or to see the demo.
        audit_wanted: or what is wrong with the record.
        halts_wanted: or to see what is halted.
    """

    settings_wanted = Signal()
    demo_wanted = Signal()
    audit_wanted = Signal()
    halts_wanted = Signal()

    def __init__(self, store: Store, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.setProperty("surface", "panel")
        self.setProperty("edge", Edge.TOP.value)
        self.setFixedHeight(STATUS_HEIGHT)
        self.setAccessibleName("Status")
        self.link = PressableState("Link", "Opens the connection settings")
        self.link.setObjectName("link.state")
        self.demo = PressableState("Demo", "Shows what runs on this computer")
        self.demo.setObjectName("demo.state")
        self.read_only = PressableState("Mode", "Opens the settings")
        self.read_only.setObjectName("read_only.state")
        self.signing = PressableState("Signing", "Opens the settings")
        self.signing.setObjectName("signing.state")
        self.clock = PressableState("Clock", "Opens the settings", whole=True)
        self.clock.setObjectName("clock.state")
        self.audit = PressableState("Audit log", "Opens the audit log", whole=True)
        self.audit.setObjectName("audit.state")
        self.halts = PressableState("Halts", "Shows what is halted", whole=True)
        self.halts.setObjectName("halts.state")
        self._survey = TextLabel("", Look.SMALL)
        self._survey.setObjectName("survey.state")
        self._note = TextLabel("", Look.SMALL)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 1, 14, 0)
        row.setSpacing(14)
        row.addWidget(self.link)
        row.addWidget(self.halts)
        row.addWidget(self.read_only)
        row.addWidget(self.signing)
        row.addWidget(self.clock)
        row.addWidget(self.audit)
        row.addWidget(self._survey)
        row.addStretch(1)
        row.addWidget(self._note)
        row.addWidget(self.demo)
        self.link.pressed.connect(self.settings_wanted)
        self.read_only.pressed.connect(self.settings_wanted)
        self.signing.pressed.connect(self.settings_wanted)
        self.clock.pressed.connect(self.settings_wanted)
        self.audit.pressed.connect(self.audit_wanted)
        self.demo.pressed.connect(self.demo_wanted)
        self.halts.pressed.connect(self.halts_wanted)
        bridge.changed.connect(self._on_changed)
        self._show_link()
        self._show_signing()
        self._show_audit()
        self._show_demo()
        self._show_halts()
        self._show_notes()

    def _on_changed(self, changes: Changes) -> None:
        if changes.link:
            self._show_link()
        if changes.signing:
            self._show_signing()
        if changes.record:
            self._show_audit()
        if changes.halts:
            self._show_halts()
        if changes.demo:
            self._show_demo()
        if changes.agents or changes.reset:
            self._show_notes()

    def _show_link(self) -> None:
        link = self._store.link
        words = f"{link.title} · {link.address}" if link.address else link.title
        self.link.show_state(link_tone(link), words, link.hint)
        refusal = read_only(self._store)
        self.read_only.setVisible(refusal is not None)
        self.read_only.show_state(Tone.WARN, "Read-only", refusal.title if refusal else "")
        reading = survey_words(self._store.survey) if self._store.is_online else ""
        self._survey.setVisible(bool(reading))
        self._survey.show_text(reading)

    def _show_signing(self) -> None:
        signing = self._store.signing
        who = signing.identity
        self.signing.setVisible(who is not None)
        if who is not None:
            tone, words = _SIGNING[signing.state]
            hint = f"{signing.title} {signing.hint}".strip()
            self.signing.show_state(tone, f"{who.name} · {words}", hint)
        clock = self._store.clock
        self.clock.setVisible(bool(clock.title))
        tone = Tone.DANGER if clock.state is ClockState.WRONG else Tone.WARN
        self.clock.show_state(tone, clock.words, f"{clock.title} {clock.hint}".strip())

    def _show_audit(self) -> None:
        standing = self._store.audit_standing
        words, tone, hint = record_words(standing)
        self.audit.setVisible(bool(words))
        self.audit.show_state(tone, words, hint)

    def _show_halts(self) -> None:
        halts = self._store.halts
        words = halts_in_short(halts)
        self.halts.setVisible(bool(words))
        first = halts.of(EVERYBODY) or next(iter(halts.standing), None)
        self.halts.show_state(Tone.DANGER, words, halted_words(first) if first else "")

    def _show_demo(self) -> None:
        demo = self._store.demo
        self.demo.setVisible(demo.state is not DemoState.STOPPED)
        self.demo.show_state(_DEMO_TONES.get(demo.state, Tone.WARN), demo.title, demo.hint)

    def _show_notes(self) -> None:
        """What agents want to be known of them, such as that no real model answers."""
        notes = dict.fromkeys(agent.note for agent in self._store.agents() if agent.note)
        words = ", ".join(note[:1].upper() + note[1:] for note in notes)
        self._note.setVisible(bool(words))
        if words != self._note.text():
            self._note.show_text(words)


class PressableState(LinkIndicator):
    """A state that leads to the page where something can be done about it.

    Args:
        what: it is the state of, for screen readers.
        whole: it says why nothing is approved: the others make room for its words.

    Signals:
        pressed: with the mouse, Space or Enter.
    """

    pressed = Signal()

    def __init__(
        self, what: str, what_it_does: str, parent: QWidget | None = None, *, whole: bool = False
    ) -> None:
        self._whole = whole
        self._what, self._what_it_does = what, what_it_does  # the base shows a state at once
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setContentsMargins(4, 0, 4, 0)

    def minimumSizeHint(self) -> QSize:
        """All words, if they are no more than a line has room for beside others; or the first."""
        if not self._whole:
            return super().minimumSizeHint()
        return self.sizeHint().boundedTo(QSize(_MOST_WHOLE, STATUS_HEIGHT))

    def show_state(self, tone: Tone, words: str, hint: str = "") -> None:
        """See `LinkIndicator`; the tool tip also says where a click leads."""
        super().show_state(tone, words, hint)
        more = f"{hint}\n{self._what_it_does}".strip()
        self.setToolTip(tip(f"{words}\n{more}"))
        self.setAccessibleName(f"{self._what}: {words}")
        self.setAccessibleDescription(more)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click counts where it ends, as with a button."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(
            event.position().toPoint()
        ):
            self.pressed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The keyboard does the same."""
        if event.key() in _PRESSING:
            self.pressed.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The state, and a ring while it has the keyboard."""
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(tokens().focus), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 5, 5)
            painter.end()
