"""The facts of a request beside its arguments: who asks, for whom, where, since when."""

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from desktop.qtmodels.wording import moment, waits_since
from desktop.store.records import HUMAN, Request, RequestState
from desktop.views.parts.copyable import Copyable
from desktop.views.parts.labels import Look, TextLabel

DIGEST_SHOWN: Final = 12
ROW_HEIGHT: Final = 25


class RequestFacts(QWidget):
    """A small table of names and values."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._request: Request | None = None
        self._agent = TextLabel("", Look.BODY, selectable=True)
        self._requester = TextLabel("", Look.BODY, selectable=True)
        self._since = TextLabel("", Look.BODY)
        self.context = Copyable("context ID")
        self.digest = Copyable("digest")
        self._digest_name = TextLabel("Digest", Look.MUTED)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(1, 1)
        rows: tuple[tuple[TextLabel, QWidget], ...] = (
            (TextLabel("Agent", Look.MUTED), self._agent),
            (TextLabel("Asked by", Look.MUTED), self._requester),
            (TextLabel("Waiting", Look.MUTED), self._since),
            (TextLabel("Context", Look.MUTED), self.context),
            (self._digest_name, self.digest),
        )
        self._since_name = rows[2][0]
        for row, (name, value) in enumerate(rows):
            name.setMinimumWidth(64)
            name.setMinimumHeight(ROW_HEIGHT)
            grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(value, row, 1)

    def show_request(self, request: Request, now_ms: int) -> None:
        """Show the facts of another request, or of this one as it stands now."""
        self._request = request
        self._agent.show_text(request.agent)
        self._requester.show_text(requester_words(request))
        self.context.show_value(request.key.context_id)
        digest = request.call.request.args_digest if request.call.request else ""
        name, _, digits = digest.partition(":")
        short = f"{name}:{digits[:DIGEST_SHOWN]}…" if digits else ""
        self.digest.show_value(digest, short)
        self.digest.setVisible(bool(digest))
        self._digest_name.setVisible(bool(digest))
        self.tick(now_ms)

    def tick(self, now_ms: int) -> None:
        """Move the clock on."""
        request = self._request
        if request is None:
            return
        waits = request.state is RequestState.WAITING
        self._since_name.show_text("Waiting" if waits else "Asked at")
        text = waits_since(request.since_ms, now_ms) if waits else moment(request.since_ms)
        if text != self._since.text():
            self._since.show_text(text)


def requester_words(request: Request) -> str:
    """On whose behalf the agent acts, and how sure the worker is of that."""
    if request.requester in {"", HUMAN}:
        return "not told by the worker"
    asked = request.call.request
    assurance = asked.requester.assurance if asked else "claimed"
    return f"{request.requester} ({assurance})"
