"""People of a desk that keep what they are told.

The only fake of `desktop.actions.signing.IdentityDesk`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from desktop import settings
from desktop.settings import Choice, Person, Settings, SigningRule


class Asked(Protocol):
    """A desk that keeps what is asked of it."""

    settings: Settings
    asked: list[tuple[object, ...]]


class KeptIdentity:
    """Implements `IdentityDesk`; makes no key."""

    def __init__(self, desk: Asked) -> None:
        self._desk = desk

    def make_key(self, person: Person, passphrase: str, request: Path, *, replace: bool) -> None:
        """Keep it."""
        self._desk.asked.append(("make_key", person, passphrase, request, replace))

    def choose_person(self, reviewer_id: str) -> None:
        """Keep it."""
        self._desk.asked.append(("choose_person", reviewer_id))

    def choose_rule(self, rule: SigningRule, minutes: int) -> None:
        """Keep the rule."""
        self._keep("choose_rule", rule, minutes, signing_rule=rule, signing_minutes=minutes)

    def choose_lock(self, minutes: int) -> None:
        """Keep the minutes."""
        self._keep("choose_lock", minutes, lock_minutes=minutes)

    def choose_trust(self, folder: str) -> None:
        """Keep the folder."""
        self._keep("choose_trust", folder, trust=folder)

    def lock_now(self) -> None:
        """Keep that it was asked for."""
        self._desk.asked.append(("lock_now",))

    def look_again(self) -> None:
        """Keep that it was asked for."""
        self._desk.asked.append(("look_again",))

    def _keep(self, *asked: object, **news: Choice) -> None:
        self._desk.asked.append(asked)
        self._desk.settings = settings.changed(self._desk.settings, **news)
