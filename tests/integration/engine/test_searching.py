"""Searching: every word must be there, whatever the text looks like, and the last search counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.actions.ports import Search
from desktop.engine.kept_words import KeptWords
from desktop.engine.search import Searcher
from desktop.engine.search_index import SearchIndex
from desktop.store.facts import (
    CaughtUp,
    ContextReset,
    ContextsSeen,
    Fact,
    Forgotten,
    SearchFound,
)
from desktop.store.local_records import Found
from desktop.store.records import ContextStatus, Source, Summary
from desktop.store.seeking import holds, sought_words
from tests.support.waiting import await_until

WORDS = st.text(alphabet='aäbß"*(-. ', max_size=6)
TEXTS = st.dictionaries(st.sampled_from("abcdef"), st.none() | WORDS, max_size=6)
STEPS = st.lists(st.tuples(TEXTS, st.integers(0, 3), WORDS), max_size=8)


class Seeker:
    """A searcher that runs, and what it has told."""

    def __init__(self) -> None:
        self.told: list[Fact] = []
        self.searcher = Searcher(self.told.append, KeptWords(None, lambda _title, _hint: None))
        self._number = 0

    def hear(self, *facts: Fact) -> None:
        """Let facts pass on their way out."""
        self.searcher.see(facts)

    def ask(self, text: str) -> int:
        """Look for a text, and wait for nothing."""
        self._number += 1
        self.searcher.ask(Search(text, self._number))
        return self._number

    async def find(self, text: str) -> set[str]:
        """Look for a text and wait for the answer."""
        number = self.ask(text)
        await await_until(lambda: number in self.answers(), "an answer")
        return set(self.answers()[number].context_ids)

    def answers(self) -> dict[int, Found]:
        """What was found, by number."""
        return {
            fact.found.number: fact.found for fact in self.told if isinstance(fact, SearchFound)
        }


@pytest.fixture
async def seeker() -> AsyncIterator[Seeker]:
    """It knows three conversations."""
    seeker = Seeker()
    seeker.hear(
        seen("c-invoice-4471", "treasury_agent", "Pay ACME 1250 EUR, Größe XL"),
        seen("c-record-9", "records_agent", "P-10442 was released"),
        seen("c-weather", "weather_agent", 'It "rains" AND (storms*'),
    )
    running = asyncio.create_task(seeker.searcher.run())
    yield seeker
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def seen(
    context_id: str, agent: str = "a", preview: str = "", source: Source = Source.STREAM
) -> ContextsSeen:
    """One context, as it is told."""
    summary = Summary(context_id, agent, ContextStatus.DONE, 1, preview=preview, source=source)
    return ContextsSeen((summary,))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("4471", "c-invoice-4471"),
        ("TREASURY acme", "c-invoice-4471"),
        ("grösse", "c-invoice-4471"),
        ("p-1 was", "c-record-9"),
        ('"rains"', "c-weather"),
        ("and (storms*", "c-weather"),
    ],
)
async def test_every_word_is_found_wherever_it_stands(
    seeker: Seeker, text: str, found: str
) -> None:
    """In any order and case, in the middle of words, shorter than three characters too."""
    assert await seeker.find(text) == {found}


@pytest.mark.parametrize(
    "text",
    [
        '"zz" OR "acme"',
        "NEAR(acme pay)",
        "about:acme",
        "acme' OR 1=1 --",
        "rains*storms",
        "\0",
        "half \ud800",
        "x" * 100_000,
        "acme " * 20_000,
    ],
)
async def test_a_hostile_text_is_a_text_like_others(seeker: Seeker, text: str) -> None:
    """It is found nowhere, breaks nothing, and the next search works."""
    assert await seeker.find(text) == set()
    assert await seeker.find("acme") == {"c-invoice-4471"}


async def test_what_changes_is_found_as_it_is_now(seeker: Seeker) -> None:
    """New words, gone contexts, a new broker; what is only remembered never covers what is told."""
    assert await seeker.find("released") == {"c-record-9"}

    seeker.hear(seen("c-record-9", preview="Now it rains"), seen("c-new", preview="It rains"))
    seeker.hear(seen("c-record-9", preview="released", source=Source.CACHE))
    assert await seeker.find("released") == set()
    assert await seeker.find("rains") == {"c-record-9", "c-new", "c-weather"}

    seeker.hear(ContextReset("c-new", "begun anew"), CaughtUp(frozenset(("c-record-9", "c-new"))))
    assert await seeker.find("rains") == {"c-record-9"}
    seeker.hear(Forgotten())
    assert await seeker.find("rains") == set()


async def test_the_last_search_counts(seeker: Seeker) -> None:
    """Somebody who types quickly gets one answer, for what stands there."""
    await seeker.find("warm")
    numbers = [seeker.ask("acme"[:length]) for length in (1, 2, 3, 4)]
    await await_until(lambda: numbers[-1] in seeker.answers(), "the last answer")

    assert not seeker.answers().keys() & set(numbers[:-1])
    assert seeker.answers()[numbers[-1]].context_ids == {"c-invoice-4471"}


@settings(deadline=None, max_examples=60)
@given(STEPS)
def test_the_index_finds_what_comparing_everything_finds(
    steps: list[tuple[dict[str, str | None], int, str]],
) -> None:
    """Whatever was taken, indexed, changed and taken away before."""
    index = SearchIndex()
    known: dict[str, str] = {}
    for texts, settled, text in steps:
        index.take(texts)
        known |= {name: text for name, text in texts.items() if text is not None}
        known = {name: text for name, text in known.items() if texts.get(name, text) is not None}
        index.settle(settled)
        words = sought_words(text)
        if words:
            wanted = {name for name, text in known.items() if holds(text, words)}
            assert index.find(words) == wanted
    index.close()
