"""The requests of one context, with all that is known of them.

The only place that keeps them together, so that a context that goes takes its requests with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from desktop.store.evidence import Evidence
from desktop.store.records import Request, RequestKey
from desktop.store.trails import Trail


@dataclass(slots=True)
class Docket:
    """What was asked in one context.

    Attributes:
        trails: what was seen under each tool call id (or request id, where there is no call).
        evidence: all that is known of each request.
        requests: what follows from it, in the order in which they were first known.
    """

    trails: dict[str, Trail] = field(default_factory=dict)
    evidence: dict[RequestKey, Evidence] = field(default_factory=dict)
    requests: dict[RequestKey, Request] = field(default_factory=dict)
    _open: dict[RequestKey, None] = field(default_factory=dict)

    def trail(self, name: str) -> Trail:
        """What was seen under a name, made if it is new."""
        return self.trails.setdefault(name, Trail())

    def put(self, request: Request) -> None:
        """Keep a request as it stands now."""
        self.requests[request.key] = request
        if request.is_open:
            self._open[request.key] = None
        else:
            self._open.pop(request.key, None)

    def open_requests(self) -> list[Request]:
        """Those nobody has decided yet."""
        return [self.requests[key] for key in self._open]
