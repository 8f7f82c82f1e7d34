"""Facts on their way out of the engine.

The only place that puts them together: what is told of a context many times between two batches
leaves once, as it stands then.
"""

from __future__ import annotations

from collections.abc import Callable

from desktop.store import facts
from desktop.store.records import Summary

#: A fact tells of so many contexts at most, so that whoever takes it can pause after it.
MOST_SUMMARIES = 500


class Batch:
    """What leaves next."""

    def __init__(self, on_first: Callable[[], None]) -> None:
        """Set it up.

        Args:
            on_first: called when there is something to take.
        """
        self._on_first = on_first
        self._leaving: list[facts.Fact] = []
        self._facts: list[facts.Fact] = []
        self._summaries: dict[str, Summary] = {}

    def emit(self, fact: facts.Fact) -> None:
        """Let a fact leave; facts keep their order."""
        self._facts.append(fact)
        self._on_first()

    def see(self, summary: Summary) -> None:
        """Let a context be seen as it is now; rows leave before what is said in them."""
        self._summaries[summary.context_id] = summary
        self._on_first()

    def reset(self, context_id: str, title: str, *, is_gone: bool = False) -> None:
        """Tell that what was known of a context is void."""
        self.divide(facts.ContextReset(context_id, title, is_gone))

    def forget(self, title: str) -> None:
        """Tell that what was known is void, also what has not left yet; and what happened."""
        self._summaries.clear()
        self.divide(facts.Forgotten(title))

    def divide(self, fact: facts.Fact) -> None:
        """Let a fact leave that voids rows told before it, and says nothing of those after it."""
        self._close()
        self.emit(fact)
        self._close()

    def take(self) -> list[facts.Fact]:
        """Everything so far, which leaves now."""
        self._close()
        leaving, self._leaving = self._leaving, []
        return leaving

    def _close(self) -> None:
        """Let all this leave before what comes next."""
        summaries = list(self._summaries.values())
        self._leaving += [
            facts.ContextsSeen(tuple(summaries[start : start + MOST_SUMMARIES]))
            for start in range(0, len(summaries), MOST_SUMMARIES)
        ]
        self._leaving += self._facts
        self._facts, self._summaries = [], {}
