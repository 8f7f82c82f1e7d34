"""Calls and questions of every kind that a reviewer can be asked, invented; one context for each.

The only place that words them for pages and their pictures.
"""

from __future__ import annotations

from desktop.store.records import RequestKey
from tests.gui.pages.morning import TRANSFER
from tests.support.hand_fed import HandFed
from tests.support.scenes import asks, asks_again, hosted_asks, progress, with_members
from workers.wire.approvals import DecisionKind
from workers.wire.canonical import JSON
from workers.wire.events import Event, ProgressType

SCHEMA: JSON = {
    "type": "object",
    "$defs": {"Currency": {"enum": ["EUR", "USD", "CHF"], "type": "string"}},
    "properties": {
        "from_account": {"type": "string", "description": "The account that pays."},
        "recipient": {"type": "string", "minLength": 2},
        "amount": {"type": "number", "exclusiveMinimum": 0},
        "currency": {"$ref": "#/$defs/Currency"},
        "reference": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "urgent": {"type": "boolean"},
    },
    "required": ["from_account", "recipient", "amount", "currency"],
}
DESCRIPTION = "Transfer money from one of our accounts to a payee."
BATCH: dict[str, JSON] = {
    "action_requests": [
        {"name": "send_email", "args": {"to": "ops@harbour.example", "copies": 2}},
        {"name": "delete_record", "args": {"patient": "P-10442"}},
    ],
    "review_configs": [
        {"action_name": "send_email", "allowed_decisions": ["approve", "edit", "reject"]},
        {"action_name": "delete_record", "allowed_decisions": ["approve", "reject", "respond"]},
    ],
}
ONE_CALL: dict[str, JSON] = {
    "action_requests": [{"name": "send_email", "args": {"to": "ops", "copies": 2}}],
    "review_configs": [
        {"action_name": "send_email", "allowed_decisions": ["approve", "edit", "respond"]}
    ],
}
INBOX: dict[str, JSON] = {
    "action_request": {"action": "book_room", "args": {"room": "Blue", "hours": 2}},
    "config": {
        "allow_accept": True,
        "allow_ignore": True,
        "allow_edit": True,
        "allow_respond": True,
    },
}
QUESTIONS: dict[str, JSON] = {
    "type": "ask_user",
    "questions": [
        {"question": "Which account is to pay?", "type": "text"},
        {
            "question": "How urgent is it?",
            "type": "multiple_choice",
            "choices": [{"value": "today"}, {"value": "this week"}],
        },
        {
            "question": "Who is to be told?",
            "type": "multi_select",
            "choices": [{"value": "Finance"}, {"value": "The payee"}],
            "required": False,
        },
    ],
}
PLAN: dict[str, JSON] = {
    "ask": "Which plan is to be booked?",
    "response_schema": {
        "type": "object",
        "properties": {
            "plan": {"enum": ["small", "large"], "description": "Both can be cancelled."},
            "seats": {"type": "integer", "minimum": 1},
            "note": {"type": "string"},
        },
        "required": ["plan", "seats"],
    },
}
FREE: dict[str, JSON] = {"ask": "What is to become of the order?"}


def ours(event: Event) -> Event:
    """A call of our own gate says what its arguments are."""
    return with_members(event, args_schema=SCHEMA, description=DESCRIPTION)


def transfer(context_id: str) -> Event:
    """A transfer of our own gate, which takes every decision."""
    return ours(asks(args={**TRANSFER}, context_id=context_id, allowed=tuple(DecisionKind)))


def transfer_in_doubt(context_id: str) -> Event:
    """The same, started once, outcome unknown."""
    return ours(asks_again(args={**TRANSFER}, context_id=context_id))


def bare(value: dict[str, JSON], context_id: str) -> Event:
    """The question of a worker of the base package, which tells no interrupt id."""
    return progress({**value}, context_id=context_id, kind=ProgressType.INTERRUPT)


def ask(fed: HandFed, event: Event) -> RequestKey:
    """Let it arrive. Returns the key of its request."""
    before = set(fed.keys())
    fed.tell(event)
    [key] = set(fed.keys()) - before
    return key


def hosted(fed: HandFed, value: dict[str, JSON], context_id: str = "c-hosted") -> RequestKey:
    """Let the question of a hosted graph arrive."""
    return ask(fed, hosted_asks(value, context_id=context_id, agent="office_agent"))
