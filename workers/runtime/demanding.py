"""What a policy demands of several calls that are decided on together.

The only place that looks for calls in the questions of hosted graphs: one question may be about a
batch of them, and its answer may change their arguments. Together they demand the most that any of
them does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from workers.wire.approvals import Risk
from workers.wire.canonical import JSON, same_form
from workers.wire.policy.demands import Demand, demand
from workers.wire.policy.rules import Policy

_RISKS = (Risk.LOW, Risk.MEDIUM, Risk.HIGH)


@dataclass(frozen=True, slots=True)
class AskedCall:
    """A call that would run.

    Attributes:
        args: as they travel; None where they have no form that could be looked at.
        is_edited: they are those of an answer, not those that were asked about.
    """

    action: str
    args: JSON
    is_edited: bool = False


def demand_of(policy: Policy, agent: str, calls: Sequence[AskedCall]) -> Demand:
    """What a policy demands of calls that are decided on together."""
    return _together([demand(policy, agent, call.action, call.args) for call in calls])


def calls_in(
    action: str, args: JSON, value: Mapping[str, JSON], answer: JSON = None
) -> tuple[AskedCall, ...]:
    """The calls that the question of a hosted graph is about, and those that an answer makes.

    Args:
        action, args: of the question as a whole.
        value: of the interrupt.
        answer: what the graph is to be given; None before there is one.
    """
    batch = value.get("action_requests")
    asked = [
        AskedCall(str(one.get("name")), one.get("args"))
        for one in (batch if isinstance(batch, list) else [])
        if isinstance(one, dict)
    ]
    asked = asked or [AskedCall(action, args)]
    return (*asked, *_made_by(answer, asked[0]))


def _made_by(answer: JSON, asked: AskedCall) -> Iterator[AskedCall]:
    """The calls in an answer, whatever it says of them: a graph may run what is in an approval.

    Clients of the agent inbox say what was asked again, and change nothing by it.
    """
    match answer:
        case {"decisions": [*decisions]}:
            for one in decisions:
                match one:
                    case {"edited_action": {"name": str() as name, "args": args}}:
                        yield AskedCall(name, args, is_edited=True)
        case [{"args": {"action": str() as name, "args": args}}]:
            if name != asked.action or not same_form(args, asked.args):
                yield AskedCall(name, args, is_edited=True)


def _together(demands: Sequence[Demand]) -> Demand:
    if len(demands) == 1:
        return demands[0]
    gating = [one for one in demands if one.gated]
    if not gating:
        return Demand(gated=False, why=_joined(demands))
    ends = [one.expires_after_seconds for one in gating if one.expires_after_seconds is not None]
    return Demand(
        gated=True,
        quorums=tuple(dict.fromkeys(quorum for one in gating for quorum in one.quorums)),
        requester_may_approve=all(one.requester_may_approve for one in gating),
        editor_may_approve=all(one.editor_may_approve for one in gating),
        expires_after_seconds=min(ends, default=None),
        reason_required=any(one.reason_required for one in gating),
        dwell_seconds=max(one.dwell_seconds for one in gating),
        meanings=tuple(
            meaning
            for meaning in gating[0].meanings
            if all(meaning in other.meanings for other in gating)
        ),
        risk=max((one.risk for one in gating), key=_RISKS.index),
        # They point into the arguments of one call, and would hide others of the next.
        masked=(),
        why=_joined(gating),
    )


def _joined(demands: Sequence[Demand]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(why for one in demands for why in one.why))
