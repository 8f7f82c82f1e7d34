"""The card of a signed request: explained before the click, signed, told to the others."""

from __future__ import annotations

from datetime import datetime

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit
from pytestqt.qtbot import QtBot

from desktop.actions.alerts import alert_for
from desktop.actions.ports import Unlock
from desktop.audit.entries import AuditKind
from desktop.qtmodels.wording import request_row
from desktop.settings import Theme
from desktop.store.facts import DecisionJoined, SigningChanged
from desktop.store.signing import Identity, Meaning, Signing, SigningState
from desktop.views.approvals.reject_panel import CANNED, OTHER
from desktop.views.main_window import MainWindow
from desktop.views.parts.banner import Banner
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.choice_box import ChoiceBox
from desktop.views.parts.value_box import ValueBox
from desktop.views.theme import apply_theme
from tests.gui.pages.approving import read_on
from tests.gui.pages.card_opening import Clock, Opener, can, opener, settle, text
from tests.gui.pages.seeing import (
    click,
    cut_off,
    is_seen,
    press,
    see,
    unnamed_or_without_ring,
)
from tests.gui.pages.signed import (
    CARD_NUMBER,
    KEY,
    PAYMENT,
    ROSA,
    SECRETS,
    asks_signed,
    broken,
    claims,
    digest_of,
    policy,
    signs,
    vote,
    votes,
)
from tests.support.hand_fed import HandFed
from tests.support.scenes import asks
from workers.wire.approvals import DecisionKind, Mode, Outcome
from workers.wire.canonical import JSON


@pytest.fixture
def clock() -> Clock:
    """What the card measures reading with."""
    return Clock()


@pytest.fixture
def open_card(fed: HandFed, qtbot: QtBot, clock: Clock) -> Opener:
    """Opens the card of a request that has just arrived."""
    return opener(fed, qtbot, clock)


class TestPolicy:
    def test_who_is_needed_and_who_has_signed(self, open_card: Opener, fed: HandFed) -> None:
        """Before the click, and as it changes."""
        signs(fed)
        card = open_card(asks_signed(policy(2)))
        assert text(card, "request.needs") == "2 reviewers in the role treasury\n0 of 2: nobody yet"
        votes(fed, vote())
        signed = datetime.fromtimestamp(vote().at_ms / 1000).astimezone()
        assert f"1 of 2: Dana Reyes, {signed:%Y-%m-%d %H:%M}" in text(card, "request.needs")
        assert text(card, "request.signer") == "You sign as Rosa Mora, treasury"

    @pytest.mark.parametrize(
        ("identity", "why"),
        [
            (Identity("m.okafor", "M. Okafor", ("treasury",)), "You asked for this"),
            (Identity("r.mora", "Rosa Mora", ("clinic",)), "takes the role treasury"),
        ],
    )
    def test_who_may_not_is_told_why(
        self, open_card: Opener, fed: HandFed, identity: Identity, why: str
    ) -> None:
        """The requester, and whoever has another role; both may reject."""
        signs(fed, identity)
        card = open_card(asks_signed())
        assert not can(card, "request.approve")
        assert why in card.decision.why_not.text()
        assert can(card, "request.reject")

    def test_a_signature_that_waits_is_told(self, open_card: Opener, fed: HandFed) -> None:
        """It is in, and how many more are needed; nobody signs twice."""
        signs(fed)
        card = open_card(asks_signed())
        click(card, "request.approve")
        votes(fed, vote(ROSA.name, who_id=ROSA.id))
        [order] = fed.outbox.decisions
        fed.feed(DecisionJoined(KEY, order.nonce))
        assert text(card, "request.outcome") == "Your signature is in. 1 more is needed."
        assert not can(card, "request.approve")

    def test_one_person_can_try_what_takes_two_of_the_demos_people(
        self, open_card: Opener, fed: HandFed, qtbot: QtBot
    ) -> None:
        """The other one signs next, after reading it anew; nobody is offered a second time."""
        one = Identity("demo-reviewer", "Demo Reviewer", ("treasury",), bundled=True)
        two = Identity("second-reviewer", "Second Reviewer", ("treasury",), bundled=True)
        fed.feed(SigningChanged(Signing(SigningState.OPEN, one, (two,))))
        card = open_card(asks_signed())
        votes(fed, vote(one.name, who_id=one.id))
        assert not can(card, "request.approve")
        with qtbot.waitSignal(card.signer_wanted) as wanted:
            click(card, "request.other_signer")
        assert wanted.args == [two.id]
        fed.feed(SigningChanged(Signing(SigningState.OPEN, two, (one,))))
        assert text(card, "request.signer") == "You sign as Second Reviewer, treasury"
        assert card.decision.is_holding
        settle(card, qtbot)
        assert can(card, "request.approve")
        assert not is_seen(card, "request.other_signer")

    def test_real_people_sign_for_themselves_alone(self, open_card: Opener, fed: HandFed) -> None:
        """Another person's key on the same computer is not offered on the card."""
        other = Identity("d.reyes", "Dana Reyes", ("treasury",))
        fed.feed(SigningChanged(Signing(SigningState.OPEN, ROSA, (other,))))
        card = open_card(asks_signed())
        assert text(card, "request.signer") == "You sign as Rosa Mora, treasury"
        assert not is_seen(card, "request.other_signer")

    def test_the_meaning_is_chosen_where_there_is_a_choice(
        self, open_card: Opener, fed: HandFed
    ) -> None:
        """And signed."""
        signs(fed)
        card = open_card(asks_signed(policy(1, meanings=("approval", "responsibility"))))
        box = see(card, "request.meaning", ChoiceBox)
        box.setCurrentIndex(1)
        click(card, "request.approve")
        [order] = fed.outbox.decisions
        assert order.statement is not None
        assert order.statement.meaning is Meaning.RESPONSIBILITY

    def test_a_required_reason_is_asked_for_and_signed(
        self, open_card: Opener, fed: HandFed
    ) -> None:
        """Nothing can be approved without it."""
        signs(fed)
        card = open_card(asks_signed(policy(1, reason=True)))
        assert not can(card, "request.approve")
        assert "asks for a reason" in card.decision.why_not.text()
        see(card, "request.approve_reason", QPlainTextEdit).setPlainText("Matched the order.")
        click(card, "request.approve")
        [order] = fed.outbox.decisions
        assert order.statement is not None
        assert order.statement.comment == "Matched the order."

    def test_the_time_that_is_left_is_counted(self, open_card: Opener, fed: HandFed) -> None:
        """A late decision does not count."""
        signs(fed)
        card = open_card(asks_signed(policy(1), expires_at="2026-03-02T09:20:00Z"))
        assert text(card, "request.expiry") == "Expires in 4 min 55 s"
        fed.now_ms += 295_000
        card._on_second()
        assert text(card, "request.expiry") == "Expired: a decision does not count any more"

    def test_another_reviewers_change_is_shown_and_approved_as_such(
        self, open_card: Opener, fed: HandFed, qtbot: QtBot
    ) -> None:
        """Old and new; what is signed is the change."""
        signs(fed)
        card = open_card(asks_signed())
        edited: JSON = {**PAYMENT, "amount": 4182.5}
        digest = digest_of(fed, edited)
        author = vote(
            "Dana Reyes", DecisionKind.EDIT, Meaning.AUTHORSHIP, edited=edited, digest=digest
        )
        votes(fed, author)
        settle(card, qtbot)
        boxes = [box.toPlainText() for box in card._body.changes.findChildren(ValueBox)]
        assert boxes == ["41825", "4182.5"]
        read_on(card, qtbot)
        press(card, "Approve change")
        [order] = fed.outbox.decisions
        assert order.statement is not None
        assert order.statement.decision is DecisionKind.EDIT
        assert order.statement.meaning is Meaning.APPROVAL
        assert order.statement.edited_args_digest == digest


class TestOthers:
    def test_opening_a_request_claims_it_and_leaving_gives_it_back(
        self, open_card: Opener, fed: HandFed
    ) -> None:
        """In the name under which this desk signs."""
        signs(fed)
        card = open_card(asks_signed())
        card.hide()
        assert [(claim.by_name, claim.on) for claim in fed.outbox.claims] == [
            ("Rosa Mora", True),
            ("Rosa Mora", False),
        ]

    def test_a_console_that_only_looks_claims_nothing(
        self, open_card: Opener, fed: HandFed
    ) -> None:
        """It writes nothing to the broker; its own log says that it was opened."""
        fed.read_only()
        card = open_card(asks())
        card.hide()
        assert fed.outbox.claims == []
        assert [note.entry.kind for note in fed.outbox.notes] == [AuditKind.REQUEST_OPENED]

    def test_somebody_else_who_looks_is_named(self, open_card: Opener, fed: HandFed) -> None:
        """Until their claim ends."""
        signs(fed)
        card = open_card(asks_signed())
        claims(fed)
        assert text(card, "request.claim") == "Dana Reyes is looking at this"
        fed.now_ms += 31_000
        card._on_second()
        assert not is_seen(card, "request.claim")

    def test_who_decided_and_when(self, open_card: Opener, fed: HandFed) -> None:
        """On every desk, a moment later."""
        signs(fed)
        card = open_card(asks_signed())
        fed.now_ms += 2_000
        fed.decide(KEY, Outcome.EXECUTED, reviewer="Dana Reyes")
        assert text(card, "request.decided") == "Decided by Dana Reyes, 2 s ago"
        assert not is_seen(card, "request.needs")

    def test_a_request_that_its_worker_did_not_sign_is_not_approved(
        self, open_card: Opener, fed: HandFed
    ) -> None:
        """Red, and refused; it can be rejected."""
        signs(fed)
        card = open_card(asks_signed())
        broken(fed)
        assert card.findChild(Banner).title() == "This request is not what its worker signed."
        assert not can(card, "request.approve")
        assert can(card, "request.reject")

        fed.decide(KEY, Outcome.EXECUTED, reviewer="Dana Reyes")
        assert card.findChild(Banner).isHidden(), "its key may have been revoked since"

    def test_a_worker_that_verifies_no_signature_is_warned_of(self, open_card: Opener) -> None:
        """It runs what anybody could have decided."""
        card = open_card(asks(mode=Mode.BOUND))
        assert card.findChild(Banner).title() == "This worker does not verify signatures."


class TestSigning:
    def test_the_passphrase_is_asked_for_on_the_card(
        self, open_card: Opener, fed: HandFed, qtbot: QtBot
    ) -> None:
        """After the click; the decision leaves once it was right."""
        signs(fed, ROSA, SigningState.LOCKED)
        card = open_card(asks_signed(policy(1)))
        click(card, "request.approve")
        assert fed.outbox.decisions == []
        field = see(card, "sign.field", QLineEdit)
        field.setText("an invented passphrase")
        QTest.keyClick(field, Qt.Key.Key_Return)
        assert any(isinstance(order, Unlock) for order in fed.outbox.orders)
        settle(card, qtbot)
        fed.feed(SigningChanged(Signing(SigningState.OPEN, ROSA, unlocks=1, fresh=True)))
        assert [order.key for order in fed.outbox.decisions] == [KEY]
        assert text(card, "request.outcome").startswith("Your decision is on its way.")

    def test_whoever_does_not_sign_decides_nothing(self, open_card: Opener, fed: HandFed) -> None:
        """Back to the buttons."""
        signs(fed, ROSA, SigningState.LOCKED)
        card = open_card(asks_signed(policy(1)))
        click(card, "request.approve")
        assert not is_seen(card, "request.approve")
        click(card, "sign.cancel")
        assert is_seen(card, "request.approve")
        assert fed.outbox.decisions == []


def test_reasons_to_reject_are_at_hand(open_card: Opener, fed: HandFed, qtbot: QtBot) -> None:
    """From a list or in one's own words; both reach the agent as text."""
    card = open_card(asks())
    click(card, "request.reject")
    for words in CANNED:
        press(card, words)
    press(card, OTHER)
    field = see(card, "request.reason", QPlainTextEdit)
    assert field.toPlainText() == ""
    QTest.keyClicks(field, "The order is from last year.")
    press(card, "Duplicate")
    qtbot.waitUntil(see(card, "request.confirm_reject", ActionButton).isEnabled)
    click(card, "request.confirm_reject")
    [order] = fed.outbox.decisions
    assert isinstance(order.payload, dict)
    assert order.payload["message"] == "The order is from last year.\nDuplicate"


@pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])
@pytest.mark.parametrize("width", [300, 388, 540])
def test_nothing_is_cut_off_and_everything_is_named(
    open_card: Opener, fed: HandFed, dressed: QApplication, qtbot: QtBot, theme: Theme, width: int
) -> None:
    """With masks, marks, bytes, a choice, a reason and votes."""
    apply_theme(dressed, theme)
    signs(fed)
    card = open_card(asks_signed(policy(meanings=("approval", "review"), reason=True), SECRETS))
    votes(fed, vote())
    card.resize(width, 1_400)
    click(card, "request.exact_open")
    settle(card, qtbot)
    assert cut_off(card) == []
    assert unnamed_or_without_ring(card, qtbot) == []


@pytest.mark.parametrize("words", [CARD_NUMBER, "<b>Ada</b>", "\u202e737", "a\nb", "%s{0}"])
def test_no_content_leaves_the_card(
    fed: HandFed, open_card: Opener, qtbot: QtBot, words: str
) -> None:
    """Neither the window's title, nor a notification, nor what names the card tells a value."""
    args: JSON = {"card": words, words: "patient", "patient": words}
    card = open_card(asks(action=f"pay {words}" if words != CARD_NUMBER else "pay", args=args))
    assert "4111" not in card.accessibleName()
    window = MainWindow(
        fed.store, fed.bridge, fed.approvals, fed.conversations, fed.desk, fed.clock
    )
    qtbot.addWidget(window)
    assert window.windowTitle() == "(1) Signoff"
    alert = alert_for(fed.store.waiting_risks, in_front=False)
    assert alert is not None
    assert alert.title == "A call waits for your decision"
    assert alert.body == "High risk. Open Signoff to look at it."
    [request] = fed.store.requests()
    assert "4111" not in request_row(request, fed.now_ms).subtitle
