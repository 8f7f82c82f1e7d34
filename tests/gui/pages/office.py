"""What pages are built on in tests: a real store and real actions, and a day of invented work.

The only place that tells the store of pages what happened. Every name, number and record in it is
invented.
"""

from __future__ import annotations

from desktop.actions.approvals import Approvals
from desktop.actions.conversations import Conversations
from desktop.qtmodels.bridge import Bridge
from desktop.settings import Person
from desktop.store.facts import (
    AgentsSeen,
    CaughtUp,
    EventSeen,
    Fact,
    LinkChanged,
    TokenSeen,
)
from desktop.store.records import Link, LinkState
from desktop.store.store import Store
from tests.support import scenes
from tests.support.kept_desk import KeptDesk
from tests.support.outbox import KeptOutbox
from workers.wire.approvals import Risk
from workers.wire.canonical import JSON
from workers.wire.events import Event, TokenDelta, WorkerInfo

#: The present of all pages: a Monday morning.
NOW_MS = 1_772_445_120_000
MINUTE_MS = 60_000
ONLINE = Link(LinkState.ONLINE, "Connected", address="redis://127.0.0.1:6379/0")
REFUSED = Link(
    LinkState.REFUSED,
    "The broker refused the user name or password.",
    "Enter the password again.",
)

INVOICE = "3f9c2a1e-7b54-4c0d-9a51-2f6e8d0c4b17"
RECORD = "b81d0c55-2e0f-4f7a-8a3c-91f5d7a6e240"
PAYROLL = "71ce4d09-5b38-4e6c-b0a7-64d2f98c1e33"
WEATHER = "0d4b7f62-98a1-4c57-bd2e-a3f60c815d94"
BALANCES = "e5a90b3c-1d76-42f8-9c0b-7d8e2f416a05"

ANSWER = """The invoice is open and the payee is on our list. Before I pay:

| Account | Balance | After payment |
|---|---:|---:|
| operating | 48,210.40 EUR | 46,960.40 EUR |
| payroll | 112,004.00 EUR | 112,004.00 EUR |

I will run `transfer_funds` with the reference **invoice 4471**."""

TOOLS = {
    "coordinator": ["call_records_agent", "call_treasury_agent", "call_weather_agent"],
    "treasury_agent": ["get_account_balance", "get_city_gdp", "list_payments", "transfer_funds"],
    "records_agent": ["find_patient", "release_patient_record", "update_prescription"],
    "weather_agent": ["get_city_weather", "search_places", "set_weather_alert"],
}
WORKERS = (
    WorkerInfo(
        consumer="signoff:desk-12:4182:9f31c0de",
        agents=["coordinator", "treasury_agent"],
        tools={name: TOOLS[name] for name in ("coordinator", "treasury_agent")},
        version="0.1.0",
        mode="enforce",
        started_ms=NOW_MS - 190 * MINUTE_MS,
        running=2,
        note="scripted model",
    ),
    WorkerInfo(
        consumer="signoff:ward-03:977:02ab77e4",
        agents=["records_agent", "treasury_agent"],
        tools={name: TOOLS[name] for name in ("records_agent", "treasury_agent")},
        version="0.1.0",
        mode="observe",
        started_ms=NOW_MS - 12 * MINUTE_MS,
    ),
)
AGENTS = ("coordinator", "records_agent", "treasury_agent", "weather_agent")


class Office:
    """A desk's insides without a window.

    Attributes:
        outbox: keeps what would have left.
        desk: keeps what was asked of it.
        now_ms: the time of day; tests move it.
    """

    def __init__(self) -> None:
        self.store = Store()
        self.bridge = Bridge(self.store)
        self.outbox = KeptOutbox()
        self.desk = KeptDesk()
        self.now_ms = NOW_MS
        person = Person("r.mora@desk-12", "Rosa Mora")
        self.approvals = Approvals(self.store, self.outbox, lambda: person, self._seconds)
        self.conversations = Conversations(self.store, self.outbox, lambda: person, self._seconds)

    def clock(self) -> int:
        """The time of day in milliseconds."""
        return self.now_ms

    def hear(self, *facts: Fact) -> None:
        """Let the store learn something."""
        self.store.apply(facts)

    def go_online(self) -> None:
        """Follow a broker on which the usual agents are."""
        self.hear(LinkChanged(ONLINE), AgentsSeen(AGENTS, WORKERS), CaughtUp(frozenset()))

    def hear_of_a_day(self) -> None:
        """A morning's work: one call of the bank and one of the clinic wait."""
        self.go_online()
        self.hear(*invoice(), *record(), *payroll(), *weather(), *balances(), *earlier())

    def _seconds(self) -> float:
        return self.now_ms / 1000


def said(context_id: str, minutes_ago: float, event: Event, order: int = 0) -> EventSeen:
    """An event as it was read from the broker."""
    at_ms = NOW_MS - round(minutes_ago * MINUTE_MS)
    return EventSeen(context_id, f"{at_ms}-{order}", event)


def calls(
    context_id: str, agent: str, text: str, *, call: str, name: str, args: JSON, message_id: str
) -> Event:
    """An agent's message that asks for one tool call."""
    message: JSON = {
        "type": "ai",
        "id": message_id,
        "content": text,
        "tool_calls": [{"id": call, "name": name, "args": args}],
    }
    return scenes.progress(message, context_id=context_id, agent=agent)


def invoice() -> list[Fact]:
    """An invoice to pay: the balance is known, the transfer waits."""
    ask, agent = INVOICE, "treasury_agent"
    transfer: JSON = {
        "to": "ACME Tools Ltd",
        "amount": 1250.0,
        "currency": "EUR",
        "reference": "invoice 4471",
    }
    balance = calls(
        ask,
        agent,
        "Let me look at the accounts first.",
        call="call_b1",
        name="get_account_balance",
        args={"account": "operating"},
        message_id="m-i1",
    )
    pay = calls(
        ask, agent, ANSWER, call="call_t1", name="transfer_funds", args=transfer, message_id="m-i2"
    )
    result = '{"account": "operating", "balance": 48210.40, "currency": "EUR"}'
    return [
        said(ask, 4, human(ask, agent, "Pay **invoice 4471** of ACME Tools: 1250 EUR.", "i-1")),
        said(ask, 3.6, balance),
        said(
            ask,
            3.5,
            scenes.tool_answers(
                result, call="call_b1", name="get_account_balance", context_id=ask, agent=agent
            ),
        ),
        said(ask, 2.1, pay),
        said(
            ask,
            2,
            scenes.asks(
                call="call_t1", action="transfer_funds", args=transfer, context_id=ask, agent=agent
            ),
        ),
    ]


def record() -> list[Fact]:
    """A patient's record that another clinic asks for."""
    ask, agent = RECORD, "records_agent"
    release: JSON = {"patient": "P-10442", "to": "Northside clinic", "purpose": "referral"}
    wanted = calls(
        ask,
        agent,
        "Patient P-10442 is known here. The release needs a reviewer.",
        call="call_r1",
        name="release_patient_record",
        args=release,
        message_id="m-r1",
    )
    asked = scenes.asks(
        call="call_r1",
        action="release_patient_record",
        args=release,
        context_id=ask,
        agent=agent,
        risk=Risk.MEDIUM,
    )
    words = "Northside clinic asks for the record of P-10442, for a referral."
    return [
        said(ask, 11, human(ask, agent, words, "r-1")),
        said(ask, 10.6, wanted),
        said(ask, 10.5, asked),
    ]


def payroll() -> list[Fact]:
    """A model writes its answer just now."""
    ask, agent = PAYROLL, "treasury_agent"
    words = "How much did we pay out of payroll in February?"
    delta = TokenDelta(
        context_id=ask,
        agent=agent,
        message_id="m-p1",
        delta="In February 41 payments left the payroll account, 96,300.00 EUR in all. The larg",
        seq=0,
    )
    return [said(ask, 0.4, human(ask, agent, words, "p-1")), TokenSeen(delta)]


def weather() -> list[Fact]:
    """A run that failed."""
    ask, agent = WEATHER, "weather_agent"
    failed = "Error occurred. The model did not answer within 30 s."
    return [
        said(ask, 55, human(ask, agent, "Will it rain in Utrecht tomorrow?", "w-1")),
        said(ask, 54, scenes.progress(failed, context_id=ask, agent=agent, finish=True)),
    ]


def balances() -> list[Fact]:
    """A question that was answered."""
    ask, agent = BALANCES, "coordinator"
    answer = "The operating account holds **48,210.40 EUR**, the reserve 250,000.00 EUR."
    return [
        said(ask, 171, human(ask, agent, "What is on our accounts?", "b-1")),
        said(
            ask,
            170,
            scenes.agent_says(answer, message_id="m-b1", context_id=ask, agent=agent, finish=True),
        ),
    ]


def earlier() -> list[Fact]:
    """Conversations of the days before, enough to scroll."""
    facts: list[Fact] = []
    for number in range(12):
        ask = f"9c{number:02d}41d7-6a02-4f{number:02d}-8e1b-5b0c7d92{number:04d}"
        agent = AGENTS[number % len(AGENTS)]
        words = f"Summary of day {number + 1}: nothing needs a decision."
        done = scenes.agent_says(
            words, message_id=f"m-e{number}", context_id=ask, agent=agent, finish=True
        )
        facts.append(said(ask, 900 + 700 * number, done))
    return facts


def human(context_id: str, agent: str, text: str, invocation_id: str) -> Event:
    """What the person wrote, as the worker echoes it."""
    message: JSON = {"type": "human", "content": text, "id": None}
    return scenes.progress(message, context_id=context_id, agent=agent, invocation_id=invocation_id)
