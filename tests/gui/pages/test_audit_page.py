"""The audit page: what an auditor finds, opens and is warned of."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from desktop.actions.ports import ExportAudit, ExportFormat, VerifyAudit
from desktop.audit.entries import AuditKind
from desktop.store.record import AuditHealth, AuditStanding
from desktop.views.audit.page import AuditLogPage
from desktop.views.parts.arguments_view import ArgumentsView
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.list_view import RowList
from desktop.views.parts.search_field import SearchField
from tests.gui.pages.recorded import (
    NOBODY_DECIDED,
    PAID,
    PAID_RAN,
    REJECTED,
    UNANSWERED,
    UNSIGNED,
    Recorded,
    morning_log,
)
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
from tests.support.hand_fed import HandFed


@pytest.fixture
def recorded(fed: HandFed, tmp_path: Path) -> Iterator[Recorded]:
    """A morning's log, read for whoever asks."""
    path = tmp_path / "audit" / "log.sqlite"
    with closing(Recorded(fed, path, morning_log(path))) as told:
        yield told


@pytest.fixture
def page(fed: HandFed, recorded: Recorded, qtbot: QtBot) -> AuditLogPage:
    """The page in the active window."""
    made = AuditLogPage(fed.store, fed.bridge, fed.audit, fed.clock)
    open_page(made, qtbot)
    qtbot.waitUntil(lambda: is_seen(made, "audit.list"))
    return made


def entries_of(page: AuditLogPage) -> list[object]:
    """Numbers of the entries listed, from top to bottom."""
    return keys_of(see(page, "audit.list", RowList))


def pick(page: AuditLogPage, name: str, words: str) -> None:
    """Choose from a box as a person does."""
    box = see(page, name, QComboBox)
    box.setCurrentIndex(box.findText(words))
    box.activated.emit(box.currentIndex())
    lay_out()


def test_findings_stand_first(page: AuditLogPage) -> None:
    """What ran undecided, was taken unsigned or was never answered; then the newest first."""
    assert entries_of(page) == [10, 9, 8, 11, 7, 6, 5, 4, 3, 2, 1]
    assert {UNSIGNED, NOBODY_DECIDED, UNANSWERED} == set(entries_of(page)[:3])
    assert see(page, "audit.count", QLabel).text() == "11 entries, 3 to look at"

    press(page, "Findings only")
    lay_out()
    assert entries_of(page) == [10, 9, 8]


def test_a_decision_opens_as_the_reviewer_saw_it(
    page: AuditLogPage, fed: HandFed, qtbot: QtBot
) -> None:
    """Arguments masked as then, the signature block of 21 CFR 11.50, and what came of it."""
    choose(see(page, "audit.list", RowList), PAID)

    block = words_in(see(page, "audit.printed", QWidget))
    for words in (
        "Rosa Mora (r.mora)",
        "2026-03-02 07:45:05 UTC (2026-03-02 08:45:05 +01:00)",
        "approval",
        "treasurer",
        "payments@3",
    ):
        assert words in block
    args = see(page, "audit.args", ArgumentsView)
    assert args.value_box("to").toPlainText() == "ACME Tools Ltd"
    assert "DE8937" not in args.value_box("iban").toPlainText()
    came = see(page, "audit.came", QLabel).text()
    assert "The worker took the decision." in came
    assert came.endswith("The worker ran the call.")
    assert fed.outbox.notes == []


def test_a_hidden_value_is_shown_only_with_a_note(page: AuditLogPage, fed: HandFed) -> None:
    """The note says where it stands and in which entry, never what it is."""
    choose(see(page, "audit.list", RowList), PAID)
    press(page, "Show")

    assert "DE89" in see(page, "audit.args", ArgumentsView).value_box("iban").toPlainText()
    [note] = fed.outbox.notes
    assert (note.entry.kind, note.entry.revealed) == (AuditKind.VALUE_REVEALED, ("/iban",))
    assert (note.entry.request_id, note.entry.detail) == ("1" * 32, "in entry 2 of the log")
    assert "DE89" not in repr(note)

    page.hide()
    kinds = [note.entry.kind for note in fed.outbox.notes]
    assert kinds == [AuditKind.VALUE_REVEALED, AuditKind.VALUE_HIDDEN]


@pytest.mark.parametrize(
    ("box", "words", "numbers"),
    [
        ("audit.person", "Lee Park", [9]),
        ("audit.tool", "send_record", [7, 6]),
        ("audit.agent", "records_agent", [7, 6]),
        ("audit.outcome", "Rejected", [7, 6]),
        ("audit.outcome", "Executed", [9, 5]),
    ],
)
def test_entries_are_found_by_what_they_are_about(
    page: AuditLogPage, box: str, words: str, numbers: list[int]
) -> None:
    """Each box narrows the list."""
    pick(page, box, words)
    assert entries_of(page) == numbers


def test_entries_are_found_by_words_and_by_time(
    page: AuditLogPage, fed: HandFed, qtbot: QtBot
) -> None:
    """An id that somebody pasted; and nothing of yesterday is of today."""
    field = see(page, "audit.search", SearchField)
    field.setText("call-2")
    qtbot.waitUntil(lambda: entries_of(page) == [7, 6])
    field.setText("nobody says that")
    qtbot.waitUntil(lambda: is_seen(page, "audit.nothing"))
    press(page, "Clear filters")
    qtbot.waitUntil(lambda: is_seen(page, "audit.list"))

    fed.now_ms += 24 * 3600 * 1000
    press(page, "Today")
    qtbot.waitUntil(lambda: is_seen(page, "audit.nothing"))


def test_what_ran_without_a_decision_says_what_to_do(page: AuditLogPage) -> None:
    """A finding opens with its hint; the entries of its request lead to each other."""
    choose(see(page, "audit.list", RowList), NOBODY_DECIDED)
    finding = see(page, "audit.finding", QLabel).text()
    assert finding.startswith("It ran, and no decision on it is in this log.")
    assert "Ask whoever runs the worker" in finding

    choose(see(page, "audit.list", RowList), PAID_RAN)
    press(page, next(b.text() for b in page.findChildren(ActionButton)
                     if b.text().startswith("Decision: Approved")))  # fmt: skip
    assert see(page, "audit.list", RowList).current_row() == entries_of(page).index(PAID)


def test_a_tampered_log_is_told_in_red(
    page: AuditLogPage, recorded: Recorded, fed: HandFed, qtbot: QtBot
) -> None:
    """With what follows from it; verifying tells how far it is, and ends with a result."""
    click(page, "audit.verify")
    assert VerifyAudit() in fed.outbox.orders
    recorded.stand(AuditStanding(AuditHealth.FINE, verifying=True, verified_so_far=4000))
    qtbot.waitUntil(
        lambda: see(page, "audit.standing", QLabel).text() == "Verifying: 4,000 entries so far"
    )
    assert not see(page, "audit.verify", ActionButton).isEnabled()

    title = "The audit log has been tampered with, or is damaged."
    recorded.stand(
        AuditStanding(AuditHealth.TAMPERED, title, "Put back a copy.", found=("Entry 3: gone.",))
    )
    qtbot.waitUntil(lambda: is_seen(page, "audit.banner"))
    assert title in words_in(see(page, "audit.banner", QWidget))
    assert see(page, "audit.found", QLabel).text() == "Entry 3: gone."


def test_what_is_found_is_exported(page: AuditLogPage, fed: HandFed, recorded: Recorded) -> None:
    """With the filters that are set, in the form and to the file that were chosen."""
    pick(page, "audit.tool", "send_record")
    click(page, "audit.export")
    pick(page, "audit.format", "PDF: signature blocks, to read and print")
    path = see(page, "audit.path", QLineEdit)
    assert path.text().endswith("signoff-audit-2026-03-02.pdf")
    click(page, "audit.write")

    [order] = [order for order in fed.outbox.orders if isinstance(order, ExportAudit)]
    assert (order.query.tool, order.kind, order.path) == (
        "send_record",
        ExportFormat.PDF,
        path.text(),
    )
    recorded.stand(AuditStanding(exported="2 decisions are in the file."))
    lay_out()
    assert see(page, "audit.exported", QLabel).text() == "2 decisions are in the file."


def test_a_log_that_cannot_be_read_says_so(fed: HandFed, tmp_path: Path, qtbot: QtBot) -> None:
    """None at all, and one that is no database."""
    with closing(Recorded(fed, tmp_path / "none.sqlite")):
        page = open_page(AuditLogPage(fed.store, fed.bridge, fed.audit, fed.clock), qtbot)
        assert "There is no audit log yet." in words_in(see(page, "audit.nothing", QWidget))
    damaged = tmp_path / "damaged.sqlite"
    damaged.write_bytes(b"no database at all" * 100)
    with closing(Recorded(fed, damaged)):
        press(page, "Findings only")
        lay_out()
        assert "cannot be read" in words_in(see(page, "audit.nothing", QWidget))


def test_nothing_recorded_is_held_while_nobody_looks(page: AuditLogPage, fed: HandFed) -> None:
    """A page that is hidden gives back what was opened."""
    choose(see(page, "audit.list", RowList), REJECTED)
    detail = fed.store.audit_opened.detail
    assert detail is not None
    assert detail.args == {"patient": "MRN 00412", "to": "b@x.example"}
    page.hide()
    assert fed.store.audit_opened.detail is None


def test_an_entry_that_was_overwritten_is_told(fed: HandFed, tmp_path: Path, qtbot: QtBot) -> None:
    """It stands among the findings, and opens without what it does not say."""
    path = tmp_path / "log.sqlite"
    keys = morning_log(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TRIGGER entry_is_final")
        connection.execute("UPDATE entry SET body = x'00' WHERE number = 5")
        connection.commit()
    with closing(Recorded(fed, path, keys)):
        page = open_page(AuditLogPage(fed.store, fed.bridge, fed.audit, fed.clock), qtbot)
        choose(see(page, "audit.list", RowList), PAID_RAN)
        assert "This entry cannot be read" in see(page, "audit.finding", QLabel).text()


@pytest.mark.parametrize("size", [SMALLEST_PAGE, (1420, 860)])
def test_every_control_can_be_reached_and_nothing_is_cut(
    page: AuditLogPage, qtbot: QtBot, size: tuple[int, int]
) -> None:
    """With the keyboard, with a ring, by a screen reader; also in the smallest window."""
    page.resize(*size)
    choose(see(page, "audit.list", RowList), PAID)
    click(page, "audit.export")
    lay_out()
    assert cut_off(page) == []
    assert unnamed_or_without_ring(page, qtbot) == []
