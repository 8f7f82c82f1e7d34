"""The console under load, timing each request from the stream to the notification service.

Run as a process of its own by `bench_notification`, on a bus with a real notification daemon.
Prints the milliseconds of each request as a JSON list. With the word `bare` it is the peer: a loop
that reads one stream and notifies, with nothing between.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import msgspec
import qasync
from desktop_notifier import DesktopNotifier, Urgency
from PySide6.QtWidgets import QApplication

from desktop.actions.alerts import Alert
from desktop.app import make_application
from desktop.console import Console
from desktop.store.changes import Changes
from desktop.store.records import RequestKey
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.events import AgentProgress, Event, ProgressType
from workers.wire.streams.connection import Connection
from workers.wire.streams.progress import ProgressWriter

EVENTS_PER_SECOND = 100
REQUESTS_EVERY = 10
SECONDS = 25
CONTEXTS = 20
WAIT_SECONDS = 10


class TimedConsole(Console):
    """A console that notes when each request reached the notification service."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self.taken_ms: list[float] = []
        self._due: list[RequestKey] = []
        self.bridge.changed.connect(self._note)

    def _note(self, changes: Changes) -> None:
        self._due.extend(changes.arrived)

    async def _show(self, alert: Alert) -> None:
        await super()._show(alert)
        now_ms = time.time() * 1000
        due, self._due = self._due, []
        for key in due:
            request = self.store.request(key)
            if request is not None:
                self.taken_ms.append(now_ms - request.since_ms)


async def _load(url: str, stream_of: str = "") -> int:
    """Emit events at a steady rate; every tenth asks for a decision. Returns how many asked."""
    asked = 0
    async with Connection(url) as connection:
        writer = ProgressWriter(connection)
        began = time.perf_counter()
        for number in range(EVENTS_PER_SECOND * SECONDS):
            is_request = number % REQUESTS_EVERY == 0
            asked += is_request
            context_id = stream_of or f"context-{number % CONTEXTS}"
            await writer.emit(_event(context_id, number, is_request=is_request), f"n{number}")
            ahead = began + number / EVENTS_PER_SECOND - time.perf_counter()
            await asyncio.sleep(max(ahead, 0))
    return asked


def _event(context_id: str, number: int, *, is_request: bool) -> Event:
    message: dict[str, object] = {"type": "ai", "content": f"step {number}", "id": f"m{number}"}
    if is_request:
        action = {"action": "transfer_funds", "args": {"to": "ACME", "amount": number}}
        message = {"action_request": action, "tool_call_id": f"c{number}", "context_id": context_id}
    body = AgentProgress(
        type=ProgressType.INTERRUPT if is_request else ProgressType.MESSAGE,
        caller_agent="human",
        callee_agent="treasury_agent",
        invocation_id="i",
        message=msgspec.to_builtins(message),
    )
    return Event(context_id, body)


async def _console(app: QApplication, url: str) -> list[float]:
    console = TimedConsole(app)
    console.start(url, demo=False)
    await await_until(lambda: console.store.is_online, "the link to be up")
    # In a process of its own: the load must not take turns with what is measured.
    load = await asyncio.create_subprocess_exec(sys.executable, "-m", __spec__.name, "load", url)
    await load.wait()
    asked = EVENTS_PER_SECOND * SECONDS // REQUESTS_EVERY
    await await_until(lambda: len(console.taken_ms) >= asked, "every request to be told")
    await console.stop()
    return console.taken_ms


async def _bare(url: str) -> list[float]:
    taken_ms: list[float] = []
    notifier = DesktopNotifier(app_name="Signoff")
    async with Connection(url) as connection:
        client = connection.blocking(keys.progress("bare"))
        load = await asyncio.create_subprocess_exec(
            sys.executable, "-m", __spec__.name, "load", url, "bare"
        )
        last, asked = "0-0", EVENTS_PER_SECOND * SECONDS // REQUESTS_EVERY
        while len(taken_ms) < asked:
            answer = await client.execute(
                "XREAD", "BLOCK", WAIT_SECONDS * 1000, "STREAMS", keys.progress("bare"), last
            )
            for entry_id, fields in answer[0][1] if answer else ():
                last = entry_id.decode()
                if b'"interrupt"' in fields[b"data"]:
                    title = "A call waits for your decision"
                    await notifier.send(title=title, message="", urgency=Urgency.Normal)
                    taken_ms.append(time.time() * 1000 - int(last.partition("-")[0]))
        await load.wait()
        await client.aclose()
    return taken_ms


def main() -> None:
    """`console URL`, `bare URL`, or `load URL [CONTEXT]`."""
    job, url, *rest = sys.argv[1:]
    if job == "load":
        asyncio.run(_load(url, *rest))
    elif job == "bare":
        print(json.dumps(asyncio.run(_bare(url))))
    else:
        app = make_application()
        print(json.dumps(qasync.run(_console(app, url))))


if __name__ == "__main__":
    main()
