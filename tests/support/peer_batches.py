"""Entries of another desk, Lee's, as the own desk, Rosa's, is told of them.

The only place where tests make such batches.
"""

from __future__ import annotations

from desktop.audit.chain import tree_of
from desktop.audit.checkpoints import sign_checkpoint
from desktop.audit.entries import write_entry
from tests.support.audited import KEYS, decided
from workers.wire.auditing import AuditBatch
from workers.wire.signing.keys import SigningKey

LEE = SigningKey(bytes(32))
ROSA = KEYS.install
BODIES = tuple(write_entry(decided(number)) for number in range(12))
OTHERS = tuple(write_entry(decided(100 + number)) for number in range(12))


def batch(
    first: int, last: int, bodies: tuple[bytes, ...] = BODIES, key: SigningKey = LEE
) -> AuditBatch:
    """Entries of Lee's log, from the one after `first` to `last`."""
    before, after = tree_of(bodies[:first]), tree_of(bodies[:last])
    return AuditBatch(
        install=key.public.raw,
        begin=sign_checkpoint(first, before.root(), key) if first else "",
        peaks=before.peaks,
        bodies=bodies[first:last],
        note=sign_checkpoint(last, after.root(), key),
    )


GOOD = batch(5, 9)
#: A checkpoint of the same log that its desk did not sign.
STRANGERS = sign_checkpoint(9, tree_of(BODIES[:9]).root(), ROSA)
