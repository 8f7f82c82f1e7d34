"""What happens to streams behind a console's back while it is cut off.

The only place that does it in storms. Each is done straight at the broker, to one conversation that
is open and some that are not, or to all.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import redis

from workers.wire import keys

#: A trimmed stream keeps so many entries.
_KEPT = 5


@dataclass(frozen=True, slots=True)
class Harm:
    """One of them.

    Attributes:
        do: it, to these conversations.
        takes_all: whether it takes conversations away, so that the window has to say so.
        leaves_older: whether a reader goes on seeing what the broker holds no longer.
    """

    do: Callable[[redis.Redis, Sequence[str]], None]
    takes_all: bool = False
    leaves_older: bool = False


def _trim(client: redis.Redis, names: Sequence[str]) -> None:
    """Also past what the console has read."""
    with client.pipeline(transaction=False) as batch:
        for name in names:
            batch.xtrim(keys.progress(name), maxlen=_KEPT, approximate=False)
        batch.execute()


def _begin_anew(client: redis.Redis, names: Sequence[str]) -> None:
    """Whoever writes goes on writing to it."""
    client.delete(*(keys.progress(name) for name in names))


def _put_back(client: redis.Redis, names: Sequence[str]) -> None:
    """To what it was some entries ago."""
    for name in names:
        key = keys.progress(name)
        kept = client.xrange(key)[:-_KEPT] or client.xrange(key, count=1)
        with client.pipeline() as batch:
            batch.delete(key)
            for entry_id, fields in kept:
                batch.xadd(key, fields, entry_id)
            batch.execute()


def _empty(client: redis.Redis, _names: Sequence[str]) -> None:
    client.flushall()


#: The broker dies, and comes back with what it had saved before the round: see `cuts`.
RESTARTED = "restarted"
HARMS = {
    "trimmed": Harm(_trim, leaves_older=True),
    "begun anew": Harm(_begin_anew),
    "put back": Harm(_put_back),
    "emptied": Harm(_empty, takes_all=True),
    RESTARTED: Harm(lambda _client, _names: None, takes_all=True),
}


def some(chance: random.Random, opened: Sequence[str], others: Sequence[str]) -> list[str]:
    """Whom it befalls."""
    return [chance.choice(opened), *chance.sample(others, k=20)]
