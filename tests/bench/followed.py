"""What became of entries that were written while a console followed.

The only place that compares what a console was told with what the broker holds.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from tests.bench.crowd import CONTEXTS, context_id
from workers.wire import keys
from workers.wire.streams.connection import Connection

_PIPELINE = 5000


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the entries.

    Attributes:
        p50_ms: from the broker's stamp until the engine knows it.
        written_per_second: what the writer came to.
        behind_seconds: from the end of the writing until everything was known.
        differing: conversations of which the last summary is not what the broker holds.
    """

    p50_ms: float
    p99_ms: float
    max_ms: float
    written: int = 0
    written_per_second: float = 0.0
    behind_seconds: float = 0.0
    differing: int = 0
    cpu: float = 0.0


async def differing(url: str, told: Callable[[str], tuple[int, str]]) -> int:
    """How many conversations are told otherwise than the broker holds them.

    Args:
        told: the count of entries of a conversation and the last one's id; an empty id is not
            compared.
    """
    found = 0
    async with Connection(url) as connection:
        for start in range(0, CONTEXTS, _PIPELINE):
            names = [context_id(number) for number in range(start, start + _PIPELINE)]
            async with connection.client.pipeline(transaction=False) as batch:
                for name in names:
                    batch.xlen(keys.progress(name))
                    batch.xrevrange(keys.progress(name), count=1)
                answers = await batch.execute()
            for name, length, last in zip(names, answers[::2], answers[1::2], strict=True):
                count, last_id = told(name)
                found += count != length or last_id not in ("", last[0][0].decode())
    return found
