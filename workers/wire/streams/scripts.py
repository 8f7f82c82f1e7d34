"""Scripts on the broker: each is one step that happens as a whole, or not at all.

The only place that sends scripts for other rooms. `Script` is for the event loop; `ThreadLine` is
a connection of a thread's own, for what must go on while the event loop is busy.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self, TypeAlias

import redis

from workers.wire.addresses import address_errors
from workers.wire.streams.connection import Client, Connection, translated

Argument: TypeAlias = str | bytes | int


class Script:
    """One script, on the connections of the event loop."""

    def __init__(self, connection: Connection, text: str) -> None:
        self._script: Client = connection.client.register_script(text)

    async def __call__(self, key: str, *arguments: Argument) -> Any:  # noqa: ANN401 - as it answers
        """Run it.

        Args:
            key: its first key; it derives the others, which lie in the same Cluster slot.

        Raises:
            BrokerError: the broker is away, or the script failed and changed nothing more.
        """
        with translated():
            return await self._script(keys=[key], args=arguments)


class ThreadLine:
    """A connection for one thread. A context manager; it connects when it is first used."""

    def __init__(self, url: str, timeout_seconds: float) -> None:
        with address_errors():
            self._client: Client = redis.Redis.from_url(
                url,
                protocol=2,
                single_connection_client=False,
                max_connections=1,
                socket_timeout=timeout_seconds,
                socket_connect_timeout=timeout_seconds,
            )
        self._scripts: dict[str, Client] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _where: TracebackType | None,
    ) -> None:
        self._client.close()

    def run(self, text: str, key: str, *arguments: Argument) -> Any:  # noqa: ANN401 - as it answers
        """Run a script; see `Script`. Blocks the thread.

        Raises:
            BrokerError: see `Script`.
        """
        with translated():
            script = self._scripts.get(text)
            if script is None:
                script = self._scripts[text] = self._client.register_script(text)
            return script(keys=[key], args=arguments)
