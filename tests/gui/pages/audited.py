"""What the audit page shows when its picture is taken: one function for each scene.

The only place that leads a window to them; the log is `recorded`.
"""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from desktop.store.facts import AuditChanged
from desktop.store.record import AuditHealth, AuditStanding
from desktop.views.main_window import MainWindow
from desktop.views.page import Page
from desktop.views.parts.list_view import RowList
from tests.gui.pages.recorded import NOBODY_DECIDED, PAID
from tests.gui.pages.seeing import choose, click, is_seen, see
from tests.support.hand_fed import HandFed

Stage = tuple[MainWindow, HandFed, QtBot]


def audit(stage: Stage) -> None:
    """The record of a morning, a decision opened."""
    window = stage[0]
    window.show_page(Page.AUDIT)
    stage[2].waitUntil(lambda: is_seen(window, "audit.list"))
    choose(see(window, "audit.list", RowList), PAID)


def audit_finding(stage: Stage) -> None:
    """What ran without a decision."""
    audit(stage)
    choose(see(stage[0], "audit.list", RowList), NOBODY_DECIDED)


def audit_export(stage: Stage) -> None:
    """A file is about to be written."""
    audit(stage)
    click(stage[0], "audit.export")


def audit_tampered(stage: Stage) -> None:
    """The log is not what was written."""
    audit(stage)
    title = "The audit log has been tampered with, or is damaged."
    hint = "Nothing is approved here until it is intact. Keep the file, and put back a copy."
    found = ("Entry 3: It is not what was recorded.", "Entry 4: It does not follow the one before.")
    standing = AuditStanding(AuditHealth.TAMPERED, title, hint, size=11, found=found)
    stage[1].feed(AuditChanged(standing))


def audit_nothing(stage: Stage) -> None:
    """Nothing is as somebody looked for."""
    window = stage[0]
    window.show_page(Page.AUDIT)
    see(window, "audit.search", QLineEdit).setText("a payment that nobody asked for")
    stage[2].waitUntil(lambda: is_seen(window, "audit.nothing"))


AUDIT_SCENES = (audit, audit_finding, audit_export, audit_tampered, audit_nothing)
