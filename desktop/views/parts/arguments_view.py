"""Every argument of a call, in full: what a reviewer reads before deciding.

Nothing is cut without a way to see all of it; what is nobody's business by the way is masked until
somebody asks to see it. `is_complete` says when even that is impossible; a page must not offer to
approve then.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Final

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from desktop.store.masking import Hidden, find_hidden, pointer_of, with_masks
from desktop.views.parts.argument_row import ArgumentRow
from desktop.views.parts.argument_text import WordedValue, worded
from desktop.views.parts.labels import Look, TextLabel, hairline
from desktop.views.parts.reveals import Reveals
from desktop.views.parts.secret_clipboard import secret_clipboard
from desktop.views.parts.value_box import ValueBox
from desktop.views.parts.visible_text import visible

_MAX_ROWS: Final = 200
_NEARLY: Final = 6  # pixels of a row's edge that nobody misses


class ArgumentsView(QFrame):
    """A table of name, value and type; long values scroll inside their row or expand.

    Args:
        reveals: which masked values are in clear now.

    Signals:
        secret_copied(tuple): text with the values at these pointers left for the clipboard.
    """

    secret_copied = Signal(tuple)

    def __init__(self, reveals: Reveals | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "well")
        self.setAccessibleName("Arguments")
        self._reveals = reveals or Reveals(parent=self)
        self._secrets = secret_clipboard()
        self._rows: list[ArgumentRow] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(1, 1, 1, 1)
        self._column.setSpacing(0)
        self._reveals.revealed.connect(self._on_turned)
        self._reveals.hidden.connect(self._on_turned)
        self.show_arguments({})

    def show_arguments(
        self, arguments: Mapping[str, object], hidden: Sequence[Hidden] | None = None
    ) -> None:
        """Show the arguments of another call, in the order in which they came.

        Args:
            hidden: what is masked of them; found by detectors alone unless given.
        """
        found = tuple(find_hidden(arguments) if hidden is None else hidden)
        if any(not one.pointer for one in found):
            self.show_unstructured(arguments, found)
            return
        self._clear()
        by_name: dict[str, list[Hidden]] = {}
        for one in found:
            by_name.setdefault(one.pointer.split("/")[1], []).append(one)
        for name, value in islice(arguments.items(), _MAX_ROWS):
            pointer = pointer_of((name,))
            self._add(name, pointer, value, tuple(by_name.get(pointer[1:], ())))
        beyond = dict(islice(arguments.items(), _MAX_ROWS, None))
        if beyond:
            # A row each would take seconds; nothing is left out.
            rest = tuple(one for name in beyond for one in by_name.get(pointer_of((name,))[1:], ()))
            self._add(f"{len(beyond):,} more arguments", "", beyond, rest)
        if not arguments:
            label = TextLabel("No arguments", Look.MUTED)
            label.setContentsMargins(12, 9, 12, 9)
            self._column.addWidget(label)
        self.setAccessibleDescription(f"{len(arguments)} arguments")

    def show_unstructured(self, raw: object, hidden: Sequence[Hidden] | None = None) -> None:
        """Show arguments that are no object of names and values, as they came."""
        self._clear()
        self._add("arguments", "", raw, tuple(find_hidden(raw) if hidden is None else hidden))

    def is_complete(self) -> bool:
        """Whether everything that would run can be read here."""
        return all(row.value.complete for row in self._rows)

    def is_all_shown(self) -> bool:
        """Whether no value goes on beyond what is shown of it now."""
        return all(row.box.characters_left() == 0 for row in self._rows)

    def rendered(self) -> tuple[tuple[str, str], ...]:
        """Pointer and text of each argument, as it can be read now."""
        return tuple((row.pointer, visible(row.value.text, exact=True)) for row in self._rows)

    def pointers(self) -> frozenset[str]:
        """Where the arguments stand that have a row of their own."""
        return frozenset(row.pointer for row in self._rows)

    def in_sight_of(self, viewport: QWidget) -> frozenset[str]:
        """Arguments whose row ends within what scrolls this view."""
        height = viewport.height()
        found = set()
        for row in self._rows:
            bottom = row.mapTo(viewport, QPoint(0, row.height())).y()
            if row.isVisible() and 0 < bottom <= height + _NEARLY:
                found.add(row.pointer)
        return frozenset(found)

    def as_text(self) -> str:
        """All arguments as JSON, hidden characters as chips: for copying."""
        values = {row.name: row.value.text for row in self._rows}
        return visible(json.dumps(values, ensure_ascii=False, indent=2), exact=True)

    def value_box(self, name: str) -> ValueBox:
        """The box with the value of an argument.

        Raises:
            KeyError: there is no such argument.
        """
        for row in self._rows:
            if row.name == name:
                return row.box
        raise KeyError(name)

    def _add(self, name: str, pointer: str, value: object, hidden: tuple[Hidden, ...]) -> None:
        if self._rows:
            self._column.addWidget(hairline(self))
        word = _wording(name if pointer else "", value, hidden, self._reveals)
        row = ArgumentRow(name, pointer, word, hidden, self._reveals, self)
        row.box.secret_copied.connect(lambda: self._on_copied(row))
        self._rows.append(row)
        self._column.addWidget(row)

    def _on_turned(self, pointers: tuple[str, ...]) -> None:
        turned = set(pointers)
        for row in self._rows:
            if any(one.pointer in turned for one in row.hidden):
                row.word_again(self._secrets)

    def _on_copied(self, row: ArgumentRow) -> None:
        shown = self._reveals.shown
        copied = tuple(one.pointer for one in row.hidden if one.pointer in shown)
        self.secret_copied.emit(copied)

    def _clear(self) -> None:
        self._rows.clear()
        while (item := self._column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()  # deletion waits for the event loop; it must not be seen till then
                widget.deleteLater()


def _wording(
    name: str, value: object, hidden: tuple[Hidden, ...], reveals: Reveals
) -> Callable[[], WordedValue]:
    """How a value is worded now: with a mask for what is hidden.

    Args:
        name: of the argument; empty where pointers begin in the value itself.
    """
    whole = worded(value)

    def word() -> WordedValue:
        if not hidden or not whole.complete:
            return whole
        if name:
            held = with_masks({name: value}, hidden, reveals.shown)
            shown = held[name] if isinstance(held, dict) else held
        else:
            shown = with_masks(value, hidden, reveals.shown)
        return WordedValue(whole.kind, worded(shown).text)

    return word
