"""Proofs over the tree of a log: that an entry is in it, and that it only grew (RFC 6962).

The only place that makes and checks them. Whoever has a proof and a checkpoint needs nothing else
of the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from desktop.audit.chain import Tree, leaf_hash, node_hash
from desktop.errors import ConsoleError


class BadProof(ConsoleError):
    """A proof that proves nothing."""


class Proofs:
    """Makes proofs over the entries of a log; keeps 64 bytes and more of each.

    Attributes:
        size: how many entries there are.
    """

    def __init__(self, bodies: Iterable[bytes]) -> None:
        """Hash the entries, in order."""
        self._levels = [[leaf_hash(body) for body in bodies]]
        self.size = len(self._levels[0])
        while len(self._levels[-1]) > 1:
            below = self._levels[-1]
            pairs = zip(below[::2], below[1::2], strict=False)
            self._levels.append([node_hash(left, right) for left, right in pairs])

    def root(self, size: int) -> bytes:
        """The root over the first entries."""
        return self._hash(0, size) if size else Tree().root()

    def inclusion(self, number: int, size: int) -> list[bytes]:
        """What proves that an entry is among the first so many (section 2.1.1).

        Args:
            number: of the entry, from 1.

        Raises:
            ValueError: there is no such entry.
        """
        if not 0 < number <= size <= self.size:
            raise ValueError("no such entry")
        return self._inclusion(number - 1, 0, size)

    def consistency(self, old: int, size: int) -> list[bytes]:
        """What proves that the log of the old size became that of the other by growing (2.1.2).

        Raises:
            ValueError: it never had such a size.
        """
        if not 0 < old <= size <= self.size:
            raise ValueError("no such size")
        return self._consistency(old, 0, size, is_whole=True)

    def _inclusion(self, index: int, start: int, end: int) -> list[bytes]:
        if end - start == 1:
            return []
        middle = start + _split(end - start)
        if index < middle:
            return [*self._inclusion(index, start, middle), self._hash(middle, end)]
        return [*self._inclusion(index, middle, end), self._hash(start, middle)]

    def _consistency(self, old: int, start: int, end: int, *, is_whole: bool) -> list[bytes]:
        if old == end:
            return [] if is_whole else [self._hash(start, end)]
        middle = start + _split(end - start)
        if old <= middle:
            proof = self._consistency(old, start, middle, is_whole=is_whole)
            return [*proof, self._hash(middle, end)]
        proof = self._consistency(old, middle, end, is_whole=False)
        return [*proof, self._hash(start, middle)]

    def _hash(self, start: int, end: int) -> bytes:
        """The root over a range; ranges begin where the tree splits."""
        count = end - start
        if not count & (count - 1):
            level = count.bit_length() - 1
            return self._levels[level][start >> level]
        middle = start + _split(count)
        return node_hash(self._hash(start, middle), self._hash(middle, end))


def check_inclusion(
    body: bytes, number: int, size: int, root: bytes, proof: Sequence[bytes]
) -> None:
    """Prove that an entry is in a log of this size and root (RFC 9162, section 2.1.3.2).

    Raises:
        BadProof: it is not proven.
    """
    if not 0 < number <= size:
        raise BadProof("The log has no such entry.")
    index, last, node = number - 1, size - 1, leaf_hash(body)
    for beside in proof:
        if not last:
            raise BadProof("The proof is too long.")
        if index & 1 or index == last:
            node = node_hash(beside, node)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = node_hash(node, beside)
        index, last = index >> 1, last >> 1
    if last or node != root:
        raise BadProof("The entry is not in this log.")


def check_consistency(
    old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> None:
    """Prove that a log only grew (RFC 9162, section 2.1.4.2).

    Raises:
        BadProof: it is not proven.
    """
    if not 0 < old <= size:
        raise BadProof("The log never had this size.")
    if old == size:
        if proof or old_root != root:
            raise BadProof("Of one size there are two logs.")
        return
    path = [old_root, *proof] if not old & (old - 1) else list(proof)
    if not path:
        raise BadProof("The proof is too short.")
    index, last = old - 1, size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    before = after = path[0]
    for beside in path[1:]:
        if not last:
            raise BadProof("The proof is too long.")
        if index & 1 or index == last:
            before, after = node_hash(beside, before), node_hash(beside, after)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            after = node_hash(after, beside)
        index, last = index >> 1, last >> 1
    if last or before != old_root or after != root:
        raise BadProof("The log did not only grow.")


def _split(count: int) -> int:
    """The largest power of two that is smaller."""
    return 1 << ((count - 1).bit_length() - 1)
