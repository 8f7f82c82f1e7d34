"""The inbox with 1,000 requests waiting and 100,000 decided, in the real window.

Peer: the same window with ten that wait. Both offscreen. Opening a request ends when its
card and its conversation are painted; the broker's part is done by hand, at once.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.bench.crowd import context_id
from tests.bench.figure import Figure, figure, percentile

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from desktop.store.facts import Fact
    from desktop.store.records import RequestKey
    from workers.wire.approvals import Receipt

WAITING = 1000
#: Decided before, each in a conversation of its own.
DECIDED_BEFORE = 100_000
PEER_WAITING = 10
OPENED = 60
BATCHES = 60
#: Contexts that move, requests that come, and receipts, in each batch.
TOUCHED, ASKED, DECIDED = 165, 5, 5
GOAL_OPEN_MS = 50.0
GOAL_BATCH_MS = 25.0


def run() -> Iterator[Figure]:
    """Yield the figures."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    ours, peer = Inbox(WAITING, DECIDED_BEFORE), Inbox(PEER_WAITING)
    for name, goal in (
        ("the inbox shown", None),
        ("a request opened, p99", GOAL_OPEN_MS),
        ("a batch of changes shown, p99", GOAL_BATCH_MS),
    ):
        times = []
        for inbox in (ours, peer):
            match name.split()[1]:
                case "inbox":
                    times.append(inbox.shown_ms())
                case "request":
                    times.append(percentile(inbox.opened_ms(), 0.99))
                case _:
                    times.append(percentile(inbox.batches_ms(), 0.99))
        yield figure(
            f"{name}, {WAITING:,} waiting, {DECIDED_BEFORE:,} decided (peer: {PEER_WAITING})",
            times[0],
            times[1],
            "ms",
            goal=f"<= {goal:g} ms" if goal else "-",
            ok=goal is None or times[0] <= goal,
        )


class Inbox:
    """A window whose store holds requests that wait, each in a conversation of its own."""

    def __init__(self, waiting: int, decided: int = 0) -> None:
        from PySide6.QtWidgets import QApplication

        from desktop.audit.entries import own_version
        from desktop.settings import Theme
        from desktop.views.main_window import MainWindow
        from desktop.views.theme import apply_theme
        from tests.support.hand_fed import NOW_MS, HandFed

        own_version()  # the engine has asked for it by then: each start of a session is recorded
        app = QApplication.instance() or QApplication([])
        assert isinstance(app, QApplication)
        apply_theme(app, Theme.LIGHT)
        self._app: QApplication = app
        self._fed = HandFed()
        self._now_ms = NOW_MS
        self._waiting = waiting
        self._fed.feed(*(fact for number in range(waiting) for fact in self._asked(number)))
        for number in range(decided):
            self._fed.feed(*self._decided(number))
        self._fed.online_again()
        self._window = MainWindow(
            self._fed.store,
            self._fed.bridge,
            self._fed.approvals,
            self._fed.conversations,
            self._fed.desk,
            self._fed.clock,
        )

    def shown_ms(self) -> float:
        """The window opens on the inbox."""
        began = time.perf_counter()
        self._window.show()
        self._settle()
        return (time.perf_counter() - began) * 1000

    def opened_ms(self) -> list[float]:
        """Requests are opened, from all over the list."""
        from desktop.actions.ports import OpenTranscript

        keys = self._fed.keys()
        taken: list[float] = []
        for number in range(OPENED):
            key = keys[number * 997 % len(keys)]
            posted = len(self._fed.outbox.orders)
            began = time.perf_counter()
            self._window.open_request(key)
            for order in self._fed.outbox.orders[posted:]:
                if isinstance(order, OpenTranscript):
                    self._fed.feed(*self._transcript(key))
            self._settle()
            taken.append((time.perf_counter() - began) * 1000)
        return taken

    def batches_ms(self) -> list[float]:
        """Conversations move, requests come, and others are decided."""
        taken: list[float] = []
        for batch in range(BATCHES):
            self._now_ms += 33
            first = self._waiting + batch * ASKED
            came = [fact for n in range(first, first + ASKED) for fact in self._asked(n)]
            moved = [fact for n in range(TOUCHED) for fact in self._moved(batch * TOUCHED + n)]
            told = list(self._receipts())
            began = time.perf_counter()
            self._fed.feed(*came, *moved)
            self._fed.receive(*told)
            self._settle()
            taken.append((time.perf_counter() - began) * 1000)
        return taken

    def _settle(self) -> None:
        for _ in range(3):
            self._app.processEvents()

    def _asked(self, number: int) -> Iterator[Fact]:
        from desktop.store.facts import EventSeen
        from tests.support.scenes import asks

        context = context_id(number)
        args = {"recipient": "ACME Tools Ltd", "amount": number, "memo": "as ordered " * 8}
        at_ms = self._now_ms - (self._waiting - number) * 1000
        yield EventSeen(context, f"{at_ms}-0", asks(args=args, context_id=context))
        yield from self._moved(number)

    def _decided(self, number: int) -> Iterator[Fact]:
        """A call of long ago, and that it ran."""
        from desktop.store.facts import EventSeen
        from tests.support.scenes import asks, tool_answers

        context = f"decided-{number}"
        at_ms = self._now_ms - 86_400_000 - number * 1000
        args = {"recipient": "ACME Tools Ltd", "amount": number}
        asked, answered = (
            asks(args=args, context_id=context),
            tool_answers("Paid.", context_id=context),
        )
        yield EventSeen(context, f"{at_ms}-0", asked, live=False)
        yield EventSeen(context, f"{at_ms + 1}-0", answered, live=False)

    def _moved(self, number: int) -> Iterator[Fact]:
        from desktop.store.facts import ContextsSeen
        from desktop.store.records import ContextStatus, Summary

        place = number % (self._waiting + BATCHES * ASKED)
        summary = Summary(
            context_id(place),
            "treasury_agent",
            ContextStatus.RUNNING,
            self._now_ms,
            f"{self._now_ms}-{number}",
            entries=4,
            preview="Two calls wait for a decision.",
        )
        yield ContextsSeen((summary,))

    def _receipts(self) -> Iterator[Receipt]:
        """Others decide on what waits longest."""
        import msgspec

        from tests.support.scenes import receipt

        for request in self._fed.store.requests()[:DECIDED]:
            told = receipt(context_id=request.key.context_id)
            yield msgspec.structs.replace(told, request_id=request.request_id)

    def _transcript(self, key: RequestKey) -> Iterator[Fact]:
        from desktop.store.facts import EventSeen, TranscriptRead
        from tests.support.scenes import agent_says, human_says

        said = [
            human_says("Pay the invoice.", context_id=key.context_id),
            agent_says("It is **due**.\n\n- one\n- two", context_id=key.context_id),
        ]
        entries = tuple(
            EventSeen(key.context_id, f"{number + 1}-0", event) for number, event in enumerate(said)
        )
        yield TranscriptRead(key.context_id, entries, reaches_start=True)
