"""One decision that is not what it should be lets nothing run, and says why."""

from __future__ import annotations

import pytest

from tests.support.attack_target import Target
from tests.support.attacks import ALL, EDITED, Attack
from tests.support.registered import CALL, NOW, registry
from workers.wire.policy.demands import Demand
from workers.wire.policy.judging import Judgement, judge
from workers.wire.policy.votes import Standing
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.statements import DecisionStatement, PolicyName

TARGET = Target({}, NOW)
ONE = Demand(gated=True)
POLICY = PolicyName(id="payments", version=7)


def _judge(*envelopes: object) -> Judgement:
    return judge(
        envelopes, CALL, ONE, registry(), NOW, requester="m.okafor", policy=POLICY
    )  # fmt: skip


def test_the_decision_that_is_attacked_is_valid() -> None:
    """Else every attack would be refused for nothing."""
    assert _judge(TARGET.signed()).tally.standing is Standing.APPROVED


@pytest.mark.parametrize(("attack", "reason"), ALL.values(), ids=ALL)
def test_an_attack_is_refused_for_its_own_reason(attack: Attack, reason: Distrust) -> None:
    """The receipt tells an administrator what somebody tried."""
    with pytest.raises(NotTrusted) as caught:
        _judge(attack(TARGET))
    assert caught.value.reason is reason
    assert caught.value.title


def test_no_field_of_a_statement_was_forgotten() -> None:
    """A new field is attacked too, or this fails."""
    attacked = {name.partition(" ")[0].partition(".")[0] for name in EDITED}
    assert attacked == set(DecisionStatement.__struct_fields__)


def test_there_are_as_many_attacks_as_were_promised() -> None:
    """On one decision alone; those on several, on registries and on requests come on top."""
    assert len(ALL) >= 83
