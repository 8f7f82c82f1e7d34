"""How the log as a whole stands: verified when, with what result; and the way to export it.

The only place in the window that starts a verification.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.actions.audit import Audit
from desktop.qtmodels.audit_wording import standing_words
from desktop.qtmodels.tone import Tone
from desktop.store.record import AuditHealth, AuditQuery, AuditStanding
from desktop.views.audit.export_panel import ExportPanel
from desktop.views.parts.banner import Banner
from desktop.views.parts.buttons import ActionButton
from desktop.views.parts.labels import Edge, Look, Surface, TextLabel, panel
from desktop.views.parts.outcome import Outcome

_BAD: Final = frozenset((AuditHealth.TAMPERED, AuditHealth.UNWRITABLE))
_MOST_TOLD: Final = 5


class StandingBar(QWidget):
    """Shows an `AuditStanding`.

    Args:
        query: what an export would write.
    """

    def __init__(
        self,
        audit: Audit,
        query: Callable[[], AuditQuery],
        now_ms: Callable[[], int],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._banner = Banner()
        self._banner.setObjectName("audit.banner")
        self._words = TextLabel("", Look.MUTED, wrap=True, selectable=True)
        self._words.setObjectName("audit.standing")
        self._found = Outcome(self)
        self._found.words.setObjectName("audit.found")
        self._verify = ActionButton("Verify", icon_name="check", key_hint="V")
        self._verify.setObjectName("audit.verify")
        self._export = ActionButton("Export…", icon_name="send")
        self._export.setObjectName("audit.export")
        self.panel = ExportPanel(audit, query, now_ms)
        self._verify.clicked.connect(audit.verify)
        self._export.clicked.connect(self.panel.ask)
        self._lay_out()

    def show_standing(self, standing: AuditStanding) -> None:
        """Show how it stands now."""
        words, tone = standing_words(standing)
        if standing.health in _BAD:
            self._banner.show_message(Tone.DANGER, standing.title, standing.hint, dismissable=False)
            words = "Nothing is approved at this desk meanwhile"
        else:
            self._banner.hide()
        self._words.show_text(words)
        self._verify.pause("It is being verified now." if standing.verifying else "")
        found = (*standing.peers, *standing.found)
        told = found[:_MOST_TOLD]
        more = len(found) - len(told)
        lines = [*told, f"and {more:,} more"] if more > 0 else list(told)
        self._found.show_outcome("\n".join(lines), tone)
        self.panel.show_standing(standing)

    def _lay_out(self) -> None:
        bar = panel(Surface.PANEL, Edge.BOTTOM)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._words, 1)
        row.addWidget(self._verify)
        row.addWidget(self._export)
        inner = QVBoxLayout(bar)
        inner.setContentsMargins(22, 10, 22, 10)
        inner.setSpacing(8)
        inner.addWidget(self._banner)
        inner.addLayout(row)
        inner.addWidget(self._found)
        inner.addWidget(self.panel)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(bar)
        column.setAlignment(Qt.AlignmentFlag.AlignTop)
