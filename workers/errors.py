"""What can go wrong with a worker before it serves, each with a title and a hint.

The only place that defines these; what goes wrong on the wire is in `workers.wire.errors`.
"""

from __future__ import annotations

from workers.wire.errors import SignoffError


class NotConfigured(SignoffError):
    """A setting is missing or makes no sense."""


class NotServable(SignoffError):
    """What was named is no agent that a worker could serve."""


class SignedHalt(SignoffError):
    """A halt that somebody signed is not lifted by emptying its field."""


class UngatedCall(SignoffError):
    """A tool that needs approval was called past the gate. It did not run."""
