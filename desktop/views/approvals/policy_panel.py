"""What the policy asks for, who has signed, who else looks at it: told before the click.

The only place of the card that explains it.
"""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.qtmodels.policy_wording import (
    claim_words,
    decided_words,
    expiry_words,
    need_lines,
    rule_lines,
)
from desktop.store.records import Request
from desktop.views.parts.labels import Look, TextLabel, caption


class PolicyPanel(QWidget):
    """A few lines; hidden while there is nothing to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("request.policy")
        self._request: Request | None = None
        self._caption = caption("Approval")
        self._needs = TextLabel("", Look.BODY, wrap=True, selectable=True)
        self._needs.setObjectName("request.needs")
        self._rules = TextLabel("", Look.MUTED, wrap=True, selectable=True)
        self._expiry = TextLabel("", Look.BODY)
        self._expiry.setObjectName("request.expiry")
        self._claim = TextLabel("", Look.STRONG, wrap=True)
        self._claim.setObjectName("request.claim")
        self._decided = TextLabel("", Look.BODY, wrap=True, selectable=True)
        self._decided.setObjectName("request.decided")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 0, 6)
        column.setSpacing(4)
        lines = (self._claim, self._decided, self._needs, self._expiry, self._rules)
        for widget in (self._caption, *lines):
            column.addWidget(widget)

    def show_request(self, request: Request, now_ms: int) -> None:
        """Explain another request, or this one as it stands now."""
        self._request = request
        self._say(self._needs, "\n".join(need_lines(request) if request.is_open else []))
        self._say(self._rules, "\n".join(rule_lines(request) if request.is_open else []))
        self.tick(now_ms)

    def tick(self, now_ms: int) -> None:
        """Move the clock on."""
        request = self._request
        if request is None:
            return
        self._say(self._expiry, expiry_words(request, now_ms))
        self._say(self._claim, claim_words(request, now_ms))
        self._say(self._decided, decided_words(request, now_ms))
        self._caption.setVisible(bool(self._needs.text()))
        lines = (self._needs, self._rules, self._expiry, self._claim, self._decided)
        self.setVisible(any(label.text() for label in lines))

    def _say(self, label: TextLabel, words: str) -> None:
        label.show_text(words)
        label.setVisible(bool(words))
