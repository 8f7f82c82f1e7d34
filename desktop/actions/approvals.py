"""Deciding on an approval request.

The only place that says when a decision may be made, and that makes one. The window and the
commands both come through here.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from desktop.actions.ports import Outbox, SendDecision
from desktop.actions.words import fit_to_travel
from desktop.errors import NotAllowedNow
from desktop.settings import Person
from desktop.store.facts import DecisionSending
from desktop.store.records import DecisionKind, Request, RequestKey, RequestState
from desktop.store.store import Store
from workers.wire import keys
from workers.wire.approvals import Binding, Decision, Reviewer
from workers.wire.dialects import answer
from workers.wire.ids import new_nonce

MAX_REASON_LENGTH = 4000
_RUNS_THE_CALL = frozenset((DecisionKind.APPROVE, DecisionKind.EDIT))


class Approvals:
    """Decisions of the person at this desk."""

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        person: Callable[[], Person],
        now_seconds: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._person = person
        self._now_seconds = now_seconds

    def why_not(self, key: RequestKey, kind: DecisionKind) -> NotAllowedNow | None:
        """Why this decision may not be made now; None if it may."""
        request = self._store.request(key)
        if request is None:
            return NotAllowedNow("This request is not known here.", "Look at the list again.")
        if request.state is RequestState.SENDING:
            return NotAllowedNow("A decision is on its way.", "Wait for the worker's answer.")
        if request.state is not RequestState.WAITING:
            return NotAllowedNow("This request is already decided.", "Nothing was sent.")
        if kind is DecisionKind.EDIT:
            return NotAllowedNow("Arguments cannot be changed from here.", "Reject, and say why.")
        if kind not in request.call.allowed:
            return NotAllowedNow(f"This agent does not take '{kind}' for this call.")
        if not self._store.is_online:
            return NotAllowedNow("The broker is not reachable.", "Decide when the link is back.")
        if kind in _RUNS_THE_CALL and not request.intact:
            return NotAllowedNow(
                "The arguments shown are not those the worker asked about.",
                "Reject the call, and tell whoever runs the worker.",
            )
        return self._foreign_hazard(request) if request.foreign else None

    def decide(self, key: RequestKey, kind: DecisionKind, reason: str = "") -> str:
        """Send a decision, once.

        Args:
            reason: reaches the model with a rejection, and is the answer when responding; up to
                4000 characters.

        Returns:
            The decision's nonce, by which the worker's receipt names it.

        Raises:
            NotAllowedNow: see `why_not`; nothing was sent.
            MalformedDecision: this kind of interrupt cannot be answered from here.
        """
        refusal = self.why_not(key, kind)
        if refusal is not None:
            raise refusal
        request = self._store.request(key)
        assert request is not None  # noqa: S101 - why_not has looked
        message = fit_to_travel(reason)[:MAX_REASON_LENGTH]
        if kind is DecisionKind.RESPOND and not message:
            raise NotAllowedNow("There is no answer to send.", "Write it first.")
        nonce = new_nonce()
        decision = Decision(
            kind=kind,
            message=message,
            binding=self._binding(request, kind, nonce),
        )
        call = request.call.tool_call_id or key.call
        order = SendDecision(
            key=key,
            agent=request.agent,
            tool_call_id=request.call.tool_call_id,
            payload=answer(request.call, decision),
            nonce=nonce,
            guard=keys.foreign_call(request.agent, call) if request.foreign else "",
        )
        # The row says "sending" before anything can answer.
        self._store.apply([DecisionSending(key, kind, nonce)])
        self._outbox.post(order)
        return nonce

    def _foreign_hazard(self, request: Request) -> NotAllowedNow | None:
        """A base worker resumes whatever waits: an answer to one call may run another."""
        for other in self._store.requests_in(request.key.context_id):
            if other.key == request.key or other.agent != request.agent or not other.is_open:
                continue
            if other.state is RequestState.SENDING:
                return NotAllowedNow(
                    "This worker has not yet answered the decision before this one.",
                    "Until it has, a second one could run a call nobody looked at.",
                )
            if not request.call.interrupt_id:
                return NotAllowedNow(
                    "This worker has several calls waiting and cannot tell them apart.",
                    "Run it with Signoff's worker to decide on each.",
                )
        return None

    def _binding(self, request: Request, kind: DecisionKind, nonce: str) -> Binding | None:
        asked = request.call.request
        if asked is None:
            return None
        person = self._person()
        return Binding(
            aud=asked.agent,
            context_id=asked.context_id,
            tool_call_id=asked.tool_call_id,
            request_id=asked.request_id,
            action=asked.action,
            args_digest=asked.args_digest,
            decision=kind,
            reviewer=Reviewer(id=person.id, name=person.name),
            iat=int(self._now_seconds()),
            nonce=nonce,
        )
