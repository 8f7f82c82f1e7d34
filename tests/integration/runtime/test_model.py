"""Take, settle and reap against a model of what they should do, in whatever order they come.

Hypothesis invents the story: who reads, takes, settles, freezes, dies and comes back. The model is
a few dictionaries. Time does not pass by itself: a lease runs out when the story says so.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from tests.support.lives import AGENT
from tests.support.redis_server import RedisServer
from workers.runtime.inbox import REAP, RENEW, SETTLE, TAKE, Verb
from workers.wire import keys

INBOX, GROUP = keys.inbox(AGENT), keys.inbox_group(AGENT)
CONTEXTS = ("red", "green")
WORKERS = ("a", "b", "c")
FOREIGN = "f3b0-base"
HOUR_MS = 3_600_000


class Leases(RuleBasedStateMachine):
    """Three workers, two contexts, and a base worker that takes part.

    Attributes:
        given: per context the ids that were given to one of us and are not settled, in order.
        parked: per context the ids that are parked, in order.
        held: token to what its holder thinks it is working on.
        valid: per context the token that counts.
        starts: how often each id was started, as the broker must count: an entry that is started
            too often goes to quarantine.
    """

    server: RedisServer

    working = Bundle("working")

    def __init__(self) -> None:
        super().__init__()
        self.client: Any = self.server.client()
        self.client.flushall()
        self.scripts = {
            text: self.client.register_script(text) for text in (TAKE, SETTLE, RENEW, REAP)
        }
        self.sent: dict[str, str] = {}
        self.given: dict[str, list[str]] = defaultdict(list)
        self.parked: dict[str, list[str]] = defaultdict(list)
        self.foreign: set[str] = set()
        self.held: dict[int, tuple[str, str, str]] = {}
        self.valid: dict[str, int] = {}
        self.starts: Counter[str] = Counter()
        self.settled: list[str] = []
        self.quarantined = 0
        self.highest = 0

    @initialize()
    def begin(self) -> None:
        self.client.xgroup_create(INBOX, GROUP, id="0", mkstream=True)
        for worker in WORKERS:
            self._run(RENEW, worker)

    @rule(context=st.sampled_from(CONTEXTS), count=st.integers(1, 4))
    def send(self, context: str, count: int) -> None:
        """Messages arrive."""
        for _ in range(count):
            data = json.dumps({"context_id": context})
            self.sent[self.client.xadd(INBOX, {"data": data})] = context

    @rule(count=st.integers(1, 3))
    def base_worker_reads(self, count: int) -> None:
        """What it reads is its own for ever."""
        self.foreign |= set(self._read(FOREIGN, count))

    @rule(worker=st.sampled_from(WORKERS), count=st.integers(1, 4))
    def read_and_die(self, worker: str, count: int) -> None:
        """Delivered, and not queued: the worker's reply got lost, or the worker did."""
        for entry_id in self._read(self._name(worker), count):
            self.given[self.sent[entry_id]].append(entry_id)

    @rule(
        target=working,
        worker=st.sampled_from(WORKERS),
        count=st.integers(0, 4),
        free=st.integers(0, 4),
    )
    def take(self, worker: str, count: int, free: int) -> Any:  # noqa: ANN401 - as hypothesis has it
        """Read and take. Only the oldest of a context that nobody holds is ever given."""
        ids = self._read(self._name(worker), count) if count else []
        for entry_id in ids:
            self.given[self.sent[entry_id]].append(entry_id)
        taken = self._run(TAKE, worker, ids[-1] if ids else "", free)
        assert len(taken) <= free
        return multiple(*(self._started(worker, one, None) for one in taken))

    @rule(
        target=working,
        token=consumes(working),
        verb=st.sampled_from([*Verb, Verb.PARK, Verb.PARK, Verb.DONE]),
        frees=st.booleans(),
        twice=st.booleans(),
    )
    def settle(self, token: int, verb: Verb, frees: bool, twice: bool) -> Any:  # noqa: ANN401
        """Whoever holds the context settles its head; whoever lost it changes nothing."""
        worker, context, entry_id = self.held[token]
        call = (SETTLE, worker, context, token, entry_id, verb, 0, int(frees), "why", "", 100)
        answer = self._run(*call)
        if self.valid.get(context) != token:
            assert answer == ["lost"]
            del self.held[token]
            return multiple()
        self._apply(context, entry_id, verb, frees)
        if answer[0] == "next" and twice:
            again = self._run(*call)
            assert again[:4] == answer[:4], "sent again, it finds the same next message"
            # It is started again: better counted too often than not at all.
            self.starts[answer[3]] += answer[3] != entry_id
            answer = again
        if answer[0] == "next":
            return self._started(worker, answer[1:], token)
        assert answer == ["idle"]
        # Due since some millisecond: which context is given first must not hang on the clock.
        self.client.zadd(keys.due(AGENT), {context: 0}, xx=True)
        del self.held[token], self.valid[context]
        return multiple()

    @rule(token=working)
    def lease_runs_out(self, token: int) -> None:
        """Its holder was frozen for too long, and does not know it."""
        context = self.held[token][1]
        if self.valid.get(context) == token:
            self.client.zadd(keys.due(AGENT), {context: 0}, xx=True)

    @rule(worker=st.sampled_from(WORKERS), sweeper=st.sampled_from(WORKERS))
    def die_and_be_swept(self, worker: str, sweeper: str) -> None:
        """All it held is free; a life that goes on afterwards is one that woke up too late."""
        if worker == sweeper:
            return
        self.client.delete(keys.heartbeat(AGENT, self._name(worker)))
        self.client.zadd(keys.consumers(AGENT), {self._name(worker): 1})
        self.client.delete(keys.sweeper(AGENT))
        self._run(RENEW, sweeper)
        self._run(REAP, sweeper, 1, "-")
        for context, token in list(self.valid.items()):
            if self.held[token][0] == worker:
                del self.valid[context]
        self._run(RENEW, worker)

    @rule(token=working)
    def renew(self, token: int) -> None:
        """The broker tells who has lost a lease, and nobody else."""
        worker, context, _ = self.held[token]
        lost = self._run(RENEW, worker, context, token)
        assert lost == ([] if self.valid.get(context) == token else [context, str(token)])

    @rule(worker=st.sampled_from(WORKERS))
    def renew_all(self, worker: str) -> None:
        """As its thread does: everything it thinks it holds, in one call."""
        held = {token: context for token, (who, context, _) in self.held.items() if who == worker}
        lost = self._run(RENEW, worker, *(part for t, c in held.items() for part in (c, t)))
        gone = {(context, str(t)) for t, context in held.items() if self.valid.get(context) != t}
        assert set(zip(lost[::2], lost[1::2], strict=True)) == gone

    @invariant()
    def nothing_is_queued_twice_or_out_of_order(self) -> None:
        """What was delivered and not queued yet may be missing; nothing else differs."""
        for context in CONTEXTS:
            queue = self.client.lrange(keys.queue(AGENT, context), 0, -1)
            assert queue == [one for one in self.given[context] if one in set(queue)]

    @invariant()
    def nothing_is_kept_of_what_is_settled(self) -> None:
        known = set(self.client.hkeys(keys.queued(AGENT)))
        assert not known & set(self.settled)
        assert set(self.client.hkeys(keys.attempts(AGENT))) <= known

    @invariant()
    def nothing_is_lost(self) -> None:
        """Every message is still in the inbox or was settled, once."""
        there = {entry_id for entry_id, _ in self.client.xrange(INBOX)}
        assert there | set(self.settled) == set(self.sent)
        assert not there & set(self.settled)
        assert len(self.settled) == len(set(self.settled))
        assert self.client.xlen(keys.dead_letters(AGENT)) == self.quarantined

    @invariant()
    def parked_ones_keep_their_order(self) -> None:
        for context in CONTEXTS:
            assert self.client.lrange(keys.parked(AGENT, context), 0, -1) == self.parked[context]

    def teardown(self) -> None:
        """One more worker comes, and clears everything; each context in its order."""
        self._run(RENEW, "z")
        self.client.delete(*(keys.heartbeat(AGENT, self._name(w)) for w in WORKERS))
        self.client.zadd(keys.consumers(AGENT), {self._name(w): 1 for w in WORKERS})
        self.client.delete(keys.sweeper(AGENT))
        self._run(REAP, "z", 1, "-")
        for context in CONTEXTS:
            if self.parked[context]:  # a last decision comes, which frees the context
                self.send(context, 1)
        while ids := self._read(self._name("z"), 100):
            for entry_id in ids:
                self.given[self.sent[entry_id]].append(entry_id)
            self._run(TAKE, "z", ids[-1], 0)
        self.valid.clear()
        todo = [self._started("z", one, None) for one in self._run(TAKE, "z", "", 100)]
        for token in todo:
            going: int | None = token
            while going is not None:
                _, context, entry_id = self.held[going]
                answer = self._run(SETTLE, "z", context, going, entry_id, "done", 0, 1, "", "", 9)
                self._apply(context, entry_id, Verb.DONE, frees=True)
                going = self._started("z", answer[1:], going) if answer[0] == "next" else None
        left = {entry_id for entry_id, _ in self.client.xrange(INBOX)}
        assert left == self.foreign
        assert set(self.settled) | self.foreign == set(self.sent)
        assert not set(self.settled) & self.foreign
        held = self.client.xpending_range(INBOX, GROUP, "-", "+", 10_000)
        assert {one["consumer"] for one in held} <= {FOREIGN}
        self.client.close()

    def _started(self, worker: str, answer: list[Any], under: int | None) -> int:
        """What was given is the oldest of its context, and nobody else's."""
        context, token, entry_id = answer[0], int(answer[1]), answer[2]
        self.starts[entry_id] += 1
        assert int(answer[3]) == self.starts[entry_id], "a start was not counted, or twice"
        assert self.given[context][0] == entry_id, "out of order"
        if under is None:
            assert token > self.highest, "a token went back"
            self.highest = token
            assert entry_id not in self.foreign
        else:
            assert token == under
        self.valid[context] = token
        self.held[token] = (worker, context, entry_id)
        return token

    def _apply(self, context: str, entry_id: str, verb: Verb, frees: bool) -> None:
        if verb is Verb.RELEASE:
            self.starts[entry_id] -= 1
        if verb in {Verb.RETRY, Verb.RELEASE}:
            return
        del self.starts[entry_id]
        assert self.given[context].pop(0) == entry_id
        if verb is Verb.PARK:
            self.parked[context] = sorted([*self.parked[context], entry_id], key=_order)
        else:
            self.settled.append(entry_id)
            self.quarantined += verb is Verb.DEAD
        if frees and self.parked[context]:
            self.given[context].insert(0, self.parked[context].pop(0))

    def _read(self, consumer: str, count: int) -> list[str]:
        answer = self.client.xreadgroup(GROUP, consumer, {INBOX: ">"}, count=count)
        return [entry_id for _, entries in answer for entry_id, _ in entries]

    def _run(self, script: str, worker: str, *arguments: Any) -> Any:  # noqa: ANN401 - as it answers
        base = keys.inbox_keys(AGENT)
        args = [GROUP, base, self._name(worker), HOUR_MS, *arguments]
        return self.scripts[script](keys=[INBOX], args=args)

    def _name(self, worker: str) -> str:
        return f"signoff:{worker}:1:0"


def _order(entry_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence)


@pytest.mark.parametrize("examples", [80])
def test_the_scripts_do_what_the_model_says(any_broker: RedisServer, examples: int) -> None:
    """Nothing lost, nothing twice, nothing out of order, whatever happens in between."""
    Leases.server = any_broker
    run_state_machine_as_test(
        Leases,
        settings=settings(
            max_examples=examples,
            stateful_step_count=60,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
    with redis.Redis(port=any_broker.port, password=any_broker.password) as client:
        client.flushall()
