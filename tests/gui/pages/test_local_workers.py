"""A person's own workers: a card on the agents page, and a window with their state and logs."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from desktop.actions.local_workers import DEMO_ID
from desktop.settings import Theme
from desktop.store.facts import LocalWorkersChanged
from desktop.store.local_records import DemoState
from desktop.store.local_workers import LocalWorker, LocalWorkerState, WorkerDefinition
from desktop.views.agents.local_workers_panel import SMALLEST, USUAL, LocalWorkersPanel
from desktop.views.agents.page import AgentsPage, Place
from desktop.views.agents.worker_log import WorkerLogView
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.list_view import RowList
from desktop.views.theme import apply_theme, tokens
from tests.gui.pages.seeing import (
    choose,
    click,
    cut_off,
    is_seen,
    keys_of,
    open_page,
    press,
    see,
    unnamed_or_without_ring,
    words_in,
)
from tests.support.hand_fed import ADDRESS, NOW_MS, HandFed
from tests.support.kept_local_workers import KeptLocalWorkers
from tests.support.own_workers import definition

LOG = [
    '{"event":"starts ledger:team for redis://127.0.0.1:6379/0","level":"info",'
    '"timestamp":"2026-03-02T08:00:00Z"}',
    "loading 3 models",
    '{"agents":["ledger_agent"],"pid":4182}',
    '{"agent":"ledger_agent","context_id":"c-1","event":"run began","level":"info",'
    '"timestamp":"2026-03-02T08:00:04.120Z"}',
    '{"event":"model failed\\nfake line","level":"warning","attempt":2,'
    '"timestamp":"2026-03-02T08:00:05Z"}',
    "plain \u202eevil\x1b[31m",
    '{"event":"run failed","level":"error","timestamp":"2026-03-02T08:00:06Z",'
    '"exception":"Traceback\\nValueError: no"}',
]
LEDGER = definition("Ledger", target="ledger:team", keep_running=True, secrets=("API_KEY",))
WARD = definition("Ward", target="ward.agents:runner", environment={"LOG_LEVEL": "debug"})


def standing(one: WorkerDefinition, state: LocalWorkerState, **values: object) -> LocalWorker:
    """A worker that has stood so for five minutes."""
    return LocalWorker(
        definition=one,
        state=state,
        since_ms=NOW_MS - 300_000,
        **values,  # type: ignore[arg-type]
    )


def two(fed: HandFed) -> HandFed:
    """One runs, one has failed."""
    fed.desk.local_workers.logs[LEDGER.id] = list(LOG)
    running = standing(
        LEDGER,
        LocalWorkerState.RUNNING,
        pid=4182,
        broker=ADDRESS,
        agents=("ledger_agent",),
        restarts=1,
    )
    title = "It could not import the module ward."
    failed = standing(WARD, LocalWorkerState.FAILED, title=title, hint="Look at its folder.\n" * 9)
    return fed.feed(LocalWorkersChanged((running, failed)))


@pytest.fixture
def asked(fed: HandFed) -> KeptLocalWorkers:
    """What the window asks for."""
    return fed.desk.local_workers


@pytest.fixture
def window(fed: HandFed, qtbot: QtBot) -> LocalWorkersPanel:
    """The window of the workers, with two of them."""
    two(fed)
    panel = LocalWorkersPanel(fed.store, fed.bridge, fed.desk.local_workers, fed.clock)
    return open_page(panel, qtbot, USUAL.toTuple())


def write(window: LocalWorkersPanel, **texts: str) -> None:
    """Write into fields of the form, in the place of what stands there."""
    for name, text in texts.items():
        field = see(window, f"local.{name}", QLineEdit)
        field.selectAll()
        QTest.keyClicks(field, text)


def log_of(window: LocalWorkersPanel) -> WorkerLogView:
    return see(window, "local.log", WorkerLogView)


def test_the_agents_page_says_what_is_wrong_and_leads_there(fed: HandFed, qtbot: QtBot) -> None:
    """The window of the workers opens beside it."""
    page = open_page(AgentsPage(fed.store, fed.bridge, fed.desk, fed.clock), qtbot)
    two(fed)
    page.show_place(Place.HERE)
    assert "Ward: It could not import the module ward." in words_in(page)
    click(page, "agents.local_manage")

    panel = see(page, "local.panel", LocalWorkersPanel)
    assert panel.isWindow()
    qtbot.waitUntil(panel.isActiveWindow)
    assert keys_of(see(panel, "local.list", RowList)) == [LEDGER.id, WARD.id, DEMO_ID]
    QTest.keyClick(panel, Qt.Key.Key_Escape)
    assert not panel.isVisible()


def test_a_worker_shows_how_it_stands(window: LocalWorkersPanel) -> None:
    """Where, as what, for how long; why it failed, with what it said."""
    assert f"ledger:team  ·  {LEDGER.folder}  ·  process 4182  ·  for 5m" in words_in(window)
    assert "started again once" in words_in(window)
    choose(see(window, "local.list", RowList), WARD.id)

    assert see(window, "local.words", QLabel).text() == "It could not import the module ward."
    assert is_seen(window, "local.hint")


def test_what_can_be_done_now_can_be_pressed_now(
    window: LocalWorkersPanel, fed: HandFed, asked: KeptLocalWorkers
) -> None:
    """Stop, and then end at once; start again when it is gone."""
    start, restart, stop = (
        see(window, f"local.{name}", ActionButton) for name in ("start", "restart", "stop")
    )

    def can() -> tuple[bool, bool, bool]:
        return start.isEnabled(), restart.isEnabled(), stop.isEnabled()

    assert can() == (False, True, True)
    click(window, "local.restart")
    click(window, "local.stop")
    fed.feed(LocalWorkersChanged((standing(LEDGER, LocalWorkerState.STOPPING, pid=1),)))
    assert (can(), stop.text()) == ((False, False, True), "End at once")
    click(window, "local.stop")
    fed.feed(LocalWorkersChanged((standing(LEDGER, LocalWorkerState.STOPPED),)))
    assert (can(), stop.text()) == ((True, False, False), "Stop")
    click(window, "local.start")

    assert [order for order, _ in asked.asked] == ["restart", "stop", "stop", "start"]


def test_a_worker_of_another_broker_is_told_apart(window: LocalWorkersPanel, fed: HandFed) -> None:
    """Its agents are not those in the main window."""
    assert not is_seen(window, "local.other_broker")
    other = standing(LEDGER, LocalWorkerState.RUNNING, pid=1, broker="redis://other:6379/0")
    fed.feed(LocalWorkersChanged((other,)))

    assert "It serves redis://other:6379/0, not" in see(window, "local.other_broker", QLabel).text()


def test_removing_is_asked_about(window: LocalWorkersPanel, asked: KeptLocalWorkers) -> None:
    """And the question is forgotten when somebody looks elsewhere."""
    click(window, "local.remove")
    choose(see(window, "local.list", RowList), WARD.id)
    choose(see(window, "local.list", RowList), LEDGER.id)
    assert asked.asked == []
    press(window, "Remove")
    press(window, "Remove for good")

    assert asked.asked == [("remove", LEDGER.id)]


# -- the log -------------------------------------------------------------------------------------


def test_the_log_is_readable_and_honest(window: LocalWorkersPanel, qtbot: QtBot) -> None:
    """Times, levels and events; what others print as it is; nothing hidden, no fake line."""
    text = log_of(window).toPlainText()
    lines = text.split("\n")

    assert lines[1] == "loading 3 models"
    assert lines[2] == "listens as ledger_agent (process 4182)"
    assert lines[3] == "08:00:04 info    run began  agent=ledger_agent context_id=c-1"
    assert lines[4] == "08:00:05 warning model failed\\nfake line  attempt=2"
    assert lines[5] == "plain ⟨U+202E RLO⟩evil⟨U+001B ESC⟩[31m"
    assert lines[6:] == ["08:00:06 error   run failed", "    Traceback", "    ValueError: no"]
    click(window, "local.copy_log")
    assert QGuiApplication.clipboard().text() == text


def test_the_end_of_the_log_is_followed_until_the_reader_goes_back(
    window: LocalWorkersPanel, asked: KeptLocalWorkers, qtbot: QtBot
) -> None:
    """Then it stays where it is, until Follow is pressed."""
    log, follow = log_of(window), see(window, "local.follow", ActionButton)
    asked.logs[LEDGER.id] += [f"line {number}" for number in range(500)]
    qtbot.waitUntil(lambda: log.toPlainText().endswith("line 499"))
    assert log.is_at_end
    assert follow.isChecked()

    log.verticalScrollBar().setValue(100)
    asked.logs[LEDGER.id].append("the last line")
    qtbot.waitUntil(lambda: log.toPlainText().endswith("the last line"))
    assert log.verticalScrollBar().value() == 100
    assert not follow.isChecked()
    click(window, "local.follow")
    assert log.is_at_end
    assert follow.isChecked()


def test_a_long_log_never_holds_the_window_up(
    window: LocalWorkersPanel, asked: KeptLocalWorkers, qtbot: QtBot
) -> None:
    """Twelve thousand lines, and lines as long as there may be: a part at each look."""
    log = log_of(window)
    asked.logs[LEDGER.id] += [LOG[3]] * 12_000 + ["x" * 4_000] * 100 + ["done"]
    before = log.blockCount()
    began = time.process_time()
    log.look()
    spent = time.process_time() - began

    assert 0 < log.blockCount() - before <= 200
    assert spent < 0.5  # with room for a busy machine; a part takes about 10 ms
    while not log.toPlainText().endswith("done"):
        log.look()
    assert log.blockCount() > 12_000


def test_another_worker_has_another_log(
    window: LocalWorkersPanel, asked: KeptLocalWorkers, qtbot: QtBot
) -> None:
    """Also after a change of the theme."""
    asked.logs[WARD.id] = ["I am ward"]
    choose(see(window, "local.list", RowList), WARD.id)
    assert log_of(window).toPlainText() == "I am ward"
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply_theme(app, Theme.DARK)

    assert log_of(window).toPlainText() == "I am ward"


# -- the form ------------------------------------------------------------------------------------


def test_a_worker_is_added(
    window: LocalWorkersPanel, asked: KeptLocalWorkers, fed: HandFed, tmp_path: Path
) -> None:
    """With a secret, which is not part of the definition; then it is looked at."""
    click(window, "local.add")
    write(window, name="Clerk", target="clerk:runner", folder=str(tmp_path))
    click(window, "local.add_variable")
    write(window, variable_name="OPENAI_API_KEY", variable_value="sk-1")
    assert see(window, "local.variable_secret", QCheckBox).isChecked()
    assert see(window, "local.variable_value", QLineEdit).echoMode() is QLineEdit.EchoMode.Password
    see(window, "local.with_console", QCheckBox).click()
    click(window, "local.save")

    ((order, kept, secrets),) = asked.asked
    assert isinstance(kept, WorkerDefinition)
    assert (order, kept.name, kept.target, kept.folder) == (
        "keep",
        "Clerk",
        "clerk:runner",
        str(tmp_path),
    )
    assert (kept.secrets, kept.with_console, kept.environment) == (("OPENAI_API_KEY",), True, {})
    assert secrets == {"OPENAI_API_KEY": "sk-1"}
    known = fed.store.local_workers
    fed.feed(LocalWorkersChanged((*known, standing(kept, LocalWorkerState.STOPPED))))
    assert see(window, "local.title", QLabel).text() == "Clerk"


def test_what_is_wrong_is_said_at_its_field(
    window: LocalWorkersPanel, asked: KeptLocalWorkers
) -> None:
    """What nobody has written yet is not blamed before Save is pressed."""
    click(window, "local.add")
    write(window, name="ledger", target="os.system")
    assert see(window, "local.name_error", QLabel).text() == "Another worker has this name."
    assert "MODULE:ATTRIBUTE" in see(window, "local.target_error", QLabel).text()
    assert not is_seen(window, "local.folder_error")
    click(window, "local.save")

    assert see(window, "local.folder_error", QLabel).text() == "Choose one."
    assert see(window, "local.name", QLineEdit).hasFocus()
    assert asked.asked == []
    write(window, name="Clerk")
    assert not is_seen(window, "local.name_error")


def test_a_change_leaves_secrets_that_were_not_entered_again(
    window: LocalWorkersPanel, asked: KeptLocalWorkers
) -> None:
    """They are in the keyring, and never come back into a field."""
    click(window, "local.edit")
    assert see(window, "local.name", QLineEdit).text() == "Ledger"
    assert see(window, "local.variable_value", QLineEdit).text() == ""
    write(window, name="Ledger two")
    click(window, "local.save")

    ((_, kept, secrets),) = asked.asked
    assert isinstance(kept, WorkerDefinition)
    assert (kept.id, kept.name, kept.secrets) == (LEDGER.id, "Ledger two", ("API_KEY",))
    assert secrets == {}


def test_escape_leaves_the_form_and_changes_nothing(
    window: LocalWorkersPanel, asked: KeptLocalWorkers
) -> None:
    """The window stays."""
    click(window, "local.edit")
    write(window, name="Other")
    QTest.keyClick(window, Qt.Key.Key_Escape)

    assert asked.asked == []
    assert see(window, "local.title", QLabel).text() == "Ledger"


def test_without_workers_there_is_the_demo(
    fed: HandFed, qtbot: QtBot, asked: KeptLocalWorkers
) -> None:
    """It is watched like the others, but neither changed nor removed."""
    asked.logs[DEMO_ID] = ["the demo says"]
    panel = LocalWorkersPanel(fed.store, fed.bridge, fed.desk.local_workers, fed.clock)
    window = open_page(panel, qtbot, SMALLEST.toTuple())
    assert log_of(window).toPlainText() == "the demo says"
    assert not is_seen(window, "local.edit")
    assert not is_seen(window, "local.remove")
    fed.demo(DemoState.RUNNING, "4 demo agents are running")
    click(window, "local.restart")
    assert asked.asked == [("restart", DEMO_ID)]
    click(window, "local.add")

    assert is_seen(window, "local.name")


# -- looks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [False, True])
def test_every_control_has_a_name_and_a_ring(
    window: LocalWorkersPanel, qtbot: QtBot, *, form: bool
) -> None:
    """The keyboard alone is enough."""
    if form:
        click(window, "local.edit")

    assert unnamed_or_without_ring(window, qtbot) == []


@pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])
@pytest.mark.parametrize("size", [SMALLEST.toTuple(), USUAL.toTuple()])
@pytest.mark.parametrize("scene", ["running", "failed", "form"])
def test_pictures_of_the_window(
    window: LocalWorkersPanel,
    theme: Theme,
    size: tuple[int, int],
    scene: str,
    dressed: QApplication,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Nothing is cut off; the pictures are kept for a person."""
    window.resize(*size)
    apply_theme(dressed, theme)
    if scene == "failed":
        choose(see(window, "local.list", RowList), WARD.id)
    elif scene == "form":
        click(window, "local.edit")
        write(window, target="my-agents:team", folder="/nowhere")
    QApplication.processEvents()
    shown = window.grab()

    assert cut_off(window) == []
    folder = tmp_path_factory.getbasetemp()
    assert shown.save(str(folder / f"local-{scene}-{theme}-{size[0]}.png"))
    assert shown.toImage().pixelColor(size[0] - 4, size[1] - 4) in [
        QColor(tokens().bg),
        QColor(tokens().panel),
    ]
