"""What one worker demands of decisions, and whether a decision meets it.

The only place of a worker that looks into its trust folder, beside `halting`: what the policy
demands of a call is said from there when it is asked about, decisions are judged by it, and what
the worker says is signed with the key in it. Whatever is missing, expired, rolled back or cannot be
met approves nothing. Files are read again when they change.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from workers.runtime.demanding import AskedCall, demand_of
from workers.runtime.halting import Halts
from workers.wire.approvals import (
    ApprovalRequest,
    DecisionKind,
    Mode,
    PolicyTerms,
    Receipt,
    Refusal,
    Risk,
)
from workers.wire.canonical import JSON
from workers.wire.errors import SignoffError
from workers.wire.policy.demands import Demand
from workers.wire.policy.judging import Judgement, judge, terms_of
from workers.wire.policy.lint import unmet
from workers.wire.policy.rules import ANY, BadPolicy, Policy
from workers.wire.policy.votes import Objection, Standing
from workers.wire.signing.assertions import RECEIPT_TYPE, REQUEST_TYPE, assertion
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.keys import SigningKey
from workers.wire.signing.registry import Registry
from workers.wire.signing.statements import PolicyName
from workers.wire.signing.verifying import call_asked
from workers.wire.trust import TrustFolder

#: The note of a refusal for which nobody's vote is to blame: there are too few.
MISSING = "missing"
_HINT = "Decide again on the request as it is shown now."
_MEND = "Nothing can be approved here until it is mended; `signoff-worker doctor` says more."

_log = structlog.get_logger(__name__)


class Unproven(SignoffError):
    """A decision does not let the call run.

    Attributes:
        refusal: as it stands in a receipt.
        note: why a signature is not believed, or a vote does not count.
    """

    def __init__(self, refusal: Refusal, note: str, title: str, hint: str = _HINT) -> None:
        super().__init__(title, hint)
        self.refusal = refusal
        self.note = note


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the policy says of a call before anybody decides on it.

    Attributes:
        gated: whether a person has to decide; None if that is as it stands in the code.
        terms: for the console to explain; None where no policy could be used.
        expires_after_seconds: a decision counts so long; None for no end.
    """

    gated: bool | None = None
    terms: PolicyTerms | None = None
    risk: Risk = Risk.HIGH
    expires_after_seconds: float | None = None

    def ends_after(self, seconds: float | None) -> float | None:
        """How long a decision counts where the code says so many seconds: the shorter time."""
        known = [end for end in (seconds, self.expires_after_seconds) if end is not None]
        return min(known, default=None)


@dataclass(frozen=True, slots=True)
class Case:
    """A decision and the call it would let run, as the worker knows the call now.

    Attributes:
        calls: what would run, with the arguments that would.
        policy: under which the request was made.
        edited_args_digest: of the arguments that came with the decision, if any did.
        message: the reason or the answer, as it came.
        reviewer: whom the unsigned part of the decision names.
    """

    request: ApprovalRequest
    calls: tuple[AskedCall, ...]
    kind: DecisionKind
    policy: PolicyName
    envelopes: tuple[JSON, ...] = ()
    edited_args_digest: str = ""
    message: str = ""
    reviewer: str = ""


class Judge:
    """How the worker of one agent judges.

    Attributes:
        mode: what it demands of a decision.
        halts: what it knows of halts.
    """

    def __init__(
        self,
        agent: str,
        mode: Mode,
        trust: Path | None = None,
        *,
        home: Path | None = None,
        is_named: bool = False,
    ) -> None:
        """Take a seat.

        Args:
            trust: the trust folder; without one nothing can be proven here.
            home, is_named: see `TrustFolder`.
        """
        self.mode = mode
        self._agent = agent
        self._folder = TrustFolder(trust, home=home, is_named=is_named) if trust else None
        self.halts = Halts(agent, mode, self._folder)
        self._told = ""

    @property
    def has_policy(self) -> bool:
        """Whether a policy says which calls gate; one that cannot be read says that all do."""
        folder = self._folder
        if folder is None:
            return False
        # A folder that somebody has set up has lost its policy: what it gated must not run.
        return folder.wants_policy or (self.mode is Mode.ENFORCE and folder.exists)

    def ruling(self, *calls: AskedCall) -> Ruling:
        """What the policy says of calls that are asked about together. Reads small files."""
        if not self.has_policy:
            return Ruling()
        try:
            policy = self._policy()
        except SignoffError as error:
            self._tell(error)
            return Ruling(gated=True)
        demand = demand_of(policy, self._agent, calls)
        return Ruling(
            demand.gated, terms_of(policy, demand), demand.risk, demand.expires_after_seconds
        )

    def policy_text(self) -> str:
        """The policy of now, as `id@version`; empty where there is none that can be read."""
        try:
            policy = self._policy() if self.has_policy else None
        except SignoffError:
            return ""
        return f"{policy.id}@{policy.version}" if policy else ""

    def forbids_task(self, call: AskedCall) -> bool:
        """Whether a call that gives another agent a task is not to be made.

        What that agent does is gated there, so that nobody is asked about the task itself. A rule
        that gates it by name cannot be met; one for all tools does not mean it.
        """
        if not self.has_policy:
            return False
        try:
            policy = self._policy()
        except SignoffError as error:
            self._tell(error)
            return True
        rules = [rule for rule in policy.rules if rule.agent in (ANY, self._agent)]
        is_named = any(rule.tool == call.action for rule in rules)
        return is_named and demand_of(policy, self._agent, (call,)).gated

    async def judge(self, case: Case, at: float) -> tuple[str, ...]:
        """Prove and count the signed decisions on a call.

        Args:
            at: when the decision came, seconds since the epoch.

        Returns:
            Ids of all whose signed decisions counted; in other modes than `enforce` there may be
            none.

        Raises:
            Unproven: nothing may run.
        """
        if self.mode is not Mode.ENFORCE and not (case.envelopes and self._exists):
            return ()
        # Files are read and signatures verified there; the loop goes on meanwhile.
        return await asyncio.to_thread(self._judge, case, at)

    def signed_request(self, request: ApprovalRequest) -> ApprovalRequest:
        """The request with the worker's signature, if it has a key; the same each time."""
        key = self._key()
        return request if key is None else assertion(request, REQUEST_TYPE, key)

    def signed_receipt(self, receipt: Receipt) -> Receipt:
        """The receipt with the worker's signature, if it has a key."""
        key = self._key()
        return receipt if key is None else assertion(receipt, RECEIPT_TYPE, key)

    async def problem(self) -> SignoffError | None:
        """Why nothing can be approved here; None if something can. Also told in the log."""
        if self.mode is not Mode.ENFORCE:
            return None
        found = await asyncio.to_thread(self._problem)
        self._tell(found)
        return found

    def _problem(self) -> SignoffError | None:
        try:
            self._prepared(time.time())
        except SignoffError as error:
            return error
        return None

    @property
    def _exists(self) -> bool:
        return self._folder is not None and self._folder.exists

    def _judge(self, case: Case, at: float) -> tuple[str, ...]:
        is_strict = self.mode is Mode.ENFORCE
        try:
            registry, policy = self._prepared(time.time()) if is_strict else self._at_hand()
        except SignoffError as error:
            if not is_strict:
                return ()  # whoever could take a signature away gains nothing by spoiling it
            self._tell(error)
            note = str(error.reason) if isinstance(error, NotTrusted) else ""
            raise Unproven(Refusal.UNPREPARED, note, error.title, _MEND) from error
        if not case.envelopes:
            raise Unproven(Refusal.UNSIGNED, "", "The decision is not signed.")
        # Without a policy nobody has said who is excluded; so it is in the modes that want none.
        demand = (
            Demand(gated=True, requester_may_approve=True, editor_may_approve=True)
            if policy is None
            else demand_of(policy, self._agent, case.calls)
        )
        try:
            judged = self._judged(case, demand, registry, at)
        except NotTrusted as error:
            note = str(error.reason)
            raise Unproven(Refusal.UNTRUSTED, note, error.title, error.hint) from error
        if is_strict:
            _check_enough(case, demand, judged)
        return tuple(dict.fromkeys(vote.reviewer for vote in judged.tally.counted))

    def _judged(self, case: Case, demand: Demand, registry: Registry, at: float) -> Judgement:
        request = case.request
        call = call_asked(request, case.kind, case.edited_args_digest, case.message)
        judged = judge(
            case.envelopes,
            call,
            demand,
            registry,
            at,
            requester=request.requester.id,
            policy=case.policy,
        )
        if case.reviewer and case.reviewer not in {one.reviewer.id for one in judged.proven}:
            title = "The decision names another reviewer than those who signed it."
            raise NotTrusted(Distrust.WRONG_REVIEWER, title, _HINT)
        return judged

    def _prepared(self, now: float) -> tuple[Registry, Policy]:
        """What decisions are judged by.

        Raises:
            SignoffError: something of it is missing or wrong, so that nothing can be approved.
        """
        if self._folder is None:
            title = "The worker has no trust folder."
            raise NotTrusted(Distrust.MISSING, title, "Set SIGNOFF_TRUST, or SIGNOFF_MODE.")
        registry, policy = self._folder.registry(now), self._policy()
        for finding in unmet(policy, registry, now):
            title = f"The rule {finding.rule!r} of the policy cannot be met. {finding.title}"
            raise BadPolicy(title, "Mend the policy, or enrol more reviewers.")
        return registry, policy

    def _at_hand(self) -> tuple[Registry, Policy | None]:
        """What signatures are looked at with where none is demanded."""
        assert self._folder is not None  # noqa: S101 - see `judge`
        policy = self._policy() if self.has_policy else None
        return self._folder.registry(time.time()), policy

    def _policy(self) -> Policy:
        assert self._folder is not None  # noqa: S101 - whoever asks has looked
        return self._folder.policy()

    def _key(self) -> SigningKey | None:
        if self._folder is None:
            return None
        try:
            return self._folder.agent_key(self._agent)
        except NotTrusted as error:
            # The console sees that a signature is missing, and lets nobody approve.
            self._tell(error)
            return None

    def _tell(self, error: SignoffError | None) -> None:
        """Say it once, not with each call."""
        title = error.title if error is not None else ""
        if title != self._told:
            self._told = title
            if error is not None:
                _log.warning("nothing can be approved", agent=self._agent, reason=title)


def _check_enough(case: Case, demand: Demand, judged: Judgement) -> None:
    tally = judged.tally
    if tally.standing is Standing.REJECTED:
        return
    note, title = "", ""
    if tally.standing is Standing.OPEN:
        note = str(tally.objections[0][1]) if tally.objections else MISSING
        title = "Too few of those who signed may approve this call."
    elif case.kind is DecisionKind.RESPOND and _edits(case) and not demand.editor_may_approve:
        note = str(Objection.IS_EDITOR)
        title = "An answer that changes arguments has an editor, who may not approve it."
    if note:
        raise Unproven(Refusal.NOT_ENOUGH, note, title)


def _edits(case: Case) -> Sequence[AskedCall]:
    return [call for call in case.calls if call.is_edited]
