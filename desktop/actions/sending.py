"""Whether anything may leave this desk now.

The only place that knows what holds back every order to the broker, whatever it is: the link is
away, or the person wants to look only.
"""

from __future__ import annotations

from typing import Final

from desktop.errors import NotAllowedNow
from desktop.store.store import Store

ONLY_LOOKS: Final = "This console only looks: it sends nothing."
ONLY_LOOKS_HINT: Final = "The settings can change that."


def why_nothing_leaves(store: Store, hint: str) -> NotAllowedNow | None:
    """Why nothing may be sent now; None if it may.

    Args:
        hint: what to do while the broker is not reachable.
    """
    if store.read_only:
        return NotAllowedNow(ONLY_LOOKS, ONLY_LOOKS_HINT)
    if not store.is_online:
        return NotAllowedNow("The broker is not reachable.", hint)
    return None
