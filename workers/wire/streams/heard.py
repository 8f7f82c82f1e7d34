"""What was heard from the broker and not told yet.

The only place where news wait. However much comes, they take no more room than the broker has
keys: names are merged until somebody asks, so sockets are always read and the broker never has to
keep news for a console that is busy.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from workers.wire.events import TokenDelta

#: Older pieces of messages are dropped: losing one loses nothing.
_MOST_TOKENS: Final = 10_000


class Method(StrEnum):
    """How it is found out what changed."""

    TRACKING = "tracking"
    CHECKING = "checking"


@dataclass(frozen=True, slots=True)
class Touched:
    """Keys that changed.

    Attributes:
        everything: the broker forgot all keys (a flush).
        method: how this was found out. CHECKING: the broker tells what is published at once, but
            of other changes nothing; they are looked for every `CHECK_SECONDS`.
        hears_tokens: what models are writing is told, too.
    """

    names: frozenset[str] = frozenset()
    everything: bool = False
    method: Method = Method.TRACKING
    hears_tokens: bool = True


class Heard:
    """Merges news until they are taken. What it is told, it takes at once.

    Attributes:
        method: how changes are found out.
        hears_tokens: whether what models are writing is told.
    """

    def __init__(self, on_failure: Callable[[Exception], None] | None = None) -> None:
        """Nothing is known yet.

        Args:
            on_failure: hears at once what `take` raises, which nobody may be waiting for.
        """
        self.method = Method.TRACKING
        self.hears_tokens = True
        self._on_failure = on_failure
        self._names: set[bytes] = set()
        self._everything = False
        self._tokens: deque[TokenDelta] = deque(maxlen=_MOST_TOKENS)
        self._failure: Exception | None = None
        self._is_news = asyncio.Event()

    def touch(self, names: Iterable[bytes]) -> None:
        """Keys changed."""
        self._names.update(names)
        if self._names:
            self._is_news.set()

    def flush(self) -> None:
        """All keys are gone."""
        self._everything = True
        self._is_news.set()

    def type_on(self, delta: TokenDelta) -> None:
        """A model wrote a piece of a message."""
        self._tokens.append(delta)
        self._is_news.set()

    def fail(self, error: Exception) -> None:
        """Nothing will be heard any more."""
        if self._failure is None and self._on_failure is not None:
            self._on_failure(error)
        self._failure = self._failure or error
        self._is_news.set()

    async def take(self) -> list[Touched | TokenDelta]:
        """Wait for news, and return all there are.

        Pieces of messages come first: the message they belong to is on its stream only after them.

        Raises:
            Exception: what `fail` was told.
        """
        await self._is_news.wait()
        self._is_news.clear()
        if self._failure is not None:
            raise self._failure
        news: list[Touched | TokenDelta] = list(self._tokens)
        self._tokens.clear()
        names, self._names = self._names, set()
        if self._everything:
            # Who is told so reads everything, and these as well.
            self._everything = False
            news.append(self.touched(everything=True))
        elif names:
            told = frozenset(name.decode(errors="backslashreplace") for name in names)
            news.append(self.touched(told))
        return news

    def touched(self, names: frozenset[str] = frozenset(), *, everything: bool = False) -> Touched:
        """These keys changed, and how that was found out."""
        return Touched(names, everything, self.method, self.hears_tokens)
