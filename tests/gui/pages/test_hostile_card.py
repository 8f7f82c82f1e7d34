"""The card of a request whose policy asks for too much: it opens, and stays a card."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from tests.gui.pages.card_opening import Clock, can, opener, text
from tests.gui.pages.signed import asks_signed, policy, signs
from tests.support.hand_fed import HandFed
from tests.support.hostile import TERMS
from workers.wire.approvals import PolicyTerms


@pytest.mark.parametrize("terms", TERMS[1:4], ids=["roles", "groups", "hidden fields"])
def test_it_opens_at_once_and_can_be_rejected(
    fed: HandFed, qtbot: QtBot, terms: dict[str, Any]
) -> None:
    """Whatever is asked for stops neither the window nor the one answer that does no harm."""
    signs(fed)
    hostile = msgspec.convert({**msgspec.to_builtins(policy()), **terms}, PolicyTerms)
    began = time.process_time()
    card = opener(fed, qtbot, Clock())(asks_signed(hostile, {f"field{n}": n for n in range(300)}))

    assert can(card, "request.reject")
    assert len(text(card, "request.needs")) < 1000
    assert time.process_time() - began < 2
