"""How the console hears of changes, in words for the person who looks at the link.

The only place that says so. A broker that tells everything needs no words.
"""

from __future__ import annotations

from typing import Final

from workers.wire.events import TokenDelta
from workers.wire.streams.news import CHECK_SECONDS, Method, Touched

_CHECKS: Final = (
    f"The broker does not tell what changes: it is looked for every {CHECK_SECONDS:g} s."
)
_NO_TOKENS: Final = (
    "This user may not hear what models are writing (PSUBSCRIBE, channel agent_token:*): "
    "messages appear when they are whole."
)


def how_it_listens(first: Touched | TokenDelta) -> str:
    """What is slower or missing, by the first news of a connection; empty for nothing."""
    if isinstance(first, TokenDelta):
        return ""  # it is heard, and before it how
    checks = _CHECKS if first.method is Method.CHECKING else ""
    return f"{checks} {'' if first.hears_tokens else _NO_TOKENS}".strip()
