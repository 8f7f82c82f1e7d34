"""A log of a morning's decisions, really written, and read for the page as the engine reads it.

The only place where tests of pages have an audit log.
"""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from msgspec import structs

from desktop.actions.ports import FindAudit, OpenAudit, Order
from desktop.audit.entries import Actor, AuditEntry, AuditKind, happened
from desktop.audit.keys import LogKeys
from desktop.audit.log import AuditLog, AuditUnavailable, Record, read_secret
from desktop.audit.reading import AuditReader
from desktop.store.facts import AuditChanged, AuditEntryOpened, AuditFound
from desktop.store.record import AuditOpened, AuditPage, AuditStanding
from tests.support.hand_fed import NOW_MS, HandFed

ROSA = Actor(id="r.mora", name="Rosa Mora", os_user="rmora", device="desk-12")
LEE = Actor(id="l.park", name="Lee Park", os_user="lpark", device="desk-3")
PAYMENT = {
    "to": "ACME Tools Ltd",
    "iban": "DE89370400440532013000",
    "amount": 1250,
    "currency": "EUR",
    "reference": "invoice 4471",
}
#: Numbers of entries of `morning_log`.
STARTED, PAID, PAID_SENT, PAID_APPLIED, PAID_RAN = 1, 2, 3, 4, 5
REJECTED, UNANSWERED, NOBODY_DECIDED, UNSIGNED = 6, 8, 9, 10


class Recorded:
    """Answers a page's questions from a log, on the same thread and at once.

    Attributes:
        standing: how the log stands; `stand` tells another.
    """

    def __init__(self, fed: HandFed, path: Path, keys: LogKeys | None = None) -> None:
        self._fed = fed
        self.standing = AuditStanding()
        secrets = (lambda db, kept, name: read_secret(db, keys, kept, name)) if keys else None
        self._reader = AuditReader(path, None, secrets)
        self._before = fed.outbox.on_post
        fed.outbox.on_post = self._answer

    def close(self) -> None:
        """Answer no more."""
        self._fed.outbox.on_post = self._before
        self._reader.close()

    def stand(self, standing: AuditStanding) -> None:
        """Let the log stand so."""
        self.standing = standing
        self._fed.feed(AuditChanged(standing))

    def _answer(self, order: Order) -> None:
        self._before(order)
        now_ms = self._fed.now_ms
        match order:
            case FindAudit():
                try:
                    page = self._reader.page(order.query, order.number, now_ms)
                except AuditUnavailable as error:
                    page = AuditPage(
                        order.number, query=order.query, title=error.title, hint=error.hint
                    )
                self._fed.feed(AuditFound(page))
            case OpenAudit(number):
                detail = self._reader.opened(number, now_ms) if number else None
                self._fed.feed(AuditEntryOpened(AuditOpened(number, detail)))
            case _:
                pass


def morning_log(path: Path) -> LogKeys:
    """Write what a desk records in a morning: see the numbers above."""
    keys = LogKeys.generate()
    with closing(AuditLog(path, keys)) as log:
        log.append(_at(95, AuditKind.SESSION_STARTED, ROSA))
        paid = _decision(90, "1", "transfer_funds", "treasury_agent", "approve")
        paid = structs.replace(
            paid,
            meaning="approval",
            role="treasurer",
            policy="payments@3",
            envelope_digest="sha-256:" + "5e" * 32,
            display_digest="sha-256:" + "d1" * 32,
            masked=("/iban",),
            ms_open=21_400,
        )
        log.append(paid, {"args": json.dumps(PAYMENT), "comment": "Matches order 118."})
        log.append(structs.replace(paid, kind=AuditKind.DECISION_SENT, outcome="1772442-0"))
        log.append_all([Record(_receipt(89.9, paid, word)) for word in ("applied", "executed")])
        rejected = _decision(60, "2", "send_record", "records_agent", "reject")
        log.append(rejected, {"args": json.dumps({"patient": "MRN 00412", "to": "b@x.example"})})
        log.append(_receipt(59.9, rejected, "applied"))
        log.append(_decision(30, "3", "transfer_funds", "treasury_agent", "approve"))
        other = _decision(20, "4", "delete_rows", "data_agent", "approve")
        log.append(_receipt(20, structs.replace(other, actor=LEE), "executed"))
        bare = structs.replace(_receipt(10, other, "applied"), detail="decision.unsigned_accepted")
        log.append(structs.replace(bare, nonce="", request_id="5" * 32, actor=Actor()))
        log.append(structs.replace(_at(5, AuditKind.LINK_CHANGED, Actor()), outcome="online"))
    return keys


def _at(minutes_ago: float, kind: AuditKind, actor: Actor) -> AuditEntry:
    at = datetime.fromtimestamp(NOW_MS / 1000 - minutes_ago * 60, UTC)
    text = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return structs.replace(happened(kind), at=text, offset_minutes=60, actor=actor)


def _decision(minutes_ago: float, digit: str, tool: str, agent: str, decision: str) -> AuditEntry:
    return structs.replace(
        _at(minutes_ago, AuditKind.DECISION, ROSA),
        context_id=f"c-{tool}",
        agent=agent,
        tool_call_id=f"call-{digit}",
        request_id=digit * 32,
        action=tool,
        args_digest="sha-256:" + digit * 64,
        decision=decision,
        nonce=f"a{digit * 31}",
    )


def _receipt(minutes_ago: float, decision: AuditEntry, outcome: str) -> AuditEntry:
    at = _at(minutes_ago, AuditKind.RECEIPT, decision.actor).at
    return structs.replace(
        decision, kind=AuditKind.RECEIPT, at=at, outcome=outcome, secrets={}, envelope_digest=""
    )
