"""What a window shows after a round of a storm, counted against what the broker holds.

The only place that says what missed, doubled, out of order and untrue mean there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec

from desktop.store.records import EntryKind
from tests.support.console import ConsolePage
from tests.support.redis_server import RedisServer
from tests.support.shown import GAP, PREFIX, Shown
from workers.wire.ids import StreamId

#: An open conversation shows at least so many of its newest entries.
ONE_PAGE = 200
#: The window sets so many of them in type at first, or more.
_SET = 50


class Wrong(msgspec.Struct):
    """What was counted; all of it is to be 0.

    Attributes:
        missed: entries that the broker holds and a transcript leaves out.
        doubled: entries that stand in a transcript twice.
        out_of_order: entries that stand after one that came later.
        untrue: rows that say otherwise than the broker, or of nothing, and entries and requests
            that are not there any more.
        what: some of it, in words.
    """

    missed: int = 0
    doubled: int = 0
    out_of_order: int = 0
    untrue: int = 0
    what: list[str] = msgspec.field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.missed + self.doubled + self.out_of_order + self.untrue)


class Last(NamedTuple):
    """How a row has to be: as many entries, the newest then, and a status by that."""

    entries: int
    at_ms: int
    status: str


class Holding(NamedTuple):
    """What the broker holds when nobody writes: each conversation in short, some by all ids."""

    rows: dict[str, Last]
    ids: dict[str, list[str]]


def holding(server: RedisServer, opened: Sequence[str]) -> Holding:
    """Read it, past the product."""
    with server.client() as client:
        names = list(client.scan_iter(match=f"{PREFIX}*", count=1000))
        with client.pipeline(transaction=False) as batch:
            for name in names:
                batch.xlen(name).xrevrange(name, count=1)
            answers = iter(batch.execute())
        rows = {
            name.removeprefix(PREFIX): _last(next(answers), next(answers))
            for name in dict.fromkeys(names)
        }
        ids = {one: [name for name, _ in client.xrange(PREFIX + one)] for one in opened}
    return Holding(rows, ids)


def _last(length: int, newest: Sequence[tuple[str, dict[str, str]]]) -> Last:
    entry_id, fields = newest[0]
    progress = json.loads(fields["data"])["data"]
    status = "Done" if progress["is_finish"] else "Running"
    status = "Waiting" if progress["type"] == "interrupt" else status
    return Last(length, StreamId.parse(entry_id).milliseconds, status)


def compare(
    page: ConsolePage, shown: Shown, held: Holding, in_sight: str, trimmed: set[str]
) -> Wrong:
    """Count what is shown otherwise.

    Args:
        in_sight: the conversation that the window shows, if the broker holds it.
        trimmed: those that go on showing what was removed after it had been read.
    """
    wrong = Wrong()
    _compare_rows(page, held, wrong)
    for name, ids in held.ids.items():
        entries = page.store.entries(name)
        lines = [GAP if one.kind is EntryKind.GAP else one.entry_id for one in entries]
        _compare_lines(name, lines, ids, wrong, least=ONE_PAGE, keeps_older=name in trimmed)
    for key in page.store.open_keys():
        if key.context_id not in held.rows:
            wrong.untrue += 1
            wrong.what.append(f"{key} waits nowhere")
    if not wrong:
        # The store is right; so has to be what a person sees of it.
        _compare_list(shown, held, wrong)
        ids = held.ids.get(in_sight, [])
        if ids:
            lines, older = shown.lines(in_sight), in_sight in trimmed
            _compare_lines(in_sight, lines, ids, wrong, least=_SET, keeps_older=older)
    return wrong


def _compare_rows(page: ConsolePage, held: Holding, wrong: Wrong) -> None:
    rows = {row.context_id: row for row in page.store.contexts()}
    for name in rows.keys() | held.rows.keys():
        row, last = rows.get(name), held.rows.get(name)
        told = (row.entries, row.last_activity_ms) if row else None
        if told != (last[:2] if last else None):
            wrong.untrue += 1
            wrong.what.append(f"{name}: {told}, not {last}")


def _compare_list(shown: Shown, held: Holding, wrong: Wrong) -> None:
    rows = shown.rows()
    for name in rows.keys() | held.rows.keys():
        row, last = rows.get(name), held.rows.get(name)
        status = row.pill.text if row and row.pill else ""
        if status != (last.status if last else "") or (row and row.cached):
            wrong.untrue += 1
            wrong.what.append(f"{name}: listed as {status!r}, not {last}")
    at = [held.rows[name].at_ms for name in rows if name in held.rows]
    wrong.out_of_order += sum(first < second for first, second in pairwise(at))


def _compare_lines(
    name: str,
    lines: Sequence[str],
    ids: Sequence[str],
    wrong: Wrong,
    *,
    least: int,
    keeps_older: bool,
) -> None:
    """Older entries than are shown are read when somebody pages back."""
    shown = [one for one in lines if one != GAP]
    there = set(shown)
    first = next((at for at, one in enumerate(ids) if one in there), len(ids))
    missed = [one for one in ids[min(first, max(0, len(ids) - least)) :] if one not in there]
    others = set(ids)
    begins = StreamId.parse(ids[0]) if ids else StreamId(0, 0)
    gone = [
        one
        for one in shown
        if one not in others and not (keeps_older and StreamId.parse(one) < begins)
    ]
    order = [StreamId.parse(one) for one in shown]
    out_of_order = sum(first > second for first, second in pairwise(order))
    doubled = len(shown) - len(there)
    wrong.missed += len(missed)
    wrong.untrue += len(gone)
    wrong.out_of_order += out_of_order
    wrong.doubled += doubled
    if missed or gone or out_of_order or doubled:
        numbers = f"{out_of_order} out of order, {doubled} doubled"
        wrong.what.append(f"{name}: {len(lines)} lines, no {missed[:2]}, but {gone[:2]}, {numbers}")
