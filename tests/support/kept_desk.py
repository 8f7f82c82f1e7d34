"""A desk that keeps what it is told.

The only fake of `desktop.actions.desk.Desk`.
"""

from __future__ import annotations

from desktop import settings
from desktop.errors import SignoffError
from desktop.settings import Settings, Theme


class KeptDesk:
    """Implements `actions.desk.Desk`; connects to nothing and starts nothing.

    Attributes:
        settings: what is chosen now; choices change it as those of the real desk do.
        asked: what was asked for, in order, each with its arguments.
        refusal: what `connect` raises, if anything.
    """

    def __init__(self, chosen: Settings | None = None) -> None:
        self.settings = chosen or Settings(reviewer_id="r.mora@desk-12", reviewer_name="Rosa Mora")
        self.asked: list[tuple[object, ...]] = []
        self.refusal: SignoffError | None = None

    def connect(self, url: str, password: str) -> None:
        """Keep the address, unless told to refuse it."""
        if self.refusal is not None:
            raise self.refusal
        self.asked.append(("connect", url, password))
        self.settings = settings.changed(self.settings, broker_url=url)

    def disconnect(self) -> None:
        """Forget the address."""
        self.asked.append(("disconnect",))
        self.settings = settings.changed(self.settings, broker_url="")

    def reconnect(self) -> None:
        """Keep that it was asked for."""
        self.asked.append(("reconnect",))

    def start_demo(self) -> None:
        """Keep that it was asked for."""
        self.asked.append(("start_demo",))

    def stop_demo(self) -> None:
        """Keep that it was asked for."""
        self.asked.append(("stop_demo",))

    def choose_theme(self, theme: Theme) -> None:
        """Keep the theme."""
        self.asked.append(("choose_theme", theme))
        self.settings = settings.changed(self.settings, theme=theme)

    def introduce(self, name: str) -> None:
        """Keep the name."""
        self.asked.append(("introduce", name))
        self.settings = settings.changed(self.settings, reviewer_name=name.strip())

    def notify(self, *, wanted: bool) -> None:
        """Keep the wish."""
        self.asked.append(("notify", wanted))
        self.settings = settings.changed(self.settings, notify=wanted)

    def keep_text(self, *, wanted: bool) -> None:
        """Keep the wish."""
        self.asked.append(("keep_text", wanted))
        self.settings = settings.changed(self.settings, keep_text=wanted)
