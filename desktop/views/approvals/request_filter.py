"""Which requests the list shows, and in which order. Pure."""

import json
from collections.abc import Iterable
from enum import StrEnum

from desktop.store.records import Request, RequestKey


class Show(StrEnum):
    """The filter chips."""

    WAITING = "waiting"
    DECIDED = "decided"
    ALL = "all"


def shown_requests(
    requests: Iterable[Request], show: Show, words: str, chosen: RequestKey | None
) -> list[Request]:
    """The requests to list.

    Args:
        requests: in the store's order: open ones first, the longest waiting first.
        words: what a person searches for; every word must be found somewhere.
        chosen: stays among the waiting ones, in its place, when it is decided: a row must not be
            pulled away from under the reviewer who reads it.
    """
    sought = words.casefold().split()
    found = [r for r in requests if _is_shown(r, show, chosen) and matches(r, sought)]
    # By age alone, so that deciding does not move a row.
    return sorted(found, key=lambda r: r.since_ms) if show is Show.WAITING else found


def matches(request: Request, sought: list[str]) -> bool:
    """Whether every word is in the tool, the agent, the context ID or the arguments."""
    if not sought:
        return True
    hay = "\n".join(
        (
            request.call.action,
            request.agent,
            request.key.context_id,
            json.dumps(request.args, ensure_ascii=False),
        )
    ).casefold()
    return all(word in hay for word in sought)


def _is_shown(request: Request, show: Show, chosen: RequestKey | None) -> bool:
    match show:
        case Show.WAITING:
            return request.is_open or request.key == chosen
        case Show.DECIDED:
            return not request.is_open
        case Show.ALL:
            return True
