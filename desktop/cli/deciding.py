"""`signoff decide`: one decision, signed where its worker asks for that.

The only place of the commands that decides, and that says what came of it in an exit code.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from dataclasses import replace

from desktop.actions.forms import read_json
from desktop.cli.output import (
    hidden_in,
    print_json,
    print_line,
    print_request,
    safe,
    shown_args,
)
from desktop.cli.passphrases import ask_passphrase, passphrase_given
from desktop.cli.session import Session
from desktop.errors import ConsoleError
from desktop.store.masking import pointer_of
from desktop.store.records import DecisionKind, Request, RequestKey, RequestState
from desktop.store.signing import CastVote, Meaning, Seen
from workers.wire.canonical import JSON
from workers.wire.errors import MalformedDecision

EXIT_REFUSED = 3
EXIT_NO_ANSWER = 4
#: How a request stands when a decision of this desk has counted.
_DECIDED_SO = {
    DecisionKind.APPROVE: (RequestState.APPROVED,),
    # To some graphs an edit is a response that holds the arguments.
    DecisionKind.EDIT: (RequestState.EDITED, RequestState.RESPONDED),
    DecisionKind.REJECT: (RequestState.REJECTED,),
    DecisionKind.RESPOND: (RequestState.RESPONDED,),
}


async def decide(session: Session, options: argparse.Namespace) -> int:
    """Decide on one call, and say what came of it. Returns the exit code."""
    key = RequestKey(options.context, options.tool_call)
    answer: dict[str, JSON]
    try:
        seen = await _look_at(session, key, options)
        session.approvals.decide(
            key,
            DecisionKind(options.decision),
            options.reason,
            args=read_json(options.args) if options.args else None,
            again=options.again,
            meaning=Meaning(options.meaning) if options.meaning else None,
            seen=seen,
        )
    except (ConsoleError, MalformedDecision) as error:
        answer = {"outcome": "refused", "reason": error.title, "hint": error.hint}
        return _answer(answer, EXIT_REFUSED, as_json=options.json)

    def answered() -> bool:
        request = session.store.request(key)
        if request is None or request.state is RequestState.SENDING:
            return False
        # A vote is there once it is shown with the others.
        return request.state is not RequestState.WAITING or bool(
            request.notice or _vote(session, request)
        )

    if not await session.until(answered, options.wait):
        answer = {"outcome": "no_answer", "reason": "No worker answered in time."}
        return _answer(answer, EXIT_NO_ANSWER, as_json=options.json)
    request = session.store.request(key)
    assert request is not None  # noqa: S101 - answered() has seen it
    if request.state in _DECIDED_SO[DecisionKind(options.decision)]:
        answer = {"outcome": "applied", "decision": options.decision}
        return _answer(answer, 0, as_json=options.json)
    vote = _vote(session, request)
    if request.is_open and vote is not None and not request.notice:
        answer = {"outcome": "joined", "votes": _votes_json(request)}
        if not options.json:
            answer = {"outcome": "joined", "reason": "It waits until others have signed, too."}
        return _answer(answer, 0, as_json=options.json)
    reason = request.notice or f"The request is {request.state}.".replace("_", " ")
    answer = {"outcome": "refused", "reason": reason, "state": str(request.state)}
    return _answer(answer, EXIT_REFUSED, as_json=options.json)


async def _look_at(session: Session, key: RequestKey, options: argparse.Namespace) -> Seen:
    """Open the signing key if the decision takes one, and look for as long as the policy asks.

    What is signed to have been seen is what was printed here; for a program nothing is.

    Raises:
        ConsoleError: the key cannot be opened, or there is nothing hidden where that was asked.
    """
    request, given = session.store.request(key), passphrase_given(options.passphrase_file)
    if request is None or not request.is_open or not (request.must_be_signed or given is not None):
        return Seen()
    await session.sign_in(lambda who: ask_passphrase(who) if given is None else given)
    seen = Seen() if options.json else _print(session, request, tuple(options.reveal))
    dwell = request.policy.dwell_seconds if request.policy else 0.0
    began = time.monotonic()
    if dwell and options.decision != DecisionKind.REJECT:
        await asyncio.sleep(dwell)
    return replace(seen, ms_open=round((time.monotonic() - began) * 1000) + 1)


def _print(session: Session, request: Request, revealed: tuple[str, ...]) -> Seen:
    """Print a call, with what was asked to be seen of it; both are written down."""
    hidden = hidden_in(request)
    can_be = {one.pointer for one in hidden if one.can_be_revealed}
    if unknown := [pointer for pointer in revealed if pointer not in can_be]:
        title = f"There is nothing hidden at {safe(unknown[0])} that can be revealed."
        raise ConsoleError(title, f"Masked are: {', '.join(sorted(can_be)) or 'none'}.")
    session.looking.opened(request.key)
    if revealed:
        session.looking.revealed(request.key, revealed)
    print_request(request, revealed)
    args = shown_args(request, revealed)
    shown = args if isinstance(args, dict) else {"": args}
    fields = tuple(
        (pointer_of((name,)) if name else "", safe(str(value))) for name, value in shown.items()
    )
    masked = tuple(one.pointer for one in hidden if one.pointer not in revealed)
    return Seen(fields, masked, revealed)


def _vote(session: Session, request: Request) -> CastVote | None:
    """What this desk has signed, and that waits for others."""
    identity = session.store.signing.identity
    mine = (vote for vote in request.votes if identity and vote.reviewer_id == identity.id)
    return next(mine, None)


def _votes_json(request: Request) -> list[JSON]:
    return [
        {
            "reviewer": vote.reviewer_id,
            "name": vote.reviewer_name,
            "role": vote.role,
            "decision": str(vote.decision),
            "meaning": str(vote.meaning),
            "counts": not vote.objection,
            "objection": vote.objection,
        }
        for vote in request.votes
    ]


def _answer(answer: dict[str, JSON], code: int, *, as_json: bool) -> int:
    if as_json:
        print_json(answer)
    else:
        print_line(*(str(part) for part in answer.values()))
    return code
