"""Three conversations of a morning, and the page that shows them.

The only place where tests of the conversations page make one.
"""

from __future__ import annotations

from typing import TypeAlias

from PySide6.QtWidgets import QWidget

from desktop.views.conversations.message_field import MessageField
from desktop.views.conversations.page import ConversationsPage
from desktop.views.parts.list_view import RowList
from desktop.views.parts.transcript_view import TranscriptView
from tests.gui.pages.seeing import see
from tests.support import scenes
from tests.support.hand_fed import HandFed
from workers.wire.events import Event

INVOICE = "3f9c2a1e-7b54-4c0d-9a51-2f6e8d0c4b17"
RECORD = "b81d0c55-2e0f-4f7a-8a3c-91f5d7a6e240"
WEATHER = "0d4b7f62-98a1-4c57-bd2e-a3f60c815d94"
TREASURY, CLINIC, METEO = "treasury_agent", "records_agent", "weather_agent"
REPORT = """The invoice is open and the payee is on our list. Before I pay:

| Account | Balance | After payment |
|---|---:|---:|
| operating | 48,210.40 EUR | 46,960.40 EUR |
| payroll | 112,004.00 EUR | 112,004.00 EUR |

I will call `transfer_funds` with the reference **invoice 4471**."""

Pages: TypeAlias = tuple[HandFed, ConversationsPage]


def asked(context_id: str, agent: str, text: str) -> Event:
    """A person's words to an agent, as the worker echoes them."""
    return scenes.progress(
        {"type": "human", "content": text, "id": None}, context_id=context_id, agent=agent
    )


def morning(fed: HandFed) -> HandFed:
    """A transfer waits, a record was released, a forecast failed; each later than the next."""
    said = scenes.agent_says(
        REPORT, message_id="m-1", calls=((scenes.CALL, scenes.ACTION),), context_id=INVOICE
    )
    fed.tell(asked(INVOICE, TREASURY, "Pay **invoice 4471**, 1250 EUR."), seconds_ago=130)
    fed.tell(said, scenes.asks(context_id=INVOICE), seconds_ago=120)
    done = scenes.agent_says(
        "P-10442 was released to Northside clinic.",
        message_id="m-2",
        context_id=RECORD,
        agent=CLINIC,
        finish=True,
    )
    fed.tell(asked(RECORD, CLINIC, "Release P-10442, please."), seconds_ago=700)
    fed.tell(done, seconds_ago=660)
    failed = scenes.progress(
        "Error occurred. The model did not answer within 30 s.",
        context_id=WEATHER,
        agent=METEO,
        finish=True,
    )
    fed.tell(asked(WEATHER, METEO, "Will it rain tomorrow?"), seconds_ago=7300)
    fed.tell(failed, seconds_ago=7260)
    return fed


def page_of(fed: HandFed) -> ConversationsPage:
    """A page that is not shown yet."""
    return ConversationsPage(fed.store, fed.bridge, fed.approvals, fed.conversations, fed.clock)


def rows(page: QWidget) -> RowList:
    return see(page, "conversations.list", RowList)


def transcript(page: QWidget) -> str:
    return see(page, "conversations.transcript", TranscriptView).toPlainText()


def composer(page: QWidget) -> MessageField:
    return see(page, "composer.text", MessageField)
