"""One standing halt: what, who, when, why, how far that is proven, and the way to lift it."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.actions.halts import HaltActions
from desktop.qtmodels.bridge import Bridge
from desktop.qtmodels.halt_wording import halt_note, halt_pill, halted_by, scope_words
from desktop.store.halts import Halt, HaltState
from desktop.views.halts.say_form import SayForm
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.parts.pill import PillLabel


class HaltCard(QFrame):
    """Shows one `Halt`, in place."""

    def __init__(
        self,
        halts: HaltActions,
        bridge: Bridge,
        now_ms: Callable[[], int],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("surface", "card")
        self._now_ms = now_ms
        self._scope = ""
        self._title = TextLabel("", Look.SUBTITLE, wrap=True, selectable=True)
        self._pill = PillLabel(parent=self)
        self._reason = TextLabel("", wrap=True, selectable=True)
        self._by = TextLabel("", Look.MUTED, wrap=True, selectable=True)
        self._note = TextLabel("", Look.SMALL, wrap=True, selectable=True)
        self.lift = ActionButton("Lift…")
        self.lift.setObjectName("halt.lift")
        self.form = SayForm(
            halts, bridge, now_ms, lifted=True, words="Lift the halt", name="halt.lifting"
        )
        self.form.hide()
        self._lay_out()
        self.lift.clicked.connect(self._on_lift)
        self.form.said.connect(self._on_closed)
        self.form.cancelled.connect(self._on_closed)

    def show_halt(self, halt: Halt, said: HaltState | None) -> None:
        """Show a halt as it stands.

        Args:
            said: what came of what this desk said of it last.
        """
        self._scope = halt.scope
        self._title.show_text(scope_words(halt.scope))
        self._pill.show_pill(halt_pill(halt))
        self._reason.show_text(halt.reason or "No reason is given.")
        self._by.show_text(halted_by(halt, self._now_ms()))
        note = halt_note(halt)
        self._note.show_text(note)
        self._note.setVisible(bool(note))
        self.lift.setAccessibleName(f"Lift the halt: {scope_words(halt.scope)}")
        self.form.show_scope(halt.scope)
        self.form.show_state(said)

    def _on_lift(self) -> None:
        self.lift.hide()
        self.form.begin(self._scope)

    def _on_closed(self) -> None:
        self.form.hide()
        self.lift.show()
        self.lift.setFocus(Qt.FocusReason.OtherFocusReason)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self._title, 1)
        head.addWidget(self._pill, 0, Qt.AlignmentFlag.AlignTop)
        row = QHBoxLayout()
        row.addWidget(self.lift)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 18, 24, 20)
        column.setSpacing(8)
        column.addLayout(head)
        for part in (self._reason, self._by, self._note):
            column.addWidget(part)
        column.addLayout(row)
        column.addWidget(self.form)
