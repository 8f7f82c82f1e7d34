"""A desk that keeps what it is told.

The only fake of `desktop.actions.desk.Desk`.
"""

from __future__ import annotations

from desktop import settings
from desktop.actions.audit import Audit
from desktop.actions.halts import HaltActions
from desktop.actions.repairs import Repairs
from desktop.actions.signing import SigningActions
from desktop.errors import SignoffError
from desktop.settings import Settings, Theme
from desktop.store.store import Store
from tests.support.kept_identity import KeptIdentity
from tests.support.kept_local_workers import KeptLocalWorkers
from tests.support.outbox import KeptOutbox


class KeptDesk:
    """Implements `actions.desk.Desk`; connects to nothing and starts nothing.

    Attributes:
        settings: what is chosen now; choices change it as those of the real desk do.
        local_workers: keep what they are told, too.
        asked: what was asked for, in order, each with its arguments.
        repairs, halts, audit: what is mended, halted and looked up, into an outbox of nobody
            unless another is given.
        refusal: what `connect` raises, if anything.
    """

    def __init__(
        self,
        chosen: Settings | None = None,
        repairs: Repairs | None = None,
        signing: SigningActions | None = None,
        audit: Audit | None = None,
        halts: HaltActions | None = None,
    ) -> None:
        self.settings = chosen or Settings(reviewer_id="r.mora@desk-12", reviewer_name="Rosa Mora")
        self.asked: list[tuple[object, ...]] = []
        self.local_workers = KeptLocalWorkers()
        self.refusal: SignoffError | None = None
        self.repairs = repairs or Repairs(Store(), KeptOutbox(), lambda: self.settings.person)
        self.halts = halts or HaltActions(Store(), KeptOutbox(), lambda: self.settings.person)
        self.audit = audit or Audit(Store(), KeptOutbox(), lambda: self.settings.person)

        self.signing = signing or SigningActions(Store(), KeptOutbox())
        self.identity = KeptIdentity(self)

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

    def only_read(self, *, wanted: bool) -> None:
        """Keep the wish."""
        self.asked.append(("only_read", wanted))
        self.settings = settings.changed(self.settings, read_only=wanted)

    def keep_text(self, *, wanted: bool) -> None:
        """Keep the wish."""
        self.asked.append(("keep_text", wanted))
        self.settings = settings.changed(self.settings, keep_text=wanted)
