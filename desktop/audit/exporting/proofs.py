"""Proofs that an entry is in the log of a root (RFC 6962, section 2.1.1).

The only place that makes and checks them. The tree is the one of `audit.chain`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from desktop.audit.chain import HASH_BYTES

_LEAF, _NODE = b"\x00", b"\x01"


def leaf_hash(body: bytes) -> bytes:
    """The hash of an entry as a leaf, 32 bytes."""
    return hashlib.sha256(_LEAF + body).digest()


class ProofTree:
    """All nodes of the tree over a log: 64 bytes for each entry."""

    def __init__(self, leaves: Iterable[bytes]) -> None:
        level = bytearray().join(leaves)
        self.size = len(level) // HASH_BYTES
        self._levels = [level]
        while len(self._levels[-1]) > HASH_BYTES:
            self._levels.append(_above(self._levels[-1]))

    def root(self) -> bytes:
        """The root, 32 bytes; that of nothing is the hash of nothing."""
        return bytes(self._levels[-1]) if self.size else hashlib.sha256(b"").digest()

    def proof(self, number: int) -> list[bytes]:
        """The hashes that lead from an entry to the root.

        Args:
            number: its place in the log, from 1.
        """
        index, path = number - 1, list[bytes]()
        for level in self._levels[:-1]:
            beside = (index ^ 1) * HASH_BYTES
            # The last node of an odd level has nobody beside it, and moves up as it is.
            if beside < len(level):
                path.append(bytes(level[beside : beside + HASH_BYTES]))
            index >>= 1
        return path


def proven_root(number: int, size: int, body: bytes, path: Sequence[bytes]) -> bytes | None:
    """The root of the log that a proof leads to (RFC 9162, section 2.1.3.2).

    Args:
        number: the entry's place in the log, from 1.
        size: how many entries the log has.

    Returns:
        None if the proof has another shape than one of that place has.
    """
    index, last = number - 1, size - 1
    if not 0 <= index <= last:
        return None
    node = leaf_hash(body)
    for beside in path:
        if last == 0 or len(beside) != HASH_BYTES:
            return None
        if index & 1 or index == last:
            node = hashlib.sha256(_NODE + beside + node).digest()
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            node = hashlib.sha256(_NODE + node + beside).digest()
        index, last = index >> 1, last >> 1
    return node if last == 0 else None


def _above(level: bytearray) -> bytearray:
    pair = 2 * HASH_BYTES
    whole = len(level) - len(level) % pair
    nodes = bytearray()
    for at in range(0, whole, pair):
        nodes += hashlib.sha256(_NODE + level[at : at + pair]).digest()
    return nodes + level[whole:]
