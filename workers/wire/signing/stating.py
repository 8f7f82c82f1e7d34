"""What a reviewer signs of a decision: the other side of `verifying`.

The only place that fills in a `DecisionStatement`. Consoles and programs that sign make theirs
here, from the same `Call` that a worker holds it to.
"""

from __future__ import annotations

from workers.wire.signing.statements import (
    Authentication,
    DecisionStatement,
    Display,
    Meaning,
    PolicyName,
    Signer,
)
from workers.wire.signing.verifying import Call


def state(
    call: Call,
    reviewer: Signer,
    meaning: Meaning,
    policy: PolicyName,
    display: Display,
    auth: Authentication,
    *,
    nonce: str,
    iat: int,
    exp: int,
    app: str,
    audit_prev: str = "",
) -> DecisionStatement:
    """The statement of one decision on a call; nothing in it is left to a default.

    Args:
        call: with the decision, and the comment as it travels beside the signature.
        nonce, iat, exp, app, audit_prev: see `DecisionStatement`.
    """
    return DecisionStatement(
        aud=call.agent,
        context_id=call.context_id,
        tool_call_id=call.tool_call_id,
        request_id=call.request_id,
        action=call.action,
        args_digest=call.args_digest,
        decision=call.decision,
        edited_args_digest=call.edited_args_digest,
        meaning=meaning,
        comment=call.comment or "",
        reviewer=reviewer,
        iat=iat,
        exp=exp,
        nonce=nonce,
        auth=auth,
        display=display,
        policy=policy,
        audit_prev=audit_prev,
        app=app,
    )
