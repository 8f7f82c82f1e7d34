"""Votes: signed decisions that wait beside a request until there are enough.

The only place that reads and writes them. What lies there proves nothing by where it lies; whoever
reads it verifies every signature (see `wire.policy.judging`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from workers.wire import keys
from workers.wire.canonical import JSON
from workers.wire.codec import MAX_INBOX_BYTES, decode_struct, encode_struct
from workers.wire.errors import BrokerRefused, DecodeError
from workers.wire.ids import StreamId
from workers.wire.streams.claims import ClaimWords, read_claim
from workers.wire.streams.connection import Connection, translated
from workers.wire.streams.translation import wrong_type_is_nothing

#: No more are read or written; twice as many as may decide together.
MAX_VOTES: Final = 64
#: They go when nobody has voted for so long; a vote itself counts for hours.
VOTES_TTL_SECONDS: Final = 30 * 24 * 3600
_PAGE: Final = 8


class VoteEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A vote as it lies on the broker.

    Attributes:
        envelope: the signed decision.
        args: the arguments that its `edited_args_digest` is of; None if it has none.
    """

    envelope: JSON
    args: JSON = None
    v: int = 1


@dataclass(frozen=True, slots=True)
class KeptVote:
    """An entry of the stream.

    Attributes:
        at_ms: when it came, by the broker's clock.
        entry: None if it cannot be read.
    """

    at_ms: int
    entry: VoteEntry | None


@dataclass(frozen=True, slots=True)
class Around:
    """What lies beside a request.

    Attributes:
        votes: how many entries there are.
        claim: who looks at it.
        claim_ms: so long the claim lasts unless it is renewed.
    """

    votes: int
    claim: ClaimWords | None
    claim_ms: int


class Ballots:
    """The votes of all requests of one broker."""

    def __init__(self, connection: Connection) -> None:
        self._client = connection.client

    async def post(self, context_id: str, request_id: str, vote: VoteEntry) -> None:
        """Put a vote beside the others.

        Raises:
            BrokerRefused: there are too many.
            BrokerError: the broker is away, or does not permit it.
        """
        key = keys.votes(context_id, request_id)
        with translated():
            if await self._client.xlen(key) >= MAX_VOTES:
                title = f"More than {MAX_VOTES} votes lie beside this request."
                raise BrokerRefused(title, "Tell whoever runs the broker.")
            await self._client.xadd(key, {"data": encode_struct(vote)})
            await self._client.expire(key, VOTES_TTL_SECONDS)

    async def read(self, context_id: str, request_id: str) -> list[KeptVote]:
        """The first votes on a request, in the order in which they came.

        Raises:
            BrokerError: the broker is away, or does not permit it.
        """
        key, begin = keys.votes(context_id, request_id), "-"
        found: list[KeptVote] = []
        with translated(), wrong_type_is_nothing():
            while len(found) < MAX_VOTES:
                # Page by page: an entry can be large, and anybody's.
                page = await self._client.xrange(key, begin, "+", _PAGE)
                found += [KeptVote(_ms(name), _read(fields)) for name, fields in page]
                if len(page) < _PAGE:
                    break
                begin = f"({page[-1][0].decode()}"
        return found[:MAX_VOTES]

    async def around(self, requests: Sequence[tuple[str, str]]) -> list[Around]:
        """What lies beside each of some requests.

        Args:
            requests: context and request id of each.

        Raises:
            BrokerError: the broker is away.
        """
        with translated():
            async with self._client.pipeline(transaction=False) as batch:
                for context_id, request_id in requests:
                    claim = keys.claim(context_id, request_id)
                    batch.xlen(keys.votes(context_id, request_id))
                    batch.get(claim)
                    batch.pttl(claim)
                told = await batch.execute(raise_on_error=False)
        threes = zip(told[::3], told[1::3], told[2::3], strict=True)
        return [Around(_count(n), read_claim(claim), _count(ms)) for n, claim, ms in threes]


def _read(fields: Mapping[bytes, bytes]) -> VoteEntry | None:
    try:
        vote = decode_struct(fields.get(b"data", b""), VoteEntry, max_bytes=MAX_INBOX_BYTES)
    except DecodeError:
        return None
    return vote if vote.v == 1 else None


def _ms(entry_id: bytes) -> int:
    return StreamId.parse(entry_id.decode()).milliseconds


def _count(reply: object) -> int:
    """A number of the broker's; what it refuses to tell is none."""
    return max(0, reply) if isinstance(reply, int) else 0
