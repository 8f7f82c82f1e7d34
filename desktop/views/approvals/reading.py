"""How somebody read a request before deciding: for how long, what came into sight, what was shown.

The only place that measures it, and that says when a request has not been read enough to approve
it. What it measured is signed with the decision.
"""

import time
from collections.abc import Callable
from math import ceil
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from desktop.errors import NotAllowedNow
from desktop.store.masking import Hidden
from desktop.store.records import DecisionKind, Request, Risk
from desktop.store.signing import Seen
from desktop.views.parts.arguments_view import ArgumentsView
from desktop.views.parts.reveals import Reveals

#: Stands for the changes of another reviewer among what must be seen.
CHANGES: Final = "changes"
_NOT_READABLE: Final = NotAllowedNow(
    "Not all of the arguments can be shown.", "What cannot be read cannot be approved."
)
_TOO_LONG: Final = NotAllowedNow(
    "A value is too long to be shown whole.", "Open the exact bytes before you approve."
)
_NEVER_SHOWN: Final = NotAllowedNow(
    "It holds a security code, which is never shown.", "Approve or reject it as it is."
)
_UNSEEN_HINT: Final = "Scroll down to what has not been in sight: {}."
_NAMED: Final = 3  # more of them are counted, not named
_RUNS: Final = frozenset((DecisionKind.APPROVE, DecisionKind.EDIT))


class Reading(QObject):
    """Follows one request at a time.

    Args:
        arguments: where its arguments are rendered.
        reveals: which masked values are in clear.
        now_seconds: of a clock that is never set.

    Signals:
        changed: something else may be decided now.
    """

    changed = Signal()

    def __init__(
        self,
        arguments: ArgumentsView,
        reveals: Reveals,
        now_seconds: Callable[[], float] = time.monotonic,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._arguments = arguments
        self._reveals = reveals
        self._now_seconds = now_seconds
        self._request: Request | None = None
        self._hidden: tuple[Hidden, ...] = ()
        self._seconds = 0.0
        self._since: float | None = None
        self._in_sight: set[str] = set()
        self._has_changes = False
        self._is_exact = False

    def begin(self, request: Request | None, hidden: tuple[Hidden, ...]) -> None:
        """Another request, or other arguments: nothing of it was read yet."""
        self._request, self._hidden = request, hidden
        self._seconds = 0.0
        if self._since is not None:
            self._since = self._now_seconds()
        self._in_sight.clear()
        self._has_changes = self._is_exact = False
        self._reveals.begin()

    def watch(self, *, on: bool) -> None:
        """Whether the request is before somebody's eyes now: visible, in the active window."""
        if on and self._since is None:
            self._since = self._now_seconds()
        elif not on and self._since is not None:
            self._seconds += self._now_seconds() - self._since
            self._since = None

    def look(self, viewport: QWidget, *, changes_in_sight: bool | None) -> None:
        """Note what is in sight now.

        Args:
            changes_in_sight: of another reviewer; None where there are none.
        """
        if self._since is None:
            return
        before = len(self._in_sight), self._has_changes
        self._has_changes = changes_in_sight is not None
        self._in_sight |= self._arguments.in_sight_of(viewport)
        if changes_in_sight:
            self._in_sight.add(CHANGES)
        if (len(self._in_sight), self._has_changes) != before:
            self.changed.emit()

    def open_exact(self) -> None:
        """The exact bytes were opened."""
        self._is_exact = True
        self.changed.emit()

    @property
    def request(self) -> Request | None:
        """The request whose arguments are rendered, as it was when they were."""
        return self._request

    @property
    def needs_exact(self) -> bool:
        """Whether a value is longer than what is shown of it."""
        return not self._arguments.is_all_shown()

    def refusal(self, kind: DecisionKind) -> NotAllowedNow | None:
        """Why the request has not been read enough for this decision; None if it has."""
        if kind is not DecisionKind.REJECT and not self._arguments.is_complete():
            return _NOT_READABLE
        if kind not in _RUNS:
            return None
        if self.needs_exact and not self._is_exact:
            return _TOO_LONG
        unseen = self._unseen() if kind is DecisionKind.APPROVE else ()
        if unseen:
            return NotAllowedNow(
                "Not everything has been in sight yet.", _UNSEEN_HINT.format(_names(unseen))
            )
        if kind is DecisionKind.EDIT and any(not one.can_be_revealed for one in self._hidden):
            return _NEVER_SHOWN
        return None

    def show_all(self) -> None:
        """A form is about to show every argument: what is masked is in clear, till `hide_all`."""
        self._reveals.reveal(*(one.pointer for one in self._hidden if one.can_be_revealed))
        self._reveals.stay()

    def hide_all(self) -> None:
        """Mask everything again."""
        self._reveals.hide_all()

    def wait_seconds(self) -> int:
        """For how long the request must still be open before it can be approved."""
        policy = self._request.policy if self._request else None
        return max(0, ceil(policy.dwell_seconds - self._open_seconds())) if policy else 0

    @property
    def is_waited_for(self) -> bool:
        """Whether time alone may allow more than now."""
        return self._request is not None and self._request.is_open and self._has_dwell

    @property
    def _has_dwell(self) -> bool:
        policy = self._request.policy if self._request else None
        return policy is not None and policy.dwell_seconds > 0

    def seen(self) -> Seen:
        """What was seen up to now."""
        revealed = self._reveals.ever
        shown = frozenset(revealed)
        masked = tuple(one.pointer for one in self._hidden if one.pointer not in shown)
        return Seen(
            self._arguments.rendered(), masked, revealed, round(self._open_seconds() * 1000)
        )

    def _open_seconds(self) -> float:
        now = self._now_seconds()
        return self._seconds + (now - self._since if self._since is not None else 0.0)

    def _unseen(self) -> tuple[str, ...]:
        if self._request is None:
            return ()
        must = list(self._arguments.pointers()) if self._request.risk is Risk.HIGH else []
        if self._has_changes:
            must.append(CHANGES)
        return tuple(sorted(pointer for pointer in must if pointer not in self._in_sight))


def _names(pointers: tuple[str, ...]) -> str:
    if len(pointers) > _NAMED:
        return f"{len(pointers)} values"
    return ", ".join(pointer.lstrip("/") or "the arguments" for pointer in pointers)
