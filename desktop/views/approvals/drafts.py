"""What a reviewer has begun to write for a request, and left for another one.

The only place that keeps it. It belongs to the request it was written for, not to the name of that:
once a stream was begun anew, a model may use the same tool call id for quite another call, and what
was meant for the one must not be sent for the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from desktop.actions.forms import Raw
from desktop.store.records import Request, RequestKey


@dataclass(slots=True)
class _Begun:
    """What was begun for one request, by the step it was begun at."""

    request: Request
    raws: dict[str, Mapping[str, Raw]] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)


class Drafts:
    """Kept while the window is open, and the request is there."""

    def __init__(self) -> None:
        self._begun: dict[RequestKey, _Begun] = {}

    def keep(self, request: Request, step: str, raws: Mapping[str, Raw], words: str) -> None:
        """Keep what was filled in at a step.

        Args:
            words: the same for a person who can send it no more; empty for nothing new.
        """
        begun = self._of(request)
        if begun is None:
            begun = self._begun[request.key] = _Begun(request)
        begun.raws[step], begun.words[step] = raws, words

    def of(self, request: Request, step: str) -> Mapping[str, Raw] | None:
        """What was filled in for this request at a step; None for nothing."""
        begun = self._of(request)
        return begun.raws.get(step) if begun is not None else None

    def drop(self, request: Request) -> str:
        """Keep nothing of a request any more. Returns what was written for it, in words."""
        begun = self._of(request)
        self._begun.pop(request.key, None)
        return "\n\n".join(words for words in begun.words.values() if words) if begun else ""

    def clear(self) -> None:
        """Keep nothing of any request."""
        self._begun.clear()

    def _of(self, request: Request) -> _Begun | None:
        begun = self._begun.get(request.key)
        if begun is not None and not begun.request.is_same(request):
            del self._begun[request.key]
            return None
        return begun
