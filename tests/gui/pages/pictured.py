"""What a page shows when its picture is taken: one function for each scene.

The only place that leads a window to them.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from desktop.qtmodels.tone import Tone
from desktop.store.facts import CaughtUp, Forgotten, LinkChanged
from desktop.store.records import Link, LinkState, RequestKey
from desktop.views.main_window import MainWindow
from desktop.views.page import Page
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.find_bar import FindField
from desktop.views.parts.list_view import RowList
from desktop.views.parts.transcript_view import TranscriptView
from tests.gui.pages.approving import read_on
from tests.gui.pages.audited import AUDIT_SCENES
from tests.gui.pages.halted import HALT_SCENES
from tests.gui.pages.monitored import at_work
from tests.gui.pages.morning import INVOICE, OUTSIDE, RECORD
from tests.gui.pages.questions import (
    BATCH,
    FREE,
    PLAN,
    QUESTIONS,
    ask,
    bare,
    transfer,
    transfer_in_doubt,
)
from tests.gui.pages.seeing import (
    choose,
    click,
    is_seen,
    keys_of,
    press,
    see,
)
from tests.support.hand_fed import ADDRESS, HandFed
from tests.support.scenes import CALL, CONTEXT, asks, hosted_asks, human_says
from tests.support.teams import gives, hears, person_asks, says, waits
from workers.wire.approvals import Outcome
from workers.wire.canonical import JSON
from workers.wire.events import Event

Stage = tuple[MainWindow, HandFed, QtBot]
Scene = Callable[[Stage], None]
TRANSFER = RequestKey(INVOICE, "inv-call-2")


def look(stage: Stage) -> None:
    """A request, its conversation beside it."""
    window, _, qtbot = stage
    window.open_oldest_waiting()
    read_on(window, qtbot)
    qtbot.waitUntil(see(window, "request.approve", ActionButton).isEnabled)


def choose_one(stage: Stage) -> None:
    """Nothing is open yet."""
    stage[0].show_page(Page.APPROVALS)


def reject(stage: Stage) -> None:
    """A reason is being written."""
    look(stage)
    window = stage[0]
    click(window, "request.reject")
    see(window, "request.reason", QPlainTextEdit).setPlainText("The order is not matched yet.")
    stage[2].waitUntil(see(window, "request.confirm_reject", ActionButton).isEnabled)


def approved(stage: Stage) -> None:
    """The worker has run it."""
    look(stage)
    click(stage[0], "request.approve")
    stage[1].answer(Outcome.APPLIED).answer(Outcome.EXECUTED)


def sending(stage: Stage) -> None:
    """The worker has not answered."""
    look(stage)
    click(stage[0], "request.approve")


def foreign(stage: Stage) -> None:
    """Another kind of worker, and a notice above the page."""
    window, _, qtbot = stage
    window.open_request(RequestKey(OUTSIDE, "out-1"))
    hint = "The password is kept until Signoff ends."
    window.show_notice("The keyring does not answer.", hint, Tone.WARN)
    read_on(window, qtbot)
    qtbot.waitUntil(see(window, "request.approve", ActionButton).isEnabled)


def changed_arguments(stage: Stage) -> None:
    """What is shown is not what was asked about; hidden characters in it."""
    window, fed, qtbot = stage
    shown: JSON = {
        "recipient": "Harbour\u200b Freight \u202edtL",
        "amount": 41825,
        "memo": "pay " * 90,
    }
    fed.tell(asks(context_id="c-strange", shown_args=shown))
    window.open_request(RequestKey("c-strange", "call_1"))
    qtbot.waitUntil(see(window, "request.reject", ActionButton).isEnabled)


def emptied(stage: Stage) -> None:
    """The broker lost what it held, and does not tell what changes in it."""
    link = Link(LinkState.ONLINE, "Connected, checking every 5 s", "", ADDRESS, is_checking=True)
    stage[1].feed(LinkChanged(link), Forgotten("The broker was emptied."))
    stage[1].feed(CaughtUp(frozenset()))


def offline(stage: Stage) -> None:
    """The broker went away while a request was open."""
    look(stage)
    stage[1].offline()


def transcript(stage: Stage) -> None:
    """In a small window request and transcript take turns."""
    look(stage)
    if stage[0].approvals.is_narrow:
        press(stage[0], "Transcript")


def ask_and_look(stage: Stage, event: Event) -> None:
    """Another request arrives and is opened, its agent's words beside it."""
    window, fed, qtbot = stage
    said = human_says("Please see to it.", context_id=event.context_id)
    fed.tell(said)
    window.open_request(ask(fed, event))
    qtbot.waitUntil(lambda: not window.approvals.card.decision.is_holding)


def fill(stage: Stage, name: str, words: str) -> None:
    """Write into a field of the form."""
    field = see(stage[0], f"request.field.{name}", QWidget)
    match field:
        case QLineEdit():
            field.setText(words)
        case QPlainTextEdit():
            field.setPlainText(words)
        case QComboBox():
            field.setCurrentText(words)


def every_decision(stage: Stage) -> None:
    """A call that can be approved, rejected, edited and answered."""
    ask_and_look(stage, transfer("c-invoice-1190"))


def edit(stage: Stage) -> None:
    """Two arguments are changed, and shown as changes."""
    every_decision(stage)
    click(stage[0], "request.edit")
    fill(stage, "amount", "4128.5")
    fill(stage, "currency", "CHF")
    settle(stage)


def edit_wrong(stage: Stage) -> None:
    """What is wrong is said beside the field."""
    edit(stage)
    fill(stage, "amount", "four thousand")
    click(stage[0], "request.send")


def answer(stage: Stage) -> None:
    """The call is answered instead of run."""
    every_decision(stage)
    click(stage[0], "request.respond")
    fill(stage, "answer", "It was paid by card this morning.")
    settle(stage)


def in_doubt(stage: Stage) -> None:
    """Started once, outcome unknown."""
    ask_and_look(stage, transfer_in_doubt("c-invoice-1191"))


def mark_done(stage: Stage) -> None:
    """A person found out."""
    in_doubt(stage)
    click(stage[0], "request.respond")
    settle(stage)


def run_again(stage: Stage) -> None:
    """The second question."""
    in_doubt(stage)
    click(stage[0], "request.again")
    settle(stage)


def batch(stage: Stage) -> None:
    """Two calls as one request."""
    ask_and_look(stage, hosted_asks(BATCH, context_id="c-batch", agent="office_agent"))


def batch_each(stage: Stage) -> None:
    """A decision on each of them."""
    batch(stage)
    click(stage[0], "request.respond")
    fill(stage, "0.decision", "Edit")
    settle(stage)


def batch_end(stage: Stage) -> None:
    """Its second call."""
    batch_each(stage)
    fill(stage, "1.decision", "Reject")
    see(stage[0], "request.field.1.reason", QWidget).setFocus()
    settle(stage)


def questions(stage: Stage) -> None:
    """Questions of an agent, being answered."""
    ask_and_look(stage, hosted_asks(QUESTIONS, context_id="c-questions", agent="office_agent"))
    click(stage[0], "request.respond")
    fill(stage, "0", "OPS-1")
    settle(stage)


def schema_form(stage: Stage) -> None:
    """A question with a schema, answered wrong."""
    ask_and_look(stage, hosted_asks(PLAN, context_id="c-plan", agent="office_agent"))
    click(stage[0], "request.respond")
    fill(stage, "seats", "0")
    settle(stage)
    click(stage[0], "request.send")


def free_text(stage: Stage) -> None:
    """A question that nobody can validate."""
    ask_and_look(stage, hosted_asks(FREE, context_id="c-free", agent="office_agent"))
    click(stage[0], "request.respond")
    settle(stage)


def no_way(stage: Stage) -> None:
    """A question of a foreign worker that does not say which one it is."""
    ask_and_look(stage, bare(QUESTIONS, "c-foreign"))


def settle(stage: Stage) -> None:
    """The moment against misclicks is over."""
    stage[2].waitUntil(lambda: not stage[0].approvals.card.decision.is_holding)


def conversation(stage: Stage) -> None:
    """A conversation in which a call waits."""
    stage[0].open_context(RECORD)


def team(stage: Stage) -> None:
    """A coordinator and its experts, one of which waits for a decision."""
    window, fed, _ = stage
    fed.tell(
        person_asks("coordinator", "Pay invoice 4471, and tell me the weather in Oslo."),
        gives(
            "coordinator",
            ("c1", "treasury_agent", "pay invoice 4471 of ACME Tools Ltd, 1250 EUR"),
            ("c2", "weather_agent", "the weather in Oslo"),
            said="I am asking the treasury agent and the weather agent.",
        ),
        says("weather_agent", "It is sunny in Oslo.", caller="coordinator", task="c2", finish=True),
        hears("coordinator", "c2", "It is sunny in Oslo."),
        gives("treasury_agent", ("c3", "records_agent", "who is ACME Tools Ltd?"),
              caller="coordinator", task="c1", said="I have to know who that is first."),
        says("records_agent", "A supplier since 2019.", caller="treasury_agent", task="c3"),
        waits("treasury_agent", CALL, caller="coordinator", task="c1"),
    )  # fmt: skip
    window.open_context(CONTEXT)
    stage[2].waitUntil(lambda: is_seen(window, "delegation.rows"))


def find(stage: Stage) -> None:
    """Words are found in the transcript."""
    team(stage)
    window, _, qtbot = stage
    QTest.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    see(window, "find.words", FindField).setText("agent")
    qtbot.waitUntil(lambda: " of " in see(window, "find.count", QLabel).text())


def select(stage: Stage) -> None:
    """A selection over several messages."""
    team(stage)
    view = see(stage[0], "conversations.transcript", TranscriptView)
    view.setFocus()
    view.selectAll()


def agents(stage: Stage) -> None:
    """Who is there."""
    stage[0].show_page(Page.AGENTS)


def monitor(stage: Stage) -> None:
    """An agent at work."""
    at_work(stage[1])
    agents(stage)
    choose(see(stage[0], "agents.list", RowList), "treasury_agent")


def other_software(stage: Stage) -> None:
    """An agent of which little can be known."""
    monitor(stage)
    choose(see(stage[0], "agents.list", RowList), "weather_agent")


def trouble(stage: Stage) -> None:
    """A message in quarantine, about to be discarded."""
    monitor(stage)
    click(stage[0], "monitor.troubles")
    rows = see(stage[0], "troubles.list", RowList)
    choose(rows, keys_of(rows)[-1])
    click(stage[0], "trouble.discard")


def read_only(stage: Stage) -> None:
    """Nothing can be decided."""
    look(stage)
    stage[1].read_only()


def settings(stage: Stage) -> None:
    """What can be chosen."""
    stage[0].show_page(Page.SETTINGS)


SCENES: tuple[Scene, ...] = (
    choose_one,
    look,
    reject,
    every_decision,
    edit,
    edit_wrong,
    answer,
    in_doubt,
    mark_done,
    run_again,
    batch,
    batch_each,
    batch_end,
    questions,
    schema_form,
    free_text,
    no_way,
    sending,
    approved,
    foreign,
    changed_arguments,
    emptied,
    offline,
    transcript,
    conversation,
    team,
    find,
    select,
    agents,
    monitor,
    other_software,
    trouble,
    *HALT_SCENES,
    *AUDIT_SCENES,
    read_only,
    settings,
)
