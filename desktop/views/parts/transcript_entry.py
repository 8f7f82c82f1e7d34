"""One entry of a transcript, ready to be shown. The only shape `TranscriptView` takes.

No Qt here: whoever turns progress events into entries needs no window for it.
"""

from dataclasses import dataclass
from enum import StrEnum

from desktop.qtmodels.tone import Tone


class EntryKind(StrEnum):
    """What an entry is; it decides how it is drawn, never what it may do."""

    HUMAN = "human"
    AGENT = "agent"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    INTERRUPT = "interrupt"
    ERROR = "error"
    UNREADABLE = "unreadable"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class TranscriptEntry:
    """One entry. All texts may come from an agent; the view makes them safe.

    Attributes:
        key: stable identity; an entry with a known key replaces the one before it.
        speaker: who speaks, or whose tool it is.
        at: when, already worded for a person, e.g. `09:41`.
        text: what was said, in Markdown; for tools a one-line summary, may be empty.
        detail: what is collapsed: arguments, a result, raw bytes. Shown as plain text.
        state: what became of it, in words, e.g. `waiting for approval`; `tone` colours it.
        collapsed_title: the line of a collapsed entry, usually the tool's name.
    """

    key: str
    kind: EntryKind
    speaker: str
    at: str
    text: str = ""
    detail: str = ""
    state: str = ""
    collapsed_title: str = ""
    tone: Tone = Tone.NEUTRAL
