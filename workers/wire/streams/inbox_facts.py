"""What the broker tells of one inbox in one write: the questions, and the answers read.

The only place that knows their shapes. An answer may be an error, or about a key in which somebody
put something else: then it is None here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeAlias

from workers.wire import keys
from workers.wire.health import Run, Untaken
from workers.wire.streams.connection import Client
from workers.wire.streams.numerals import number

MOST_RUNS = 200
#: So many contexts and queued messages are read of each agent.
_PAGE = 200
_START = "0-0"

#: What a pipeline answered to one command: a reply, or the error it got instead.
Answer: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class InboxFacts:
    """One inbox at one moment. None is unknown.

    Attributes:
        last: id of the newest entry given to anybody; empty where there is no inbox.
        runs: what Signoff workers run, the longest first.
        due: context to when it may be taken, ms; the first of them.
        queued: contexts of which something is queued or parked.
        is_whole: `queued` holds all of them.
    """

    QUESTIONS: ClassVar = 7

    length: int | None
    consumers: int | None
    pending: int | None
    last: str
    lag: int | None
    taken: int | None
    quarantined: int | None
    runs: tuple[Run, ...]
    due: Mapping[str, int]
    queued: tuple[str, ...] | None
    is_whole: bool

    @staticmethod
    def ask(batch: Client, agent: str) -> None:
        """Put the questions about one inbox into a pipeline."""
        batch.xlen(keys.inbox(agent))
        batch.xinfo_groups(keys.inbox(agent))
        batch.xlen(keys.dead_letters(agent))
        batch.hscan(keys.run(agent), 0, count=_PAGE)
        batch.zrange(keys.due(agent), 0, _PAGE - 1, withscores=True)
        batch.hlen(keys.queued(agent))
        batch.hscan(keys.queued(agent), 0, count=_PAGE)

    @classmethod
    def of(cls, agent: str, answers: Sequence[Answer]) -> Self:
        """Read the answers to those questions."""
        length, groups, dead, runs, due, how_many, queued = answers
        group = _group(agent, groups)
        scores = due if isinstance(due, list) else []
        times = {text(c): at_ms for c, at in scores if (at_ms := number(at)) is not None}
        owners = _page(queued)
        names = None if owners is None else tuple(dict.fromkeys(map(text, owners.values())))
        nobody = isinstance(groups, list) and group is None
        return cls(
            length=count(length),
            consumers=0 if nobody else count(group.get("consumers")) if group else None,
            pending=0 if nobody else count(group.get("pending")) if group else None,
            last=_last(group, nobody=nobody),
            lag=count(length) if nobody else count(group.get("lag")) if group else None,
            taken=count(group.get("entries-read")) if group else None,
            quarantined=count(dead),
            runs=_runs(_page(runs) or {}, times),
            due=times,
            queued=names,
            is_whole=owners is not None and len(owners) == count(how_many),
        )

    def overdue(self, now_ms: int) -> list[Untaken]:
        """The contexts that may be taken, and that nobody runs."""
        held = {run.context_id for run in self.runs}
        return [
            Untaken(context_id, at_ms)
            for context_id, at_ms in self.due.items()
            if at_ms < now_ms and context_id not in held
        ]


def count(answer: Answer) -> int | None:
    """A number, if it is one."""
    return answer if isinstance(answer, int) else None


def milliseconds(entry_id: bytes) -> int:
    """When an entry came, by its id; 0 for what is no id."""
    return number(entry_id.partition(b"-")[0]) or 0


def text(raw: bytes) -> str:
    """A name, as it can be shown."""
    return raw.decode(errors="backslashreplace")


def _group(agent: str, groups: Answer) -> Mapping[str, Any] | None:
    named = keys.inbox_group(agent).encode()
    known = groups if isinstance(groups, list) else []
    return next((group for group in known if group.get("name") == named), None)


def _last(group: Mapping[str, Any] | None, *, nobody: bool) -> str:
    if group is None:
        return _START if nobody else ""
    return text(group["last-delivered-id"])


def _page(answer: Answer) -> dict[bytes, bytes] | None:
    """The first page of a hash."""
    return answer[1] if isinstance(answer, (list, tuple)) else None


def _runs(held: Mapping[bytes, bytes], due: Mapping[str, int]) -> tuple[Run, ...]:
    runs: list[Run] = []
    for context, holder in held.items():
        consumer, _, token = text(holder).rpartition("|")
        # A token is the time in microseconds when it was given, unless many were given at once.
        since_ms = (number(token) or 0) // 1000
        runs.append(Run(text(context), consumer, since_ms, due.get(text(context), 0)))
    runs.sort(key=lambda run: run.since_ms)
    return tuple(runs[:MOST_RUNS])
