"""The bar in a conversation in which a call waits for a decision.

It leads to the request; it never decides.
"""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from desktop.qtmodels.wording import waiting_since
from desktop.store.records import Request, RequestState
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.theme import appearance, tokens
from desktop.views.theme_icons import icon_pixmap

_ICON: Final = 20


class WaitingBar(QFrame):
    """Hidden while nothing waits.

    Signals:
        review_wanted(RequestKey): the person wants to look at the call that waits longest.
    """

    review_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "card")
        self._request: Request | None = None
        self._icon = QLabel(self)
        self._icon.setFixedSize(QSize(_ICON, _ICON))
        self._words = TextLabel("", Look.STRONG)
        self._words.setObjectName("conversation.waiting")
        self._more = TextLabel("", Look.MUTED)
        self._since = TextLabel("", Look.MUTED)
        self._review = ActionButton("Review")
        self._review.setObjectName("conversation.review")
        self._review.clicked.connect(self._on_review)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(self._words)
        words.addWidget(self._more)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 10, 8)
        row.setSpacing(12)
        row.addWidget(self._icon)
        row.addLayout(words, 1)
        row.addWidget(self._since)
        row.addWidget(self._review)
        appearance().changed.connect(self._draw_icon)
        self._draw_icon()
        self.hide()

    def show_requests(self, requests: Sequence[Request], why_not: str, now_ms: int) -> None:
        """Show the calls that wait in the conversation, longest first.

        Args:
            why_not: why the first of them cannot be decided now; empty if it can.
        """
        first = self._request = requests[0] if requests else None
        self.setVisible(first is not None)
        if first is None:
            return
        action = first.call.action or "An unnamed call"
        if first.state is RequestState.SENDING:
            words = f"Your decision on {action} is on its way"
        else:
            words = f"{action} waits for a decision"
        self._words.show_text(words)
        others = len(requests) - 1
        beside = f"{others} more {'waits' if others == 1 else 'wait'} in this conversation"
        more = " · ".join(part for part in (beside if others else "", why_not) if part)
        self._more.show_text(more)
        self._more.setVisible(bool(more))
        self._since.show_text(waiting_since(first.since_ms, now_ms))
        self._review.setAccessibleName(f"Review {action}")

    def _on_review(self) -> None:
        if self._request is not None:
            self.review_wanted.emit(self._request.key)

    def _draw_icon(self) -> None:
        self._icon.setPixmap(icon_pixmap("bolt", tokens().warn, _ICON))
