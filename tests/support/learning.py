"""Facts as the engine would tell them, for tests of what the console makes of them.

The only place where tests number entries by hand.
"""

from __future__ import annotations

from desktop.engine.summaries import summarise
from desktop.store import facts
from desktop.store.records import Link, LinkState, RequestKey, Summary
from desktop.store.store import Store
from tests.support import scenes
from workers.wire.approvals import DecisionKind, Receipt
from workers.wire.codec import encode_event
from workers.wire.events import Event

#: When the first entry of a test arrived, in ms since the epoch.
START_MS = 1_772_442_900_000
KEY = RequestKey(scenes.CONTEXT, scenes.CALL)


def seen(*events: Event, first: int = 0, live: bool = True) -> list[facts.Fact]:
    """The events as entries of their streams, one second apart; `first` numbers the first.

    Their transcripts are open, so everything is told.

    Args:
        live: they arrive now; else they were there before the console looked.
    """
    batch: list[facts.Fact] = [
        facts.TranscriptRead(context_id, reaches_start=True)
        for context_id in dict.fromkeys(event.context_id for event in events)
    ]
    known: dict[str, Summary] = {}
    for number, event in enumerate(events):
        entry_id = f"{START_MS + (first + number) * 1000}-0"
        batch += arrived(event, entry_id, known, live=live)
    return batch


def arrived(
    event: Event, entry_id: str, known: dict[str, Summary], *, live: bool = True
) -> list[facts.Fact]:
    """What the engine tells when an entry of an open transcript arrives.

    Args:
        known: the summaries so far, by context; the new one is put there.
    """
    context_id = event.context_id
    try:
        data = encode_event(event)
    except RecursionError:
        data = b""  # nested too deeply to be sent; a list has nothing to say of it
    known[context_id] = summarise(context_id, [(entry_id, data)], known.get(context_id))
    seen_event = facts.EventSeen(context_id, entry_id, event, live)
    return [seen_event, facts.ContextsSeen((known[context_id],))]


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
