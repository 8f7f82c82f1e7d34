"""What facts say of contexts as the list shows them: which there are, and how they stand.

The only place that decides which of two summaries of one context counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeAlias

from desktop.store import facts
from desktop.store.changes import Changes
from desktop.store.halts import Halts
from desktop.store.records import Entry, EntryKind, Loss, Source, Summary
from desktop.store.state import State
from workers.wire.ids import HUMAN, StreamId, is_after

_SOURCES = (Source.CACHE, Source.INDEX, Source.STREAM)
_NOWHERE = StreamId(0, 0)
_Worth: TypeAlias = tuple[int, StreamId, int, int, str, str, str, int, str]


def see_contexts(state: State, fact: facts.ContextsSeen, changes: Changes) -> None:
    """Take in summaries; one that is worth less than what is known changes nothing."""
    for summary in fact.summaries:
        context_id = summary.context_id
        if summary.waiting and not state.caught_up and summary.source is not Source.STREAM:
            # The most that anybody says, whoever says it first; it holds until requests are known.
            told = state.indexed_waiting.get(context_id, 0)
            if summary.waiting > told:
                state.indexed_waiting[context_id] = summary.waiting
                changes.contexts.add(context_id)
        known = state.summaries.get(context_id)
        if known is None or _counts_more(summary, known):
            state.summaries[context_id] = summary
            state.addressed.pop(context_id, None)
            changes.contexts.add(context_id)


def _counts_more(summary: Summary, known: Summary) -> bool:
    """Whether it comes from a better source, or reads further."""
    if summary.source is known.source and summary.as_of and known.as_of:
        # Nearly always one lies behind the other, and there is nothing else to compare.
        if is_after(summary.as_of, known.as_of):
            return True
        if is_after(known.as_of, summary.as_of):
            return False
    return _worth(known) < _worth(summary)


def _worth(summary: Summary) -> _Worth:
    """What makes one summary count more than another: its source, then how far it reads.

    A stream with the same newest entry can only have lost others: fewer is the later word. The rest
    only decides between equals, so that the order in which they arrive does not matter.
    """
    return (
        _SOURCES.index(summary.source),
        StreamId.parse(summary.as_of) if summary.as_of else _NOWHERE,
        summary.last_activity_ms,
        # Up to the same entry there are only ever fewer: old ones are trimmed away.
        -summary.entries,
        summary.preview,
        summary.status,
        summary.agent,
        len(summary.note),  # of two, the one that says more
        summary.note,
    )


def reset_context(state: State, fact: facts.ContextReset, changes: Changes) -> None:
    """Forget what a stream held that has begun anew; who looks at it goes on looking."""
    if fact.is_gone:
        _lose(state, _read(state, (fact.context_id,)), changes)
    found = state.found
    if fact.context_id in found.earlier:
        earlier = {name: said for name, said in found.earlier.items() if name != fact.context_id}
        state.found = replace(found, earlier=earlier)
    docket = state.dockets.get(fact.context_id)
    changes.requests.update(docket.requests if docket else ())
    _drop(state, fact.context_id)
    if fact.context_id in state.transcripts:
        transcript = state.transcripts[fact.context_id]
        state.transcripts[fact.context_id] = type(transcript)(fact.context_id)
    changes.transcripts.add(fact.context_id)
    changes.contexts.add(fact.context_id)
    changes.agents = True


def forget(state: State, fact: facts.Forgotten, changes: Changes) -> None:
    """Another broker is followed, or this one was emptied: nothing known holds."""
    if fact.title:
        _lose(state, _read(state, state.summaries), changes, emptied=1)
    else:
        state.loss = Loss()
        changes.loss = True
    state.summaries.clear()
    state.indexed_waiting.clear()
    state.transcripts.clear()
    state.sending.clear()
    state.addressed.clear()
    state.dockets.clear()
    state.line_up.clear()
    state.agent_names, state.workers = (), ()
    state.monitor.forget()
    state.halts, state.halts_said = Halts(), {}
    state.caught_up = False
    changes.forgotten = changes.reset = changes.halts = True
    changes.agents = changes.monitor = True


def catch_up(state: State, fact: facts.CaughtUp, changes: Changes) -> None:
    """All is known now; what was not found there is gone."""
    state.caught_up = True
    changes.contexts.update(state.indexed_waiting)
    state.indexed_waiting.clear()  # the requests themselves are known
    known = {*state.summaries, *state.dockets, *state.transcripts}
    gone = [one for one in known if one not in fact.context_ids and one not in state.sending]
    _lose(state, _read(state, gone), changes)
    for context_id in gone:
        _drop(state, context_id)
        state.transcripts.pop(context_id, None)
    if gone:
        changes.reset = changes.agents = True


def _read(state: State, context_ids: Iterable[str]) -> int:
    """How many of these were read at the broker; what only others told of may never have been."""
    found = (state.summaries.get(context_id) for context_id in context_ids)
    return sum(one is not None and one.source is Source.STREAM for one in found)


def _lose(state: State, contexts: int, changes: Changes, *, emptied: int = 0) -> None:
    if contexts or emptied:
        state.loss = Loss(state.loss.emptied + emptied, state.loss.contexts + contexts)
        changes.loss = True


def _drop(state: State, context_id: str) -> None:
    state.summaries.pop(context_id, None)
    state.indexed_waiting.pop(context_id, None)
    docket = state.dockets.pop(context_id, None)
    for key in docket.requests if docket else ():
        state.line_up.drop(key)


def message_sending(state: State, fact: facts.MessageSending, changes: Changes) -> None:
    """This desk says something; it stands at the end until the broker shows it."""
    entry = Entry(
        "0-0",
        fact.at_ms,
        EntryKind.SENDING,
        HUMAN,
        fact.text,
        invocation_id=fact.invocation_id,
        to_human=True,
    )
    state.sending.setdefault(fact.context_id, {})[fact.invocation_id] = entry
    if fact.context_id not in state.summaries:
        state.addressed.setdefault(fact.context_id, fact.agent)
    _note(fact.context_id, changes)


def message_not_sent(state: State, fact: facts.MessageNotSent, changes: Changes) -> None:
    """It did not leave, and says so."""
    note = f"Not sent: {fact.title} {fact.hint}".rstrip()
    if annotate(state, fact.context_id, fact.invocation_id, note, failed=True):
        _note(fact.context_id, changes)


def annotate(
    state: State, context_id: str, invocation_id: str, note: str, *, failed: bool = False
) -> bool:
    """Say something of a message on its way. Returns whether there is such a message."""
    entry = state.sending.get(context_id, {}).get(invocation_id)
    if entry is None:
        return False
    state.sending[context_id][invocation_id] = replace(entry, note=note, failed=failed)
    return True


def message_arrived(state: State, context_id: str, invocation_id: str) -> None:
    """The broker shows it: it is on its way no longer."""
    sending = state.sending.get(context_id, {})
    sending.pop(invocation_id, None)
    if not sending:
        state.sending.pop(context_id, None)


def _note(context_id: str, changes: Changes) -> None:
    changes.contexts.add(context_id)
    changes.transcripts.add(context_id)
