"""Exporting what was found: in which form, to which file, and what became of it.

The only place in the window that asks for an export.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop.actions.audit import Audit
from desktop.actions.ports import ExportFormat
from desktop.errors import SignoffError
from desktop.qtmodels.tone import Tone
from desktop.store.record import AuditQuery, AuditStanding
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.choice_box import ChoiceBox
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.parts.outcome import Outcome
from desktop.views.parts.rows import button_row

_FORMATS: Final = (
    (ExportFormat.JSONL, "JSON Lines: the evidence, with proofs", ".jsonl"),
    (ExportFormat.PDF, "PDF: signature blocks, to read and print", ".pdf"),
    (ExportFormat.CSV, "CSV: one row for each decision", ".csv"),
    (ExportFormat.OCSF, "OCSF: events for a SIEM", ".ocsf.jsonl"),
)
_WHAT: Final = "Writes what the filters find now. The export is written down in the log, too."


class ExportPanel(QWidget):
    """Hidden until `ask`.

    Args:
        query: what is to be exported.
        now_ms: names the file.
    """

    def __init__(
        self,
        audit: Audit,
        query: Callable[[], AuditQuery],
        now_ms: Callable[[], int],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._audit, self._query, self._now_ms = audit, query, now_ms
        self._format = ChoiceBox()
        self._format.setObjectName("audit.format")
        self._format.setAccessibleName("Form of the export")
        for kind, words, _ in _FORMATS:
            self._format.addItem(words, kind.value)
        self._path = QLineEdit()
        self._path.setObjectName("audit.path")
        self._path.setAccessibleName("File to write to")
        self._choose = ActionButton("Choose…")
        self._choose.setObjectName("audit.choose_file")
        self._write = ActionButton("Write file", ButtonLook.PRIMARY, icon_name="send")
        self._write.setObjectName("audit.write")
        self._cancel = ActionButton("Close")
        self._cancel.setObjectName("audit.close_export")
        self._outcome = Outcome(self)
        self._outcome.words.setObjectName("audit.exported")
        self._format.activated.connect(lambda _index: self._propose())
        self._choose.clicked.connect(self._on_choose)
        self._write.clicked.connect(self._on_write)
        self._cancel.clicked.connect(self.hide)
        self._lay_out()
        self.hide()

    def ask(self) -> None:
        """Ask where to, with the keyboard on the form."""
        self._propose()
        self._outcome.show_outcome("", Tone.NEUTRAL)
        self.show()
        self._format.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_standing(self, standing: AuditStanding) -> None:
        """Show what became of the last export."""
        self._write.pause("An export is being written." if standing.exporting else "")
        if standing.exporting:
            self._outcome.show_outcome("Writing the file.", Tone.ACCENT)
        elif standing.export_failed:
            self._outcome.show_outcome(standing.export_failed, Tone.DANGER)
        elif standing.exported:
            self._outcome.show_outcome(standing.exported, Tone.OK)

    def _propose(self) -> None:
        """A name in the folder that was used last, with the ending of the form."""
        folder = Path(self._path.text()).parent if self._path.text() else Path.home()
        day = datetime.fromtimestamp(self._now_ms() / 1000).astimezone().strftime("%Y-%m-%d")
        self._path.setText(str(folder / f"signoff-audit-{day}{self._ending()}"))

    def _ending(self) -> str:
        return _FORMATS[self._format.currentIndex()][2]

    def _on_choose(self) -> None:
        dialog = QFileDialog(self, "Export the audit log", self._path.text())
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.selectFile(Path(self._path.text()).name)
        dialog.fileSelected.connect(self._path.setText)
        dialog.open()

    def _on_write(self) -> None:
        kind = ExportFormat(str(self._format.currentData()))
        try:
            self._audit.export(self._query(), kind, self._path.text())
        except SignoffError as error:
            self._outcome.show_outcome(str(error), Tone.DANGER)

    def _lay_out(self) -> None:
        path = QHBoxLayout()
        path.setSpacing(8)
        path.addWidget(self._path, 1)
        path.addWidget(self._choose)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(8)
        column.addWidget(TextLabel(_WHAT, Look.MUTED, wrap=True))
        column.addWidget(self._format)
        column.addLayout(path)
        column.addLayout(button_row(self._write, self._cancel))
        column.addWidget(self._outcome)
