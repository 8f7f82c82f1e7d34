"""What a search finds in the lines of a transcript, whether they are set in type or not.

The only place that knows which words of a line can be found. A line that is out of sight is not
laid out for that, so the marks of Markdown are taken out of its text here, roughly as the renderer
does. No Qt here.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from desktop.views.parts.markdown_source import page_length
from desktop.views.parts.transcript_entry import EntryKind, TranscriptEntry
from desktop.views.parts.visible_text import one_line, visible

_MARKS: Final = re.compile(
    r"\*\*|(?<!\w)\*(?=\S)|(?<=\S)\*(?!\w)|~~|`+[a-z]*|^ {0,3}#{1,6} +|^ *[-*+>] +|^ *\d+[.)] +"
    r"|^\|[-|: ]+\|?$|\|",
    re.MULTILINE,
)
_LINK: Final = re.compile(r"\[([^\[\]\n]{1,200})\]\(([^()\s]{1,500})\)")
_SPOKEN: Final = frozenset((EntryKind.HUMAN, EntryKind.AGENT))


@dataclass(frozen=True, slots=True)
class Place:
    """A line in which something was found.

    Attributes:
        number: of the line, counted from the first one that is loaded.
        shown: how often in what is in sight; `folded`: how often in its folded detail.
        before: how often in the lines above it.
    """

    key: str
    number: int
    shown: int
    folded: int
    before: int

    @property
    def total(self) -> int:
        """How often in this line."""
        return self.shown + self.folded


class Finder:
    """Counts words in lines, and keeps the words of each line for the next letter typed.

    Attributes:
        is_cut: a line is longer than what is set in type at once; the rest was not searched.
    """

    def __init__(self) -> None:
        self._words: dict[str, tuple[TranscriptEntry, str, str]] = {}
        self.is_cut = False

    def places(self, lines: Sequence[TranscriptEntry], words: str) -> Iterator[Place | None]:
        """Search line after line; None for one without a find, so that a caller may pause there."""
        wanted, before = words.lower(), 0
        self.is_cut = False
        for number, line in enumerate(lines):
            shown, folded = self._words_of(line)
            counts = shown.count(wanted), folded.count(wanted)
            if any(counts):
                yield Place(line.key, number, *counts, before)
                before += sum(counts)
            else:
                yield None

    def _words_of(self, line: TranscriptEntry) -> tuple[str, str]:
        known = self._words.get(line.key)
        if known is None or known[0] != line:
            known = self._words[line.key] = (line, *_searchable(line))
        self.is_cut = self.is_cut or _is_cut(line)
        return known[1:]


def _searchable(line: TranscriptEntry) -> tuple[str, str]:
    """The words of a line that are in sight, and those that are folded, in lower case."""
    if line.kind in _SPOKEN:
        head = f"{one_line(line.speaker)}\n{one_line(line.at)}\n"
        text = line.text[: page_length(line.text)]
        return (head + visible(_LINK.sub(r"\1 \2", _MARKS.sub("", text)))).lower(), ""
    is_error = line.kind is EntryKind.ERROR
    text = visible(line.text[: page_length(line.text)]) if is_error else one_line(line.text)
    row = (line.collapsed_title, line.state, line.speaker, line.at)
    shown = "\n".join((*map(one_line, row), text))
    detail = visible(line.detail[: page_length(line.detail)], exact=True)
    return shown.lower(), detail.lower()


def _is_cut(line: TranscriptEntry) -> bool:
    return any(len(text) > page_length(text) for text in (line.text, line.detail))
