"""The card of the bundled demo: how it stands, what it said when it failed, start and stop."""

from typing import Final

from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.actions.desk import Desk
from desktop.qtmodels.rows import Pill
from desktop.qtmodels.tone import Tone
from desktop.store.local_records import Demo, DemoState
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.parts.pill import PillLabel
from desktop.views.parts.value_box import ValueBox

_HINT_LINES: Final = 7
_PILLS: Final = {
    DemoState.STOPPED: Pill("Stopped", Tone.NEUTRAL),
    DemoState.STARTING: Pill("Starting", Tone.ACCENT),
    DemoState.RUNNING: Pill("Running", Tone.OK),
    DemoState.STOPPING: Pill("Stopping", Tone.ACCENT),
    DemoState.FAILED: Pill("Failed", Tone.DANGER),
}
_WORDS: Final = {
    DemoState.STOPPED: (
        "A broker and four agents on this computer, to look around. No account is needed. "
        "Starting it switches this window to its broker."
    ),
    DemoState.STARTING: "Starting it takes a few seconds.",
    DemoState.RUNNING: "Stopping it ends its broker, with the conversations held there.",
    DemoState.STOPPING: "Its broker and agents are told to end.",
    DemoState.FAILED: "",
}
_CAN_START: Final = frozenset((DemoState.STOPPED, DemoState.FAILED))


class DemoCard(QFrame):
    """Shows one `Demo`; what a failed start said is shown in full and can be selected."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "card")
        self._pill = PillLabel(parent=self)
        self._pill.setObjectName("agents.demo_state")
        self._words = TextLabel("", Look.MUTED, wrap=True, selectable=True)
        self._words.setObjectName("agents.demo_words")
        self._hint = ValueBox("What the demo said", max_lines=_HINT_LINES)
        self._hint.setObjectName("agents.demo_hint")
        self._start = ActionButton("Start demo", icon_name="bolt")
        self._start.setObjectName("agents.demo_start")
        self._stop = ActionButton("Stop demo", ButtonLook.PLAIN)
        self._stop.setObjectName("agents.demo_stop")
        self._start.clicked.connect(desk.start_demo)
        self._stop.clicked.connect(desk.stop_demo)
        self._lay_out()

    def show_demo(self, demo: Demo) -> None:
        """Show how the demo stands."""
        self._pill.show_pill(_PILLS[demo.state])
        words = (f"{demo.title}." if demo.title else "").replace("..", ".")
        self._words.show_text(" ".join(part for part in (words, _WORDS[demo.state]) if part))
        self._hint.setVisible(bool(demo.hint))
        if demo.hint:
            self._hint.show_value(demo.hint)
        self._start.setEnabled(demo.state in _CAN_START)
        self._stop.setEnabled(demo.state is DemoState.RUNNING)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(TextLabel("Demo", Look.SUBTITLE))
        head.addWidget(self._pill)
        head.addStretch(1)
        head.addWidget(self._start)
        head.addWidget(self._stop)
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 12, 22, 14)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self._words)
        column.addWidget(self._hint)
