"""Scripts on the broker: each is one step that happens as a whole, or not at all.

The only place that sends scripts. `Script` is for the event loop; `ThreadLine` is a connection of
a thread's own, for what must go on while the event loop is busy.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from importlib import resources
from types import TracebackType
from typing import Any, Self, TypeAlias

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError

from workers.wire.streams.connection import Connection, translated

Argument: TypeAlias = str | bytes | int

#: The token of who writes under no lease; see fence.lua.
UNFENCED = 0
#: A server that does not know a script is told it; another may have taken its place meanwhile.
_TRIES = 3


def lua(*names: str) -> str:
    """The text of scripts of this package, one after the other."""
    folder = resources.files(__package__)
    return "".join(folder.joinpath(f"{name}.lua").read_text() for name in names)


class Script:
    """One script, on the connections of the event loop."""

    def __init__(self, connection: Connection, text: str) -> None:
        self._connection = connection
        self._text = text
        self._digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    async def __call__(self, key: str, *arguments: Argument) -> Any:  # noqa: ANN401 - as it answers
        """Run it.

        Args:
            key: its first key; it derives the others, which lie in the same Cluster slot.

        Raises:
            BrokerError: the broker is away, or the script failed and changed nothing more.
        """
        return await self.run((key,), *arguments)

    async def run(self, keys: Sequence[str], *arguments: Argument) -> Any:  # noqa: ANN401
        """Run it on several keys, all in one Cluster slot.

        Raises:
            BrokerError: see `__call__`.
        """
        client = self._connection.client
        with translated():
            for _ in range(_TRIES):
                try:
                    return await client.evalsha(self._digest, len(keys), *keys, *arguments)
                except NoScriptError:
                    await self._connection.load_script(self._text, keys[0])
            raise RedisConnectionError("it forgets a script as soon as it was told")


class ThreadLine:
    """A connection for one thread. A context manager; it connects when it is first used.

    It has an event loop of its own, so that a thread finds its server as everybody else does.
    """

    def __init__(self, url: str, timeout_seconds: float) -> None:
        self._url = url
        self._timeout_seconds = timeout_seconds
        # Stated, because the GUI's thread may set the policy for the whole process to Qt's loop.
        self._loop = asyncio.Runner(loop_factory=asyncio.SelectorEventLoop)
        self._connection: Connection | None = None
        self._scripts: dict[str, Script] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _where: TracebackType | None,
    ) -> None:
        if self._connection is not None:
            self._loop.run(self._connection.close())
        self._loop.close()

    def run(self, text: str, key: str, *arguments: Argument) -> Any:  # noqa: ANN401 - as it answers
        """Run a script; see `Script`. Blocks the thread, for `timeout_seconds` each step.

        Raises:
            BrokerError: see `Script`.
        """
        return self._loop.run(self._run(text, key, arguments))

    async def _run(self, text: str, key: str, arguments: Sequence[Argument]) -> Any:  # noqa: ANN401
        if self._connection is None:
            self._connection = Connection(
                self._url, timeout_seconds=self._timeout_seconds, max_connections=1
            )
        script = self._scripts.get(text)
        if script is None:
            script = self._scripts[text] = Script(self._connection, text)
        return await script(key, *arguments)
