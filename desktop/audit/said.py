"""What entries can be found by in words: each text once, however many entries say it.

The only place that searches them. All entries about one decision name the same conversation, call,
request and nonce, so that there is far less to read through than there are entries. The texts are
those that the log has in clear: ids, and words of ours.
"""

from __future__ import annotations

import sqlite3
from typing import Final

SCHEMA: Final = "CREATE TABLE said (id INTEGER PRIMARY KEY, text TEXT) STRICT;"
#: Entries about one thing come close to each other; a text that comes again later is kept twice.
_MOST_REMEMBERED: Final = 20_000
#: Fewer texts that match are named to the database, which then looks up their entries alone.
_MOST_NAMED: Final = 2_000


class Said:
    """The texts of one index.

    Args:
        db: has the table.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._ids: dict[str, int] = {}

    def forget(self) -> None:
        """What was kept in a transaction may be gone."""
        self._ids.clear()

    def keep(self, *parts: str) -> int:
        """The id of a text, which is kept if it is new."""
        text = joined(*parts)
        known = self._ids.get(text)
        if known is None:
            if len(self._ids) >= _MOST_REMEMBERED:
                self._ids.clear()
            insert = "INSERT INTO said (text) VALUES (?)"
            known = self._ids[text] = self._db.execute(insert, (text,)).lastrowid or 0
        return known

    def holding(self, text: str) -> tuple[str, list[str]]:
        """The condition that an item says a text, in any case, and the values in it."""
        sought = text.casefold()
        query = "SELECT id FROM said WHERE instr(text, ?) > 0 LIMIT ?"
        ids = [str(one) for (one,) in self._db.execute(query, (sought, _MOST_NAMED + 1))]
        if len(ids) <= _MOST_NAMED:
            return f"said IN ({', '.join(ids)})", []
        # Of so many the newest are found soon.
        return "(SELECT instr(text, ?) FROM said WHERE id = item.said) > 0", [sought]


def joined(*parts: str) -> str:
    """Several texts as one that can be looked through."""
    return "\n".join(parts).casefold()
