"""What can go wrong on the wire, each with a title and a hint for the person who reads it.

The only place that defines the root of Signoff's errors; other rooms derive from it.
"""

from __future__ import annotations


class SignoffError(Exception):
    """An expected failure that a person may be shown.

    Attributes:
        title: one sentence, what happened.
        hint: one sentence, what the reader can do about it; may be empty.
    """

    def __init__(self, title: str, hint: str = "") -> None:
        super().__init__(f"{title} {hint}".strip())
        self.title = title
        self.hint = hint


class DecodeError(SignoffError):
    """Bytes that are not an event: kept whole for inspection, never parsed further.

    Attributes:
        raw: the bytes as they arrived.
        reason: a short, stable word for tables and logs (`not_json`, `too_large`, ...).
    """

    def __init__(self, reason: str, title: str, raw: bytes) -> None:
        super().__init__(title, "The entry is kept as it arrived; nothing was run.")
        self.reason = reason
        self.raw = raw


class NotApprovable(SignoffError):
    """Arguments with no single JSON form, so that no decision could be bound to them."""


class MalformedDecision(SignoffError):
    """A resume payload that is no decision."""


class BadName(SignoffError):
    """An agent name or context ID that cannot be part of a key."""


class BrokerError(SignoffError):
    """The broker did not do what was asked."""


class BrokerUnreachable(BrokerError):
    """No connection, or a connection that went away. Trying again may help."""


class BrokerRefused(BrokerError):
    """The broker answered and said no: wrong password, no permission, not a broker."""


class LeaseLost(BrokerError):
    """Another worker has taken the context over; whatever was about to be written, was not."""
