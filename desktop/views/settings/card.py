"""A card of the settings page: a title, one line about it, and controls beneath."""

from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.views.parts.labels import Look, TextLabel


class SettingsCard(QFrame):
    """An empty card; what it is about goes into `column`, a mark beside its title into `head`."""

    def __init__(self, title: str, about: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "card")
        self.setAccessibleName(title)
        self.head = QHBoxLayout()
        self.head.setSpacing(10)
        self.head.addWidget(TextLabel(title, Look.SUBTITLE))
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(24, 18, 24, 20)
        self.column.setSpacing(8)
        self.column.addLayout(self.head)
        if about:
            self.column.addWidget(TextLabel(about, Look.MUTED, wrap=True))
            self.column.addSpacing(4)
