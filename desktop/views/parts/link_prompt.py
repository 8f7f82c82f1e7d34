"""The question before a link leaves the console. The only place that opens an address."""

from collections.abc import Callable

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.labels import Look, TextLabel
from desktop.views.parts.markdown_source import link_target
from desktop.views.parts.value_box import ValueBox
from desktop.views.parts.visible_text import visible


class LinkPrompt(QFrame):
    """Hidden until `ask`. Shows the whole address; opens it only when a person says so.

    Args:
        open_address: how an address is opened; the desktop's own way unless told otherwise.
    """

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        open_address: Callable[[QUrl], bool] = QDesktopServices.openUrl,
    ) -> None:
        super().__init__(parent)
        self._open_address = open_address
        self._address = ""
        self.setProperty("surface", "card")
        self._text = ValueBox("Address", self, max_lines=6)
        self.open_button = ActionButton("Open", ButtonLook.PRIMARY, icon_name="link")
        self.copy_button = ActionButton("Copy", icon_name="copy")
        self.cancel_button = ActionButton("Cancel")
        self.open_button.clicked.connect(self._on_open)
        self.copy_button.clicked.connect(self._on_copy)
        self.cancel_button.clicked.connect(self.hide)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(8)
        column.addWidget(TextLabel("An agent wrote this link. Open it?", Look.STRONG, wrap=True))
        column.addWidget(self._text)
        row = QHBoxLayout()
        row.setSpacing(8)
        for button in (self.open_button, self.copy_button, self.cancel_button):
            row.addWidget(button)
        row.addStretch()
        column.addLayout(row)
        self.hide()

    def ask(self, address: str) -> None:
        """Ask about an address. One that may not be opened is shown and can only be copied."""
        self._address = address
        self._text.show_value(address)
        self.open_button.setEnabled(link_target(address) is not None)
        self.setAccessibleName(f"Open {visible(address, exact=True)}?")
        self.show()
        self.cancel_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_open(self) -> None:
        self.hide()
        self._open_address(QUrl(self._address, QUrl.ParsingMode.StrictMode))

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self._address)
        self.hide()
