"""How entries hold together: a hash chain, and the tree of RFC 6962 over the same entries.

The only place that computes them. The chain shows that no entry was changed, moved or taken out;
the root of the tree is what can be kept elsewhere, and proves later that nothing was cut off.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

HASH_BYTES: Final = 32
#: What the first entry follows.
BEGINNING: Final = bytes(HASH_BYTES)
_DOMAIN: Final = b"signoff/audit/v1\x00"
_LEAF, _NODE = b"\x00", b"\x01"


def entry_hash(number: int, before: bytes, body: bytes) -> bytes:
    """The hash of an entry, 32 bytes.

    Args:
        number: its place in the log, from 1.
        before: the hash of the entry before it; `BEGINNING` for the first.
        body: its bytes, as they are kept.
    """
    return hashlib.sha256(_DOMAIN + number.to_bytes(8, "big") + before + body).digest()


def leaf_hash(body: bytes) -> bytes:
    """The hash of an entry as a leaf of the tree."""
    return hashlib.sha256(_LEAF + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node of the tree."""
    return hashlib.sha256(_NODE + left + right).digest()


@dataclass(slots=True)
class Tree:
    """The Merkle tree over the entries so far (RFC 6962, section 2.1).

    Keeps the roots of its complete subtrees only, the largest first: an entry costs one hash or a
    few, however many there are.

    Attributes:
        size: how many entries it covers.
    """

    size: int = 0
    _peaks: list[bytes] = field(default_factory=list)

    @classmethod
    def from_peaks(cls, size: int, peaks: bytes) -> Tree:
        """The tree that had these `peaks`; whether it did shows in its root.

        Raises:
            ValueError: a tree of this size has not so many.
        """
        if len(peaks) != size.bit_count() * HASH_BYTES:
            raise ValueError("a tree of this size has another number of complete subtrees")
        each = range(0, len(peaks), HASH_BYTES)
        return cls(size, [peaks[start : start + HASH_BYTES] for start in each])

    @property
    def peaks(self) -> bytes:
        """The roots of its complete subtrees, the largest first; enough to go on from here."""
        return b"".join(self._peaks)

    def add(self, body: bytes) -> None:
        """Add an entry."""
        self.add_all((body,))

    def add_all(self, bodies: Iterable[bytes]) -> None:
        """Add entries, in order."""
        sha256, peaks, size = hashlib.sha256, self._peaks, self.size
        for body in bodies:
            node, count = sha256(_LEAF + body).digest(), size
            while count & 1:
                node = sha256(_NODE + peaks.pop() + node).digest()
                count >>= 1
            peaks.append(node)
            size += 1
        self.size = size

    def root(self) -> bytes:
        """The root, 32 bytes; that of nothing is the hash of nothing."""
        if not self._peaks:
            return hashlib.sha256(b"").digest()
        *left, node = self._peaks
        for peak in reversed(left):
            node = node_hash(peak, node)
        return node


def tree_of(bodies: Iterable[bytes]) -> Tree:
    """The tree over these entries."""
    tree = Tree()
    tree.add_all(bodies)
    return tree
