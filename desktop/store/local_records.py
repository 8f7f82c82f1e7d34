"""Records of what this computer does by itself: what it keeps, finds and runs beside the broker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Attributes:
        number: of the search; it grows, and the last one counts.
        text: what was looked for, as it was written.
        earlier: of those found by what was said earlier, the words around the first match; empty
            where there are very many.
    """

    number: int = 0
    text: str = ""
    context_ids: frozenset[str] = frozenset()
    earlier: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Memory:
    """What this computer remembers of the broker's conversations from one start to the next.

    Attributes:
        keeps_text: what is said is kept too, encrypted.
        title: what went wrong with it last, for a person; empty for nothing.
        words_bytes: what is kept of that takes on disk, as it was told last.
        missed: messages since the start whose words are not kept: they came too fast.
        dropped: conversations whose words went since the start, for want of room.
    """

    keeps_text: bool = False
    title: str = ""
    hint: str = ""
    words_bytes: int = 0
    missed: int = 0
    dropped: int = 0


class DemoState(StrEnum):
    """How the bundled demo stands."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Demo:
    """The bundled demo workers."""

    state: DemoState = DemoState.STOPPED
    title: str = ""
    hint: str = ""
