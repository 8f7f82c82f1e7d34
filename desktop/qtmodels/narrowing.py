"""Going over from all rows to some of them, a piece at a time, while rows go on moving.

The only place that looks at every row of a long list, which takes longer than a frame.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Generic

from desktop.qtmodels.ordered import Ordered, Place
from desktop.qtmodels.row_table import K


class Narrowing(Generic[K]):
    """Chooses from known places, from the top.

    Attributes:
        places: those chosen so far.
        is_shown_next: all are chosen, and the next to go on shows them.
    """

    def __init__(self, keys: Container[K], known: Ordered[K]) -> None:
        """Begin.

        Args:
            keys: the ones that are wanted.
            known: all there are; it may change as long as `see` is told.
        """
        self.places: Ordered[K] = Ordered()
        self.is_shown_next = False
        self._keys = keys
        self._known = known
        self._reached: Place[K] | None = None
        # What was said of those that changed meanwhile counts more than `keys`.
        self._wanted: dict[K, bool] = {}

    def see(self, before: Place[K] | None, after: Place[K] | None, *, is_hidden: bool) -> None:
        """One of the known moves, comes or goes."""
        if before is not None:
            self.places.discard(before)
        if after is not None:
            self._wanted[after[1]] = not is_hidden
            if not is_hidden and self._reached is not None and after >= self._reached:
                self.places.add(after)

    def go_on(self) -> bool:
        """Choose from the next piece. Returns whether there was one."""
        piece = self._known.below(self._reached)
        if not piece:
            return False
        keys, wanted = self._keys, self._wanted
        if wanted:
            chosen = [p for p in piece if (wanted[p[1]] if p[1] in wanted else p[1] in keys)]
        else:
            chosen = [place for place in piece if place[1] in keys]
        self.places.prepend(chosen)
        self._reached = piece[0]
        return True
