"""What a signed decision costs: to sign, and to prove before a call runs.

Peer: a bare Ed25519 signature over the same bytes by the same library, in the same run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from statistics import median

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.bench.figure import Figure, figure
from tests.support.registered import CALL, LEE, NOW, ROSA, decision, registry, signed
from workers.wire.policy.demands import Demand, Quorum
from workers.wire.policy.judging import judge
from workers.wire.signing.dsse import pae, seal
from workers.wire.signing.statements import DECISION_TYPE, PolicyName, Signer, write_statement

ROUNDS = 3000
GOAL_SIGN_MS = 1.0
GOAL_VERIFY_MS = 2.0


def run() -> Iterator[Figure]:
    """Time each, one call after the other; the middle one counts, not the scheduler."""
    statement = decision()
    message = pae(DECISION_TYPE, write_statement(statement))
    bare = Ed25519PrivateKey.from_private_bytes(ROSA.seed)
    signature, public = bare.sign(message), bare.public_key()
    known, policy = registry(), PolicyName(id="payments", version=7)
    one = [msgspec.to_builtins(signed(statement))]
    lee = decision(reviewer=Signer(id="l.park", name="Lee Park", role="treasury"), nonce="1e" * 16)
    two = [*one, msgspec.to_builtins(signed(lee, LEE))]

    def sign() -> object:
        return seal(DECISION_TYPE, write_statement(statement), [ROSA])

    def prove(envelopes: list[object], demand: Demand) -> Callable[[], object]:
        return lambda: judge(envelopes, CALL, demand, known, NOW, requester="", policy=policy)

    yield _timed("sign a decision", sign, lambda: bare.sign(message), GOAL_SIGN_MS)
    peer = lambda: public.verify(signature, message)  # noqa: E731 - timed as it stands
    single = prove(one, Demand(gated=True))
    yield _timed("prove a decision and judge it", single, peer, GOAL_VERIFY_MS)
    both = prove(two, Demand(gated=True, quorums=(Quorum(2),)))
    yield _timed("prove the decisions of two people", both, peer, 2 * GOAL_VERIFY_MS)


def _timed(
    name: str, ours: Callable[[], object], peer: Callable[[], object], goal_ms: float
) -> Figure:
    value, other = _middle_ms(ours), _middle_ms(peer)
    beside = f"{name}, beside a bare Ed25519 operation"
    return figure(beside, value, other, "ms", goal=f"<= {goal_ms:g} ms", ok=value <= goal_ms)


def _middle_ms(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return median(times) * 1000
