"""Which conversations are listed, and in which order: whatever changed, a piece at a time."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.qtmodels.conversation_register import ConversationRegister, Sort
from desktop.store.facts import CaughtUp, ContextsSeen
from desktop.store.records import Context, ContextStatus, Source, Summary
from desktop.store.seeking import holds, searched_text, sought_words
from desktop.store.store import Store

NAMES = tuple("abcdefgh")
AGENTS = ("pay", "file")
STATUSES = (ContextStatus.DONE, ContextStatus.RUNNING, ContextStatus.FAILED)
SUMMARIES = st.builds(
    Summary,
    st.sampled_from(NAMES),
    st.sampled_from(AGENTS),
    st.sampled_from(STATUSES),
    st.integers(0, 2**63),
    st.integers(1, 10**6).map(lambda number: f"{number}-0"),
    preview=st.sampled_from(("one", "two", "one two")),
    waiting=st.sampled_from((0, 1)),
    source=st.sampled_from((Source.INDEX, Source.STREAM)),
)
STEPS = st.lists(
    st.tuples(
        st.lists(SUMMARIES, max_size=6),
        st.sampled_from(Sort),
        st.none() | st.sampled_from(ContextStatus),
        st.sampled_from(("", *AGENTS)),
        st.sampled_from(("", "one", "two one", "pay")),
        st.none() | st.frozensets(st.sampled_from(NAMES)),
    ),
    min_size=1,
    max_size=6,
)


class Listed:
    """What a list would show that is told of places only."""

    def __init__(self) -> None:
        self.store = Store()
        self.register = ConversationRegister(self.store)
        self._ranks: dict[str, int] = {}
        self._shown: set[str] = set()

    def catch_up(self) -> None:
        """Take in what changed, two at a time."""
        while self.register.is_behind:
            places = self.register.take_in(2)
            for name, rank in places.ranks.items():
                self._ranks.pop(name, None)
                self._shown.discard(name)
                if rank is not None:
                    self._ranks[name] = rank
                    self._shown |= {name} - places.hidden

    def narrow(self) -> None:
        """Show what the filters let through."""
        listed = self.register.listed()
        self._shown = {name for name in self._ranks if listed is None or name in listed}

    def names(self) -> list[str]:
        """From top to bottom."""
        return sorted(self._shown, key=lambda name: (self._ranks[name], name), reverse=True)


def _wanted(
    contexts: list[Context], sort: Sort, status: ContextStatus | None, agent: str, text: str
) -> list[str]:
    words = sought_words(text)
    rows = [
        row
        for row in contexts
        if status in {None, row.status}
        and agent in {"", row.agent}
        and holds(searched_text(row.context_id, row.agent, row.preview), words)
    ]
    latest = 2**60 - 1

    def place(row: Context) -> tuple[bool, int, str]:
        at = min(row.last_activity_ms, latest)
        waits = sort is not Sort.NEWEST and row.status is ContextStatus.WAITING
        return (waits, -at if waits else at, row.context_id)

    return [row.context_id for row in sorted(rows, key=place, reverse=True)]


@settings(deadline=None)
@given(STEPS)
def test_any_changes_and_choices_end_in_the_same_list(
    steps: list[tuple[list[Summary], Sort, ContextStatus | None, str, str, frozenset[str] | None]],
) -> None:
    """As if everything had been sorted and filtered from the beginning."""
    listed = Listed()
    listed.store.subscribe(lambda changes: listed.register.note(changes.contexts))
    listed.store.subscribe(lambda changes: listed.register.note_reset() if changes.reset else None)
    for summaries, sort, status, agent, text, held in steps:
        listed.store.apply([ContextsSeen(tuple(summaries))])
        if held is not None:
            listed.store.apply([CaughtUp(held)])
        listed.register.sort_by(sort)
        listed.register.status, listed.register.agent = status, agent
        if listed.register.seek(text):
            found = _wanted(listed.store.contexts(), sort, None, "", text)
            listed.register.find(text, frozenset(found))
        listed.catch_up()
        listed.narrow()

        assert listed.names() == _wanted(listed.store.contexts(), sort, status, agent, text)
        listed.store.apply([ContextsSeen(tuple(reversed(summaries)))])
        listed.catch_up()
        assert listed.names() == _wanted(listed.store.contexts(), sort, status, agent, text)
        assert len(listed.register) == listed.store.context_count
        agents = {row.agent for row in listed.store.contexts()}
        assert listed.register.agents(10) == sorted(agents)


def test_what_changes_while_a_search_runs_is_judged_by_what_it_says_now() -> None:
    """The answer tells of a moment ago."""
    listed = Listed()
    store, register = listed.store, listed.register
    first = Summary("c-1", "pay", ContextStatus.DONE, 1, "1-0", preview="rain")
    store.apply([ContextsSeen((first,))])
    register.note(("c-1",))
    listed.catch_up()

    assert register.seek("rain")
    news = Summary("c-1", "pay", ContextStatus.DONE, 2, "2-0", preview="sun")
    other = Summary("c-2", "pay", ContextStatus.DONE, 2, "2-0", preview="more rain")
    store.apply([ContextsSeen((news, other))])
    register.note(("c-1", "c-2"))
    listed.catch_up()
    register.find("rain", {"c-1"})
    listed.catch_up()
    listed.narrow()

    assert listed.names() == ["c-2"]
