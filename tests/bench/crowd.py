"""A hundred thousand conversations on a broker, and somebody who goes on writing to them.

The only place that fills brokers for the figures of the console. Entries are those that the base
package writes (`tests/contract/samples/base`), without the model's bookkeeping: 600 bytes each on
average. They go as raw commands on one socket, whose answers nobody asks for: a client would take
longer to send them than the broker to store them.
"""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import msgspec

from tests.support.environment import ROOT
from workers.wire import keys
from workers.wire.codec import encode_struct
from workers.wire.events import ContextStatus, ContextSummary

CONTEXTS = 100_000
AGENT = "demo_agent"
#: One conversation: asked, looked up, answered.
TURN = ("human_message", "ai_message_with_tool_call", "tool_message", "finish")
#: One that waits for a decision.
WAITING = ("human_message", "ai_message_with_tool_call", "interrupt")
#: What is written later: it ends nothing, so that a base client goes on reading.
LATER = ("human_message", "ai_message_with_tool_call", "tool_message")
_SAMPLES = ROOT / "tests" / "contract" / "samples" / "base"
_CHUNK = 2000
_ENTRY_MS = 100
_CONTEXT = "@CONTEXT"
_ID = "@ID"
#: The first conversation began so long ago, the last one just now.
_PAST_MS = 24 * 3600 * 1000


def context_id(number: int) -> str:
    """The id of a conversation, as long as the base package's."""
    return f"{number:08x}-5eed-4000-8000-{number:012x}"


def sample(name: str) -> bytes:
    """A progress entry of the base package, with `@CONTEXT` and `@ID` where those stand."""
    entry = msgspec.json.decode((_SAMPLES / f"{name}.json").read_bytes())
    event = msgspec.json.decode(entry["entry"]["data"])
    event["context_id"] = _CONTEXT
    message = event["data"]["message"]
    if "response_metadata" in message:
        message["response_metadata"] = {}
        message["id"] = _ID
    else:
        message |= {"context_id": _CONTEXT, "tool_call_id": f"call_{_ID}"}
    return msgspec.json.encode(event)


def worded(template: bytes, context: str, entry: str) -> bytes:
    """A sample as an entry of one conversation."""
    return template.replace(_CONTEXT.encode(), context.encode()).replace(
        _ID.encode(), entry.encode()
    )


def xadd(context: str, data: bytes, entry_id: bytes = b"*") -> bytes:
    """The command that writes an entry."""
    return command(b"XADD", keys.progress(context).encode(), entry_id, b"data", data)


def command(*words: bytes) -> bytes:
    """A command as it goes over the socket."""
    parts = [b"*%d\r\n" % len(words)]
    parts.extend(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
    return b"".join(parts)


class Pen:
    """A socket to a broker that writes and reads nothing until it is closed.

    A context manager; when it is left, everything has been carried out.
    """

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._password = (address.password or "").encode()
        self._socket = socket.create_connection((address.hostname, address.port or 6379))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        if self._password:
            self._ask(command(b"AUTH", self._password))
        self._socket.sendall(command(b"CLIENT", b"REPLY", b"OFF"))
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        try:
            self._ask(command(b"CLIENT", b"REPLY", b"ON"))
        finally:
            self._socket.close()

    def write(self, commands: Iterable[bytes]) -> None:
        """Send commands."""
        self._socket.sendall(b"".join(commands))

    def _ask(self, words: bytes) -> None:
        self._socket.sendall(words)
        answer = self._socket.recv(1000)
        if not answer.startswith(b"+OK"):
            raise RuntimeError(answer.decode())


def fill(url: str, contexts: int = CONTEXTS, *, indexed: bool = False, waiting: int = 0) -> None:
    """Write conversations of four entries, spread over a day, each ended.

    Args:
        indexed: by our workers' index, too.
        waiting: so many of them, the newest, wait for a decision instead.
    """
    began_ms = int(time.time() * 1000) - _PAST_MS
    step_ms = (_PAST_MS - 60_000) // contexts
    turn, asking = ([sample(name) for name in names] for names in (TURN, WAITING))
    with Pen(url) as pen:
        for start in range(0, contexts, _CHUNK):
            chunk = range(start, min(start + _CHUNK, contexts))
            for number in chunk:
                kind = asking if number >= contexts - waiting else turn
                pen.write(_turn(number, kind, began_ms + number * step_ms))
            if indexed:
                pen.write(_index(chunk, contexts - waiting, began_ms, step_ms))


def written(rate: int, seconds: float, contexts: int, *, seed: int = 7) -> Iterator[list[bytes]]:
    """Commands for entries at a steady pace, two milliseconds' worth at a time.

    Args:
        rate: entries per second.
        contexts: each goes to any of so many conversations.
    """
    chance = random.Random(seed)  # noqa: S311 - the same entries in every run
    kinds = [sample(name) for name in LATER]
    share, done = rate / 500, 0
    for tick in range(int(seconds * 500)):
        until = round((tick + 1) * share)
        batch = []
        for number in range(done, until):
            context = context_id(chance.randrange(contexts))
            data = worded(kinds[number % len(kinds)], context, f"later-{seed}-{number}")
            batch.append(xadd(context, data))
        done = until
        yield batch


def _turn(number: int, kinds: list[bytes], at_ms: int) -> Iterator[bytes]:
    context = context_id(number)
    for place, kind in enumerate(kinds):
        data = worded(kind, context, f"{number}-{place}")
        yield xadd(context, data, b"%d-0" % (at_ms + place * _ENTRY_MS))


def _index(chunk: range, ended: int, began_ms: int, step_ms: int) -> Iterator[bytes]:
    scores: list[bytes] = []
    summaries: list[bytes] = []
    for number in chunk:
        last_ms = began_ms + number * step_ms + (len(TURN) - 1) * _ENTRY_MS
        waits = number >= ended
        status = ContextStatus.WAITING if waits else ContextStatus.DONE
        told = ContextSummary(
            agent=AGENT, status=status, last_activity_ms=last_ms, waiting=int(waits)
        )
        name = context_id(number).encode()
        scores += [b"%d" % last_ms, name]
        summaries += [name, encode_struct(told)]
    yield command(b"ZADD", keys.CONTEXTS.encode(), *scores)
    yield command(b"HSET", keys.CONTEXT.encode(), *summaries)
