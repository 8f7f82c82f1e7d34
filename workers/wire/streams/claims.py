"""Claims: who looks at a request now, as leases that end by themselves.

The only place that reads and writes them. They are a courtesy among reviewers; nothing is decided
by them, and whoever can write to the broker can write one in any name.
"""

from __future__ import annotations

from typing import Final

import msgspec

from workers.wire import keys
from workers.wire.codec import decode_struct, encode_struct
from workers.wire.errors import DecodeError
from workers.wire.streams.connection import Connection
from workers.wire.streams.scripts import Script, lua

#: A desk that dies is forgotten after so long.
LEASE_SECONDS: Final = 60
#: A claim of more bytes is no claim.
MAX_CLAIM_BYTES: Final = 2048
_GIVE_BACK: Final = 0


class ClaimWords(msgspec.Struct, frozen=True, kw_only=True):
    """What a claim says.

    Attributes:
        desk: unlike that of any other running console.
    """

    by_id: str
    by_name: str
    desk: str
    v: int = 1


class Leases:
    """The claims of one desk."""

    def __init__(self, connection: Connection) -> None:
        self._script = Script(connection, lua("claim"))

    async def take(self, context_id: str, request_id: str, words: ClaimWords) -> bool:
        """Take a lease, or renew the own one; another's is left alone.

        Returns:
            Whether it is the own one now.

        Raises:
            BrokerError: the broker is away, or does not permit it.
        """
        others = await self._script(
            keys.claim(context_id, request_id), encode_struct(words), LEASE_SECONDS * 1000
        )
        return not others

    async def give_back(self, context_id: str, request_id: str, words: ClaimWords) -> None:
        """Give back a lease, if it is the own one.

        Raises:
            BrokerError: see `take`.
        """
        await self._script(keys.claim(context_id, request_id), encode_struct(words), _GIVE_BACK)


def read_claim(raw: object) -> ClaimWords | None:
    """The words of a claim as the broker holds it; None if there is none, or none to be read."""
    if not isinstance(raw, bytes):
        return None
    try:
        return decode_struct(raw, ClaimWords, max_bytes=MAX_CLAIM_BYTES)
    except DecodeError:
        return None
