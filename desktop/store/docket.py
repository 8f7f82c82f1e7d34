"""The requests of one context, with all that is known of them.

The only place that keeps them together, so that a context that goes takes its requests with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from desktop.store.evidence import Evidence
from desktop.store.records import Request, RequestKey
from desktop.store.signing import CastVote, Claim, Proof
from desktop.store.trails import Asked, Trail
from workers.wire.ids import StreamId

#: No entry comes before it.
NOTHING: Final = StreamId(0, 0)


@dataclass(slots=True)
class Docket:
    """What was asked in one context.

    Attributes:
        trails: what was seen under each tool call id (or request id, where there is no call).
        evidence: all that is known of each request.
        bare_proofs: whether the signature under a request holds, where nobody said which interrupt.
        votes, claims: of each request, by the worker's id of it.
        removed_before: entries before this one were removed, some of them before they were read.
        removed: where interrupts stood that are no longer in the stream.
        requests: what follows from it, in the order in which they were first known.
    """

    trails: dict[str, Trail] = field(default_factory=dict)
    evidence: dict[RequestKey, Evidence] = field(default_factory=dict)
    requests: dict[RequestKey, Request] = field(default_factory=dict)
    bare_proofs: dict[RequestKey, Proof] = field(default_factory=dict)
    votes: dict[str, tuple[CastVote, ...]] = field(default_factory=dict)
    claims: dict[str, Claim | None] = field(default_factory=dict)
    removed_before: StreamId = NOTHING
    removed: set[StreamId] = field(default_factory=set)
    _open: dict[RequestKey, None] = field(default_factory=dict)

    def trail(self, name: str) -> Trail:
        """What was seen under a name, made if it is new."""
        return self.trails.setdefault(name, Trail())

    def around(self, evidence: Evidence, asked: Asked) -> Evidence:
        """The evidence with what surrounds its request, and what is missing there."""
        name = asked.request_id
        votes = self.votes.get(name, evidence.votes) if name else evidence.votes
        claim = self.claims.get(name, evidence.claim) if name else evidence.claim
        is_lost = asked.told[-1].at < self.removed_before
        return replace(evidence, votes=votes, claim=claim, is_lost=is_lost)

    def is_removed(self, asked: Asked) -> bool:
        """Whether no interrupt that asked it is left in the stream."""
        return bool(self.removed) and all(one.at in self.removed for one in asked.told)

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
