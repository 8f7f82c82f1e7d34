"""The monitor: how agents and workers do, what is in trouble, and how it is mended."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from desktop.actions.ports import DoRepair
from desktop.qtmodels.rows import ROW_ROLE, Row
from desktop.store.facts import AgentsSeen, MonitorSeen, RepairDone, RepairNotDone
from desktop.store.health import BrokerHealth, InboxHealth, Repair, RepairKey
from desktop.views.agents.page import AgentsPage
from desktop.views.agents.worker_card import WorkerCard
from desktop.views.agents.worker_list import MOST_CARDS
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.chart import Chart
from desktop.views.parts.list_view import RowList
from tests.gui.pages.monitored import POISONED, STUCK, at_work, crowd
from tests.gui.pages.seeing import (
    SMALLEST_PAGE,
    choose,
    click,
    cut_off,
    is_seen,
    keys_of,
    lay_out,
    open_page,
    press,
    see,
    unnamed_or_without_ring,
    words_in,
)
from tests.support import scenes
from tests.support.hand_fed import HandFed

AGENT, FOREIGN = "treasury_agent", "weather_agent"


@pytest.fixture
def page(fed: HandFed, qtbot: QtBot) -> AgentsPage:
    """The page in the active window, after some work; one call waits."""
    at_work(fed).tell(scenes.asks())
    return open_page(AgentsPage(fed.store, fed.bridge, fed.desk, fed.clock), qtbot)


def agents(page: AgentsPage) -> RowList:
    return see(page, "agents.list", RowList)


def troubles(page: AgentsPage) -> RowList:
    return see(page, "troubles.list", RowList)


def row_of(rows: RowList, key: object) -> Row:
    row = rows.model().index(keys_of(rows).index(key), 0).data(ROW_ROLE)
    assert isinstance(row, Row)
    return row


def charts(page: AgentsPage) -> dict[str, Chart]:
    found = [chart for chart in page.findChildren(Chart) if chart.isVisible()]
    return {chart.accessibleName(): chart for chart in found}


def cards(page: AgentsPage) -> list[WorkerCard]:
    return [card for card in page.findChildren(WorkerCard) if card.isVisible()]


def letter(page: AgentsPage) -> str:
    """Look at the poisoned conversation. Returns the id of its quarantined entry."""
    click(page, "monitor.troubles")
    key = next(
        key for key in keys_of(troubles(page)) if row_of(troubles(page), key).subtitle == POISONED
    )
    choose(troubles(page), key)
    return str(key).rsplit(":", 1)[1]


def repairs(fed: HandFed) -> list[DoRepair]:
    return [order for order in fed.outbox.orders if isinstance(order, DoRepair)]


# -- how it goes ---------------------------------------------------------------------------------


def test_one_line_says_how_everything_stands(page: AgentsPage) -> None:
    """Agents, workers, speed, what waits for a person, what is in trouble; and the broker."""
    words = see(page, "monitor.overview", QLabel).text()
    assert words.startswith("4 agents · 2 workers · ")
    assert words.endswith(" runs/s · 1 waiting · 4 troubled")
    broker = see(page, "monitor.broker", QLabel).text()
    assert broker == "Redis 7.2.4 · 12 MB of 256 MB · 14 connections"


def test_the_list_tells_who_is_served_and_by_whom(page: AgentsPage) -> None:
    """Ours, other software's, and nobody's while messages wait."""
    shown = {str(key): row_of(agents(page), key) for key in keys_of(agents(page))}
    pills = {name: row.pill.text for name, row in shown.items() if row.pill is not None}

    assert pills == {
        "auditor": "Nobody serves it",
        "coordinator": "Serving",
        AGENT: "Serving",
        FOREIGN: "Other software",
    }
    assert shown[AGENT].subtitle == "2 workers · 4 at once"
    assert shown[AGENT].meta == "1 waiting · backlog 7 · 2 in quarantine"


def test_an_agent_shows_its_figures_and_charts(page: AgentsPage) -> None:
    """Backlog, latency, tokens and cost; every chart says its numbers to a screen reader."""
    choose(agents(page), AGENT)
    words = words_in(page)
    assert "Not taken yet\n3\nBeing handled\n4" in words
    assert "Model p50 / p95\n773 ms / 1.4 s" in words
    assert " EUR" in words

    seen = charts(page)
    assert {"Runs", "Model latency", "Backlog", "Tokens"} <= set(seen)
    assert "p95: latest 1.4 s" in seen["Model latency"].accessibleDescription()
    assert "Backlog: latest 7 messages" in seen["Backlog"].accessibleDescription()


def test_a_worker_shows_what_it_runs_and_since_when(page: AgentsPage, qtbot: QtBot) -> None:
    """And leads to the conversation."""
    choose(agents(page), AGENT)
    words = words_in(page)
    assert "Heartbeat\njust now" in words
    assert "for 1m" in words
    with qtbot.waitSignal(page.context_wanted) as wanted:
        button = next(
            one for one in page.findChildren(ActionButton) if one.text() == "c-office-supplies"
        )
        button.click()

    assert wanted.args == ["c-office-supplies"]


def test_tools_tell_how_often_and_how_quick(page: AgentsPage) -> None:
    """A tool that nobody called has no figures, not zeros."""
    choose(agents(page), AGENT)
    words = words_in(page)

    assert "get_account_balance\n18 calls · p50 15 ms" in words
    assert "list_payments\ntransfer_funds" in words


def test_of_other_software_it_says_what_cannot_be_known(page: AgentsPage) -> None:
    """Group lag, pending and consumers are there; latency, tokens and cost are not made up."""
    choose(agents(page), FOREIGN)
    words = words_in(page)

    assert "Pending\n48,190" in words
    assert "Consumers\n7\nLeft behind\n4" in words
    assert "cannot be known here" in see(page, "agents.about", QLabel).text()
    assert "Model p50" not in words
    assert set(charts(page)) == {"Messages taken", "Runs per second of all agents"}


def test_a_worker_of_an_older_version_has_no_false_zeros(fed: HandFed, qtbot: QtBot) -> None:
    """It counts nothing, so its runs and costs are unknown."""
    fed.serve(AGENT, "transfer_funds")
    page = open_page(AgentsPage(fed.store, fed.bridge, fed.desk, fed.clock), qtbot)

    assert "Runs ended\nunknown" in words_in(page)
    assert "Cost\nunknown" in words_in(page)


def test_an_inbox_that_could_not_be_read_says_so_and_why(fed: HandFed, qtbot: QtBot) -> None:
    """In the list and beside the figures, which are unknown; its neighbour is shown as ever."""
    note = "Signoff stumbled over what the inbox holds (OverflowError)."
    inboxes = (InboxHealth(AGENT, length=7, lag=7, pending=0), InboxHealth(FOREIGN, note=note))
    fed.feed(AgentsSeen((AGENT, FOREIGN), ()))
    fed.feed(MonitorSeen(fed.now_ms, BrokerHealth(), inboxes, ()))
    page = open_page(AgentsPage(fed.store, fed.bridge, fed.desk, fed.clock), qtbot)
    choose(agents(page), FOREIGN)

    assert row_of(agents(page), FOREIGN).subtitle == "Its inbox could not be read"
    assert row_of(agents(page), AGENT).meta == "backlog 7"
    assert see(page, "agents.about", QLabel).text() == f"What its inbox holds is unknown: {note}"
    assert "Backlog\nunknown" in words_in(page)


# -- much of it ----------------------------------------------------------------------------------


def test_among_five_hundred_workers_one_is_found(fed: HandFed, qtbot: QtBot) -> None:
    """A dozen are shown; a name brings any other."""
    page = open_page(
        AgentsPage(crowd(fed).store, fed.bridge, fed.desk, fed.clock), qtbot, SMALLEST_PAGE
    )
    qtbot.waitUntil(lambda: len(cards(page)) == MOST_CARDS)
    assert see(page, "workers.more", QLabel).text().startswith("488 more workers")

    see(page, "workers.search", QLineEdit).setText("office-417:")
    lay_out()
    (card,) = cards(page)
    assert "signoff:office-417:" in words_in(card)


def test_a_burst_of_changes_is_shown_together(page: AgentsPage, fed: HandFed, qtbot: QtBot) -> None:
    """The page does not work through every batch; the last one is there all the same."""
    for number in range(40):
        fed.tell(scenes.asks(context_id=f"c-{number}"))
    assert "1 waiting" in see(page, "monitor.overview", QLabel).text()

    qtbot.waitUntil(lambda: "41 waiting" in see(page, "monitor.overview", QLabel).text())


def test_the_broker_is_looked_at_only_while_somebody_looks(page: AgentsPage, fed: HandFed) -> None:
    """Not from other pages, and not from a hidden window."""
    page.hide()
    page.show()

    assert fed.outbox.watched == [True, False, True]


# -- trouble -------------------------------------------------------------------------------------


def test_everything_in_trouble_is_listed_worst_first(page: AgentsPage) -> None:
    """Each with what is wrong, in a word, and since when."""
    click(page, "monitor.troubles")
    rows = troubles(page)
    shown = [row_of(rows, key) for key in keys_of(rows)]
    told = [(row.pill.text if row.pill else "", row.subtitle, row.age) for row in shown]

    assert told[0] == ("Poisoned", POISONED, "2h")
    assert ("Stuck", STUCK, "20m") in told
    assert ("Stuck", "c-yearly-audit", "25m") in told
    assert told[-1][0] == "In quarantine"


def test_trouble_of_an_agent_is_one_click_away(page: AgentsPage, qtbot: QtBot) -> None:
    """From the agent to its troubles, and from one to its conversation."""
    choose(agents(page), "auditor")
    press(page, "Show 1 in trouble")
    assert (
        see(page, "trouble.title", QLabel).text() == "A message waits, and nobody serves auditor."
    )

    with qtbot.waitSignal(page.context_wanted) as wanted:
        click(page, "trouble.open_context")
    assert wanted.args == ["c-yearly-audit"]


def test_a_message_is_put_back_once(page: AgentsPage, fed: HandFed, qtbot: QtBot) -> None:
    """While it is on its way the button cannot be pressed again; what came of it is told."""
    key = RepairKey(Repair.REQUEUE, AGENT, letter(page))
    click(page, "trouble.requeue")
    click(page, "trouble.requeue")
    assert repairs(fed) == [DoRepair(key, "r.mora")]
    assert "on its way" in see(page, "trouble.requeue", ActionButton).toolTip()

    fed.feed(RepairDone(key, "It is back in the inbox."))
    qtbot.waitUntil(lambda: is_seen(page, "trouble.outcome"))
    assert see(page, "trouble.outcome", QLabel).text() == "It is back in the inbox."


def test_discarding_is_asked_twice_and_can_be_left(
    page: AgentsPage, fed: HandFed, qtbot: QtBot
) -> None:
    """The second question has no default, and does not count a double click."""
    dead_id = letter(page)
    click(page, "trouble.discard")
    confirm = see(page, "trouble.confirm", ActionButton)
    assert not confirm.isEnabled()
    click(page, "trouble.cancel")
    assert repairs(fed) == []
    assert see(page, "trouble.discard", ActionButton).hasFocus()

    QTest.keyClick(see(page, "trouble.discard", ActionButton), Qt.Key.Key_Space)
    qtbot.waitUntil(confirm.isEnabled)
    QTest.keyClick(confirm, Qt.Key.Key_Return)
    assert repairs(fed) == []
    QTest.keyClick(confirm, Qt.Key.Key_Space)
    assert repairs(fed) == [DoRepair(RepairKey(Repair.DISCARD, AGENT, dead_id), "r.mora")]


def test_a_repair_that_did_not_work_says_why(page: AgentsPage, fed: HandFed, qtbot: QtBot) -> None:
    """And can be tried again."""
    key = RepairKey(Repair.REQUEUE, AGENT, letter(page))
    click(page, "trouble.requeue")
    fed.feed(RepairNotDone(key, "The broker takes no writes now.", "Try again later."))

    qtbot.waitUntil(lambda: "takes no writes" in words_in(page))
    assert see(page, "trouble.requeue", ActionButton).isEnabled()


def test_an_entry_that_holds_nothing_can_only_be_discarded(page: AgentsPage) -> None:
    """What cannot be put back has no button for it."""
    click(page, "monitor.troubles")
    choose(troubles(page), keys_of(troubles(page))[-1])

    assert is_seen(page, "trouble.discard")
    assert not is_seen(page, "trouble.requeue")


def test_leaked_consumers_are_removed_after_a_second_question(
    page: AgentsPage, fed: HandFed, qtbot: QtBot
) -> None:
    """It says how many, and what it means."""
    choose(agents(page), FOREIGN)
    assert see(page, "leaked.title", QLabel).text() == "4 consumers left behind"
    click(page, "leaked.remove")
    confirm = see(page, "leaked.confirm", ActionButton)
    qtbot.waitUntil(confirm.isEnabled)
    press(page, "Remove 4 consumers")

    key = RepairKey(Repair.REMOVE_CONSUMERS, FOREIGN)
    assert repairs(fed) == [DoRepair(key, "r.mora")]
    fed.feed(RepairDone(key, "4 consumers were removed."))
    qtbot.waitUntil(lambda: "4 consumers were removed." in words_in(page))


def test_a_read_only_console_repairs_nothing(page: AgentsPage, fed: HandFed) -> None:
    """Every button that sends says why; those that only open something work."""
    letter(page)
    fed.read_only()
    requeue = see(page, "trouble.requeue", ActionButton)

    assert not requeue.isEnabled()
    assert "read-only" in requeue.accessibleDescription()
    assert see(page, "trouble.open_context", ActionButton).isEnabled()
    click(page, "monitor.agents")
    choose(agents(page), FOREIGN)
    assert "read-only" in see(page, "leaked.remove", ActionButton).toolTip()
    assert "read-only" in see(page, "agents.chat", ActionButton).toolTip()
    assert repairs(fed) == []


def test_nothing_in_trouble_is_good_news(fed: HandFed, qtbot: QtBot) -> None:
    """The place is not simply empty."""
    page = open_page(AgentsPage(fed.store, fed.bridge, fed.desk, fed.clock), qtbot)
    click(page, "monitor.troubles")

    assert "Nothing is in trouble" in words_in(page)


# -- looks ---------------------------------------------------------------------------------------


def test_the_keyboard_reaches_everything(page: AgentsPage, qtbot: QtBot) -> None:
    """Each stop is named, and shows that it has the keyboard."""
    choose(agents(page), FOREIGN)
    assert unnamed_or_without_ring(page, qtbot) == []
    letter(page)
    assert unnamed_or_without_ring(page, qtbot) == []


@pytest.mark.parametrize("agent", [AGENT, FOREIGN])
def test_nothing_is_cut_off_in_the_smallest_window(page: AgentsPage, agent: str) -> None:
    """Of an agent, and of what is in trouble."""
    page.resize(*SMALLEST_PAGE)
    choose(agents(page), agent)
    lay_out()
    assert cut_off(page) == []
    letter(page)
    lay_out()
    assert cut_off(page) == []
