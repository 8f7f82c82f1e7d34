"""Finding out what changed by looking, where a broker does not tell it.

The only place that compares streams with what they were. Some brokers refuse client tracking, and
a base worker publishes nothing of what a person says: so every stream's end is looked at again and
again. It costs the broker two short replies for each key and round.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, Final, TypeAlias

from workers.wire import keys
from workers.wire.streams.bulk import Bulk, Question
from workers.wire.streams.lines import Command
from workers.wire.streams.places import Place

_PATTERN: Final = "agent_[et]*:*"
_PREFIXES: Final = (keys.PROGRESS_PREFIX.encode(), keys.INBOX_PREFIX.encode())
_RECEIPTS: Final = keys.RECEIPTS.encode()
_SCAN_COUNT: Final = 2000
_AHEAD: Final = 1000

#: A stream's newest id and its length; -1 for what is no stream.
_End: TypeAlias = tuple[bytes, int]
_NO_STREAM: Final[_End] = (b"0-0", -1)
_NOTHING: Final[_End] = (b"0-0", 0)


class Checker:
    """What the streams of some servers were like when they were looked at last."""

    def __init__(self, bulk: Bulk, places: Sequence[Place]) -> None:
        self._bulk = bulk
        self._places = places
        self._known: dict[bytes, _End] = {}

    @property
    def knows_nothing(self) -> bool:
        """Whether there was no stream at all."""
        return all(end == _NOTHING for end in self._known.values())

    async def changed(self) -> set[bytes]:
        """Look at every stream, and name those that changed since the last time.

        An entry that was added is always found; that others were deleted, if there are fewer now.

        Raises:
            BrokerError: see `translated`.
        """
        seen: set[bytes] = set()
        changed: set[bytes] = set()
        # Page by page: a hundred thousand names at once would keep the loop from others.
        async with aclosing(self._pages()) as pages:
            async for page in pages:
                names = [name for name in page if name not in seen]
                seen.update(names)
                changed.update(await self._compare(names))
        gone = self._known.keys() - seen
        for name in gone:
            del self._known[name]
        return changed | gone

    async def _pages(self) -> AsyncGenerator[Sequence[bytes], None]:
        """All keys that may hold something for us, some of them twice."""
        yield (_RECEIPTS,)
        for place in self._places:
            cursor: bytes | int = 0
            while True:
                command = ("SCAN", cursor, "MATCH", _PATTERN, "COUNT", _SCAN_COUNT)
                cursor, found = await self._bulk.call(place, command)
                yield [name for name in found if name.startswith(_PREFIXES)]
                if int(cursor) == 0:
                    break

    async def _compare(self, names: Sequence[bytes]) -> list[bytes]:
        """Those of some streams that are new or changed; how they end now is noted."""
        known = [name for name in names if name in self._known]
        changed = [name for name in names if name not in self._known]
        if known:
            changed += await self._unlike_before(known)
        if changed:
            await self._learn(changed)
        return changed

    async def _unlike_before(self, names: Sequence[bytes]) -> list[bytes]:
        def commands_of(name: bytes) -> Sequence[Command]:
            last, _ = self._known[name]
            return ("XRANGE", name, b"(" + last, "+", "COUNT", 1), ("XLEN", name)

        changed: list[bytes] = []
        async with aclosing(self._bulk.ask(Question(names, commands_of, _AHEAD))) as batches:
            async for answers in batches:
                for number, (newer, length) in answers:
                    known = self._known[names[number]]
                    if _is_odd(newer) or _is_odd(length):
                        is_same = known == _NO_STREAM
                    else:
                        is_same = not newer and known[1] == length
                    if not is_same:
                        changed.append(names[number])
        return changed

    async def _learn(self, names: Sequence[bytes]) -> None:
        def commands_of(name: bytes) -> Sequence[Command]:
            return ("XREVRANGE", name, "+", "-", "COUNT", 1), ("XLEN", name)

        async with aclosing(self._bulk.ask(Question(names, commands_of, _AHEAD))) as batches:
            async for answers in batches:
                for number, (newest, length) in answers:
                    self._known[names[number]] = _end(newest, length)


def _end(newest: Any, length: Any) -> _End:  # noqa: ANN401 - as redis answers
    if _is_odd(newest) or _is_odd(length):
        return _NO_STREAM
    return (newest[0][0] if newest else _NOTHING[0], length)


def _is_odd(reply: object) -> bool:
    """Whether a key answered that it is no stream."""
    return isinstance(reply, Exception)
