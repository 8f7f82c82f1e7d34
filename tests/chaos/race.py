"""A race: reviewers at several desks sign at the same moment, and what came of it is counted.

The only place that says what must hold of each round: one outcome, at most one start of the tool
and that by enough people, and all desks show the same within a second of the worker's receipt.
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress

import msgspec

from desktop.store.records import Execution, RequestKey, RequestState
from tests.bench.figure import percentile
from tests.chaos.office import Book
from tests.chaos.racers import MOST_DESKS, PEOPLE, Payment, Racer, write_trust
from tests.chaos.signed_office import AGENT, LIMIT, POLICY
from tests.support.environment import ROOT
from tests.support.redis_server import RedisServer
from tests.support.waiting import TookTooLong, await_until
from workers.wire import keys
from workers.wire.approvals import DecisionKind, Outcome, Receipt
from workers.wire.codec import decode_struct
from workers.wire.events import AgentInvocation, Event
from workers.wire.ids import HUMAN, StreamId, new_context_id, new_invocation_id
from workers.wire.streams.connection import Connection
from workers.wire.streams.inbox import send
from workers.wire.streams.reader import Reader

ROUNDS = 1000
#: Each so many rounds the worker is killed while people decide.
KILL_EVERY = 50
GOAL_MS = 1000
_PATIENCE_SECONDS = 30
_CALM_SECONDS = 0.3
_HELPERS = 4
_TELL_EVERY = 50
_RUNS = {DecisionKind.APPROVE, DecisionKind.EDIT}
_KILL_WITHIN_SECONDS = 0.06
_HESITATION_SECONDS = 0.03


class RaceOutcome(msgspec.Struct):
    """What was counted. All from `undecided` on must be 0.

    Attributes:
        of_two: rounds in which two had to sign.
        signed: decisions that a desk let out; `late_clicks` were refused on the spot.
        won_by: how often each decision came through.
        refused: receipts of refusals, by reason.
        p50_ms, p99_ms, max_ms: from the worker's receipt until every desk showed the same.
        slow: rounds in which that took more than a second.
    """

    rounds: int = 0
    kills: int = 0
    of_two: int = 0
    signed: int = 0
    late_clicks: int = 0
    won_by: dict[str, int] = msgspec.field(default_factory=dict)
    refused: dict[str, int] = msgspec.field(default_factory=dict)
    in_doubt: int = 0
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    max_ms: float = 0.0
    seconds: float = 0.0
    undecided: int = 0
    decided_twice: int = 0
    ran_twice: int = 0
    ran_undecided: int = 0
    ran_otherwise: int = 0
    not_run: int = 0
    too_few: int = 0
    differing: int = 0
    slow: int = 0
    wrong: list[str] = msgspec.field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether every promise was kept."""
        decided = self.undecided + self.decided_twice + self.too_few + self.differing + self.slow
        return not (
            decided + self.ran_twice + self.ran_undecided + self.ran_otherwise + self.not_run
        )


class Race:
    """Many rounds over one broker, with one worker that may be killed."""

    def __init__(self, server: RedisServer, seed: int = 20260302) -> None:
        self.outcome = RaceOutcome()
        self._server = server
        self._chance = random.Random(seed)
        self._book = Book(server.folder)
        self._taken_ms: list[float] = []
        self._newest = "0-0"
        self._told: dict[RequestKey, list[tuple[int, Receipt]]] = defaultdict(list)

    async def run(
        self,
        rounds: int,
        kill_every: int = KILL_EVERY,
        tell: Callable[[str], None] = lambda _: None,
    ) -> RaceOutcome:
        """Let them race. `SIGNOFF_HOME` holds what the desks keep.

        Args:
            tell: hears now and then how far it is.
        """
        began, out = time.monotonic(), self.outcome
        trust = write_trust(self._server.folder / "trust", AGENT, POLICY)
        worker = self._start()
        try:
            async with AsyncExitStack() as stack:
                connection = await stack.enter_async_context(Connection(self._server.url))
                self._reader, self._connection = Reader(connection), connection
                desks = [await stack.enter_async_context(Racer(one, trust.path)) for one in PEOPLE]
                await asyncio.gather(*(desk.connect(self._server.url) for desk in desks))
                payments = []
                for number in range(1, rounds + 1):
                    payments.append(await self._ask(number))
                    kills = bool(kill_every) and not number % kill_every
                    worker = await self._round(payments[-1], desks, worker, kills=kills)
                    if not number % _TELL_EVERY:
                        tell(f"{number} rounds, {self.outcome.kills} killed")
                await self._read_receipts()
                self._judge(payments)
        finally:
            worker.kill()
            worker.wait()
        taken = sorted(self._taken_ms)
        out.p50_ms, out.p99_ms = percentile(taken, 0.5), percentile(taken, 0.99)
        out.max_ms = max(taken, default=0.0)
        out.seconds = round(time.monotonic() - began, 1)
        return out

    async def _round(
        self, payment: Payment, desks: list[Racer], worker: subprocess.Popen[bytes], *, kills: bool
    ) -> subprocess.Popen[bytes]:
        """One request, and everybody at once. Returns the worker that is there afterwards."""
        chance, out = self._chance, self.outcome
        for desk in desks:
            desk.race(payment.key)
        await await_until(
            lambda: all(one.approvals.why_not(payment.key, DecisionKind.APPROVE) is None
                        for one in desks),
            "all desks to know the request", _PATIENCE_SECONDS,
        )  # fmt: skip
        out.rounds += 1
        out.of_two += payment.quorum == 2
        racing = chance.sample(desks, chance.randint(2, MOST_DESKS))
        deciding = [asyncio.create_task(self._decide(desk, payment)) for desk in racing]
        if kills:
            await asyncio.sleep(chance.uniform(0, _KILL_WITHIN_SECONDS))
            worker.kill()
            worker.wait()
            out.kills += 1
            worker = self._start()
        await asyncio.gather(*deciding)
        with suppress(TookTooLong):
            await self._until_decided(desks, payment)
        await self._note_agreement(desks, payment)
        return worker

    async def _ask(self, number: int) -> Payment:
        """Let the agent ask for a payment."""
        context_id = new_context_id()
        quorum = self._chance.choice((1, 2))
        amount = self._chance.randint(10, LIMIT) + (LIMIT + 10 if quorum > 1 else 0)
        name = f"p/{number}"
        invocation = AgentInvocation(
            task=f"pay {amount} as {name}", caller_agent=HUMAN, invocation_id=new_invocation_id()
        )
        await send(self._connection, AGENT, Event(context_id, invocation))
        return Payment(name, amount, quorum, RequestKey(context_id, f"call-{name}"))

    async def _decide(self, desk: Racer, payment: Payment) -> None:
        if self._chance.random() < 0.5:
            await asyncio.sleep(self._chance.uniform(0, _HESITATION_SECONDS))
        taken = desk.decide(payment, self._chance)
        self.outcome.signed += taken
        self.outcome.late_clicks += not taken

    async def _until_decided(self, desks: list[Racer], payment: Payment) -> None:
        """Wait for a receipt; where the racers left it open, others help, and at last one ends it.

        Raises:
            TookTooLong: nothing came of it.
        """
        for attempt in range(_HELPERS + 2):
            with suppress(TookTooLong):
                patience = _CALM_SECONDS if attempt <= _HELPERS else _PATIENCE_SECONDS
                await await_until(lambda: self._applied(payment), "a decision to count", patience)
                break
            await await_until(
                lambda: not any(_is_sending(desk) for desk in desks) or self._is_told(payment),
                "what was sent to be answered", _PATIENCE_SECONDS,
            )  # fmt: skip
            if await self._applied(payment):
                break
            helper = self._chance.choice(desks)
            takes = helper.help_out if attempt < _HELPERS - 1 else helper.end
            self.outcome.signed += takes(payment)
        await await_until(lambda: self._is_over(desks), "it to be over", _PATIENCE_SECONDS)

    async def _applied(self, payment: Payment) -> bool:
        await self._read_receipts()
        return self._is_told(payment)

    async def _read_receipts(self) -> None:
        found = await self._reader.after({keys.RECEIPTS: self._newest})
        for entry in found.get(keys.RECEIPTS, []):
            self._newest = entry.entry_id
            told = decode_struct(entry.data, Receipt)
            at_ms = StreamId.parse(entry.entry_id).milliseconds
            self._told[RequestKey(told.context_id, told.tool_call_id)].append((at_ms, told))

    def _is_told(self, payment: Payment) -> bool:
        return bool(self._receipts(payment, Outcome.APPLIED))

    def _receipts(self, payment: Payment, kind: Outcome) -> list[tuple[int, Receipt]]:
        return [one for one in self._told[payment.key] if one[1].kind is kind]

    @staticmethod
    def _is_over(desks: list[Racer]) -> bool:
        """Whether each desk shows an end, of the call as well, and all show the same."""
        found = [desk.request() for desk in desks]
        return len({desk.shown[0] for desk in desks}) == 1 and all(
            one is not None
            and not one.is_open
            and (
                one.decision is DecisionKind.REJECT
                or one.state is RequestState.IN_DOUBT
                or one.execution is Execution.EXECUTED
            )
            for one in found
        )

    async def _note_agreement(self, desks: list[Racer], payment: Payment) -> None:
        """Note how long after the receipt the last desk showed what all show."""
        out = self.outcome
        await self._read_receipts()
        applied = self._receipts(payment, Outcome.APPLIED)
        if not self._is_over(desks):
            out.differing += 1
            out.wrong.append(f"{payment}: {[(d.person.id, d.shown, d.request()) for d in desks]}")
        elif applied:
            taken_ms = max(desk.shown[1] for desk in desks) * 1000 - applied[0][0]
            self._taken_ms.append(taken_ms)
            out.slow += taken_ms > GOAL_MS

    def _judge(self, payments: list[Payment]) -> None:
        """Count what came of all of it, from receipts and the book alone."""
        out, book = self.outcome, self._book.read()
        for payment in payments:
            was_good = out.is_good
            self._judge_one(payment, book.starts.get(payment.name, []))
            out.in_doubt += bool(self._receipts(payment, Outcome.IN_DOUBT))
            for _, told in self._receipts(payment, Outcome.REFUSED):
                reason = str(told.refusal)
                out.refused[reason] = out.refused.get(reason, 0) + 1
            if was_good and not out.is_good:
                out.wrong.append(f"{payment}: {self._told[payment.key]}")

    def _judge_one(self, payment: Payment, starts: list[int]) -> None:
        out, applied = self.outcome, self._receipts(payment, Outcome.APPLIED)
        out.undecided += not applied
        out.decided_twice += len({(one.decision, one.nonce) for _, one in applied}) > 1
        out.ran_twice += len(starts) > 1
        word = applied[0][1] if applied else None
        if word is not None:
            out.won_by[word.decision] = out.won_by.get(word.decision, 0) + 1
        if word is None or word.decision not in _RUNS:
            out.ran_undecided += bool(starts)
            return
        out.not_run += not starts
        out.ran_otherwise += any(not _may_be(payment, word, start) for start in starts)
        out.too_few += len(set(word.reviewers)) < payment.quorum

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.chaos.signed_office", self._server.url]
        with (self._server.folder / "workers.log").open("ab") as log:
            return subprocess.Popen(
                [*command, str(self._server.folder)],
                cwd=ROOT,
                env=dict(os.environ),
                stdout=subprocess.DEVNULL,
                stderr=log,
            )


def _is_sending(desk: Racer) -> bool:
    request = desk.request()
    return request is not None and request.state is RequestState.SENDING


def _may_be(payment: Payment, word: Receipt, amount: int) -> bool:
    """Whether those whom the worker names said, by their own desks, that this be paid."""
    kind = DecisionKind(word.decision)
    for_it = {one.by for one in payment.said if (one.kind, one.amount) == (kind, amount)}
    if kind is DecisionKind.EDIT:
        # Its author is one of them and approves nothing.
        return set(word.reviewers) <= for_it and len(for_it) > payment.quorum
    return amount == payment.amount and set(word.reviewers) <= for_it
