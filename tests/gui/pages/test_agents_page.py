"""The agents page: who is there and who serves them, and what runs on this computer."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from desktop.qtmodels.rows import ROW_ROLE, Row
from desktop.settings import Theme
from desktop.store.facts import AgentsSeen, LinkChanged
from desktop.store.local_records import DemoState
from desktop.store.records import Link, LinkState
from desktop.views.agents.page import AgentsPage, Place
from desktop.views.agents.worker_card import WorkerCard
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.copy_button import CopyButton
from desktop.views.parts.list_view import RowList
from desktop.views.parts.pill import PillLabel
from desktop.views.parts.value_box import ValueBox
from desktop.views.theme import apply_theme, tokens
from tests.gui.pages.seeing import (
    SMALLEST_PAGE,
    USUAL_PAGE,
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
from tests.support.hand_fed import NOW_MS, HandFed
from workers.wire.events import WorkerInfo

LOG = """Traceback (most recent call last):
  File "/opt/signoff/workers/demo/broker.py", line 61, in start
workers.errors.NotConfigured: No redis-server was found on this computer.
Install redis-server 6.2 or newer, or valkey-server, and start the demo again."""


def team(fed: HandFed) -> HandFed:
    """Two workers share the treasury agent; nobody of ours serves the weather agent."""
    first = WorkerInfo(
        consumer="signoff:office-1:4182:9f31c0de",
        agents=["coordinator", "treasury_agent"],
        tools={
            "coordinator": ["call_treasury_agent"],
            "treasury_agent": ["transfer_funds", "get_account_balance"],
        },
        version="0.1.0",
        mode="enforce",
        started_ms=NOW_MS - 3 * 3_600_000,
        running=2,
        note="scripted model",
    )
    second = WorkerInfo(
        consumer="signoff:ward-3:977:02ab77e4",
        agents=["treasury_agent"],
        tools={"treasury_agent": ["transfer_funds", "list_payments"]},
        version="0.1.0",
        mode="observe",
        started_ms=0,
    )
    return fed.feed(AgentsSeen(("treasury_agent", "weather_agent"), (first, second)))


def page_of(fed: HandFed) -> AgentsPage:
    return AgentsPage(fed.store, fed.bridge, fed.desk, fed.clock)


@pytest.fixture
def page(fed: HandFed, qtbot: QtBot) -> AgentsPage:
    """The page in the active window, with everybody there."""
    return open_page(page_of(team(fed)), qtbot)


def go_to(page: AgentsPage, place: Place) -> None:
    """Choose a place of the page as a person does."""
    words = {Place.AGENTS: "Agents", Place.TROUBLES: "In trouble", Place.HERE: "This computer"}
    press(page, words[place])


def rows(page: QWidget) -> RowList:
    return see(page, "agents.list", RowList)


def cards(page: QWidget) -> list[WorkerCard]:
    return [card for card in page.findChildren(WorkerCard) if card.isVisible()]


def test_everybody_one_can_talk_to_is_listed_by_name(page: AgentsPage) -> None:
    """Those with a living worker, and those of whom only the inbox is known."""
    assert keys_of(rows(page)) == ["coordinator", "treasury_agent", "weather_agent"]

    row = rows(page).model().index(2, 0).data(ROW_ROLE)
    assert isinstance(row, Row)
    assert row.pill is not None
    assert row.pill.text == "No heartbeat"


def test_an_agent_that_only_asks_is_listed_and_counted(fed: HandFed, qtbot: QtBot) -> None:
    """Its worker and its inbox are gone; its calls wait all the same."""
    fed.tell(scenes.asks(agent="left_agent", context_id="c-left"))
    page = open_page(page_of(fed), qtbot)

    assert keys_of(rows(page)) == ["left_agent"]
    overview = see(page, "monitor.overview", QLabel).text()
    assert "1 agent" in overview
    assert "1 waiting" in overview


def test_before_anything_is_known_nothing_is_counted(qtbot: QtBot) -> None:
    """`0 agents` would be a claim about a broker that nobody has asked."""
    fed = HandFed()
    page = open_page(page_of(fed), qtbot)
    assert see(page, "monitor.overview", QLabel).text() == "Not connected"
    fed.online()
    qtbot.waitUntil(lambda: "0 agents" in see(page, "monitor.overview", QLabel).text())


def test_an_agent_shows_its_workers_and_its_tools(page: AgentsPage) -> None:
    """Each worker with version, mode, start and load; each tool once."""
    choose(rows(page), "treasury_agent")
    words = words_in(page)

    assert len(cards(page)) == 2
    assert "signoff:office-1:4182:9f31c0de" in words
    assert "2026-03-02" in words
    assert "(3h ago)" in words
    assert "2 at once" in words
    assert "observe: also takes decisions that are bound to no call, and says so" in words
    assert words.count("transfer_funds") == 1
    assert words.index("get_account_balance") < words.index("list_payments")


def test_a_heartbeat_changes_words_in_place(page: AgentsPage, fed: HandFed, qtbot: QtBot) -> None:
    """The cards stay what they are; a worker that died takes its card with it."""
    choose(rows(page), "treasury_agent")
    before = cards(page)
    workers = next(a.workers for a in fed.store.agents() if a.name == "treasury_agent")
    fed.feed(AgentsSeen(("treasury_agent", "weather_agent"), workers[:1]))

    qtbot.waitUntil(lambda: cards(page) == before[:1])
    assert "1 worker" in words_in(page)


def test_calls_that_wait_are_counted(page: AgentsPage, fed: HandFed, qtbot: QtBot) -> None:
    """The agent that waits for a person is marked in the list, too."""
    choose(rows(page), "treasury_agent")
    fed.tell(scenes.asks())
    qtbot.waitUntil(lambda: "1 call waits" in words_in(page))

    row = rows(page).model().index(1, 0).data(ROW_ROLE)
    assert isinstance(row, Row)
    assert row.unread


def test_an_agent_nobody_serves_says_what_that_means(page: AgentsPage) -> None:
    """A message to it is not lost, and not answered either."""
    choose(rows(page), "weather_agent")

    assert cards(page) == []
    assert "waits on the broker until somebody takes it" in words_in(page)
    assert "No tools are known of this agent." in words_in(page)


def test_the_name_of_a_worker_can_be_copied(page: AgentsPage) -> None:
    """For the log of the host it runs on."""
    (card,) = cards(page)
    QTest.mouseClick(card.findChildren(CopyButton)[0], Qt.MouseButton.LeftButton)

    assert QGuiApplication.clipboard().text() == "signoff:office-1:4182:9f31c0de"


def test_chatting_starts_from_the_agent_one_looks_at(page: AgentsPage, qtbot: QtBot) -> None:
    """By the button, or by Enter in the list."""
    choose(rows(page), "weather_agent")
    with qtbot.waitSignal(page.chat_wanted) as wanted:
        click(page, "agents.chat")
    assert wanted.args == ["weather_agent"]

    QTest.keyClick(rows(page), Qt.Key.Key_K)
    with qtbot.waitSignal(page.chat_wanted) as wanted:
        QTest.keyClick(rows(page), Qt.Key.Key_Return)
    assert wanted.args == ["treasury_agent"]


def test_who_is_looked_at_stays_while_others_come(
    page: AgentsPage, fed: HandFed, qtbot: QtBot
) -> None:
    """A worker that starts does not change what a person reads."""
    choose(rows(page), "treasury_agent")
    fed.serve("auditor", "read_log")

    qtbot.waitUntil(lambda: keys_of(rows(page))[0] == "auditor")
    assert see(page, "agents.name", QLabel).text() == "treasury_agent"


# -- this computer -------------------------------------------------------------------------------


def test_the_demo_is_started_and_stopped_once_per_click(page: AgentsPage, fed: HandFed) -> None:
    """What cannot be done now cannot be pressed now."""
    go_to(page, Place.HERE)
    start = see(page, "agents.demo_start", ActionButton)
    stop = see(page, "agents.demo_stop", ActionButton)
    state = see(page, "agents.demo_state", PillLabel)
    assert (state.text(), start.isEnabled(), stop.isEnabled()) == ("Stopped", True, False)
    click(page, "agents.demo_start")
    fed.demo(DemoState.STARTING, "The demo is starting")
    assert (state.text(), start.isEnabled(), stop.isEnabled()) == ("Starting", False, False)

    fed.demo(DemoState.RUNNING, "4 demo agents are running")
    assert (state.text(), start.isEnabled(), stop.isEnabled()) == ("Running", False, True)
    assert "4 demo agents are running. Stopping it ends its broker" in words_in(page)
    click(page, "agents.demo_stop")
    fed.demo(DemoState.STOPPING, "The demo is stopping")
    assert (state.text(), start.isEnabled(), stop.isEnabled()) == ("Stopping", False, False)
    assert fed.desk.asked == [("start_demo",), ("stop_demo",)]


def test_what_a_failed_demo_said_is_shown_in_full(page: AgentsPage, fed: HandFed) -> None:
    """Every line can be selected and copied; the demo can be started again."""
    go_to(page, Place.HERE)
    fed.demo(DemoState.FAILED, "The demo did not start.", LOG)
    hint = see(page, "agents.demo_hint", ValueBox)
    assert hint.toPlainText() == LOG
    hint.selectAll()
    hint.copy()

    assert QGuiApplication.clipboard().text() == LOG
    assert "The demo did not start." in words_in(page)
    assert see(page, "agents.demo_start", ActionButton).isEnabled()
    fed.demo(DemoState.STARTING, "The demo is starting")
    assert not is_seen(page, "agents.demo_hint")


# -- nothing there -------------------------------------------------------------------------------


def test_without_a_broker_the_page_leads_to_the_settings(qtbot: QtBot) -> None:
    """Or to the demo, without leaving it."""
    fed = HandFed()
    page = open_page(page_of(fed), qtbot)
    assert "Signoff is not connected" in words_in(page)
    with qtbot.waitSignal(page.settings_wanted):
        press(page, "Connect to a broker")
    press(page, "Start the demo")

    assert ("start_demo",) in fed.desk.asked


@pytest.mark.parametrize(
    ("link", "words"),
    [
        (Link(LinkState.ONLINE, "Connected"), "No agents on this broker"),
        (Link(LinkState.CATCHING_UP, "Catching up"), "Signoff reads what the broker holds."),
        (Link(LinkState.REFUSED, "The broker asks for a password.", "Enter it."), "Enter it."),
    ],
)
def test_an_empty_page_says_what_is_missing(link: Link, words: str, qtbot: QtBot) -> None:
    """It follows the link."""
    fed = HandFed()
    page = open_page(page_of(fed), qtbot)
    fed.feed(LinkChanged(link))

    assert words in words_in(page)


def test_a_hidden_page_is_right_when_it_is_shown(fed: HandFed, qtbot: QtBot) -> None:
    """What happened meanwhile is there."""
    page = open_page(page_of(fed), qtbot)
    page.hide()
    team(fed)
    page.show()

    assert see(page, "agents.name", QLabel).text() == "coordinator"


# -- looks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [SMALLEST_PAGE, USUAL_PAGE])
def test_nothing_is_cut_off(page: AgentsPage, fed: HandFed, size: tuple[int, int]) -> None:
    """Of a busy agent, and with a long failure of the demo."""
    page.resize(*size)
    choose(rows(page), "treasury_agent")
    lay_out()
    assert cut_off(page) == []

    go_to(page, Place.HERE)
    fed.demo(DemoState.FAILED, "The demo did not start.", LOG * 5)
    lay_out()
    assert cut_off(page) == []


def test_every_control_has_a_name_and_a_ring(page: AgentsPage, fed: HandFed, qtbot: QtBot) -> None:
    """A person who uses no mouse can start the demo and read why it failed."""
    assert unnamed_or_without_ring(page, qtbot) == []

    go_to(page, Place.HERE)
    fed.demo(DemoState.FAILED, "The demo did not start.", LOG)

    assert unnamed_or_without_ring(page, qtbot) == []


@pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])
@pytest.mark.parametrize("size", [SMALLEST_PAGE, USUAL_PAGE])
def test_pictures_of_the_page(
    page: AgentsPage,
    fed: HandFed,
    theme: Theme,
    size: tuple[int, int],
    dressed: QApplication,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The theme changes under a page that is open; its picture is kept for a person."""
    page.resize(*size)
    choose(rows(page), "treasury_agent")
    apply_theme(dressed, theme)
    fed.demo(DemoState.RUNNING, "4 demo agents are running")
    QApplication.processEvents()
    shown = page.grab()

    folder = tmp_path_factory.getbasetemp()
    assert shown.save(str(folder / f"agents-{theme}-{size[0]}.png"))
    beside = rows(page).mapTo(page, rows(page).rect().topRight()).x() + 10
    assert shown.toImage().pixelColor(beside, size[1] // 2) == QColor(tokens().bg)
