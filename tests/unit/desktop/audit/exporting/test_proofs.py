"""A proof leads from an entry to the root of its log, and from nothing else."""

from __future__ import annotations

import pytest

from desktop.audit.chain import tree_of
from desktop.audit.exporting.proofs import ProofTree, leaf_hash, proven_root


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 9, 33])
def test_every_entry_is_proven_by_the_root_of_the_log(size: int) -> None:
    """The tree is that of the chain, and each proof leads to its root."""
    bodies = [b"entry %d" % number for number in range(1, size + 1)]
    tree = ProofTree(leaf_hash(body) for body in bodies)

    assert tree.root() == tree_of(bodies).root()
    for number, body in enumerate(bodies, 1):
        assert proven_root(number, size, body, tree.proof(number)) == tree.root()


def test_a_proof_fits_one_entry_at_one_place() -> None:
    """Another text, place, size, order or length is refused or leads elsewhere."""
    bodies = [b"entry %d" % number for number in range(1, 12)]
    tree = ProofTree(leaf_hash(body) for body in bodies)
    path, root = tree.proof(5), tree.root()

    wrong = [
        proven_root(5, 11, b"entry 6", path),
        proven_root(6, 11, b"entry 5", path),
        proven_root(5, 16, b"entry 5", path[::-1]),
        proven_root(5, 11, b"entry 5", path[:-1]),
        proven_root(5, 11, b"entry 5", [*path, root]),
        proven_root(5, 11, b"entry 5", [path[0][:-1], *path[1:]]),
        proven_root(0, 11, b"entry 5", path),
        proven_root(12, 11, b"entry 5", path),
    ]
    assert root not in wrong
