"""A notification says how much waits and how risky it is, and nothing that is nobody's business."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from desktop.actions.alerts import Alert, alert_for
from desktop.store.records import Risk
from tests.support import scenes
from tests.support.learning import online_store, seen, told


def _waiting(*risks: Risk) -> Mapping[Risk, int]:
    asked = [scenes.asks(call=f"call_{n}", risk=risk) for n, risk in enumerate(risks)]
    return online_store(*seen(*asked)).waiting_risks


@pytest.mark.parametrize(
    ("risks", "alert"),
    [
        (
            (Risk.HIGH,),
            Alert("A call waits for your decision", "High risk. Open Signoff to look at it.", True),
        ),
        (
            (Risk.LOW,),
            Alert(
                "A call waits for your decision", "No high risk. Open Signoff to look at it.", False
            ),
        ),
        (
            (Risk.LOW, Risk.HIGH, Risk.MEDIUM),
            Alert(
                "3 calls wait for a decision",
                "1 of them high risk. Open Signoff to look at it.",
                True,
            ),
        ),
    ],
)
def test_the_notification_counts_and_weighs(risks: tuple[Risk, ...], alert: Alert) -> None:
    """One sentence, one risk."""
    assert alert_for(_waiting(*risks), in_front=False) == alert


def test_it_names_nobody_and_shows_no_argument() -> None:
    """A lock screen is read by everybody who passes."""
    alert = alert_for(_waiting(Risk.HIGH), in_front=False)

    assert alert is not None
    said = f"{alert.title} {alert.body}"
    for secret in (scenes.AGENT, scenes.ACTION, scenes.CONTEXT, "ACME", "1250", "okafor"):
        assert secret not in said


def test_who_looks_at_the_window_is_not_told() -> None:
    """Nor is anybody when nothing waits any more."""
    assert alert_for(_waiting(Risk.HIGH), in_front=True) is None
    assert alert_for({}, in_front=False) is None
    decided = online_store(*seen(scenes.asks()), *told(scenes.receipt())).waiting_risks
    assert alert_for(decided, in_front=False) is None
