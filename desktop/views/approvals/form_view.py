"""A form on the card: the fields of an answer, and of a batch each call above its fields."""

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.actions.forms import JSON, Form, FormProblems, Raw, Section, is_shown, read_form
from desktop.store.masking import find_hidden
from desktop.store.sensitive import Secrecy
from desktop.views.approvals.form_field import FormField
from desktop.views.parts.arguments_view import ArgumentsView
from desktop.views.parts.labels import Look, TextLabel, caption


class FormView(QWidget):
    """Shows one form at a time; hidden while there is none.

    Signals:
        changed: something else is filled in now.
        went_to(QWidget): this field has the keyboard now, and should be in sight.
    """

    changed = Signal()
    went_to = Signal(QWidget)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("request.form")
        self._form: Form | None = None
        self._fields: list[FormField] = []
        self._arguments: list[ArgumentsView] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(10)
        self.hide()

    def show_form(self, form: Form | None, raws: Mapping[str, Raw] | None = None) -> None:
        """Show another form, with what was filled in before; None puts the form away."""
        self._clear()
        self._form = form
        if form is None:
            self.hide()
            return
        self.setAccessibleName(form.title)
        self._column.addWidget(caption(form.title))
        if form.note:
            self._column.addWidget(TextLabel(form.note, Look.MUTED, wrap=True))
        for section in form.sections:
            self._add(section)
        for field in self._fields:
            if raws is not None and field.field.name in raws:
                field.show_raw(raws[field.field.name])
            field.changed.connect(self._on_changed)
        self._show_fields()
        self.show()

    def raws(self) -> dict[str, Raw]:
        """What is filled in, by the names of the fields."""
        return {field.field.name: field.raw() for field in self._fields}

    def read(self) -> JSON:
        """The answer that is filled in.

        Raises:
            FormProblems: it is none.
        """
        assert self._form is not None  # noqa: S101 - only a form that is shown is read
        return read_form(self._form, self.raws())

    def show_problems(self, problems: FormProblems) -> None:
        """Say beside each field what is wrong with it, and go to the first of them."""
        wrong = [field for field in self._fields if field.field.name in problems.by_field]
        for field in self._fields:
            field.show_problem(problems.by_field.get(field.field.name, ""))
        if wrong:
            wrong[0].control.setFocus(Qt.FocusReason.OtherFocusReason)
            self.went_to.emit(wrong[0])

    def is_readable(self) -> bool:
        """Whether all arguments that are shown in it can be shown in full."""
        return all(arguments.is_complete() for arguments in self._arguments)

    def first_control(self) -> QWidget | None:
        """Where a person begins to write."""
        return self._fields[0].control if self._fields else None

    def _add(self, section: Section) -> None:
        if section.title:
            self._column.addWidget(TextLabel(section.title, Look.SUBTITLE, wrap=True))
            arguments = ArgumentsView()
            # The card has written down that all of it is shown; this much never is.
            never = find_hidden(section.args, kinds=frozenset((Secrecy.SECURITY_CODE,)))
            if isinstance(section.args, dict):
                arguments.show_arguments(section.args, never)
            else:
                arguments.show_unstructured(section.args, never)
            self._arguments.append(arguments)
            self._column.addWidget(arguments)
        for field in section.fields:
            made = FormField(field, self)
            self._fields.append(made)
            self._column.addWidget(made)

    def _show_fields(self) -> None:
        raws = self.raws()
        for field in self._fields:
            field.setVisible(is_shown(field.field, raws))

    def _on_changed(self) -> None:
        self._show_fields()
        self.changed.emit()

    def _clear(self) -> None:
        self._fields.clear()
        self._arguments.clear()
        while (item := self._column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()  # deletion waits for the event loop; it must not be seen till then
                widget.deleteLater()
