"""Under a form: what an edit changes, what is wrong with the answer, and Send or Cancel.

The form itself lies in the body of the card, where there is room for it.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.actions.edits import Change, changes
from desktop.actions.forms import Absent, Form, FormProblems, Raw, shown_at_first
from desktop.views.approvals.changes_view import ChangesView
from desktop.views.approvals.form_view import FormView
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.decision_button import DecisionButton
from desktop.views.parts.fitting_area import FittingArea
from desktop.views.parts.labels import Look, Surface, TextLabel, panel

_CHANGES_SHARE: Final = 4  # of the window, its fourth part at most
_NOTHING_CHANGED: Final = "Nothing is changed yet."


class FormPanel(QWidget):
    """Reads the form, and gives what is filled in or says what is wrong with it.

    Attributes:
        form: has no place of its own until the card gives it one.
        shown: the form that is open.
    Signals:
        filled_in(object): the answer, to be sent. cancelled: put the form away.
    """

    filled_in = Signal(object)
    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.form = FormView()
        self.shown: Form | None = None
        self.confirm = DecisionButton("Send", ButtonLook.PRIMARY, icon_name="send")
        self.confirm.setObjectName("request.send")
        self.cancel = ActionButton("Cancel")
        self.cancel.setObjectName("request.cancel_form")
        self._problem = TextLabel("", Look.ERROR, wrap=True)
        self._problem.setObjectName("request.form_problem")
        self._changes = ChangesView()
        self._changes_area = self._scrolled(self._changes)
        self._lay_out()
        self.form.changed.connect(self._on_changed)
        self.confirm.clicked.connect(self._on_confirmed)
        self.cancel.clicked.connect(self.cancelled)
        self.hide()

    def show_form(self, form: Form | None, raws: Mapping[str, Raw] | None = None) -> None:
        """Open another form, with what was filled in before; None puts it away."""
        self.shown = form
        self.form.show_form(form, raws)
        if form is not None:
            self.confirm.setText(form.sends)
            self._on_changed()

    def begun(self) -> tuple[Mapping[str, Raw], str]:
        """What is filled in, to go on with, and in words: the fields that were touched."""
        raws = self.form.raws()
        fields = self.shown.fields if self.shown is not None else ()
        touched = (one for one in fields if raws.get(one.name) != shown_at_first(one))
        return raws, "\n".join(f"{one.label}: {_text(raws.get(one.name, ''))}" for one in touched)

    def allow(self, *, may_confirm: bool) -> None:
        """Whether an answer may be sent now, apart from what it says."""
        self.confirm.setEnabled(may_confirm and self.form.is_readable())

    def _on_changed(self) -> None:
        """The changes are shown as far as what is filled in makes an answer."""
        self._say("")
        try:
            self._show_changes(self._changes_made())
        except FormProblems:
            self._show_changes(())

    def _on_confirmed(self) -> None:
        try:
            answer, changed = self.form.read(), self._changes_made()
        except FormProblems as problems:
            self.form.show_problems(problems)
            self._say(str(problems))
            return
        if self._is_edit and not changed:
            self._say(_NOTHING_CHANGED)
            return
        self.filled_in.emit(answer)

    @property
    def _is_edit(self) -> bool:
        return self.shown is not None and not isinstance(self.shown.edits, Absent)

    def _changes_made(self) -> tuple[Change, ...]:
        if self.shown is None or isinstance(self.shown.edits, Absent):
            return ()
        return changes(self.shown.edits, self.form.read())

    def _show_changes(self, found: Sequence[Change]) -> None:
        self._changes.show_changes(found)
        self._changes_area.setMaximumHeight(self.window().height() // _CHANGES_SHARE)
        self._changes_area.setVisible(bool(found))

    def _say(self, words: str) -> None:
        self._problem.show_text(words)
        self._problem.setVisible(bool(words))

    def _scrolled(self, content: QWidget) -> QWidget:
        inner = panel(Surface.NONE)
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(content)
        holder = QWidget(self)
        held = QVBoxLayout(holder)
        held.setContentsMargins(0, 0, 0, 0)
        held.addWidget(FittingArea(inner))
        holder.hide()
        return holder

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self._changes_area)
        column.addWidget(self._problem)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.confirm, 1)
        row.addWidget(self.cancel, 1)
        column.addLayout(row)


def _text(raw: Raw) -> str:
    return raw if isinstance(raw, str) else ", ".join(raw)
