"""What is halted, and the form that halts more.

The only place in the window from which calls are halted and let run again.
"""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from desktop.actions.halts import HaltActions
from desktop.qtmodels.bridge import Bridge
from desktop.store.halts import EVERYBODY, scope_of_agent, scope_of_context
from desktop.store.store import Store
from desktop.views.halts.halt_card import HaltCard
from desktop.views.halts.say_form import SayForm
from desktop.views.parts.choice_box import ChoiceBox
from desktop.views.parts.labels import Look, Surface, TextLabel, panel

_READING_WIDTH: Final = 900
_ONE: Final = "context"
#: So many are shown; who fills the broker with more hides nothing by it.
_MOST: Final = 50
_ABOUT: Final = (
    "No approved call of these is started until the halt is lifted. What runs already goes on. "
    "Workers of other software do not know halts; this console approves none of their calls "
    "meanwhile."
)


class HaltsView(QScrollArea):
    """One card below the other, what halts more on top."""

    def __init__(
        self,
        store: Store,
        halts: HaltActions,
        bridge: Bridge,
        now_ms: Callable[[], int],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._store, self._halts, self._bridge, self._now_ms = store, halts, bridge, now_ms
        self._cards: dict[str, HaltCard] = {}
        self._which = ChoiceBox()
        self._which.setObjectName("halts.which")
        self._which.setAccessibleName("Which calls")
        self._which.setMinimumContentsLength(24)
        self._context = QLineEdit()
        self._context.setObjectName("halts.context")
        self._context.setAccessibleName("Context ID of the conversation")
        self._context.setPlaceholderText("Context ID of the conversation")
        self._context.hide()
        self._form = SayForm(
            halts, bridge, now_ms, lifted=False, words="Halt these calls", name="halts.new"
        )
        self._none = TextLabel("", Look.MUTED, wrap=True)
        self._none.setObjectName("halts.none")
        self._column = QVBoxLayout()
        self._lay_out()
        self._which.currentIndexChanged.connect(self._on_scope)
        self._context.textChanged.connect(self._on_scope)
        self.refresh()

    def refresh(self) -> None:
        """Show how everything stands."""
        self._show_agents()
        known = self._store.halts
        shown = {one.scope: one for one in known.standing[:_MOST]}
        for scope in [one for one in self._cards if one not in shown]:
            self._cards.pop(scope).deleteLater()
        for scope, halt in shown.items():
            card = self._cards.get(scope)
            if card is None:
                card = self._cards[scope] = HaltCard(self._halts, self._bridge, self._now_ms)
                self._column.addWidget(card)
            card.show_halt(halt, self._store.halt_said(scope))
        more = len(known.standing) - len(shown)
        words = "" if known.standing else "Nothing is halted."
        words = f"{more:,} more are halted." if more else words
        if known.unknown:
            words = f"Nobody here can say what is halted. {known.unknown}"
        self._none.show_text(words)
        self._none.setVisible(bool(words))
        self._on_scope()

    def _scope(self) -> str:
        chosen = str(self._which.currentData())
        return scope_of_context(self._context.text().strip()) if chosen == _ONE else chosen

    def _on_scope(self) -> None:
        self._context.setVisible(self._which.currentData() == _ONE)
        self._form.show_scope(self._scope())
        self._form.show_state(self._store.halt_said(self._scope()))

    def _show_agents(self) -> None:
        """Offer the agents that are known now; what is chosen stays."""
        choices = [("All calls", EVERYBODY)]
        names = [agent.name for agent in self._store.agents()]
        choices += [(f"Calls of {name}", scope_of_agent(name)) for name in names]
        choices.append(("Calls in one conversation", _ONE))
        known = [self._which.itemData(row) for row in range(self._which.count())]
        if known == [data for _, data in choices]:
            return
        chosen = self._which.currentData()
        self._which.blockSignals(True)
        self._which.clear()
        for words, data in choices:
            self._which.addItem(words, data)
        self._which.setCurrentIndex(max(0, self._which.findData(chosen)))
        self._which.blockSignals(False)

    def _lay_out(self) -> None:
        which = QHBoxLayout()
        which.setSpacing(8)
        which.addWidget(self._which)
        which.addWidget(self._context, 1)
        which.addStretch(0)
        new = panel(Surface.CARD)
        inner = QVBoxLayout(new)
        inner.setContentsMargins(24, 18, 24, 20)
        inner.setSpacing(10)
        inner.addWidget(TextLabel("Halt calls", Look.SUBTITLE))
        inner.addWidget(TextLabel(_ABOUT, Look.MUTED, wrap=True))
        inner.addLayout(which)
        inner.addWidget(self._form)
        cards = QWidget()
        cards.setProperty("surface", "none")
        cards.setMaximumWidth(_READING_WIDTH)
        self._column.setSpacing(12)
        column = QVBoxLayout(cards)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(12)
        column.addWidget(new)
        column.addWidget(self._none)
        column.addLayout(self._column)
        column.addStretch(1)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(cards)
