"""An item model for long lists: keys in order of rank, rows made when painted.

The only item model that is changed by what changed, and not by the whole list: of 100,000 rows some
hundred move for the price of a few binary searches each. Rows may be known and not shown.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Container, Mapping
from typing import Final, TypeAlias

from PySide6.QtCore import QObject

from desktop.qtmodels.narrowing import Narrowing
from desktop.qtmodels.ordered import Ordered, Place
from desktop.qtmodels.row_table import NOWHERE, Index, K, RowTable
from desktop.qtmodels.rows import Row

#: To go over to other rows takes so long; a piece of the narrowing that is about over leaves it to
#: the next.
_SHOWING_SECONDS: Final = 0.001
#: Where some stood and shall stand; None for nowhere.
_Moves: TypeAlias = list[tuple[Place[K] | None, Place[K] | None]]


class LatestModel(RowTable[K]):
    """A list in one column. The rank, often a time, and then the key order it.

    Every key has a rank; of those only some may be shown (`narrow`).
    """

    def __init__(
        self,
        word: Callable[[K], Row],
        parent: QObject | None = None,
        *,
        greatest_first: bool = True,
    ) -> None:
        """Make it empty.

        Args:
            word: makes the row of a key; called for the rows in sight each time they are painted.
            greatest_first: whether the greatest rank is on top; else the lowest.
        """
        super().__init__(parent)
        self._word = word
        self._greatest_first = greatest_first
        self._ranks: dict[K, int] = {}
        # Ascending, so that the latest is at the end; mostly Qt sees the end first.
        self._known: Ordered[K] = Ordered()
        # The very same while everything is shown.
        self._shown = self._known
        self._narrowing: Narrowing[K] | None = None
        # Rows at the far end that come in a moment, or are about to go.
        self._blank = 0

    def show_all(self, ranks: Mapping[K, int]) -> None:
        """Know and show these keys and no others."""
        self.narrow(None)
        self.change({key: ranks.get(key) for key in (*self._ranks, *ranks)})

    def forget(self) -> None:
        """Know nothing any more: at once, whatever was listed."""
        self.beginResetModel()
        self._ranks = {}
        self._known = self._shown = Ordered()
        self._narrowing, self._blank = None, 0
        self.endResetModel()

    def narrow(self, keys: Container[K] | None) -> None:
        """Show only those of the keys that are known; None for all."""
        self.begin_narrowing(keys)
        self.narrow_until(float("inf"))

    def begin_narrowing(self, keys: Container[K] | None) -> None:
        """As `narrow`; `narrow_until` does it, and until then what is shown stays."""
        self._narrowing = None if keys is None else Narrowing(keys, self._known)
        if keys is None:
            self._show(self._known)

    def narrow_until(self, ends: float) -> bool:
        """Go on with what was begun until a time of `time.perf_counter`. Returns whether done."""
        narrowing = self._narrowing
        if narrowing is None:
            return True
        while narrowing.go_on():
            if time.perf_counter() >= ends:
                return False
        if not narrowing.is_shown_next and time.perf_counter() + _SHOWING_SECONDS > ends:
            narrowing.is_shown_next = True
            return False
        self._narrowing = None
        self._show(narrowing.places)
        return True

    def change(self, ranks: Mapping[K, int | None], hidden: Collection[K] = ()) -> None:
        """Know these keys at their places; those without a rank no longer.

        Args:
            hidden: those of them are known and not shown.
        """
        if hidden and self._shown is self._known:
            self._shown = self._known.copy()
        moves: _Moves[K] = []
        seen: _Moves[K] = []
        is_all = self._shown is self._known
        for key, rank in ranks.items():
            before, after = _place(self._ranks.get(key), key), _place(rank, key)
            is_hidden = key in hidden
            if before != after:
                moves.append((before, after))
            if self._narrowing is not None:
                self._narrowing.see(before, after, is_hidden=is_hidden)
            stood = before if is_all or (before is not None and before in self._shown) else None
            stands = None if is_hidden else after
            if stood != stands:
                seen.append((stood, stands))
        for key, rank in ranks.items():
            if rank is not None:
                self._ranks[key] = rank
            else:
                self._ranks.pop(key, None)
        if self._shown is not self._known:
            _move(self._known, moves)
        if seen:
            self._rearrange(seen)
        self.repaint()

    def repaint(self) -> None:
        """Word the rows in sight anew."""
        if self._shown:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._shown) - 1, 0))

    def key_at(self, row: int) -> K | None:
        """The key of a row; None outside the list."""
        place = self._place_at(row)
        return None if place is None else place[1]

    def row_of(self, key: K) -> int:
        """Where a key stands; -1 if it is not shown."""
        place = _place(self._ranks.get(key), key)
        return -1 if place is None else self._row_at(place)

    def rowCount(self, parent: Index = NOWHERE) -> int:
        """Qt: how many rows."""
        return 0 if parent.isValid() else len(self._shown) + self._blank

    def row(self, key: K) -> Row:
        """What the row of a key says, worded now."""
        return self._word(key)

    def _row_at(self, place: Place[K]) -> int:
        at = self._shown.index(place)
        return self._turned(at) if at >= 0 else -1

    def _show(self, wanted: Ordered[K]) -> None:
        """Go over to other rows."""
        if wanted is self._shown:
            return
        if self._shown is self._known and self.persistentIndexList():
            self._shown = self._known.copy()  # what goes leaves the list, not what is known
        self._remove_held(lambda place: place not in wanted)

        def go_over() -> None:
            self._shown = wanted

        self._lay_out(len(wanted) - len(self._shown), go_over, {})
        self.repaint()

    def _rearrange(self, moves: _Moves[K]) -> None:
        """Let some of the shown rows take other places, come or go."""
        leaving = {before for before, after in moves if before is not None and after is None}
        surplus = sum((after is not None) - (before is not None) for before, after in moves)
        surplus += self._remove_held(leaving.__contains__) if leaving else 0
        moved = {before: after for before, after in moves if before is not None}
        self._lay_out(surplus, lambda: _move(self._shown, moves), moved)

    def _lay_out(
        self,
        surplus: int,
        go_over: Callable[[], None],
        moved: Mapping[Place[K], Place[K] | None],
    ) -> None:
        """Go over to other rows; what Qt holds on to goes along with its key.

        Rows come and go as one, at the far end, which is out of sight; then each takes its place.
        """
        if surplus > 0:
            self.beginInsertRows(NOWHERE, len(self._shown), len(self._shown) + surplus - 1)
            self._blank = surplus
            self.endInsertRows()
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        held = [self._place_at(index.row()) for index in before]
        go_over()
        self._blank = max(-surplus, 0)
        places = [moved.get(place, place) if place is not None else None for place in held]
        rows = [-1 if place is None else self._row_at(place) for place in places]
        self.changePersistentIndexList(before, [self.index(row, 0) for row in rows])
        self.layoutChanged.emit()
        if surplus < 0:
            self.beginRemoveRows(NOWHERE, len(self._shown), len(self._shown) - surplus - 1)
            self._blank = 0
            self.endRemoveRows()

    def _remove_held(self, leaves: Callable[[Place[K]], bool]) -> int:
        """Remove one by one what is held and goes: so a list learns that its current row leaves.

        Returns:
            How many.
        """
        removed = 0
        for row in sorted({index.row() for index in self.persistentIndexList()}, reverse=True):
            place = self._place_at(row)
            if place is not None and leaves(place):
                self.beginRemoveRows(NOWHERE, row, row)
                self._shown.discard(place)
                self.endRemoveRows()
                removed += 1
        return removed

    def _place_at(self, row: int) -> Place[K] | None:
        return self._shown[self._turned(row)] if 0 <= row < len(self._shown) else None

    def _turned(self, at: int) -> int:
        """The row of what stands at a number, and the other way round."""
        return len(self._shown) - 1 - at if self._greatest_first else at


def _place(rank: int | None, key: K) -> Place[K] | None:
    return None if rank is None else (rank, key)


def _move(places: Ordered[K], moves: _Moves[K]) -> None:
    for before, _ in moves:
        if before is not None:
            places.discard(before)
    for _, after in moves:
        if after is not None:
            places.add(after)
