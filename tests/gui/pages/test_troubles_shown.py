"""Which widget of the window says what is wrong: a table of what the engine tells.

That the engine tells it of real files and clocks is in `tests.integration.engine.test_refusals`.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from desktop.audit.entries import AuditKind, happened
from desktop.audit.log import AuditUnavailable
from desktop.engine.recorder import Recorder
from desktop.store.clock import Clock
from desktop.store.facts import AuditChanged, ClockSeen, Fact, HaltsSeen, SigningChanged
from desktop.store.halts import Halt, Halts
from desktop.store.local_records import DemoState
from desktop.store.record import AuditHealth, AuditStanding
from desktop.store.signing import Identity, Signing, SigningState
from desktop.views.main_window import SMALLEST, USUAL, MainWindow
from desktop.views.page import Page
from desktop.views.parts.banner import Banner
from desktop.views.parts.buttons import ActionButton
from desktop.views.status_line import PressableState
from tests.gui.pages.approving import read_on
from tests.gui.pages.seeing import is_seen, lay_out, open_page, see
from tests.gui.pages.signed import KEY, ROSA, asks_signed, policy, signs
from tests.support.broken_logs import LOGS
from tests.support.hand_fed import HandFed
from workers.wire.approvals import DecisionKind

STRANGER: Final = Identity("r.mora", "Rosa Mora", (), "key-1")
REVOKED: Final = Signing(
    SigningState.OPEN,
    STRANGER,
    registry_trouble="The key of the signer has been revoked.",
    registry_hint="Ask whoever administers the registry for the present one.",
)
FULL: Final = AuditStanding(
    AuditHealth.UNWRITABLE, "The audit log cannot be written: no space.", "Rejecting still works."
)
TAMPERED: Final = AuditStanding(AuditHealth.TAMPERED, "The audit log was cut.", "Verify it.")
GONE: Final = Signing(
    SigningState.UNAVAILABLE, ROSA, title="The keyring is locked.", hint="Open it."
)
NO_KEY: Final = Signing(SigningState.NO_KEY)
FAST: Final = Clock(180_000)

#: What is told; what the card says of it; whether the call can still be stopped; and on which page
#: and in which widget it stands beside that.
TROUBLES: Final[dict[str, tuple[Fact, str, bool, Page, str]]] = {
    "registry": (
        SigningChanged(REVOKED), "has been revoked", False, Page.SETTINGS, "identity.trouble"
    ),
    "keyring": (
        SigningChanged(GONE), "keyring is locked", False, Page.SETTINGS, "identity.trouble"
    ),
    "no key": (SigningChanged(NO_KEY), "no signing key", False, Page.SETTINGS, "identity.state"),
    "log full": (AuditChanged(FULL), "no space", True, Page.AUDIT, "audit.standing"),
    "log cut": (AuditChanged(TAMPERED), "was cut", True, Page.AUDIT, "audit.standing"),
    "clock": (ClockSeen(FAST), "3 min ahead of", True, Page.APPROVALS, "clock.state"),
}  # fmt: skip


@pytest.fixture
def window(fed: HandFed, qtbot: QtBot, short_guard: None) -> MainWindow:
    """Rosa has read a request, and could approve it."""
    signs(fed)
    fed.tell(asks_signed(policy(1)), seconds_ago=75)
    made = MainWindow(fed.store, fed.bridge, fed.approvals, fed.conversations, fed.desk, fed.clock)
    open_page(made, qtbot, (USUAL.width(), USUAL.height()))
    qtbot.waitUntil(made.isActiveWindow)
    made.approvals.open_request(KEY)
    lay_out()
    read_on(made, qtbot)
    qtbot.waitUntil(lambda: see(made, "request.approve", ActionButton).isEnabled())
    return made


@pytest.mark.parametrize("name", TROUBLES)
def test_what_is_wrong_is_on_the_card_and_where_it_can_be_mended(
    window: MainWindow, fed: HandFed, name: str
) -> None:
    """The open card changes at once: approve is off, and says why and what to do."""
    fact, words, may_reject, page, widget = TROUBLES[name]
    fed.feed(fact)
    lay_out()
    assert not see(window, "request.approve", ActionButton).isEnabled()
    assert see(window, "request.reject", ActionButton).isEnabled() is may_reject
    refusal = fed.approvals.why_not(KEY, DecisionKind.APPROVE)
    assert refusal is not None
    assert refusal.hint
    told = see(window, "request.why_not", QLabel).text()
    assert words in told
    assert refusal.hint in told

    window.show_page(page)
    lay_out()
    assert is_seen(window, widget)
    assert fed.outbox.decisions == []


@pytest.mark.parametrize("name", LOGS)
def test_a_log_that_cannot_be_written_is_on_the_card_and_on_every_page(
    window: MainWindow, fed: HandFed, tmp_path: Path, name: str
) -> None:
    """As the recorder finds a real file; what stops the call is on offer all the time."""
    make, words = LOGS[name]
    log = tmp_path / "audit" / "decisions.sqlite"
    log.parent.mkdir()
    with make(log):
        fed.feed(*asyncio.run(_told_of(log)))
    lay_out()
    assert not see(window, "request.approve", ActionButton).isEnabled()
    assert see(window, "request.reject", ActionButton).isEnabled()
    refusal = fed.approvals.why_not(KEY, DecisionKind.APPROVE)
    assert refusal is not None
    assert words in refusal.title
    told = see(window, "request.why_not", QLabel).text()
    assert refusal.title in told
    assert refusal.hint in told

    line = see(window, "audit.state", PressableState)
    assert "nothing is approved" in line.accessibleName()
    assert refusal.title in line.accessibleDescription()
    line.pressed.emit()
    lay_out()
    assert is_seen(window, "audit.standing")
    assert see(window, "audit.banner", Banner).title() == refusal.title
    fed.feed(AuditChanged(AuditStanding(AuditHealth.FINE)))
    assert not is_seen(window, "audit.state")


def test_what_nothing_is_approved_for_is_read_whole_in_a_narrow_window(
    window: MainWindow, fed: HandFed
) -> None:
    """What else stands in that line makes room: the link, the demo, who signs."""
    fed.demo(DemoState.RUNNING, "4 demo agents are running, on a port of their own")
    window.resize(SMALLEST)
    for fact in (ClockSeen(FAST), AuditChanged(FULL), HaltsSeen(Halts((Halt("all"),)))):
        fed.feed(fact)
    lay_out()
    assert window.width() == SMALLEST.width()
    for name in ("clock.state", "audit.state", "halts.state"):
        state = see(window, name, PressableState)
        assert state.width() >= state.sizeHint().width(), state.text()
        assert state.text() in state.toolTip()


async def _told_of(log: Path) -> list[AuditChanged]:
    """What the engine's recorder tells of a log when somebody sits down at it."""
    told: list[AuditChanged] = []
    recorder = Recorder(log, None, told.append)
    with suppress(AuditUnavailable):
        await recorder.note(happened(AuditKind.SESSION_STARTED))
    await recorder.close()
    return told


def test_a_clock_that_is_off_is_said_before_it_is_wrong(window: MainWindow, fed: HandFed) -> None:
    """At the lower edge of every page; it goes when the clock is right."""
    assert not is_seen(window, "clock.state")
    fed.feed(ClockSeen(Clock(-3_400)))
    line = see(window, "clock.state", PressableState)
    assert "Clock off by 3 s" in line.accessibleName()
    assert "behind the broker's" in line.accessibleDescription()
    assert see(window, "request.approve", ActionButton).isEnabled()
    fed.feed(ClockSeen(FAST))
    assert "beyond" not in line.accessibleDescription()
    fed.feed(ClockSeen(Clock(40)))
    assert not is_seen(window, "clock.state")
    assert see(window, "request.approve", ActionButton).isEnabled()
