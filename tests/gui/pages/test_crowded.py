"""Every page with a hundred thousand conversations: `pytest --basetemp DIR` leaves pictures there.

The tests hold that each page says how many there are and cuts nothing off; whether it looks right
is for eyes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from desktop.settings import Theme
from desktop.store.facts import ContextsSeen, EventSeen, Fact, TranscriptRead
from desktop.store.records import ContextStatus, Source, Summary
from desktop.views.main_window import MainWindow
from desktop.views.page import Page
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.list_view import RowList
from desktop.views.theme import apply_theme
from tests.gui.pages.seeing import cut_off, open_page, see, words_in
from tests.support.hand_fed import NOW_MS, HandFed
from tests.support.scenes import agent_says, asks, base_asks, human_says
from workers.wire.approvals import Risk

CONTEXTS = 100_000
WAITING = 1000
AGENTS = ("treasury_agent", "records_agent", "orders_agent", "support_agent", "travel_agent")
_STEP_MS = 864
#: How fast it is, benches say; here it may share its computer with ten others.
_LONG_MS = 60_000
_SAID = (
    "Transferred 1,250 EUR to ACME Tools Ltd.",
    "The order was not found. Please check its number.",
    "Booked: Zürich to Lisbon, 14 March, 1 passenger.",
    "您的订单已发货。",
    "Error 429 from the carrier; tried three times.",
)


def summary_of(number: int) -> Summary:
    """One of many conversations; the highest numbers are the newest."""
    at_ms = NOW_MS - (CONTEXTS - number) * _STEP_MS
    status = ContextStatus.DONE
    if number % 11 == 0:
        status = ContextStatus.RUNNING
    elif number % 29 == 0:
        status = ContextStatus.FAILED
    is_cached = number % 17 == 0
    return Summary(
        name_of(number),
        AGENTS[number % len(AGENTS)],
        status,
        at_ms,
        f"{at_ms}-0",
        entries=4 + number % 60,
        preview=_SAID[number % len(_SAID)],
        source=Source.CACHE if is_cached else Source.STREAM,
        note="An entry has 67,108,864 bytes; 1,048,576 are allowed." if number % 23 == 0 else "",
    )


def name_of(number: int) -> str:
    """Ids of all kinds are about."""
    return f"c-{number:06}" if number % 3 else f"{number:08x}-5eed-4000-8000-{number:012x}"


def requests() -> Iterator[Fact]:
    """Calls that wait, of agents of both kinds, for minutes and for hours."""
    for nth in range(WAITING):
        number = CONTEXTS - 1 - nth * 7
        context, agent = name_of(number), AGENTS[number % len(AGENTS)]
        args = {"recipient": f"Supplier {nth}", "amount": 125 * nth, "currency": "EUR"}
        asked = (
            base_asks(args=args, context_id=context, agent=agent)
            if nth % 5 == 0
            else asks(args=args, context_id=context, agent=agent, risk=list(Risk)[nth % 3])
        )
        yield EventSeen(context, f"{NOW_MS - nth * 40_000}-0", asked, live=False)


@pytest.fixture
def crowded(fed: HandFed) -> HandFed:
    """A console that knows a hundred thousand conversations, a thousand of which wait."""
    fed.feed(ContextsSeen(tuple(summary_of(number) for number in range(CONTEXTS))), *requests())
    for agent in AGENTS:
        fed.serve(agent, "look_up", "transfer_funds")
    return fed.online_again()


@pytest.mark.parametrize(("theme", "width"), [(Theme.LIGHT, 1480), (Theme.DARK, 900)])
def test_every_page_with_a_hundred_thousand_conversations_can_be_looked_at(
    crowded: HandFed, qtbot: QtBot, dressed: QApplication, tmp_path: Path, theme: Theme, width: int
) -> None:
    """Counts are told, words fit, and the pictures are left for people."""
    apply_theme(dressed, theme)
    window = open_page(window_of(crowded), qtbot, (width, 900))
    window.open_oldest_waiting()
    crowded.feed(*transcript(crowded.keys()[0].context_id))
    qtbot.waitUntil(see(window, "request.approve", ActionButton).isEnabled, timeout=_LONG_MS)
    pictured(window, tmp_path / f"approvals-{theme}.png")
    assert (f"{WAITING:,} in all" in words_in(window)) is (width > 1000)
    assert window.windowTitle() == f"({WAITING:,}) Signoff"

    newest = name_of(CONTEXTS - 2)
    crowded.feed(*transcript(newest))
    window.open_context(newest)
    qtbot.waitUntil(lambda: f"{CONTEXTS:,}" in words_in(window), timeout=_LONG_MS)
    pictured(window, tmp_path / f"conversations-{theme}.png")

    see(window, "conversations.search", QLineEdit).setText("orders_agent Zürich")
    rows = see(window, "conversations.list", RowList)
    qtbot.waitUntil(lambda: 0 < rows.model().rowCount() < CONTEXTS, timeout=_LONG_MS)
    pictured(window, tmp_path / f"found-{theme}.png")

    for page in Page:
        if page not in {Page.APPROVALS, Page.CONVERSATIONS}:
            window.show_page(page)
            pictured(window, tmp_path / f"{page}-{theme}.png")


def transcript(context: str) -> Iterator[Fact]:
    """Some words of one of them."""
    said = [
        human_says("Where is my order 4711?", context_id=context),
        agent_says("It is on its way:\n\n- left **Basel**\n- due Friday", context_id=context),
    ]
    entries = tuple(
        EventSeen(context, f"{NOW_MS - 1000 + number}-0", event)
        for number, event in enumerate(said)
    )
    yield TranscriptRead(context, entries, reaches_start=True)


def window_of(fed: HandFed) -> MainWindow:
    """The window over what was fed."""
    return MainWindow(fed.store, fed.bridge, fed.approvals, fed.conversations, fed.desk, fed.clock)


def pictured(window: MainWindow, file: Path) -> None:
    """Leave a picture of what is shown, of which nothing is cut off."""
    for _ in range(10):  # what is due is laid out: a turn for each depth of wrapped text
        QApplication.processEvents()
    assert cut_off(window) == []
    assert window.grab().save(str(file))
