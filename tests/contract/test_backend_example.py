"""The example for a back end in `docs/security.md` lets through what may run, once, and no more."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from tests.support import trusted
from tests.support.environment import ROOT
from tests.support.registered import WORKER
from tests.support.trusted import LEE_PARK, TrustedFolder, envelope
from workers.wire.approvals import ApprovalRequest, DecisionKind, Requester, digest_in
from workers.wire.canonical import JSON
from workers.wire.policy.demands import demand
from workers.wire.policy.judging import terms_of
from workers.wire.signing.assertions import REQUEST_TYPE, assertion
from workers.wire.signing.distrust import NotTrusted
from workers.wire.trust import TrustFolder

ARGS: JSON = {"amount": 10, "recipient": "ACME"}


class BackEnd:
    """What the document shows, put to use."""

    def __init__(self, folder: Path) -> None:
        """Two treasurers decide there."""
        trust = TrustedFolder(folder / "trust")
        trust.write_policy(trusted.TWO)
        self.trust = TrustFolder(trust.path, home=folder / "home")
        self.taken = sqlite3.connect(":memory:")
        self.taken.execute("CREATE TABLE taken (request_id TEXT PRIMARY KEY)")
        text = (ROOT / "docs" / "security.md").read_text().partition("## In a back end")[2]
        names: dict[str, Any] = {}
        exec(compile(text.split("```python")[1].split("```")[0], "security.md", "exec"), names)  # noqa: S102 - our own document
        self._prove, self.refusal = names["prove"], names["NotApproved"]

    def request(self, **changes: Any) -> ApprovalRequest:  # noqa: ANN401 - fields
        """What a worker asks, signed."""
        policy = self.trust.policy()
        asked = ApprovalRequest(
            request_id="ab" * 16,
            agent="treasury_agent",
            context_id="c-1",
            tool_call_id="call-1",
            action="pay",
            args_digest="",
            salt="AAAAAAAAAAAAAAAAAAAAAA==",
            requester=Requester(id="m.okafor"),
            policy=terms_of(policy, demand(policy, "treasury_agent", "pay", ARGS)),
        )
        asked = structs.replace(asked, args_digest=digest_in(asked, ARGS), **changes)
        return assertion(asked, REQUEST_TYPE, WORKER)

    def prove(
        self,
        request: ApprovalRequest,
        envelopes: Sequence[JSON],
        action: str = "pay",
        args: JSON = ARGS,
    ) -> None:
        """Ask the example."""
        self._prove(self.trust, self.taken, request, envelopes, action, args)


@pytest.fixture
def back_end(tmp_path: Path) -> Iterator[BackEnd]:
    """One that has taken nothing yet."""
    made = BackEnd(tmp_path)
    yield made
    made.taken.close()


def _both(request: ApprovalRequest, *kind: DecisionKind, **changes: Any) -> list[JSON]:  # noqa: ANN401 - fields
    return [
        envelope(request, *kind, **changes),
        envelope(request, *kind, person=LEE_PARK, **changes),
    ]


def test_what_enough_have_signed_is_made_once(back_end: BackEnd) -> None:
    """The second time is somebody who sends it again."""
    request = back_end.request()
    back_end.prove(request, _both(request))

    with pytest.raises(sqlite3.IntegrityError):
        back_end.prove(request, _both(request))


Attempt = Callable[[BackEnd, ApprovalRequest], None]


@pytest.mark.parametrize(
    "attempt",
    [
        lambda end, asked: end.prove(asked, []),
        lambda end, asked: end.prove(asked, [envelope(asked)]),
        lambda end, asked: end.prove(asked, [envelope(asked), envelope(asked)]),
        lambda end, asked: end.prove(asked, _both(asked), "pay_at_once"),
        lambda end, asked: end.prove(asked, _both(asked), args={"amount": 9999}),
        lambda end, asked: end.prove(asked, _both(asked, DecisionKind.REJECT)),
        lambda end, asked: end.prove(asked, _both(asked, exp=int(time.time()))),
        lambda end, asked: end.prove(structs.replace(asked, dsse=None), _both(asked)),
        lambda end, _: end.prove(
            own := end.request(requester=Requester(id="Rosa Mora")), _both(own)
        ),
    ],
    ids=[
        "unsigned", "one of two", "one twice", "another tool", "other arguments", "rejected",
        "too late", "nobody asked", "by who asked",
    ],
)  # fmt: skip
def test_what_is_not_approved_is_not_made(back_end: BackEnd, attempt: Attempt) -> None:
    """Nor taken, so that it can be approved yet."""
    request = back_end.request()

    with pytest.raises((NotTrusted, back_end.refusal)):
        attempt(back_end, request)

    back_end.prove(request, _both(request))
