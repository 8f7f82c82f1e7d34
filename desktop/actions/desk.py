"""The desk itself: which broker, which look, which person, and the bundled demo.

The only place that names what the settings and agents pages may ask for. The composition root
implements it; what comes of it arrives in the store.
"""

from __future__ import annotations

from typing import Protocol

from desktop.actions.audit import Audit
from desktop.actions.halts import HaltActions
from desktop.actions.local_workers import LocalWorkersDesk
from desktop.actions.repairs import Repairs
from desktop.actions.signing import IdentityDesk, SigningActions
from desktop.settings import Settings, Theme


class Desk(Protocol):
    """What a person can change about this desk. No call blocks; failures are shown as notices."""

    @property
    def settings(self) -> Settings:
        """What is chosen now."""
        ...

    @property
    def repairs(self) -> Repairs:
        """What can be mended on the broker, and watching it."""
        ...

    @property
    def audit(self) -> Audit:
        """The record of this desk: searched, opened, verified, exported."""
        ...

    @property
    def local_workers(self) -> LocalWorkersDesk:
        """The workers of a person's own on this computer."""
        ...

    @property
    def halts(self) -> HaltActions:
        """Halting calls, and letting them run again."""
        ...

    @property
    def signing(self) -> SigningActions:
        """The signing session of this desk."""
        ...

    @property
    def identity(self) -> IdentityDesk:
        """Who signs here, and by which rule."""
        ...

    def connect(self, url: str, password: str) -> None:
        """Follow a broker; its password goes to the keyring, never to a file.

        Raises:
            SignoffError: not a broker address.
        """
        ...

    def disconnect(self) -> None:
        """Follow no broker."""
        ...

    def reconnect(self) -> None:
        """Try the same broker again, now."""
        ...

    def start_demo(self) -> None:
        """Start the bundled demo and follow its broker."""
        ...

    def stop_demo(self) -> None:
        """Stop the bundled demo."""
        ...

    def choose_theme(self, theme: Theme) -> None:
        """Wear these colours, from now on."""
        ...

    def introduce(self, name: str) -> None:
        """Name the person at this desk."""
        ...

    def notify(self, *, wanted: bool) -> None:
        """Whether the desktop may show notifications."""
        ...

    def only_read(self, *, wanted: bool) -> None:
        """Whether this console must write nothing to the broker, from now on."""
        ...

    def keep_text(self, *, wanted: bool) -> None:
        """Whether what is said is kept on this computer, encrypted; what is kept is dropped if not.

        The choice counts once `Store.memory` says so: a keyring must hold the key.
        """
        ...
