"""The hashes of the log, against published values."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from desktop.audit.chain import BEGINNING, Tree, entry_hash, tree_of

#: Certificate Transparency's own test data (RFC 6962 reference implementation).
_LEAVES = [
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]  # fmt: skip
_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_the_tree_is_that_of_the_standard() -> None:
    """After each of its eight leaves."""
    tree = Tree()
    assert tree.root() == hashlib.sha256(b"").digest()
    for leaf, root in zip(_LEAVES, _ROOTS, strict=True):
        tree.add(bytes.fromhex(leaf))
        assert tree.root().hex() == root
    assert tree.size == 8


@given(st.lists(st.binary(max_size=4), max_size=40))
def test_the_tree_is_the_one_by_definition(bodies: list[bytes]) -> None:
    """However it is computed."""

    def root(leaves: list[bytes]) -> bytes:
        if len(leaves) <= 1:
            return hashlib.sha256(b"\x00" + leaves[0]).digest()
        split = 1 << ((len(leaves) - 1).bit_length() - 1)
        return hashlib.sha256(b"\x01" + root(leaves[:split]) + root(leaves[split:])).digest()

    expected = root(bodies) if bodies else hashlib.sha256(b"").digest()
    assert tree_of(bodies).root() == expected


@given(st.integers(1, 2**40), st.binary(max_size=8), st.integers(1, 2**40), st.binary(max_size=8))
def test_no_two_entries_share_a_hash(one: int, body: bytes, other: int, another: bytes) -> None:
    """Neither by their text nor by their place."""
    same = (one, body) == (other, another)
    hashes = entry_hash(one, BEGINNING, body), entry_hash(other, BEGINNING, another)
    assert (hashes[0] == hashes[1]) == same


def test_the_hash_of_an_entry_stays_as_it_is() -> None:
    """Logs were written with it; this is its definition."""
    place = b"signoff/audit/v1\x00" + (7).to_bytes(8, "big")
    digest = entry_hash(7, BEGINNING, b"{}")
    assert digest == hashlib.sha256(place + bytes(32) + b"{}").digest()
