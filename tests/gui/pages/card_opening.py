"""How tests open the card of a signed request, and read it.

The only place that knows its clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from desktop.views.approvals.request_card import RequestCard
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.guard import MisclickGuard
from tests.gui.pages.seeing import lay_out, open_page, see
from tests.support.hand_fed import HandFed
from workers.wire.events import Event

CARD = (388, 800)


class Clock:
    """A clock that goes when it is told to, in seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """What it shows."""
        return self.seconds


Opener: TypeAlias = Callable[[Event], RequestCard]


def opener(fed: HandFed, qtbot: QtBot, clock: Clock) -> Opener:
    """Opens the card of a request that has just arrived, and keeps it up to date."""

    def opened(asked: Event) -> RequestCard:
        fed.tell(asked, seconds_ago=75)
        guard = MisclickGuard(1)
        card = RequestCard(fed.approvals, fed.bridge, fed.clock, guard, now_seconds=clock)

        def refresh() -> None:
            card.show_request(fed.store.request(fed.keys()[0]))
            card.show_signing(fed.store.signing)

        fed.bridge.changed.connect(refresh)
        refresh()
        open_page(card, qtbot, CARD)
        qtbot.waitUntil(card.isActiveWindow)
        settle(card, qtbot)
        return card

    return opened


def can(card: RequestCard, name: str) -> bool:
    """Whether a visible button can be pressed."""
    return see(card, name, ActionButton).isEnabled()


def text(card: RequestCard, name: str) -> str:
    """What a visible label says."""
    return see(card, name, QLabel).text()


def settle(card: RequestCard, qtbot: QtBot) -> None:
    """Everything has its place, and a click would count."""
    lay_out()
    qtbot.waitUntil(lambda: not card.decision.is_holding)
