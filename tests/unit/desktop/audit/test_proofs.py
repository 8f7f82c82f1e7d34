"""Proofs prove what they should, and nothing else."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.audit.chain import Tree, leaf_hash, node_hash, tree_of
from desktop.audit.proofs import BadProof, Proofs, check_consistency, check_inclusion
from tests.unit.desktop.audit.test_chain import _LEAVES, _ROOTS

_PUBLISHED = [bytes.fromhex(leaf) for leaf in _LEAVES]
_MOST = 21
_BODIES = [bytes([number]) for number in range(_MOST)]


def _root(leaves: list[bytes]) -> bytes:
    """By the definition."""
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(_root(leaves[:split]), _root(leaves[split:]))


def test_published_roots_and_proofs() -> None:
    """Those of Certificate Transparency's own test data."""
    proofs = Proofs(_PUBLISHED)
    for size, root in enumerate(_ROOTS, 1):
        assert proofs.root(size).hex() == root
    assert [one.hex() for one in proofs.inclusion(6, 8)] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert [one.hex() for one in proofs.consistency(6, 8)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def test_every_entry_of_every_log_is_proven() -> None:
    """And no entry in the place of another."""
    proofs = Proofs(_BODIES)
    for size in range(1, _MOST + 1):
        root = _root(_BODIES[:size])
        assert proofs.root(size) == root
        for number in range(1, size + 1):
            proof = proofs.inclusion(number, size)
            check_inclusion(_BODIES[number - 1], number, size, root, proof)
            for other in {1, size, number + 1} - {number}:
                with pytest.raises(BadProof):
                    check_inclusion(_BODIES[number - 1], other, size, root, proof)


def test_every_growth_is_proven() -> None:
    """And no other."""
    proofs = Proofs(_BODIES)
    for old, size in itertools.combinations_with_replacement(range(1, _MOST + 1), 2):
        roots = proofs.root(old), proofs.root(size)
        proof = proofs.consistency(old, size)
        check_consistency(old, roots[0], size, roots[1], proof)
        for wrong in (proof[:-1] or [roots[0]], [*proof, roots[0]], [*proof[::-1], bytes(32)]):
            with pytest.raises(BadProof):
                check_consistency(old, roots[0], size, roots[1], wrong)
        for pair in ((bytes(32), roots[1]), (roots[0], bytes(32))):
            with pytest.raises(BadProof):
                check_consistency(old, pair[0], size, pair[1], proof)


@given(st.integers(1, _MOST), st.integers(0, 6), st.integers(0, 255))
def test_no_bit_of_a_proof_may_change(number: int, part: int, bit: int) -> None:
    """Each is needed."""
    proofs = Proofs(_BODIES)
    proof = proofs.inclusion(number, _MOST)
    part %= len(proof)
    changed = bytearray(proof[part])
    changed[bit // 8] ^= 1 << bit % 8
    wrong = [*proof[:part], bytes(changed), *proof[part + 1 :]]
    with pytest.raises(BadProof):
        check_inclusion(_BODIES[number - 1], number, _MOST, proofs.root(_MOST), wrong)


def test_what_there_is_not_cannot_be_asked_for() -> None:
    """Neither proven nor believed."""
    proofs = Proofs(_BODIES)
    for number, size in ((0, 3), (4, 3), (1, _MOST + 1)):
        with pytest.raises(ValueError, match="no such entry"):
            proofs.inclusion(number, size)
        with pytest.raises(ValueError, match="no such size"):
            proofs.consistency(number, size)
    leaf = leaf_hash(b"")
    for number, size in ((0, 1), (2, 1), (0, 3)):
        with pytest.raises(BadProof):
            check_inclusion(b"", number, size, leaf, [])
    with pytest.raises(BadProof):
        check_consistency(4, bytes(32), 3, bytes(32), [])
    with pytest.raises(BadProof):
        check_consistency(3, bytes(32), 7, bytes(32), [])
    assert Proofs([]).root(0) == Tree().root()


def test_a_proof_is_as_long_as_its_tree_is_high() -> None:
    """A root over something more is the root of another log."""
    a, b, c, d, more = (leaf_hash(body) for body in (*_BODIES[:4], b"more"))
    with pytest.raises(BadProof, match="too long"):
        check_inclusion(_BODIES[0], 1, 1, node_hash(more, a), [more])
    ab, cd = node_hash(a, b), node_hash(c, d)
    old, new = (node_hash(more, node_hash(ab, right)) for right in (c, cd))
    with pytest.raises(BadProof, match="too long"):
        check_consistency(3, old, 4, new, [c, d, ab, more])


def test_a_tree_goes_on_from_its_peaks() -> None:
    """Without looking at what is below them."""
    for size in range(_MOST):
        whole, tree = tree_of(_BODIES), tree_of(_BODIES[:size])
        again = Tree.from_peaks(size, tree.peaks)
        for body in _BODIES[size:]:
            again.add(body)
        assert again.root() == whole.root()
    with pytest.raises(ValueError, match="another number"):
        Tree.from_peaks(3, bytes(32))
