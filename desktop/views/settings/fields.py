"""A line to type in on the settings page, and the words above it; nobody else makes them there."""

from PySide6.QtWidgets import QLineEdit, QWidget

from desktop.views.parts.labels import Look, TextLabel


def line_field(name: str, words: str, most_letters: int, placeholder: str = "") -> QLineEdit:
    """An empty line.

    Args:
        name: the object name.
        words: what a screen reader says.
        placeholder: what stands in it while it is empty; the same words unless given.
    """
    field = QLineEdit()
    field.setObjectName(name)
    field.setAccessibleName(words)
    field.setPlaceholderText(placeholder or words)
    field.setMaxLength(most_letters)
    return field


def field_label(words: str, field: QWidget) -> TextLabel:
    """The words above a field."""
    label = TextLabel(words, Look.STRONG)
    label.setBuddy(field)
    return label
