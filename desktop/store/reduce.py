"""How each fact changes what is known.

The only place that says which function gives a kind of fact its meaning. Each of them says in
`Changes` what it touched.
"""

from __future__ import annotations

from typing import assert_never

from desktop.store import asking, facts, listing, reading
from desktop.store.changes import Changes
from desktop.store.evidence import Sending
from desktop.store.state import State


def apply(state: State, fact: facts.Fact, changes: Changes) -> None:
    """Change the state by one fact, and note what changed."""
    match fact:
        case facts.EventSeen():
            reading.see_event(state, fact, changes)
        case facts.UnreadableSeen():
            reading.see_unreadable(state, fact, changes)
        case facts.TokenSeen():
            reading.see_token(state, fact, changes)
        case facts.TranscriptRead():
            reading.read_page(state, fact, changes)
        case facts.TranscriptClosed():
            reading.close(state, fact, changes)
        case facts.GapSeen():
            reading.see_gap(state, fact, changes)
        case _:
            _apply_to_requests(state, fact, changes)


def _apply_to_requests(
    state: State, fact: facts.OfRequests | facts.OfContexts | facts.OfDesk, changes: Changes
) -> None:
    """What is known of requests beside the events that ask."""
    match fact:
        case facts.ReceiptSeen():
            asking.hear_receipt(state, fact.receipt, changes)
        case facts.InterruptsRemoved():
            asking.miss(state, fact, changes)
        case facts.DecisionSending():
            sending = Sending(fact.kind, fact.nonce, by=fact.by, edited=fact.edited)
            asking.send(state, fact.key, sending, changes)
        case facts.DecisionLeft():
            asking.left(state, fact, changes)
        case facts.DecisionNotSent():
            asking.not_sent(state, fact, changes)
        case facts.DecisionJoined():
            asking.joined(state, fact, changes)
        case facts.VotesSeen() | facts.ClaimSeen() | facts.ProofSeen():
            asking.see(state, fact, changes)
        case _:
            _apply_to_list(state, fact, changes)


def _apply_to_list(state: State, fact: facts.OfContexts | facts.OfDesk, changes: Changes) -> None:
    """What is known of contexts as a whole."""
    match fact:
        case facts.ContextsSeen():
            listing.see_contexts(state, fact, changes)
        case facts.ContextReset():
            listing.reset_context(state, fact, changes)
            changes.void[fact.context_id] = fact.title
        case facts.Forgotten():
            listing.forget(state, fact, changes)
            changes.void[""] = fact.title
        case facts.CaughtUp():
            listing.catch_up(state, fact, changes)
        case facts.MessageSending():
            listing.message_sending(state, fact, changes)
        case facts.MessageNotSent():
            listing.message_not_sent(state, fact, changes)
        case _:
            _apply_to_desk(state, fact, changes)


def _apply_to_desk(state: State, fact: facts.OfDesk, changes: Changes) -> None:
    """What is known of the desk itself and of who is on the broker."""
    match fact:
        case facts.LinkChanged():
            state.link = fact.link
            changes.link = True
        case facts.SurveyChanged():
            state.survey = fact.survey
            changes.link = True
        case facts.AgentsSeen():
            state.agent_names, state.workers = fact.agents, fact.workers
            state.monitor.hear(fact.workers)
            changes.agents = True
        case facts.DemoChanged():
            state.demo = fact.demo
            changes.demo = True
        case facts.LocalWorkersChanged():
            state.local_workers = fact.workers
            changes.local_workers = True
        case facts.ReadOnlyChanged():
            state.read_only = fact.read_only
            changes.read_only = changes.link = True
        case (
            facts.MonitorSeen() | facts.RepairSending() | facts.RepairDone() | facts.RepairNotDone()
        ):
            state.monitor.apply(fact)
            changes.monitor = True
        case facts.HaltsSeen() | facts.HaltSaid():
            _apply_to_halts(state, fact, changes)
        case facts.SearchFound():
            if fact.found.number >= state.found.number and fact.found != state.found:
                state.found = fact.found
                changes.found = True
        case facts.MemoryChanged():
            state.memory = fact.memory
            changes.memory = True
        case (
            facts.ReviewersSeen()
            | facts.SigningChanged()
            | facts.ClockSeen()
            | facts.AuditFound()
            | facts.AuditEntryOpened()
            | facts.AuditChanged()
        ):
            _apply_to_record(state, fact, changes)
        case _:
            assert_never(fact)


def _apply_to_halts(state: State, fact: facts.HaltsSeen | facts.HaltSaid, changes: Changes) -> None:
    """Which calls are halted."""
    match fact:
        case facts.HaltsSeen():
            state.halts = fact.halts
        case facts.HaltSaid():
            state.halts_said[fact.scope] = fact.state
    changes.halts = True


def _apply_to_record(
    state: State,
    fact: facts.ReviewersSeen
    | facts.SigningChanged
    | facts.ClockSeen
    | facts.AuditFound
    | facts.AuditEntryOpened
    | facts.AuditChanged,
    changes: Changes,
) -> None:
    """Who signs, here and elsewhere, and the record of it."""
    match fact:
        case facts.ReviewersSeen():
            asking.name_reviewers(state, fact.names, changes)
        case facts.SigningChanged():
            state.signing = fact.signing
            changes.signing = True
        case facts.ClockSeen():
            state.clock = fact.clock
            changes.signing = True
        case facts.AuditFound():
            if fact.page.number >= state.audit_page.number:
                state.audit_page = fact.page
                changes.record = True
        case facts.AuditEntryOpened():
            state.audit_opened = fact.opened
            changes.record = True
        case facts.AuditChanged():
            state.audit_standing = fact.standing
            changes.record = True
