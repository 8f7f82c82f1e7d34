"""What stands side by side. The only place that says how buttons of one question are laid out."""

from PySide6.QtWidgets import QHBoxLayout, QWidget


def button_row(*buttons: QWidget, spacing: int = 8) -> QHBoxLayout:
    """Buttons from the left on, each as wide as it is.

    Args:
        spacing: between two of them, in pixels.
    """
    row = QHBoxLayout()
    row.setSpacing(spacing)
    for button in buttons:
        row.addWidget(button)
    row.addStretch(1)
    return row
