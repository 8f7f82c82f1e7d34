"""`python -m tests.chaos.cuts SECONDS [SEED]`: the window behind a way that breaks.

The only place that says what must hold of a whole console when its broker is cut off: people are
told within three seconds, it is back within five of when it could be, afterwards it shows every
entry once and every count right, and a decision has left at most once. Entries are written past
the proxy meanwhile, so that there is always something to miss; and in every other round the broker
loses some.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from PySide6.QtWidgets import QToolButton

from desktop.store.records import DecisionKind, LinkState, RequestKey, RequestState
from desktop.views.parts.banner import Banner
from tests.bench.crowd import context_id, fill
from tests.bench.publishing import publishing
from tests.chaos.comparing import Holding, Wrong, compare, holding
from tests.chaos.harms import HARMS, RESTARTED, some
from tests.support import scenes
from tests.support.console import ConsolePage, running_console
from tests.support.proxy import TcpProxy, Toxic
from tests.support.redis_server import RedisServer
from tests.support.shown import Shown
from tests.support.waiting import TookTooLong, await_until
from workers.wire import keys
from workers.wire.approvals import read_decision
from workers.wire.codec import decode_event, encode_event
from workers.wire.events import AgentCommand

SECONDS = 600.0
CONTEXTS = 10_000
TOLD_SECONDS = 3.0
BACK_SECONDS = 5.0
#: These conversations are open, and written to for themselves.
_OPEN = tuple(context_id(number) for number in range(3))
_OPEN_RATE = 60
_RATES = (500, 2000)
_BEFORE_SECONDS = 0.7
_AFTER_SECONDS = 1.0
_HELD_SECONDS = (0.3, 4.0)
_PATIENCE_SECONDS = 20.0
_LOOK_SECONDS = 0.1
_SHARE_OF_HARM = 0.5
_SEED = 20260302


@dataclass(frozen=True, slots=True)
class Trouble:
    """One way to break the way.

    Attributes:
        is_cut: whether people have to be told; a slow way is no reason to.
    """

    begin: Callable[[TcpProxy], None]
    end: Callable[[TcpProxy], None]
    is_cut: bool = True


def _suffering(toxic: Toxic, *, is_cut: bool = False) -> Trouble:
    return Trouble(lambda proxy: proxy.suffer(toxic), TcpProxy.suffer, is_cut)


TROUBLES = {
    "down": Trouble(TcpProxy.down, TcpProxy.up),
    "reset": Trouble(TcpProxy.reset, lambda _: None),
    "silent": Trouble(TcpProxy.stall, TcpProxy.resume),
    "half open": _suffering(Toxic(keeps_replies=True), is_cut=True),
    "limit data": Trouble(lambda proxy: proxy.cut_reply(20_000), lambda _: None),
    "latency": _suffering(Toxic(delay_seconds=0.08)),
    "bandwidth": _suffering(Toxic(bytes_per_second=200_000)),
    "slicer": _suffering(Toxic(piece_bytes=150)),
}


class CutsOutcome(msgspec.Struct):
    """What was counted. All from `late_told` on must be 0.

    Attributes:
        seed: of what came by chance.
        harms: what the broker lost behind the console's back.
        told_ms, back_ms: the longest of each.
        decisions: that were made just before a cut; `left` of them reached the broker.
        unsaid: losses of the broker of which the window said nothing.
        differing: rounds after which not everything was shown as the broker holds it; `missed`,
            `doubled`, `out_of_order` and `untrue` say how, see `Wrong`.
        stuck: decisions of which the window said "sending" for ever, though they had not left.
    """

    seed: int = 0
    rounds: int = 0
    troubles: dict[str, int] = msgspec.field(default_factory=dict)
    harms: dict[str, int] = msgspec.field(default_factory=dict)
    written: int = 0
    decisions: int = 0
    left: int = 0
    told_ms: float = 0.0
    back_ms: float = 0.0
    shown_ms: float = 0.0
    late_told: int = 0
    late_back: int = 0
    unsaid: int = 0
    differing: int = 0
    missed: int = 0
    doubled: int = 0
    out_of_order: int = 0
    untrue: int = 0
    sent_twice: int = 0
    stuck: int = 0
    wrong: list[str] = msgspec.field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether every promise was kept."""
        late = self.late_told + self.late_back + self.unsaid
        return not (late + self.differing + self.sent_twice + self.stuck)

    def add(self, wrong: Wrong) -> None:
        """Count a round that did not come to show everything."""
        self.differing += 1
        self.missed += wrong.missed
        self.doubled += wrong.doubled
        self.out_of_order += wrong.out_of_order
        self.untrue += wrong.untrue


class Cuts:
    """One console, one broker, and the way between them."""

    def __init__(self, page: ConsolePage, server: RedisServer, proxy: TcpProxy, seed: int) -> None:
        self.outcome = CutsOutcome(seed=seed)
        self._page, self._server, self._proxy = page, server, proxy
        self._store = page.store
        self._shown = Shown(page, server)
        self._chance = random.Random(seed)
        self._trimmed: set[str] = set()

    async def run(
        self, troubles: Sequence[str], seconds: float = 0.0, harms: Sequence[str] = ()
    ) -> CutsOutcome:
        """Cut it off in each of these ways, and then in any of them until the time is over.

        Args:
            harms: each befalls the broker once first, and then any of them every other time.
        """
        until = time.monotonic() + seconds
        store, chance = self._store, self._chance
        await await_until(lambda: store.survey.done, "the survey to end", 60)
        await self._page.pilot.click("rail.conversations")
        for one in _OPEN:
            self._page.console.conversations.transcripts.open(one)
        await await_until(lambda: all(store.is_read(one) for one in _OPEN), "transcripts", 60)
        for name in troubles:
            await self._round(name)
        for harm in harms:
            await self._round(chance.choice(troubles), harm)
        while time.monotonic() < until:
            is_harmed = harms and chance.random() < _SHARE_OF_HARM
            await self._round(chance.choice(troubles), chance.choice(harms) if is_harmed else "")
        return self.outcome

    async def _round(self, name: str, harm: str = "") -> None:
        out, chance, trouble = self.outcome, self._chance, TROUBLES[name]
        out.rounds += 1
        out.troubles[name] = out.troubles.get(name, 0) + 1
        in_sight = chance.choice(_OPEN)
        self._page.window.open_context(in_sight)
        if harm:
            out.harms[harm] = out.harms.get(harm, 0) + 1
        if harm == RESTARTED:
            await asyncio.to_thread(self._save)
        held = chance.uniform(*_HELD_SECONDS)
        asked = await self._ask(out.rounds)
        seconds = _BEFORE_SECONDS + held + _AFTER_SECONDS
        writing = [
            publishing(self._server.url, chance.randint(*_RATES), seconds, CONTEXTS),
            publishing(self._server.url, _OPEN_RATE, seconds, len(_OPEN)),
        ]
        try:
            await asyncio.sleep(_BEFORE_SECONDS)
            nonce = self._page.console.approvals.decide(asked, DecisionKind.APPROVE)
            await asyncio.sleep(chance.choice((0, 0.001, 0.004, 0.05)))
            await self._cut(name, trouble, held, harm)
        finally:
            await self._finish(writing)
        if harm == RESTARTED:
            await asyncio.to_thread(self._restart)
        await self._compare(f"{name}, {harm}" if harm else name, in_sight)
        if harm and HARMS[harm].takes_all:
            self._judge_words(harm)
        else:
            await self._judge_decision(asked, nonce)

    async def _cut(self, name: str, trouble: Trouble, held: float, harm: str) -> None:
        """Break the way, let the broker lose something, and mend it; note when it was told."""
        out, began = self.outcome, time.monotonic()
        await asyncio.to_thread(trouble.begin, self._proxy)
        if trouble.is_cut:
            out.late_told += not await self._until_link(name, is_up=False, within=TOLD_SECONDS)
            out.told_ms = max(out.told_ms, (time.monotonic() - began) * 1000)
        await asyncio.sleep(max(0.0, began + held / 2 - time.monotonic()))
        if harm:
            await asyncio.to_thread(self._harm, harm)
        await asyncio.sleep(max(0.0, began + held - time.monotonic()))
        healed = time.monotonic()
        await asyncio.to_thread(trouble.end, self._proxy)
        if trouble.is_cut:
            out.late_back += not await self._until_link(name, is_up=True, within=BACK_SECONDS)
            out.back_ms = max(out.back_ms, (time.monotonic() - healed) * 1000)

    async def _until_link(self, name: str, *, is_up: bool, within: float) -> bool:
        """Wait until the window says so, in words. Returns whether it did in time."""

        def says_so() -> bool:
            is_online = self._store.link.state is LinkState.ONLINE
            return is_online is is_up and ("Connected" in self._page.words("link.state")) is is_up

        try:
            await await_until(says_so, "the window to tell", within)
        except TookTooLong:
            self.outcome.wrong.append(f"{name}: up {is_up} not told; {self._store.link}")
            return False
        return True

    async def _finish(self, writing: Sequence[subprocess.Popen[str]]) -> None:
        for process in writing:
            said, _ = await asyncio.to_thread(process.communicate)
            self.outcome.written += msgspec.json.decode(said, type=tuple[int, float])[0]

    async def _ask(self, number: int) -> RequestKey:
        """Let an agent ask for a decision, and wait until it is shown."""
        key = RequestKey(f"c-asks-{number}", f"call-{number}")
        asks = scenes.asks(call=key.call, context_id=key.context_id)
        with self._server.client() as client:
            client.xadd(keys.progress(key.context_id), {"data": encode_event(asks)})

        def can_be_decided() -> bool:
            return self._page.console.approvals.why_not(key, DecisionKind.APPROVE) is None

        await await_until(can_be_decided, "the request", _PATIENCE_SECONDS)
        return key

    def _harm(self, harm: str) -> None:
        """Let it befall one conversation that is read, and others; or all of them."""
        names = some(self._chance, _OPEN, [context_id(n) for n in range(len(_OPEN), CONTEXTS)])
        with self._server.client() as client:
            there = [one for one in names if client.exists(keys.progress(one))]
            HARMS[harm].do(client, there or names[:1])
        self._trimmed = set() if HARMS[harm].takes_all else self._trimmed - set(names)
        if HARMS[harm].leaves_older:
            self._trimmed.update(names)

    def _save(self) -> None:
        with self._server.client() as client:
            client.save()

    def _restart(self) -> None:
        """As after a power cut: what came since it was saved is lost."""
        self._server.kill()
        self._server.start()

    async def _compare(self, name: str, in_sight: str) -> None:
        """Wait until everything is shown as the broker holds it; note what is not."""
        out, began = self.outcome, time.monotonic()
        held = await asyncio.to_thread(holding, self._server, _OPEN)
        wrong = self._wrong(held, in_sight)
        while wrong and time.monotonic() < began + _PATIENCE_SECONDS:
            await asyncio.sleep(_LOOK_SECONDS)
            wrong = self._wrong(held, in_sight)
        if wrong:
            out.add(wrong)
            out.wrong.append(f"{name}: {wrong.what[:5]}")
        out.shown_ms = max(out.shown_ms, (time.monotonic() - began) * 1000)

    def _wrong(self, held: Holding, in_sight: str) -> Wrong:
        if not (self._store.is_online and self._store.survey.done):
            return Wrong(untrue=1, what=[f"{self._store.link}"])
        if held.ids[in_sight] and in_sight in held.rows:
            self._page.window.open_context(in_sight)  # which a loss may have closed
        return compare(self._page, self._shown, held, in_sight, self._trimmed)

    def _judge_words(self, harm: str) -> None:
        """What went is said above the page; a person reads it and puts it away."""
        said = self._page.pilot.find("loss", Banner)
        if not said.title():
            self.outcome.unsaid += 1
            self.outcome.wrong.append(f"{harm}: nothing is said")
        said.findChildren(QToolButton)[0].click()

    async def _judge_decision(self, asked: RequestKey, nonce: str) -> None:
        """It left once, or it did not and the window says so."""
        out = self.outcome
        with self._server.client() as client:
            inbox = client.xrange(keys.inbox(scenes.AGENT))
        left = sum(_nonce(fields["data"].encode()) == nonce for _, fields in inbox)
        out.decisions += 1
        out.left += left
        out.sent_twice += left > 1
        if left:
            return

        def is_told() -> bool:
            request = self._store.request(asked)
            return request is not None and request.state is RequestState.WAITING

        try:
            await await_until(is_told, "the failure to be told", _PATIENCE_SECONDS)
        except TookTooLong:
            out.stuck += 1
            out.wrong.append(f"stuck: {self._store.request(asked)}")


def _nonce(data: bytes) -> str:
    body = decode_event(data).body
    binding = read_decision(body.payload).binding if isinstance(body, AgentCommand) else None
    return binding.nonce if binding else ""


async def cut_off(
    folder: Path,
    patch: pytest.MonkeyPatch,
    troubles: Sequence[str],
    seconds: float = 0.0,
    harms: Sequence[str] = (),
    seed: int = _SEED,
) -> CutsOutcome:
    """Cut a console off, over a broker and a way of its own. Runs on Qt's loop; see `Cuts.run`."""
    server = RedisServer(folder)
    try:
        await asyncio.to_thread(fill, server.url, CONTEXTS)
        with closing(TcpProxy(server.port)) as proxy:
            url = server.url_at(proxy.port)
            async with running_console(folder / "desk", patch, url) as page:
                return await Cuts(page, server, proxy, seed).run(troubles, seconds, harms)
    finally:
        server.stop()


def main(seconds: float, seed: int) -> int:
    """Do it, and print what was counted. Returns the exit code."""
    from desktop.app import make_application, run_on_qt

    sys.setswitchinterval(0.0005)  # as `desktop.app.run_console`
    app = make_application()
    with tempfile.TemporaryDirectory(prefix="storm-") as folder, pytest.MonkeyPatch.context() as p:
        storm = cut_off(Path(folder), p, tuple(TROUBLES), seconds, tuple(HARMS), seed)
        outcome = run_on_qt(app, storm)
    line = {"storm": "console", "ok": outcome.is_good, **msgspec.to_builtins(outcome)}
    print(msgspec.json.encode(line).decode(), flush=True)
    return 0 if outcome.is_good else 1


if __name__ == "__main__":
    from tests.support import environment

    environment.isolate()
    chosen = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(10**6)
    print(f"seed {chosen}", file=sys.stderr, flush=True)
    sys.exit(main(float(sys.argv[1]), chosen))
