"""Words are found whatever they are about, and however many entries say them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from desktop.audit import said
from desktop.audit.entries import AuditKind
from desktop.audit.log import AuditLog, Record
from desktop.audit.reading import AuditReader
from desktop.store.record import AuditQuery
from tests.support.audited import decided

#: The entries of each of the six decisions.
_EACH = 3


@pytest.fixture(params=[(20_000, 2_000), (1, 1)], ids=["usual", "little memory, many matches"])
def reader(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[AuditReader]:
    """Of a log with six decisions and what came of them."""
    remembered, named = request.param
    monkeypatch.setattr(said, "_MOST_REMEMBERED", remembered)
    monkeypatch.setattr(said, "_MOST_NAMED", named)
    path = tmp_path / "log.sqlite"
    with closing(AuditLog(path)) as log:
        kinds = (AuditKind.DECISION, AuditKind.DECISION_SENT, AuditKind.RECEIPT)
        log.append_all(
            [
                Record(decided(n, kind=kind, context_id=f"Visit-{n // 2}", request_id=f"rq-{n}"))
                for n in range(6)
                for kind in kinds
            ]
        )
    with closing(AuditReader(path)) as reader:
        yield reader


def _found(reader: AuditReader, **sought: str) -> list[int]:
    page = reader.page(AuditQuery(**sought), 1, 0)
    return sorted(row.number for row in page.rows)


def test_an_id_is_found_in_all_that_is_about_it(reader: AuditReader) -> None:
    """Of a request, a decision, a conversation; in any case, and by a part of it."""
    assert _found(reader, text="rq-4") == [13, 14, 15]
    assert _found(reader, text=f"{5:032x}") == [16, 17, 18]
    assert _found(reader, text="VISIT-1") == list(range(7, 13))
    assert _found(reader, text="visit") == list(range(1, 6 * _EACH + 1))
    assert _found(reader, text="nobody said this") == []


def test_words_and_other_filters_narrow_together(reader: AuditReader) -> None:
    """What matches many is narrowed as what matches few."""
    assert _found(reader, text="visit", person="nobody") == []
    assert _found(reader, text="visit-2", person="mora") == list(range(13, 19))
    assert _found(reader, text="mora") == list(range(1, 6 * _EACH + 1))
