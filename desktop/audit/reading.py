"""The audit log as somebody reads it: pages of rows, and entries to open.

The only place that answers queries. It writes nothing to the log: who looks at it leaves no trace.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from desktop.audit import wording
from desktop.audit.due import Due
from desktop.audit.entries import BadEntry
from desktop.audit.index import MOST_COUNTED, Found, Index
from desktop.audit.log import AuditUnavailable, Kept, opened_to_read
from desktop.audit.opening import Numbered, Secrets, detail_of, unreadable
from desktop.store.record import AuditDetail, AuditPage, AuditQuery, AuditRow

#: So many entries about one request are shown beside each other.
MOST_RELATED: Final = 200


class AuditReader:
    """Reads one log. Blocking; for one thread at a time.

    Args:
        index: where its index is kept; None to make it anew, for this reader alone.
        secrets: opens the encrypted part; None where nobody has its key.
    """

    def __init__(
        self, log: Path, index: Path | None = None, secrets: Secrets | None = None
    ) -> None:
        self._log, self._index_file, self._secrets = log, index, secrets
        self._index: Index | None = None

    def close(self) -> None:
        """Close the index."""
        if self._index is not None:
            self._index.close()
            self._index = None

    def index(self) -> Index:
        """The index, caught up with the log.

        Raises:
            AuditUnavailable: the log cannot be read.
        """
        with _translated():
            if self._index is None:
                self._index = Index(self._log, self._index_file)
            self._index.catch_up()
        return self._index

    def page(self, query: AuditQuery, number: int, now_ms: int) -> AuditPage:
        """What a query finds, in rows.

        Args:
            number: of the search; stands in the page.
            now_ms: decides how long a decision has waited for its receipt.

        Raises:
            AuditUnavailable: the log cannot be read.
        """
        index = self.index()
        with _translated():
            found = index.find(query, now_ms)
            due = index.due(found.others, now_ms) | dict(found.findings)
            numbers = [*(at for at, _ in found.findings), *found.others]
            people = [shown or text for text, shown in index.choices("person")]
            return AuditPage(
                number=number,
                rows=tuple(self._rows(numbers, due)),
                total=found.total,
                more=found.total >= MOST_COUNTED,
                next_before=_next_before(query, found),
                query=query,
                people=tuple(dict.fromkeys(people)),
                tools=tuple(text for text, _ in index.choices("tool")),
                agents=tuple(text for text, _ in index.choices("agent")),
            )

    def numbers_of(self, name: str) -> list[int]:
        """The entries about the request or the decision of this name, or the one of this number.

        Raises:
            AuditUnavailable: the log cannot be read.
        """
        index = self.index()
        with _translated():
            found = index.numbers_of(name, MOST_RELATED)
            # A request's id may be of digits alone.
            is_number = not found and name.isdecimal() and len(name) < 16
            return [kept.number for kept in self._kept([int(name)])] if is_number else found

    def kept(self, numbers: Iterable[int]) -> list[Kept]:
        """Those of these entries that are there, in this order.

        Raises:
            AuditUnavailable: the log cannot be read.
        """
        with _translated():
            return list(self._kept(numbers))

    def findings(self, numbers: Iterable[int], now_ms: int) -> dict[int, str]:
        """What is wrong with entries, in words, of those with which something is.

        Raises:
            AuditUnavailable: the log cannot be read.
        """
        index = self.index()
        with _translated():
            due = index.due(numbers, now_ms)
            return {number: wording.finding_title(what) for number, what in due.items()}

    def opened(self, number: int, now_ms: int) -> AuditDetail | None:
        """One entry, with everything about it; None if there is no such entry.

        Raises:
            AuditUnavailable: the log cannot be read.
        """
        index = self.index()
        with _translated(), opened_to_read(self._log) as connection:
            kept = next(self._kept([number]), None)
            if kept is None:
                return None
            try:
                entry = kept.entry
            except BadEntry:
                return unreadable(kept)
            numbers = index.related(entry.request_id, entry.nonce, MOST_RELATED)
            due = index.due({*numbers, number}, now_ms)
            related = list(_readable(self._kept(numbers)))
            read = partial(self._secrets, connection, kept) if self._secrets else None
            return detail_of(kept, related, due, read)

    def _rows(self, numbers: list[int], due: dict[int, Due]) -> Iterator[AuditRow]:
        for kept in self._kept(numbers):
            try:
                entry = kept.entry
            except BadEntry:
                yield wording.unreadable_row(kept.number)
                continue
            yield wording.row_of(kept.number, entry, due.get(kept.number, Due.NOTHING))

    def _kept(self, numbers: Iterable[int]) -> Iterator[Kept]:
        """Those of these entries that are there, in this order."""
        query = "SELECT number, body, before, hash FROM entry WHERE number = ?"
        with opened_to_read(self._log) as connection:
            for number in numbers:
                row = connection.execute(query, (number,)).fetchone()
                if row is not None:
                    yield Kept(*row)


def _next_before(query: AuditQuery, found: Found) -> int:
    """Where the next page begins; 0 if there is none."""
    if query.findings_only:
        return found.findings[-1][0] if len(found.findings) >= query.limit else 0
    # Findings may have taken places among the others.
    is_last = len(found.others) + len(found.findings) < query.limit
    return found.others[-1] if found.others and not is_last else 0


def _readable(entries: Iterable[Kept]) -> Iterator[Numbered]:
    for kept in entries:
        with contextlib.suppress(BadEntry):
            yield kept.number, kept.entry


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        title = "There is no audit log yet."
        raise AuditUnavailable(title, "It begins with the first decision at this desk.") from error
    except OSError as error:
        title = f"The audit log cannot be read: {error.strerror}."
        raise AuditUnavailable(title, "Check who may read the file.") from error
    except (sqlite3.Error, sqlite3.Warning) as error:
        title = f"The audit log cannot be read: {error}."
        raise AuditUnavailable(title, "Find out more with: signoff audit verify") from error
