"""Deciding on an approval request.

The only place that says when a decision may be made, and that makes one. The window and the
commands both come through here.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from msgspec import structs

from desktop.actions.guard import read_only
from desktop.actions.looking import Looking
from desktop.actions.ports import Outbox, SendDecision
from desktop.actions.signing import SigningActions
from desktop.actions.soundness import check_policy, why_not_sound
from desktop.actions.statements import binds_arguments, secrets_of, stated
from desktop.actions.words import fit_to_travel
from desktop.audit.entries import AuditEntry, AuditKind, comment_digest, happened
from desktop.errors import NotAllowedNow
from desktop.settings import Person
from desktop.store.facts import DecisionSending
from desktop.store.policies import default_meaning
from desktop.store.quorums import reviewers_needed
from desktop.store.records import DecisionKind, Dialect, Request, RequestKey, RequestState
from desktop.store.signing import Identity, Meaning, Seen, SigningState
from desktop.store.store import Store
from workers.wire import keys
from workers.wire.answers import answer, edit_as_response, fitting
from workers.wire.approvals import Binding, Decision, Reviewer, digest_in
from workers.wire.canonical import JSON, same_form, strict_json
from workers.wire.errors import NotApprovable
from workers.wire.ids import new_nonce
from workers.wire.signing.statements import DecisionStatement

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
        self.looking = Looking(store, outbox, person)
        self.signing = SigningActions(store, outbox)

    def why_not(
        self, key: RequestKey, kind: DecisionKind, seen: Seen | None = None, edited: str = ""
    ) -> NotAllowedNow | None:
        """Why this decision may not be made now; None if it may.

        Args:
            seen: what the reviewer has seen so far; None to leave out how long that took.
            edited: digest of the changed arguments, if they are known already.
        """
        request = self._store.request(key)
        if request is None:
            return NotAllowedNow("This request is not known here.", "Look at the list again.")
        if request.state is RequestState.SENDING:
            return NotAllowedNow("A decision is on its way.", "Wait for the worker's answer.")
        if request.state is not RequestState.WAITING:
            return NotAllowedNow("This request is already decided.", "Nothing was sent.")
        if not request.choices:
            return no_way(request)
        if kind not in request.choices:
            return NotAllowedNow(f"This agent does not take '{kind}' for this call.")
        refusal = self._why_not_now(request, kind)
        if refusal is not None:
            return refusal
        if _may_run_it(request, kind) and not request.intact:
            return NotAllowedNow(
                "The arguments shown are not those the worker asked about.",
                "Reject the call, and tell whoever runs the worker.",
            )
        unsound = why_not_sound(self._store, request, kind, seen, edited)
        return unsound or (self._foreign_hazard(request) if request.foreign else None)

    def _why_not_now(self, request: Request, kind: DecisionKind) -> NotAllowedNow | None:
        """What stands against any such decision at this desk, whatever the request says."""
        refusal = read_only(self._store)
        if refusal is not None:
            return refusal
        if not self._store.is_online:
            return NotAllowedNow("The broker is not reachable.", "Decide when the link is back.")
        halt = self._store.halts.holding(request.agent, request.key.context_id)
        if halt is not None and kind is not DecisionKind.REJECT:
            title = f"Calls are halted here{f' by {halt.by}' if halt.by else ''}."
            return NotAllowedNow(title, "Approve when the halt is lifted; you may reject.")
        return None

    def decide(
        self,
        key: RequestKey,
        kind: DecisionKind,
        reason: str = "",
        *,
        args: JSON = None,
        again: bool = False,
        meaning: Meaning | None = None,
        seen: Seen | None = None,
        shown: Request | None = None,
    ) -> str:
        """Send a decision, once; or let it wait for others, where the policy asks for several.

        Args:
            reason: reaches the model with a rejection, and is the answer when responding; up to
                4000 characters.
            args: of an edit, all arguments of the call as it is to run; of a response to a
                structured question, the whole answer as that question wants it.
            again: the reviewer knows that the call was started before, and that it may take
                effect twice. Without that a call in doubt is not approved.
            meaning: what the signature says; unless given, what the policy and the decision mean.
            seen: what the reviewer saw before they decided.
            shown: the request they saw it of; None where they named it and were shown none.

        Returns:
            The decision's nonce, by which the worker's receipt names it.

        Raises:
            NotAllowedNow: see `why_not`; or there is no answer or reason, nothing was changed, the
                policy does not let this person decide so, or the arguments cannot travel. Nothing
                was sent.
            MalformedDecision: the answer does not fit the question; nothing was sent.
        """
        seen = seen or Seen()
        request = self._decidable(key, kind, seen, shown)
        if kind is DecisionKind.APPROVE and request.call.is_in_doubt and not again:
            raise NotAllowedNow(
                "This call was started before, and may have taken effect.",
                "Find out first. To run it again all the same, confirm that it may run twice.",
            )
        nonce = new_nonce()
        decision = self._decision(request, kind, fit_to_travel(reason)[:MAX_REASON_LENGTH], args)
        signer = self._signer()
        binding = self._binding(request, decision, nonce)
        edited = binding.edited_args_digest if binding else ""
        statement = None
        if signer is not None:
            meaning = meaning or default_meaning(request, kind, signer, edited)
            check_policy(request, signer, decision, meaning, edited)
            statement = stated(
                request,
                decision,
                binding,
                signer,
                seen,
                meaning,
                nonce=nonce,
                now=int(self._now_seconds()),
            )
        call = request.call.tool_call_id or key.call
        order = SendDecision(
            key=key,
            agent=request.agent,
            tool_call_id=request.call.tool_call_id,
            payload=answer(request.call, structs.replace(decision, binding=binding)),
            nonce=nonce,
            record=self._record(request, decision, nonce, statement),
            guard=keys.foreign_call(request.agent, call) if request.foreign else "",
            statement=statement,
            secrets=secrets_of(request, decision, seen),
            request=request.call.request,
            args=decision.args if edited else None,
        )
        # The row says "sending" before anything can answer.
        by = signer.id if signer else ""
        self._store.apply([DecisionSending(key, decision.kind, nonce, by, edited)])
        self._outbox.post(order)
        return nonce

    def _decidable(
        self, key: RequestKey, kind: DecisionKind, seen: Seen, shown: Request | None
    ) -> Request:
        """The request, if it may be decided so, and is the one that was shown."""
        refusal = self.why_not(key, kind, seen)
        if refusal is not None:
            raise refusal
        request = self._store.request(key)
        assert request is not None  # noqa: S101 - why_not has looked
        refusal = why_not_shown(request, shown) if shown is not None else None
        if refusal is not None:
            raise refusal
        return request

    def _signer(self) -> Identity | None:
        """Who signs now; None while nobody can."""
        signing = self._store.signing
        return signing.identity if signing.state is SigningState.OPEN else None

    def _record(
        self, request: Request, decision: Decision, nonce: str, statement: DecisionStatement | None
    ) -> AuditEntry:
        """What is written down: who, about which call, what; no argument and no reason in clear."""
        person, asked = self._decider(), request.call.request
        said = decision.message or (decision.args if isinstance(decision.args, str) else "")
        entry = structs.replace(
            happened(AuditKind.DECISION, person=person.id, name=person.name),
            context_id=request.key.context_id,
            agent=request.agent,
            tool_call_id=request.tool_call_id,
            request_id=request.request_id,
            action=request.call.action,
            args_digest=asked.args_digest if asked else "",
            edited_args_digest=_edited_digest(request, decision) if asked else "",
            decision=str(decision.kind),
            comment_digest=comment_digest(said, nonce),
            nonce=nonce,
            quorum=reviewers_needed(request),
        )
        return entry if statement is None else _with_statement(entry, statement)

    def _decider(self) -> Person:
        """Who decides: whoever signs, else whom the settings name."""
        signer = self._signer()
        return Person(signer.id, signer.name) if signer else self._person()

    def _decision(self, request: Request, kind: DecisionKind, message: str, args: JSON) -> Decision:
        """What is sent, still unbound."""
        if kind is DecisionKind.EDIT:
            travels = _travelling(args)
            if not isinstance(fitting(request.call.args_schema, args), dict):
                raise NotAllowedNow("Arguments are an object of names and values.")
            if same_form(travels, request.args):
                raise NotAllowedNow("Nothing is changed.", "Change an argument, or approve.")
            response = edit_as_response(request.call, args)
            if response is not None:
                _travelling(response)
                return Decision(kind=DecisionKind.RESPOND, args=response)
            return Decision(kind=kind, args=travels, message=message)
        if kind is DecisionKind.RESPOND and args is not None:
            if _travelling(args) != args:
                raise NotAllowedNow("An integer in the answer has too many digits to travel.")
            return Decision(kind=kind, args=args)
        if kind is DecisionKind.RESPOND and not message:
            raise NotAllowedNow("There is no answer to send.", "Write it first.")
        return Decision(kind=kind, message=message)

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

    def _binding(self, request: Request, decision: Decision, nonce: str) -> Binding | None:
        asked = request.call.request
        if asked is None:
            return None
        person = self._decider()
        return Binding(
            aud=asked.agent,
            context_id=asked.context_id,
            tool_call_id=asked.tool_call_id,
            request_id=asked.request_id,
            action=asked.action,
            args_digest=asked.args_digest,
            decision=decision.kind,
            edited_args_digest=_edited_digest(request, decision),
            reviewer=Reviewer(id=person.id, name=person.name),
            iat=int(self._now_seconds()),
            nonce=nonce,
        )


def _may_run_it(request: Request, kind: DecisionKind) -> bool:
    """Whether the call could run by this decision: what is shown must be what was asked about."""
    if kind is DecisionKind.RESPOND:
        # The answer to a graph's own question can hold an approval.
        return request.call.dialect is not Dialect.SIGNOFF
    return kind in _RUNS_THE_CALL


def why_not_shown(request: Request, shown: Request | None) -> NotAllowedNow | None:
    """Why nobody can have seen this very call, by what was rendered; None if they can."""
    if shown is not None and (shown.key, shown.call) == (request.key, request.call):
        return None
    return NotAllowedNow(
        "This is not the request that is shown.", "Choose it in the list again. Nothing was sent."
    )


def no_way(request: Request) -> NotAllowedNow:
    """Why nobody can answer a request from here, whose agent takes nothing."""
    if request.used_again:
        return NotAllowedNow(
            "This worker has used the id of this call before.",
            "An answer could be taken for one to the other call, so Signoff sends none. Answer "
            "where it runs, or run the agent with Signoff's worker.",
        )
    if request.foreign and not request.call.interrupt_id:
        return NotAllowedNow(
            "This worker does not say which question it asks.",
            "An answer could reach another one, so Signoff sends none. Answer where it runs, or "
            "host the graph with Signoff's worker.",
        )
    return NotAllowedNow("This question takes no answer from a person.")


def _with_statement(entry: AuditEntry, statement: DecisionStatement) -> AuditEntry:
    """The entry with under what it was signed."""
    policy, display = statement.policy, statement.display
    return structs.replace(
        entry,
        meaning=str(statement.meaning),
        role=statement.reviewer.role,
        policy=f"{policy.id}@{policy.version}" if policy.id else "",
        args_digest=statement.args_digest,
        display_digest=display.digest,
        masked=display.masked,
        revealed=display.revealed,
        ms_open=display.ms_open,
    )


def _edited_digest(request: Request, decision: Decision) -> str:
    """What the arguments that come with a decision are bound by; empty if none do."""
    asked = request.call.request
    if asked is None or not binds_arguments(request, decision):
        return ""
    try:
        return digest_in(asked, decision.args)
    except NotApprovable as error:
        raise NotAllowedNow(error.title, "Nothing was sent.") from error


def _travelling(args: JSON) -> JSON:
    """The arguments as they travel."""
    try:
        return strict_json(args)
    except NotApprovable as error:
        raise NotAllowedNow(error.title, "Nothing was sent.") from error
