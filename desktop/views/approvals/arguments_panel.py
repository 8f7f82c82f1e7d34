"""The arguments on a card: masked, byte by byte, and as another reviewer changed them.

The only place that shows a value in clear, writes down that it was, and says what is in sight.
"""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint, QTimer
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.actions.edit_awaiting import changes_awaiting
from desktop.actions.exact import exact_bytes
from desktop.actions.looking import Looking
from desktop.qtmodels.rows import Pill
from desktop.qtmodels.tone import Tone
from desktop.store.masking import Hidden, find_hidden
from desktop.store.quorums import edit_awaiting
from desktop.store.records import Request
from desktop.views.approvals.changes_view import ChangesView
from desktop.views.approvals.exact_view import ExactView
from desktop.views.approvals.reading import Reading
from desktop.views.parts.arguments_view import ArgumentsView
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.fitting_area import FittingArea
from desktop.views.parts.labels import caption
from desktop.views.parts.pill import PillLabel
from desktop.views.parts.reveals import Reveals

_ABOVE_CAPTION: Final = 8
_TOO_LONG: Final = Pill("Cannot be shown whole", Tone.WARN)


class ArgumentsPanel(QWidget):
    """Shows the arguments of one request.

    Attributes:
        reading: what of it was read.
    """

    def __init__(self, looking: Looking, now_seconds: Callable[[], float]) -> None:
        super().__init__()
        self._looking = looking
        self._request: Request | None = None
        self._hidden: tuple[Hidden, ...] = ()
        self._area: FittingArea | None = None
        self.reveals = Reveals(parent=self)
        self.arguments = ArgumentsView(self.reveals)
        self.arguments.setObjectName("request.arguments")
        self.reading = Reading(self.arguments, self.reveals, now_seconds, self)
        self._badge = PillLabel(parent=self)
        self._badge.setObjectName("request.too_long")
        self.exact = ExactView(self)
        self._exact_button = ActionButton("Exact bytes", ButtonLook.QUIET)
        self._exact_button.setObjectName("request.exact_open")
        self._changes_caption = caption("Changed")
        self.changes = ChangesView()
        self.changes.setObjectName("request.edit_awaiting")
        self._lay_out()
        self._exact_button.clicked.connect(self._on_exact)
        self.exact.closed.connect(self._close_exact)
        self.exact.secret_copied.connect(self._on_exact_copied)
        self.arguments.secret_copied.connect(self._on_copied)
        self.reveals.revealed.connect(self._on_revealed)
        self.reveals.hidden.connect(self._on_hidden)

    def follow(self, area: FittingArea) -> None:
        """Note what comes into sight in the area that scrolls this panel."""
        self._area = area
        bar = area.verticalScrollBar()
        for moved in (bar.valueChanged, bar.rangeChanged):
            moved.connect(self.look_soon)
        area.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """What scrolls it has another size."""
        if event.type() == QEvent.Type.Resize:
            self.look_soon()
        return super().eventFilter(watched, event)

    def show_request(self, request: Request | None, *, is_another: bool) -> None:
        """Show another request, or this one as it stands now; None empties the panel."""
        before, self._request = self._request, request
        is_same = before is not None and request is not None and before.call == request.call
        if is_another or not is_same:
            self._close_exact()
            self._write(request)
        if request is not None:
            self._show_edit(request)

    def hide_values(self) -> None:
        """Mask everything again."""
        self.reveals.hide_all()
        self._close_exact()

    def look_soon(self) -> None:
        """Note what is in sight once everything has its place."""
        QTimer.singleShot(0, self, self._look)

    def _look(self) -> None:
        if self._area is None or not self.isVisible():
            return
        viewport = self._area.viewport()
        is_seen = None
        if self.changes.isVisible():
            bottom = self.changes.mapTo(viewport, QPoint(0, self.changes.height())).y()
            is_seen = 0 < bottom <= viewport.height() + 2
        self.reading.look(viewport, changes_in_sight=is_seen)

    def _write(self, request: Request | None) -> None:
        policy = request.policy if request else None
        args = request.args if request else {}
        self._hidden = find_hidden(args, policy.masked if policy else ())
        self.reading.begin(None, ())  # should rendering fail, nothing was read
        if isinstance(args, dict):
            self.arguments.show_arguments(args, self._hidden)
        else:
            self.arguments.show_unstructured(args, self._hidden)
        self.reading.begin(request, self._hidden)
        self._badge.show_pill(_TOO_LONG if self.reading.needs_exact else None)

    def _show_edit(self, request: Request) -> None:
        """What another reviewer changed, and others are asked to approve."""
        edit = edit_awaiting(request)
        found = changes_awaiting(request)
        self.changes.show_changes(found)
        words = f"Changed by {edit.reviewer_name}" if edit else "Changed"
        self._changes_caption.setText(words.upper())
        self._changes_caption.setAccessibleName(words)
        self._changes_caption.setVisible(bool(found))

    def _on_exact(self) -> None:
        if self._request is None:
            return
        if self.exact.isVisible():
            self._close_exact()
            return
        written = exact_bytes(self._request, self._hidden)
        if written is None:
            return
        secrets = [one for one in self._hidden if one.can_be_revealed]
        self.reveals.reveal(*(one.pointer for one in secrets))
        self.exact.show_bytes(written, holds_secrets=bool(secrets))
        self._exact_button.setText("Close exact bytes")
        self.reading.open_exact()
        if self._area is not None:
            self._area.show_when_laid_out(self.exact)

    def _close_exact(self) -> None:
        self.exact.put_away()
        self._exact_button.setText("Exact bytes")

    def _on_revealed(self, pointers: tuple[str, ...]) -> None:
        if self._request is not None:
            self._looking.revealed(self._request.key, pointers)

    def _on_hidden(self, pointers: tuple[str, ...]) -> None:
        """The exact bytes would still show it."""
        self._close_exact()
        if self._request is not None:
            self._looking.hidden(self._request.key, pointers)

    def _on_copied(self, pointers: tuple[str, ...]) -> None:
        if self._request is not None:
            self._looking.copied(self._request.key, pointers)

    def _on_exact_copied(self) -> None:
        self._on_copied(tuple(sorted(self.reveals.shown)))

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.addWidget(caption("Arguments"))
        head.addWidget(self._badge)
        head.addStretch(1)
        head.addWidget(self._exact_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(head)
        self._changes_caption.setContentsMargins(0, _ABOVE_CAPTION, 0, 0)
        for part in (self.arguments, self.exact, self._changes_caption, self.changes):
            column.addWidget(part)
