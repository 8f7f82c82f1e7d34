"""The world outside in a storm: what was applied, what had an effect, what is in doubt.

The only place that writes it. It lies in another database of the same broker, so that it survives
a restart together with the inbox, and it is a checkpoint store as it should be: it remembers the
highest token that looked, and takes nothing from a lower one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import redis.asyncio as redis

_LOOK = """
local seen = tonumber(redis.call('HGET', KEYS[1], 'token') or '0')
if seen > tonumber(ARGV[1]) then return 'fenced' end
redis.call('HSET', KEYS[1], 'token', ARGV[1])
return redis.call('HGET', KEYS[1], 'entry') or ''
"""
_APPLY = """
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 'fenced' end
redis.call('HSET', KEYS[1], 'entry', ARGV[2])
redis.call('RPUSH', KEYS[2], ARGV[2] .. '|' .. ARGV[3])
return 'ok'
"""


class Fenced(Exception):
    """Somebody with a higher token was here."""


@dataclass(frozen=True, slots=True)
class Applied:
    """One message that was applied: its inbox id and the sender's number."""

    entry_id: str
    number: int

    @property
    def order(self) -> tuple[int, int]:
        milliseconds, _, sequence = self.entry_id.partition("-")
        return int(milliseconds), int(sequence)


class World:
    """The world, over one connection pool. Close it."""

    def __init__(self, url: str) -> None:
        self._client: Any = redis.Redis.from_url(
            url.rsplit("/", 1)[0] + "/1", protocol=2, decode_responses=True, socket_timeout=5
        )
        self._look = self._client.register_script(_LOOK)
        self._apply = self._client.register_script(_APPLY)

    async def look(self, context_id: str, token: int) -> str:
        """The id of the last message that was applied to a context."""
        found: str = await self._look(keys=[f"checkpoint:{context_id}"], args=[token])
        if found == "fenced":
            raise Fenced
        return found

    async def apply(self, context_id: str, token: int, entry_id: str, number: int) -> None:
        keys = [f"checkpoint:{context_id}", f"applied:{context_id}"]
        if await self._apply(keys=keys, args=[token, entry_id, number]) == "fenced":
            raise Fenced

    async def take_effect(self, context_id: str, entry_id: str) -> None:
        """What an approved tool does. Nothing here keeps it from being done twice."""
        await self._client.rpush(f"effect:{context_id}", entry_id)

    async def doubt(self, context_id: str, entry_id: str) -> None:
        """A person is told that nobody knows whether the tool had its effect."""
        await self._client.sadd(f"doubt:{context_id}", entry_id)

    async def applied(self, context_id: str) -> list[Applied]:
        found = await self._client.lrange(f"applied:{context_id}", 0, -1)
        pairs = (one.split("|") for one in found)
        return [Applied(entry_id, int(number)) for entry_id, number in pairs]

    async def effects(self, context_id: str) -> list[str]:
        return list(await self._client.lrange(f"effect:{context_id}", 0, -1))

    async def doubts(self, context_id: str) -> set[str]:
        return set(await self._client.smembers(f"doubt:{context_id}"))

    async def aclose(self) -> None:
        await self._client.aclose()
