"""A morning at a desk, invented: what the pictures of the pages show.

Finance and a clinic; six conversations, five calls that wait, three that are decided.
"""

from __future__ import annotations

from desktop.store.records import RequestKey
from tests.support.hand_fed import HandFed
from tests.support.scenes import agent_says, asks, base_asks, human_says, tool_answers
from workers.wire.approvals import DecisionKind, Outcome, Risk
from workers.wire.canonical import JSON
from workers.wire.events import AgentProgress, Event

INVOICE, REFUND = "c-invoice-1187", "c-refund-batch-0302"
RECORD, DOSE = "c-record-P-10442", "c-dose-P-20981"
OUTSIDE, WEATHER = "c-partner-orders", "c-weather-utrecht"
TRANSFER: dict[str, JSON] = {
    "from_account": "OPS-1",
    "recipient": "Harbour Freight Ltd",
    "amount": 4182.5,
    "currency": "EUR",
    "reference": "Invoice 1187, second half",
    "urgent": False,
}
REPORT = """The invoice matches the delivery. What I checked:

| Check | Found | Verdict |
|---|---:|---|
| Order 5521 | 4,182.50 EUR | matches |
| Delivery note | 3 of 3 items | complete |
| Paid so far | 4,182.50 EUR | first half |

The second half is due today. I will call `transfer_funds`:

1. pay **4,182.50 EUR** from *OPS-1*
2. write the reference of the invoice
"""


def morning(fed: HandFed) -> HandFed:
    """Let it all arrive. The longest waiting call is the transfer for invoice 1187."""
    _invoice(fed)
    _record(fed)
    _dose(fed)
    _outside(fed)
    _refund(fed)
    _decided(fed)
    fed.serve("coordinator", "call_treasury_agent", note="scripted model")
    fed.serve("treasury_agent", "transfer_funds", "get_account_balance", note="scripted model")
    return fed.serve("records_agent", "release_patient_record", note="scripted model")


def _invoice(fed: HandFed) -> None:
    said = human_says(
        "Pay the second half of invoice **1187** if the delivery is complete.", context_id=INVOICE
    )
    fed.tell(said, seconds_ago=254)
    looked = agent_says(
        "I look at the order and the account first.",
        message_id="inv-1",
        calls=(("inv-call-1", "get_account_balance"),),
        context_id=INVOICE,
    )
    fed.tell(with_args(looked, {"account": "OPS-1"}), seconds_ago=249)
    balance = tool_answers(
        "12,040.50 EUR", call="inv-call-1", name="get_account_balance", context_id=INVOICE
    )
    fed.tell(balance, seconds_ago=248)
    report = agent_says(
        REPORT, message_id="inv-2", calls=(("inv-call-2", "transfer_funds"),), context_id=INVOICE
    )
    fed.tell(with_args(report, TRANSFER), seconds_ago=228)
    fed.tell(asks(call="inv-call-2", args=TRANSFER, context_id=INVOICE), seconds_ago=228)


def _record(fed: HandFed) -> None:
    args: dict[str, JSON] = {"patient": "P-10442", "to": "Northside clinic", "purpose": "referral"}
    _ask(fed, RECORD, "records_agent", "release_patient_record", args, Risk.HIGH, 131)


def _dose(fed: HandFed) -> None:
    args: dict[str, JSON] = {"patient": "P-20981", "medicine": "invented-a", "dose_mg": 20}
    _ask(fed, DOSE, "records_agent", "update_prescription", args, Risk.MEDIUM, 96)


def _outside(fed: HandFed) -> None:
    """A worker of the base package."""
    said = human_says("Order ten more of what we ordered last week.", context_id=OUTSIDE)
    fed.tell(said, seconds_ago=61)
    args: JSON = {"sku": "A-1044", "count": 10}
    asked = base_asks(
        call="out-1", action="place_order", args=args, context_id=OUTSIDE, agent="orders_agent"
    )
    fed.tell(asked, seconds_ago=60)


def _refund(fed: HandFed) -> None:
    args: dict[str, JSON] = {"batch": "0302", "customers": 18, "total": 913.2, "currency": "EUR"}
    _ask(fed, REFUND, "treasury_agent", "send_refunds", args, Risk.LOW, 22)


def _decided(fed: HandFed) -> None:
    for number, (outcome, kind) in enumerate(
        (
            (Outcome.EXECUTED, DecisionKind.APPROVE),
            (Outcome.APPLIED, DecisionKind.REJECT),
            (Outcome.IN_DOUBT, DecisionKind.APPROVE),
        )
    ):
        call = f"old-{number}"
        context = f"c-invoice-110{number}"
        args: dict[str, JSON] = {**TRANSFER, "reference": f"Invoice 110{number}"}
        _ask(fed, context, "treasury_agent", "transfer_funds", args, Risk.HIGH, 4000 - number, call=call)
        fed.decide(RequestKey(context, call), outcome, kind)


def _ask(
    fed: HandFed,
    context: str,
    agent: str,
    action: str,
    args: dict[str, JSON],
    risk: Risk,
    seconds_ago: float,
    call: str = "call-1",
) -> None:
    words = f"Please take care of {context.removeprefix('c-')}."
    fed.tell(human_says(words, context_id=context), seconds_ago=seconds_ago + 4)
    said = agent_says(
        f"I call `{action}` next.",
        message_id=f"m-{context}",
        calls=((call, action),),
        context_id=context,
        agent=agent,
    )
    fed.tell(with_args(said, args), seconds_ago=seconds_ago + 1)
    asked = asks(call=call, action=action, args=args, context_id=context, agent=agent, risk=risk)
    fed.tell(asked, seconds_ago=seconds_ago)


def with_args(said: Event, args: JSON) -> Event:
    """The same message, its tool calls with these arguments."""
    assert isinstance(said.body, AgentProgress)
    message = said.body.message
    assert isinstance(message, dict)
    calls = message["tool_calls"]
    assert isinstance(calls, list)
    for call in calls:
        assert isinstance(call, dict)
        call["args"] = args
    return said
