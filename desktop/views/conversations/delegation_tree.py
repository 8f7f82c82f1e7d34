"""Who asked whom in the open conversation, above its transcript.

Shown only where more than one agent takes part. A task leads to the request it waits for, or to
the first words of its agent; it never decides.
"""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QModelIndex, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.qtmodels.delegation_rows import delegation_rows, delegation_summary
from desktop.qtmodels.rows_model import RowsModel
from desktop.store.delegation import Delegation, agents_in, delegations
from desktop.store.store import Store
from desktop.views.conversations.branch_delegate import BRANCH_HEIGHT, BranchDelegate
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.labels import Edge, Look, Surface, TextLabel
from desktop.views.parts.list_view import RowList

_AGAIN_MS: Final = 400
#: So many of the newest entries are read, in 3 ms. What is older is seen by scrolling there.
_READ: Final = 2_000
_SHARE: Final = 6  # the tree takes a sixth of the window at most; more of it is scrolled to


class DelegationTree(QFrame):
    """Hidden while one agent works alone.

    Signals:
        request_wanted(RequestKey): the person wants to look at the call a task waits for.
        entry_wanted(str): the person wants to see this entry of the transcript.
    """

    request_wanted = Signal(object)
    entry_wanted = Signal(str)

    def __init__(
        self, store: Store, now_ms: Callable[[], int], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._store, self._now_ms = store, now_ms
        self._context_id: str | None = None
        self._nodes: dict[str, Delegation] = {}
        self._is_folded = False
        self.setProperty("surface", Surface.PANEL.value)
        self.setProperty("edge", Edge.BOTTOM.value)
        self._summary = TextLabel("", Look.MUTED)
        self._summary.setObjectName("delegation.summary")
        self._fold = ActionButton("Hide", ButtonLook.QUIET)
        self._fold.setObjectName("delegation.fold")
        self._model: RowsModel[str] = RowsModel(self)
        self._rows = RowList("Who asked whom", row_height=BRANCH_HEIGHT)
        self._rows.setObjectName("delegation.rows")
        self._rows.setItemDelegate(BranchDelegate(self._rows))
        self._rows.setModel(self._model)
        self._again = QTimer(self, interval=_AGAIN_MS, singleShot=True)
        self._again.timeout.connect(self.refresh)
        self._fold.clicked.connect(self._on_folded)
        self._rows.clicked.connect(self._on_clicked)
        self._rows.row_opened.connect(self._follow)
        self._lay_out()
        self.hide()

    def show_context(self, context_id: str | None) -> None:
        """Show another conversation, or none."""
        self._context_id = context_id
        self.refresh()

    def refresh_soon(self) -> None:
        """Something was said; however much it is, the tree is made twice a second at most."""
        if not self._again.isActive():
            self._again.start()

    def refresh(self) -> None:
        """Show how things stand now."""
        trees = self._trees()
        is_wanted = len(agents_in(trees)) > 1
        if is_wanted:
            self._nodes = {node.key: node for tree in trees for node in tree.walk()}
            self._summary.show_text(delegation_summary(trees))
            self._model.show_rows(delegation_rows(trees, self._now_ms()))
            self._fit()
        self.setVisible(is_wanted)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a larger window more of the tree is in sight."""
        super().resizeEvent(event)
        self._fit()

    def _trees(self) -> tuple[Delegation, ...]:
        if self._context_id is None:
            return ()
        entries = self._store.entries(self._context_id)[-_READ:]
        requests = self._store.requests_in(self._context_id)
        return delegations(entries, requests, [agent.name for agent in self._store.agents()])

    def _fit(self) -> None:
        most = max(2, self.window().height() // _SHARE // BRANCH_HEIGHT)
        rows = min(most, self._model.rowCount())
        # Half a row more says that there is more.
        more = BRANCH_HEIGHT // 2 if self._model.rowCount() > rows else 0
        self._rows.setFixedHeight(rows * BRANCH_HEIGHT + more + 6)

    def _on_folded(self) -> None:
        self._is_folded = not self._is_folded
        self._rows.setVisible(not self._is_folded)
        self._fold.setText("Show" if self._is_folded else "Hide")
        self._name_fold()

    def _name_fold(self) -> None:
        self._fold.setAccessibleName(f"{self._fold.text()} who asked whom")

    def _on_clicked(self, index: QModelIndex) -> None:
        self._follow(index.row())

    def _follow(self, row: int) -> None:
        node = self._nodes.get(self._model.key_at(row) or "")
        if node is None:
            return
        if node.request is not None:
            self.request_wanted.emit(node.request)
        elif node.first_entry:
            self.entry_wanted.emit(node.first_entry)

    def _lay_out(self) -> None:
        self._name_fold()
        head = QHBoxLayout()
        head.setContentsMargins(22, 0, 12, 0)
        head.addWidget(self._summary, 1)
        head.addWidget(self._fold)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 2)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self._rows)
