"""Listening to one server: a line that is read as fast as news come.

The only place that knows how a server tells what changed: by client tracking in broadcast mode
(RESP3), whoever changed it and however, or else by what is published.
"""

from __future__ import annotations

from typing import Any, Final

from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as BrokerTimeout

from workers.wire import keys
from workers.wire.codec import decode_struct
from workers.wire.errors import BrokerUnreachable, DecodeError
from workers.wire.events import TokenDelta
from workers.wire.streams.heard import Heard
from workers.wire.streams.lines import Line
from workers.wire.streams.places import Place

_TRACKED: Final = (keys.PROGRESS_PREFIX, keys.INBOX_PREFIX, keys.RECEIPTS)
_ANSWER_SECONDS: Final = 10.0
_TOKENS: Final = keys.TOKEN_PREFIX.encode()


class Ear:
    """One server's news. Close it. Its methods raise what the client raises."""

    def __init__(self, place: Place, heard: Heard) -> None:
        self._place = place
        self._heard = heard
        self._line: Line | None = None
        self._may_track = True

    async def open(self) -> None:
        """Connect, also to a server that speaks RESP2 alone, or does not let this user choose."""
        self._line = Line(self._place, protocol=3)
        try:
            await self._line.open()
        except ResponseError:
            await self._line.close()
            self._may_track = False
            self._line = Line(self._place, protocol=2)
            await self._line.open()

    async def track(self) -> bool:
        """Have every change told. Returns whether the server does so."""
        if not self._may_track:
            return False
        prefixes = [word for prefix in _TRACKED for word in ("PREFIX", prefix)]
        try:
            await self._ask("CLIENT", "TRACKING", "ON", "BCAST", *prefixes)
        except ResponseError:
            return False
        return True

    async def subscribe_to_tokens(self) -> bool:
        """Have what models write told. Returns whether this user may hear it."""
        try:
            await self._ask("PSUBSCRIBE", f"{keys.TOKEN_PREFIX}*")
        except ResponseError:
            return False  # a new user of Redis 7 has no channel; whole messages come all the same
        return True

    async def subscribe_to_events(self) -> None:
        """Have what is published of events told, if this user may hear it."""
        for prefix in (keys.PROGRESS_PREFIX, keys.INBOX_PREFIX):
            try:
                await self._ask("PSUBSCRIBE", f"{prefix}*")
            except ResponseError:
                return  # then all changes are looked for

    async def drain(self, idle_seconds: float) -> None:
        """Hear all there is until the line ends.

        Args:
            idle_seconds: after so long without news the broker is asked whether it is there.

        Raises:
            BrokerUnreachable: it is silent, and answers no ping.
        """
        line = self._opened()
        awaits_pong = False
        while True:
            try:
                replies = await line.receive(idle_seconds)
            except TimeoutError as error:
                if awaits_pong:
                    title = "The broker is silent."
                    raise BrokerUnreachable(title, "The connection is renewed.") from error
                line.send([("PING",)])
                awaits_pong = True
                continue
            awaits_pong = False
            for reply in replies:
                self._hear(reply)

    async def close(self) -> None:
        """Close the line."""
        if self._line is not None:
            await self._line.close()

    async def _ask(self, *command: Any) -> None:  # noqa: ANN401 - as redis takes it
        """Send a command and wait for its answer; news that come meanwhile are heard."""
        line = self._opened()
        line.send([command])
        is_answered = False
        while not is_answered:
            try:
                replies = await line.receive(_ANSWER_SECONDS)
            except TimeoutError as error:
                raise BrokerTimeout("it is silent") from error
            for reply in replies:
                if isinstance(reply, Exception):
                    raise reply
                is_answered |= not self._hear(reply)

    def _hear(self, reply: object) -> bool:
        """Take in one reply or push. Returns whether it was news; else it answers a command."""
        match reply:
            case [b"invalidate", list(names)]:
                self._heard.touch(names)
            case [b"invalidate", _]:
                self._heard.flush()
            case [b"pmessage", _, bytes(channel), bytes(payload)]:
                self._hear_published(channel, payload)
            case _:
                return False
        return True

    def _hear_published(self, channel: bytes, payload: bytes) -> None:
        if not channel.startswith(_TOKENS):
            self._heard.touch((channel,))  # a stream has its channel's name
            return
        try:
            self._heard.type_on(decode_struct(payload, TokenDelta))
        except DecodeError:
            return  # a lost delta loses nothing: the whole message follows on the stream

    def _opened(self) -> Line:
        assert self._line is not None, "open it first"  # noqa: S101 - `listen` does
        return self._line
