"""What stands where an agent would be while there is none: what is missing, and the way on."""

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desktop.store.records import LinkState
from desktop.store.store import Store
from desktop.views.parts.empty_state import EmptyState

_CONNECT: Final = "Connect to a broker"
_DEMO: Final = "Start the demo"


class NobodyThere(EmptyState):
    """Words that follow the link.

    Signals:
        settings_wanted: the person wants to look at the connection.
        demo_wanted: the person wants to look around first.
    """

    settings_wanted = Signal()
    demo_wanted = Signal()

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__("agents", "", "", action=_CONNECT, other=_DEMO, parent=parent)
        self._store = store
        self.action_chosen.connect(self.settings_wanted)
        self.other_chosen.connect(self.demo_wanted)

    def refresh(self) -> None:
        """Say what is missing now."""
        link = self._store.link
        match link.state:
            case LinkState.ONLINE:
                hint = "An agent is listed as soon as a worker on this broker serves it."
                self.show_words("No agents on this broker", hint)
            case LinkState.CATCHING_UP:
                self.show_words(link.title, "Signoff reads what the broker holds.")
            case LinkState.OFFLINE:
                hint = "Connect to the broker that your agents use, or start the demo."
                title = "Signoff is not connected"
                self.show_words(title, hint, _CONNECT, _DEMO)
            case _:
                self.show_words(link.title, link.hint, "Connection settings")
