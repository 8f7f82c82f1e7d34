"""Thousands of requests at once: they come in pieces, and the list ends where it should."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from desktop.store.facts import EventSeen, Fact, Forgotten
from desktop.store.records import RequestKey
from desktop.views.approvals.page import ApprovalsPage
from desktop.views.parts.search_field import SearchField
from tests.gui.pages.approving import opened
from tests.gui.pages.seeing import keys_of, press, see, words_in
from tests.support.hand_fed import NOW_MS, HandFed
from tests.support.scenes import CALL, asks, tool_answers

MANY = 3000


def asked(*numbers: int) -> list[Fact]:
    """One call each, the highest numbers asked first."""
    return [
        EventSeen(
            f"c-{number}",
            f"{NOW_MS - number * 1000}-0",
            asks(args={"amount": number}, context_id=f"c-{number}"),
        )
        for number in numbers
    ]


def answered(*numbers: int) -> list[Fact]:
    """What says that they ran."""
    return [
        EventSeen(f"c-{number}", f"{NOW_MS + 1}-0", tool_answers("Paid.", context_id=f"c-{number}"))
        for number in numbers
    ]


def keys(*numbers: int) -> list[object]:
    """How they are listed."""
    return [RequestKey(f"c-{number}", CALL) for number in numbers]


def listed(page: ApprovalsPage) -> list[object]:
    """What the list shows."""
    return keys_of(page.list.rows)


def test_many_are_listed_as_few_are(fed: HandFed, qtbot: QtBot) -> None:
    """In order, under each filter; the one somebody reads stays until they leave it."""
    page = opened(fed, qtbot)
    fed.feed(*asked(*range(MANY)))
    longest_first = keys(*reversed(range(MANY)))
    qtbot.waitUntil(lambda: listed(page) == longest_first)
    assert page.list.count.text() == f"{MANY:,} waiting"

    page.open_request(RequestKey("c-2500", CALL))
    fed.feed(*answered(*range(1000, MANY)))
    qtbot.waitUntil(lambda: listed(page) == keys(2500, *reversed(range(1000))))
    assert page.list.count.text() == "1,000 waiting"
    assert f"{MANY:,} in all" in words_in(page)
    page.open_request(RequestKey("c-7", CALL))
    qtbot.waitUntil(lambda: listed(page) == keys(*reversed(range(1000))))
    assert page.list.rows.current_row() == 1000 - 1 - 7

    press(page, "Decided")
    qtbot.waitUntil(lambda: listed(page) == keys(*range(1000, MANY)))
    press(page, "All")
    see(page, "approvals.search", SearchField).setText("2999")
    qtbot.waitUntil(lambda: listed(page) == keys(2999))
    see(page, "approvals.search", SearchField).clear()
    everything = [*keys(*reversed(range(1000))), *keys(*range(1000, MANY))]
    qtbot.waitUntil(lambda: listed(page) == everything)


def test_what_came_and_went_while_nobody_looked_is_there_when_somebody_does(
    fed: HandFed, qtbot: QtBot
) -> None:
    """A page that is not shown takes no time, and is not behind when it is shown."""
    page = opened(fed, qtbot)
    fed.feed(*asked(*range(50)))
    page.hide()
    fed.feed(*asked(*range(50, 60)))
    fed.feed(*answered(*range(55)))
    assert len(listed(page)) <= 50
    page.show()
    qtbot.waitUntil(lambda: listed(page) == keys(59, 58, 57, 56, 55))
    page.hide()
    fed.feed(Forgotten())
    page.show()
    qtbot.waitUntil(lambda: not listed(page))


def test_a_request_gone_to_while_many_arrive_is_in_sight_in_the_end(
    fed: HandFed, qtbot: QtBot
) -> None:
    """Whoever follows a notification sees in the list, too, where they are."""
    page = opened(fed, qtbot)
    fed.feed(*asked(*range(1000)))
    page.open_request(RequestKey("c-400", CALL))
    qtbot.waitUntil(lambda: listed(page) == keys(*reversed(range(1000))))

    rows = page.list.rows
    qtbot.waitUntil(lambda: rows.viewport().rect().contains(rows.visualRect(rows.currentIndex())))
    assert rows.current_row() == 1000 - 1 - 400
