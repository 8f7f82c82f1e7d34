"""Conversations that a search found by what was said earlier: their rows say so."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from desktop.qtmodels.rows import ROW_ROLE, Row
from desktop.store.facts import ContextReset, SearchFound
from desktop.store.local_records import Found
from desktop.views.conversations.page import ConversationsPage
from desktop.views.parts.find_bar import FindField
from desktop.views.parts.search_field import SearchField
from tests.gui.pages.seeing import choose, keys_of, see
from tests.gui.pages.talk import CLINIC, RECORD, TREASURY, WEATHER, Pages, asked, rows
from tests.support.hand_fed import HandFed

EARLIER = "Please **release** P-10442 before\nFriday \u202eyadirF"


def row_of(page: ConversationsPage, context_id: str) -> Row:
    """What the row of a conversation says."""
    at = keys_of(rows(page)).index(context_id)
    row = rows(page).model().index(at, 0).data(ROW_ROLE)
    assert isinstance(row, Row)
    return row


def seek(
    fed: HandFed, page: ConversationsPage, monkeypatch: pytest.MonkeyPatch, text: str, **said: str
) -> None:
    """Type a search that the engine answers from what was said earlier."""
    monkeypatch.setattr(fed.outbox, "on_post", lambda _order: None)
    QTest.keyClicks(see(page, "conversations.search", SearchField), text)
    earlier = {RECORD: said["record"], WEATHER: said["weather"]}
    fed.feed(SearchFound(Found(len(text), text, frozenset(earlier), earlier)))


def test_the_row_shows_what_was_said_then_whatever_is_said_now(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without marks of Markdown and on one line, as last words are; it stays while agents talk."""
    fed, page = pages
    seek(fed, page, monkeypatch, "friday", record=EARLIER, weather="")

    assert keys_of(rows(page)) == [RECORD, WEATHER]
    said = row_of(page, RECORD).subtitle
    assert said.startswith("Earlier: Please release P-10442 before Friday")
    assert row_of(page, WEATHER).subtitle == "Found in earlier messages"

    fed.now_ms += 1000
    fed.tell(asked(RECORD, CLINIC, "Anything else?"), asked("c-new", TREASURY, "Not of that day."))
    assert keys_of(rows(page)) == [RECORD, WEATHER]
    assert row_of(page, RECORD).subtitle == said
    fed.tell(asked(RECORD, CLINIC, "It is Friday."))
    assert row_of(page, RECORD).subtitle == "It is Friday."


def test_a_conversation_that_begins_anew_was_not_found(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of what was said in it before holds."""
    fed, page = pages
    seek(fed, page, monkeypatch, "friday", record=EARLIER, weather="")
    fed.feed(ContextReset(RECORD, "begun anew"))
    fed.tell(asked(RECORD, CLINIC, "Hello."))

    assert keys_of(rows(page)) == [WEATHER]


def test_finding_in_the_conversation_begins_with_what_was_sought(
    pages: Pages, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    """The word that its row shows; in a conversation found by its row, nothing is proposed."""
    fed, page = pages
    seek(fed, page, monkeypatch, "records friday", record=EARLIER, weather="")
    choose(rows(page), RECORD)
    qtbot.waitUntil(page.isActiveWindow)
    QTest.keyClick(page, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)

    assert see(page, "find.words", FindField).text() == "friday"
