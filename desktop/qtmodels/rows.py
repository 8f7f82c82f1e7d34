"""What one row of a list says, ready to be painted.

The only shape that list models give to the row delegate.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt

from desktop.qtmodels.tone import Tone

#: The role under which a model returns a `Row`.
ROW_ROLE = int(Qt.ItemDataRole.UserRole)
#: The role under which a model returns the row's stable key.
KEY_ROLE = ROW_ROLE + 1


@dataclass(frozen=True, slots=True)
class Pill:
    """A short word in a coloured lozenge."""

    text: str
    tone: Tone = Tone.NEUTRAL


@dataclass(frozen=True, slots=True)
class Row:
    """One row. Texts may come from an agent; the delegate makes hidden characters visible.

    Attributes:
        age: how long ago, already worded, such as `2m`.
        unread: something here wants to be looked at.
        initial: one or two letters for the avatar; `hue` (0 to 359) colours it.
        problem: what is wrong with it; stands in place of the subtitle.
        cached: a word that says that nobody has confirmed it yet; empty if somebody has.
        hint: what there is to say about it when it is pointed at.
    """

    title: str
    subtitle: str = ""
    meta: str = ""
    age: str = ""
    pill: Pill | None = None
    unread: bool = False
    initial: str = ""
    hue: int = 0
    problem: str = ""
    cached: str = ""
    hint: str = ""

    @property
    def spoken(self) -> str:
        """The row as a screen reader says it."""
        pill = self.pill.text if self.pill else ""
        words = (self.title, pill, self.problem, self.subtitle, self.meta, self.age, self.cached)
        return ", ".join(part for part in words if part)
