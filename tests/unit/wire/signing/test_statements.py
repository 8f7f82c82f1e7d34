"""Statements: nothing stands in one but what every reader knows."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from tests.support.registered import ROSA, decision, registry_statement
from workers.wire.canonical import JSON
from workers.wire.signing.administering import EnrolmentStatement
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.statements import (
    Statement,
    canonical,
    read_statement,
    write_statement,
)
from workers.wire.signing.wrapping import wrap

ASKS = EnrolmentStatement(id="jo", name="Jo", public=ROSA.public.text, made_at="2026-03-02")
LOCKED = wrap(ROSA, "four words are enough", "Rosa Mora", memory_kib=64)


def _objects(value: JSON) -> Iterator[dict[str, JSON]]:
    """A statement's members and those of everything in it."""
    if isinstance(value, dict):
        yield value
    inside = [*value.values()] if isinstance(value, dict) else value
    for one in inside if isinstance(inside, list) else ():
        yield from _objects(one)


@pytest.mark.parametrize(
    "statement",
    [decision(), registry_statement(), ASKS, LOCKED],
    ids=["decision", "registry", "enrolment", "locked key"],
)
def test_a_word_that_nobody_knows_spoils_a_statement(statement: Statement) -> None:
    """Wherever in it: a newer reader could take it for a condition."""
    plain: JSON = msgspec.json.decode(write_statement(statement))
    assert read_statement(canonical(plain), type(statement)) == statement

    for place in list(_objects(plain)):
        place["more"] = 1
        with pytest.raises(NotTrusted, match="more") as caught:
            read_statement(canonical(plain), type(statement))
        assert caught.value.reason is Distrust.MALFORMED
        del place["more"]
