"""What the approvals page says while there is no broker to show anything of, and what to do."""

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desktop.store.local_records import Demo, DemoState
from desktop.store.records import Link, LinkState
from desktop.views.parts.empty_state import EmptyState

_CONNECT: Final = "Connect to a broker"
_DEMO: Final = "Start the demo"
_WELCOME: Final = "Signoff is not connected yet"
_WELCOME_HINT: Final = (
    "Connect to the Redis or Valkey broker that your agents use. "
    "Or start the demo: a broker and four agents on this computer."
)


class FirstSteps(EmptyState):
    """Two buttons on the first run; then what the link or the demo is doing.

    Signals:
        settings_wanted: a person wants to name a broker. demo_wanted: or to start the demo.
    """

    settings_wanted = Signal()
    demo_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            "plug", _WELCOME, _WELCOME_HINT, action=_CONNECT, other=_DEMO, parent=parent
        )
        self.action_chosen.connect(self.settings_wanted)
        self.other_chosen.connect(self.demo_wanted)

    def show_state(self, link: Link, demo: Demo) -> None:
        """Say how link and demo stand now."""
        if link.state is LinkState.REFUSED:
            self.show_words(link.title, link.hint, "Connection settings")
        elif link.state is not LinkState.OFFLINE:
            self.show_words(link.title, link.hint or link.address, "Connection settings")
        elif demo.state in {DemoState.STARTING, DemoState.STOPPING}:
            self.show_words(demo.title, "This takes a few seconds.")
        elif demo.state is DemoState.FAILED:
            self.show_words(demo.title, demo.hint, _CONNECT, "Start the demo again")
        else:
            self.show_words(_WELCOME, _WELCOME_HINT, _CONNECT, _DEMO)


def is_first_run(link: Link, *, anything_known: bool) -> bool:
    """Whether a page has nothing better to show than `FirstSteps`."""
    return link.state is not LinkState.ONLINE and not anything_known
