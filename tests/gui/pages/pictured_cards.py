"""What the card of a signed request shows when its picture is taken: a function for each scene.

The only place that leads a window to them.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QPlainTextEdit, QScrollBar
from pytestqt.qtbot import QtBot

from desktop.audit.places import HINT
from desktop.store.facts import AuditChanged
from desktop.store.record import AuditHealth, AuditStanding
from desktop.store.signing import Meaning, SigningState
from desktop.views.main_window import MainWindow
from desktop.views.parts.fitting_area import FittingArea
from tests.gui.pages.approving import read_on
from tests.gui.pages.seeing import click, lay_out, see
from tests.gui.pages.signed import (
    KEY,
    PAYMENT,
    ROSA,
    SECRETS,
    asks_signed,
    broken,
    claims,
    policy,
    signs,
    vote,
    votes,
)
from tests.support.hand_fed import HandFed
from workers.wire.approvals import DecisionKind, Outcome, PolicyTerms
from workers.wire.canonical import JSON

Stage = tuple[MainWindow, HandFed, QtBot]
Scene = Callable[[Stage], None]


def opened(stage: Stage, terms: PolicyTerms | None = None, args: JSON = None) -> None:
    """A request that takes two signatures, at the desk of one who can give one."""
    window, fed, qtbot = stage
    signs(fed).tell(asks_signed(terms, args), seconds_ago=75)
    window.open_request(KEY)
    qtbot.waitUntil(lambda: not window.approvals.card.decision.is_holding)
    read_on(window, qtbot)


def card_bar(stage: Stage) -> QScrollBar:
    """What scrolls the card."""
    area = stage[0].approvals.card.findChild(FittingArea)
    assert isinstance(area, FittingArea)
    return area.verticalScrollBar()


def to_the_arguments(stage: Stage) -> None:
    """The arguments at the top."""
    lay_out()
    body = stage[0].approvals.card.arguments
    holder = body.parentWidget()
    assert holder is not None
    card_bar(stage).setValue(holder.y() - 8)


def card_masked(stage: Stage) -> None:
    """Card, patient and account hidden; odd letters and a trailing space marked."""
    opened(stage, policy(1), SECRETS)
    to_the_arguments(stage)


def card_revealed(stage: Stage) -> None:
    """One of them asked for."""
    opened(stage, policy(1), SECRETS)
    stage[0].approvals.card._body.reveals.reveal("/card_number")
    stage[0].approvals.card._body.reveals.reveal("/patient/mrn")
    to_the_arguments(stage)


def card_exact(stage: Stage) -> None:
    """The bytes that the digest covers."""
    opened(stage, policy(1), {"recipient": "ACME\u200b Ltd", "amount": 41825})
    click(stage[0], "request.exact_open")
    lay_out()


def card_votes(stage: Stage) -> None:
    """One of two has signed, somebody else looks at it; a meaning is to be chosen."""
    opened(stage, policy(meanings=("approval", "responsibility"), reason=True))
    claims(votes(stage[1], vote()))
    see(stage[0], "request.approve_reason", QPlainTextEdit).setPlainText("Matched the order.")


def card_signed(stage: Stage) -> None:
    """The reviewer's own signature waits for another."""
    opened(stage)
    votes(stage[1], vote(ROSA.name, who_id=ROSA.id))


def card_change(stage: Stage) -> None:
    """Another reviewer's change waits."""
    opened(stage)
    edited: JSON = {**PAYMENT, "amount": 4182.5}
    author = vote("Dana Reyes", DecisionKind.EDIT, Meaning.AUTHORSHIP, edited=edited)
    votes(stage[1], author)
    read_on(stage[0], stage[2])
    to_the_arguments(stage)


def card_broken(stage: Stage) -> None:
    """The request is not what its worker signed."""
    opened(stage)
    broken(stage[1])


def card_dwell(stage: Stage) -> None:
    """It has to be read a little longer."""
    opened(stage, policy(1, dwell=30))


def card_disk_full(stage: Stage) -> None:
    """Nothing can be recorded: stopping the call is all that is left."""
    opened(stage, policy(1))
    title = "The audit log cannot be written: the disk is full."
    hint = "Make room on the disk of the audit log."
    stage[1].feed(AuditChanged(AuditStanding(AuditHealth.UNWRITABLE, title, f"{hint} {HINT}")))


def card_prompt(stage: Stage) -> None:
    """The passphrase first."""
    opened(stage, policy(1))
    signs(stage[1], ROSA, SigningState.LOCKED)
    stage[2].waitUntil(lambda: not stage[0].approvals.card.decision.is_holding)
    click(stage[0], "request.approve")
    lay_out()


def card_closed(stage: Stage) -> None:
    """Somebody else decided."""
    opened(stage, policy(1))
    stage[1].now_ms += 2_000
    stage[1].decide(KEY, Outcome.EXECUTED, reviewer="Dana Reyes")


SCENES: tuple[Scene, ...] = (
    card_masked,
    card_revealed,
    card_exact,
    card_votes,
    card_signed,
    card_change,
    card_broken,
    card_dwell,
    card_disk_full,
    card_prompt,
    card_closed,
)
