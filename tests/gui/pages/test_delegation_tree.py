"""Who asked whom, above the transcript."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from desktop.qtmodels.rows import ROW_ROLE
from desktop.store.records import RequestKey
from desktop.views.conversations.page import ConversationsPage
from desktop.views.parts.list_view import RowList
from desktop.views.parts.transcript_view import TranscriptView
from tests.gui.pages.seeing import (
    click,
    is_seen,
    keys_of,
    open_page,
    see,
    unnamed_or_without_ring,
)
from tests.gui.pages.talk import page_of
from tests.support.hand_fed import HandFed
from tests.support.scenes import CALL, CONTEXT, agent_says, human_says, receipt
from tests.support.teams import gives, hears, person_asks, says, waits
from workers.wire.approvals import Outcome

OUTCOME = receipt(Outcome.EXECUTED, agent="treasury_agent")
LONG = "The balance is what it was yesterday, and the day before. " * 60


@pytest.fixture
def page(fed: HandFed, qtbot: QtBot) -> ConversationsPage:
    """A coordinator waits for two experts; one of them has done its part, the other waits."""
    fed.tell(
        person_asks("coordinator", "Pay invoice 4471, and tell me the weather in Oslo."),
        gives(
            "coordinator",
            ("c1", "treasury_agent", "pay invoice 4471"),
            ("c2", "weather_agent", "the weather in Oslo"),
            said="I am asking both.",
        ),
        says("weather_agent", "It is sunny.", caller="coordinator", task="c2", finish=True),
        hears("coordinator", "c2", "It is sunny."),
        says("treasury_agent", LONG, caller="coordinator", task="c1"),
        waits("treasury_agent", CALL, caller="coordinator", task="c1"),
    )
    made = open_page(page_of(fed), qtbot)
    made.open_context(CONTEXT)
    return made


def rows(page: ConversationsPage) -> list[str]:
    """What the rows say, as a screen reader says it, set in as they are."""
    model = see(page, "delegation.rows", RowList).model()
    indexes = [model.index(at, 0) for at in range(model.rowCount())]
    return [
        "  " * len(index.data(ROW_ROLE).branch)
        + index.data(int(Qt.ItemDataRole.AccessibleTextRole)).removesuffix(", 0 s")
        for index in indexes
    ]


def test_the_tree_says_who_waits_for_whom(
    page: ConversationsPage, fed: HandFed, qtbot: QtBot
) -> None:
    """And follows what happens."""
    assert see(page, "delegation.summary", QLabel).text() == (
        "3 agents · treasury_agent waits for a decision"
    )
    assert rows(page) == [
        "coordinator, Waits for treasury_agent, Pay invoice 4471, and tell me the weather in Oslo.,"
        " asked by a person",
        "  treasury_agent, Waits for a decision, pay invoice 4471, asked by coordinator",
        "  weather_agent, Done, the weather in Oslo, asked by coordinator",
    ]

    fed.receive(OUTCOME).tell(
        says("treasury_agent", "Paid.", caller="coordinator", task="c1", finish=True),
        hears("coordinator", "c1", "Paid."),
        says("coordinator", "Paid, and it is sunny.", finish=True),
    )
    said = see(page, "delegation.summary", QLabel)
    qtbot.waitUntil(lambda: said.text() == "3 agents · all done")


def test_a_task_that_waits_leads_to_its_request(page: ConversationsPage, qtbot: QtBot) -> None:
    """With the mouse and with the keyboard."""
    tree = see(page, "delegation.rows", RowList)
    spot = tree.visualRect(tree.model().index(1, 0)).center()
    with qtbot.waitSignal(page.request_opened) as opened:
        QTest.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert opened.args == [RequestKey(CONTEXT, CALL)]

    tree.setFocus()
    QTest.keyClick(tree, Qt.Key.Key_Home)
    QTest.keyClick(tree, Qt.Key.Key_Down)
    with qtbot.waitSignal(page.request_opened):
        QTest.keyClick(tree, Qt.Key.Key_Return)


def test_another_task_leads_to_its_first_words(page: ConversationsPage) -> None:
    """They come to the top of what is seen."""
    view = see(page, "conversations.transcript", TranscriptView)
    tree = see(page, "delegation.rows", RowList)
    tree.choose_row(2)
    QTest.keyClick(tree, Qt.Key.Key_Return)
    first = view.cursorForPosition(view.viewport().rect().topLeft() + view.rect().topLeft())
    first.movePosition(first.MoveOperation.NextBlock)
    assert first.block().text().startswith("weather_agent")


def test_the_tree_can_be_folded_and_stays_so(page: ConversationsPage, qtbot: QtBot) -> None:
    """Its line stays, so that nobody forgets that others take part."""
    assert unnamed_or_without_ring(page, qtbot) == []
    click(page, "delegation.fold")
    assert not is_seen(page, "delegation.rows")
    assert is_seen(page, "delegation.summary")
    click(page, "delegation.fold")
    assert is_seen(page, "delegation.rows")


def test_an_agent_that_works_alone_needs_no_tree(fed: HandFed, qtbot: QtBot) -> None:
    """Most conversations are so."""
    fed.tell(human_says("Hello."), agent_says("Hello."))
    page = open_page(page_of(fed), qtbot)
    page.open_context(CONTEXT)
    assert not is_seen(page, "delegation.summary")


def test_a_large_team_leaves_room_for_the_transcript(fed: HandFed, qtbot: QtBot) -> None:
    """The tree scrolls."""
    tasks = tuple((f"c{n}", f"expert_{n}", "look into it") for n in range(60))
    fed.tell(person_asks("coordinator"), gives("coordinator", *tasks))
    fed.tell(*(says(f"expert_{n}", "I look.", caller="coordinator", task=f"c{n}") for n in (3, 9)))
    page = open_page(page_of(fed), qtbot)
    page.open_context(CONTEXT)
    tree = see(page, "delegation.rows", RowList)
    assert len(keys_of(tree)) == 3, "names of tools that nobody speaks for are no agents"
    fed.serve("expert_1").serve("expert_2").serve("expert_50").serve("expert_51").serve("expert_52")
    qtbot.waitUntil(lambda: len(keys_of(tree)) == 8)
    view = see(page, "conversations.transcript", TranscriptView)
    assert view.height() > page.height() / 3
