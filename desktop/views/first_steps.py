"""What a page says while there is no broker to show anything of, and what to do about it.

The only place that words the first run, for every page alike.
"""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.store.records import Demo, DemoState, Link, LinkState
from desktop.views.parts.empty_state import EmptyState

_CONNECT = "Connect to a broker"
_DEMO = "Start the demo"
_WELCOME = "Connect Signoff to your agents"
_WELCOME_HINT = (
    "Agents talk over a broker. Connect to yours, or start the demo: "
    "a small team of agents with invented data, on this computer only."
)


class FirstSteps(QWidget):
    """Two buttons on the first run; then what the link or the demo is doing.

    Signals:
        settings_wanted: a person wants to name a broker. demo_wanted: or to start the demo.
    """

    settings_wanted = Signal()
    demo_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = EmptyState("plug", _WELCOME, _WELCOME_HINT, action=_CONNECT, other=_DEMO)
        self._state.action_chosen.connect(self.settings_wanted)
        self._state.other_chosen.connect(self.demo_wanted)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._state)

    def show_state(self, link: Link, demo: Demo) -> None:
        """Say how link and demo stand now."""
        if link.state is LinkState.REFUSED:
            self._state.show_words(link.title, link.hint, "Open settings")
        elif link.state is not LinkState.OFFLINE:
            self._state.show_words(link.title, link.hint or link.address, "Open settings")
        elif demo.state in {DemoState.STARTING, DemoState.STOPPING}:
            self._state.show_words(demo.title, "This takes a few seconds.")
        elif demo.state is DemoState.FAILED:
            self._state.show_words(demo.title, demo.hint, _CONNECT, "Start the demo again")
        else:
            self._state.show_words(_WELCOME, _WELCOME_HINT, _CONNECT, _DEMO)


def is_first_run(link: Link, *, anything_known: bool) -> bool:
    """Whether a page has nothing better to show than `FirstSteps`."""
    return link.state is not LinkState.ONLINE and not anything_known
