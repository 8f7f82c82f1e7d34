"""What may be asked of the signing session, and when a passphrase is needed first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from desktop.actions.passphrases import strength
from desktop.actions.ports import Lock, Unlock
from desktop.actions.signing import SigningActions, signer_of
from desktop.settings import Person, Settings, SigningRule
from desktop.store.facts import SigningChanged
from desktop.store.signing import Identity, Signing, SigningState
from desktop.store.store import Store
from tests.support.outbox import KeptOutbox

ROSA = Identity("r.mora", "Rosa Mora", ("treasury",))
OPEN = Signing(SigningState.OPEN, ROSA)


def actions(signing: Signing) -> SigningActions:
    """Of a desk whose signing stands so."""
    store = Store()
    store.apply([SigningChanged(signing)])
    return SigningActions(store, KeptOutbox())


@pytest.mark.parametrize(
    ("rule", "fresh", "ordinary", "high_risk"),
    [
        (SigningRule.FIRST, False, False, False),
        (SigningRule.ABOVE, False, False, True),
        (SigningRule.ABOVE, True, False, False),
        (SigningRule.EVERY, False, True, True),
        (SigningRule.EVERY, True, False, False),
    ],
)
def test_the_rule_says_when_the_passphrase_is_needed(
    rule: SigningRule, fresh: bool, ordinary: bool, high_risk: bool
) -> None:
    """While the session is open; a locked key always needs it."""
    desk = actions(replace(OPEN, rule=rule, fresh=fresh))
    assert desk.needs_passphrase() is ordinary
    assert desk.needs_passphrase(high_risk=True) is high_risk
    assert actions(replace(OPEN, state=SigningState.LOCKED, rule=rule)).needs_passphrase()


def test_where_nothing_can_be_signed_it_is_said_why() -> None:
    """And no passphrase is asked for."""
    nobody = actions(Signing())
    refusal = nobody.why_not()
    assert refusal is not None
    assert refusal.title == "You have no signing key here."
    assert not nobody.needs_passphrase()
    assert not nobody.has_passphrase
    gone = actions(Signing(SigningState.UNAVAILABLE, ROSA, title="It is gone.", hint="Wait."))
    refusal = gone.why_not()
    assert refusal is not None
    assert (refusal.title, refusal.hint) == ("It is gone.", "Wait.")
    assert not gone.needs_passphrase()
    assert gone.has_passphrase
    assert actions(OPEN).why_not() is None


def test_the_demos_people_are_never_asked() -> None:
    """Their keys open by themselves."""
    demo = actions(Signing(SigningState.LOCKED, replace(ROSA, bundled=True)))
    assert not demo.needs_passphrase(high_risk=True)
    assert not demo.has_passphrase


def test_orders_leave_and_hide_the_passphrase() -> None:
    """Whatever prints them."""
    outbox = KeptOutbox()
    desk = SigningActions(Store(), outbox)
    desk.unlock("secret words", to_sign=False)
    desk.lock("idle")
    assert outbox.orders == [Unlock("secret words", to_sign=False), Lock("idle")]
    assert "secret" not in repr(outbox.orders)


def test_the_settings_say_who_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    """With their registry; while the demo is followed, with the demo's."""
    rosa = Person("r.mora", "Rosa Mora")
    chosen = Settings(reviewer_id=rosa.id, reviewer_name=rosa.name, signers=(rosa,), trust="/t")
    own = signer_of(chosen)
    assert (own.person, own.trust, own.bundled) == (rosa, Path("/t"), None)
    demo = signer_of(chosen, trust=Path("/demo"), bundled="second-reviewer")
    assert (demo.person.id, demo.trust, demo.bundled) == (
        "second-reviewer", Path("/demo"), Path("/demo/reviewers")
    )  # fmt: skip
    monkeypatch.setenv("SIGNOFF_TRUST", "/elsewhere")
    assert signer_of(chosen).trust == Path("/elsewhere")


@pytest.mark.parametrize(
    ("passphrase", "words", "allowed", "good"),
    [
        ("", "", False, False),
        ("seven77", "Too short", False, False),
        ("abababababab", "Too simple", False, False),
        ("Rosa in the garden", "your name", True, False),
        ("elevenwords", "several words", True, False),
        ("a boat on a lake", "Good.", True, True),
        ("correct horse battery staple", "Strong.", True, True),
    ],
)
def test_a_new_passphrase_is_judged(passphrase: str, words: str, allowed: bool, good: bool) -> None:
    """In words; what is bad for sure is refused."""
    found = strength(passphrase, known=("r.mora", "Rosa"))
    assert words in found.words
    assert (found.allowed, found.good) == (allowed, good)
