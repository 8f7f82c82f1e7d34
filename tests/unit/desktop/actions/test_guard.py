"""Read-only mode lets pass what is known to read, and nothing else, whatever is added later."""

from __future__ import annotations

from typing import get_args

import pytest

from desktop.actions.guard import GuardedOutbox
from desktop.actions.ports import (
    AtThisDesk,
    DoRepair,
    OpenTranscript,
    Order,
    Reading,
    SayHalt,
    Search,
    SendDecision,
    SendMessage,
    TakeClaim,
    TellOtherDesks,
    Unlock,
    WatchMonitor,
)
from desktop.errors import NotAllowedNow
from desktop.store.facts import ReadOnlyChanged
from desktop.store.health import Repair, RepairKey
from desktop.store.store import Store
from tests.support.learning import KEY
from tests.support.outbox import KeptOutbox


def test_no_order_that_writes_leaves_a_read_only_console() -> None:
    """Looking is allowed; turned off again, everything is."""
    store, outbox = Store(), KeptOutbox()
    guarded = GuardedOutbox(outbox, store)
    message = SendMessage("c", "a", "hello", "i")
    repair = DoRepair(RepairKey(Repair.DISCARD, "a", "1-0"), "me")
    changes = store.apply([ReadOnlyChanged(read_only=True)])

    for order in (message, repair, TakeClaim(KEY, "me", "Me")):
        with pytest.raises(NotAllowedNow, match="read-only") as refused:
            guarded.post(order)
        assert refused.value.hint
    guarded.post(WatchMonitor(on=True))
    guarded.post(OpenTranscript("c"))
    guarded.post(Search("invoice", 1))
    guarded.post(Unlock("correct horse"))
    store.apply([ReadOnlyChanged(read_only=False)])
    guarded.post(message)

    assert changes.read_only
    assert outbox.watched == [True]
    assert outbox.orders == [
        OpenTranscript("c"),
        Search("invoice", 1),
        Unlock("correct horse"),
        message,
    ]


def test_only_named_orders_read() -> None:
    """A new order is refused until somebody says here that it only reads."""
    reading = {*get_args(Reading), Search, WatchMonitor, *get_args(AtThisDesk)}

    writing = {SendDecision, SendMessage, SayHalt, DoRepair, TakeClaim, TellOtherDesks}
    assert set(get_args(Order)) - reading == writing
