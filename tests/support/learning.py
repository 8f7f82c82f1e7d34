"""Facts as the engine would tell them, for tests of what the console makes of them.

The only place where tests number entries by hand.
"""

from __future__ import annotations

from desktop.store import facts
from desktop.store.records import Link, LinkState, RequestKey
from desktop.store.store import Store
from tests.support import scenes
from workers.wire.approvals import DecisionKind, Receipt
from workers.wire.events import Event

#: When the first entry of a test arrived, in ms since the epoch.
START_MS = 1_772_442_900_000
KEY = RequestKey(scenes.CONTEXT, scenes.CALL)


def seen(*events: Event, first: int = 0) -> list[facts.Fact]:
    """The events as entries of their streams, one second apart; `first` numbers the first."""
    return [
        facts.EventSeen(event.context_id, f"{START_MS + (first + number) * 1000}-0", event)
        for number, event in enumerate(events)
    ]


def told(*receipts: Receipt) -> list[facts.Fact]:
    """The receipts, as read from their stream."""
    return [facts.ReceiptSeen(receipt) for receipt in receipts]


def sending(
    kind: DecisionKind = DecisionKind.APPROVE, nonce: str = scenes.NONCE, key: RequestKey = KEY
) -> facts.DecisionSending:
    """This desk has decided."""
    return facts.DecisionSending(key, kind, nonce)


def online_store(*batch: facts.Fact) -> Store:
    """A store that has caught up with a broker holding this."""
    store = Store()
    store.apply(batch)
    contexts = frozenset(context.context_id for context in store.contexts())
    store.apply([facts.CaughtUp(contexts), facts.LinkChanged(Link(LinkState.ONLINE, "Connected"))])
    return store
