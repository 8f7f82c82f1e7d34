"""Who looks at a request is in the record of their desk, as long as it is them."""

from __future__ import annotations

import pytest

from desktop.actions.ports import TakeClaim
from desktop.audit.entries import AuditEntry, AuditKind
from desktop.engine import claims as claims_module
from desktop.engine.claims import Claims
from desktop.engine.permission import Permission
from desktop.engine.trust import Trust
from desktop.engine.waiting import Waiting
from desktop.store.facts import EventSeen
from desktop.store.records import RequestKey
from tests.support import scenes
from workers.wire import keys
from workers.wire.streams.connection import Connection

KEY = RequestKey(scenes.CONTEXT, scenes.CALL)
ROSA = TakeClaim(KEY, "r.mora", "Rosa Mora")
LEE = TakeClaim(KEY, "l.park", "Lee Park")


class _Desk:
    """The claims of one desk, and what it wrote down."""

    def __init__(self) -> None:
        self.jotted: list[AuditEntry] = []
        waiting = Waiting(Trust(lambda _fact: None, self.jotted.append))
        waiting.see([EventSeen(scenes.CONTEXT, "1-1", scenes.asks())])
        [(self.name, _)] = waiting.open()
        self.permission = Permission()
        self.claims = Claims(waiting, self.permission, self.jotted.append)

    @property
    def kinds(self) -> list[AuditKind]:
        """What it wrote down."""
        return [one.kind for one in self.jotted]


async def test_a_claim_is_recorded_from_the_moment_it_is_one_s_own(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not while another holds it; and its end, also when another desk has it now."""
    monkeypatch.setattr(claims_module, "_RENEWED_SECONDS", 0.0)
    rosa, lee = _Desk(), _Desk()
    await rosa.claims.tell(ROSA, connection)
    await rosa.claims.tell(ROSA, connection)
    await lee.claims.tell(LEE, connection)
    [taken] = rosa.jotted
    assert (taken.kind, taken.actor.id) == (AuditKind.CLAIM_TAKEN, "r.mora")
    assert (taken.context_id, taken.request_id) == rosa.name
    assert lee.jotted == []

    await connection.client.delete(keys.claim(*rosa.name))  # its lease has ended
    await lee.claims.renew(connection)
    await rosa.claims.renew(connection)
    assert lee.kinds == [AuditKind.CLAIM_TAKEN]
    assert rosa.kinds == [AuditKind.CLAIM_TAKEN, AuditKind.CLAIM_ENDED]

    await lee.claims.tell(TakeClaim(KEY, "l.park", "Lee Park", on=False), connection)
    await rosa.claims.renew(connection)
    await rosa.claims.give_all_back(connection)
    assert lee.kinds == [AuditKind.CLAIM_TAKEN, AuditKind.CLAIM_ENDED]
    assert rosa.kinds == 2 * [AuditKind.CLAIM_TAKEN, AuditKind.CLAIM_ENDED]


async def test_a_desk_that_only_looks_from_now_on_lets_its_claims_end(
    connection: Connection,
) -> None:
    """It takes none, renews none and gives none back; its record says that it looks no more."""
    rosa = _Desk()
    await rosa.claims.tell(ROSA, connection)
    held = await connection.client.get(keys.claim(*rosa.name))
    rosa.permission.give(wanted=False)

    await rosa.claims.renew(connection)
    await rosa.claims.tell(ROSA, connection)
    await rosa.claims.give_all_back(connection)

    assert rosa.kinds == [AuditKind.CLAIM_TAKEN, AuditKind.CLAIM_ENDED]
    assert await connection.client.get(keys.claim(*rosa.name)) == held
