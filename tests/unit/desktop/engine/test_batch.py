"""The order in which facts leave the engine: what is void leaves before what holds."""

from __future__ import annotations

from desktop.engine.batch import Batch
from desktop.store.facts import CaughtUp
from desktop.store.records import ContextStatus, Summary
from desktop.store.store import Store


def _told(context_id: str) -> Summary:
    return Summary(context_id, "treasury_agent", ContextStatus.RUNNING, 1, as_of="1-1", entries=1)


def test_a_conversation_that_begins_just_when_all_has_been_read_stays_in_the_list() -> None:
    """Both leave at once; what was found by then says nothing of what began after it."""
    store, batch = Store(), Batch(lambda: None)
    batch.see(_told("c-there"))
    batch.divide(CaughtUp(frozenset({"c-there"})))
    batch.see(_told("c-new"))
    store.apply(batch.take())

    assert {row.context_id for row in store.contexts()} == {"c-there", "c-new"}
