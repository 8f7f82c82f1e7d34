"""Identifiers: how they are made, checked and ordered.

The only place that makes ids and that knows what may stand in a name that becomes part of a key.
"""

from __future__ import annotations

import os
import secrets
import socket
import uuid
from typing import NamedTuple

from workers.wire.errors import BadName

#: Callers that are people, on the wire of the base package.
HUMAN = "human"
MAX_NAME_LENGTH = 200
#: Consumers of ours; entries pending with anybody else are never touched.
CONSUMER_PREFIX = "signoff:"


_MAX_SEQUENCE = 2**64 - 1


class StreamId(NamedTuple):
    """The id of a stream entry, ordered as the broker orders it (compared as text, 10 < 9)."""

    milliseconds: int
    sequence: int

    @classmethod
    def parse(cls, text: str) -> StreamId:
        """Read `"<ms>-<seq>"`.

        Raises:
            ValueError: not such an id.
        """
        milliseconds, _, sequence = text.partition("-")
        return cls(int(milliseconds), int(sequence or 0))

    def before(self) -> StreamId:
        """The id just before this one, where no other entry can lie between."""
        if self.sequence:
            return StreamId(self.milliseconds, self.sequence - 1)
        return StreamId(self.milliseconds - 1, _MAX_SEQUENCE)

    def __str__(self) -> str:
        return f"{self.milliseconds}-{self.sequence}"


def is_after(entry_id: str, other: str) -> bool:
    """Whether an entry was written after another of its stream; as `StreamId`, and cheaper.

    Raises:
        ValueError: not such ids.
    """
    milliseconds, _, sequence = entry_id.partition("-")
    other_milliseconds, _, other_sequence = other.partition("-")
    if milliseconds != other_milliseconds:
        apart = int(milliseconds) - int(other_milliseconds)
        if apart:
            return apart > 0
    return int(sequence or 0) > int(other_sequence or 0)


def milliseconds_of(entry_id: str) -> int:
    """The time in the id of a stream entry, since the epoch.

    Raises:
        ValueError: not such an id.
    """
    return int(entry_id.partition("-")[0])


def new_context_id() -> str:
    """A fresh context ID for one conversation."""
    return str(uuid.uuid4())


def new_invocation_id() -> str:
    """A fresh invocation id in the form the base client uses."""
    return f"invocation_{uuid.uuid4()}"


def new_nonce() -> str:
    """16 random bytes as hex: makes each decision unlike any other."""
    return secrets.token_hex(16)


def new_consumer_name() -> str:
    """A consumer name for one life of one process: `signoff:<host>:<pid>:<boot>`."""
    host = socket.gethostname().replace(":", "-")
    return f"{CONSUMER_PREFIX}{host}:{os.getpid()}:{secrets.token_hex(4)}"


def check_agent_name(name: str) -> str:
    """Return the name unchanged if it may be an agent's.

    Raises:
        BadName: empty, longer than 200 characters, or with braces (they would break the hash tag
            that keeps an agent's keys in one Cluster slot), blanks or control characters.
    """
    if not name or len(name) > MAX_NAME_LENGTH or any(c in "{}#" or c.isspace() for c in name):
        raise BadName(
            f"{name[:60]!r} cannot be an agent name.",
            "Use up to 200 characters without braces, '#' and blanks.",
        )
    return _check_printable(name, "an agent name")


def check_context_id(context_id: str) -> str:
    """Return the context ID unchanged if it may be part of a key.

    Raises:
        BadName: empty, longer than 200 characters, or with control characters.
    """
    if not context_id or len(context_id) > MAX_NAME_LENGTH:
        raise BadName(
            f"{context_id[:60]!r} cannot be a context ID.", "Use 1 to 200 printable characters."
        )
    return _check_printable(context_id, "a context ID")


def _check_printable(text: str, what: str) -> str:
    if not text.isprintable():
        raise BadName(f"{text[:60]!r} cannot be {what}.", "It contains hidden characters.")
    return text
