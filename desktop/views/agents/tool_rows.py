"""The tools of an agent: each with how often it was called, how quick it was, and its failures."""

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.qtmodels.monitor_wording import counted, duration
from desktop.store.health import AgentHealth, Calls
from desktop.views.parts.labels import Look, TextLabel, hairline

_NOTHING: Final = "No tools are known of this agent."


class ToolRows(QFrame):
    """One row for each tool; rows stay while their figures change."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "card")
        self._shown: tuple[str, ...] | None = None
        self._figures: dict[str, TextLabel] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(1, 1, 1, 1)
        self._column.setSpacing(0)

    def show_agent(self, agent: AgentHealth) -> None:
        """Show the tools of an agent."""
        offered = {tool for worker in agent.workers for tool in worker.tools.get(agent.name, ())}
        tools = tuple(sorted(offered))
        if tools != self._shown:
            self._shown = tools
            self._build(tools)
        for tool, label in self._figures.items():
            label.show_text(_called(agent.usage.tools.get(tool)))

    def _build(self, tools: tuple[str, ...]) -> None:
        while (item := self._column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()  # deletion waits for the event loop; it must not be seen till then
                widget.deleteLater()
        self._figures = {}
        for number, tool in enumerate(tools):
            if number:
                self._column.addWidget(hairline())
            self._column.addWidget(self._row(tool))
        if not tools:
            nothing = TextLabel(_NOTHING, Look.MUTED, wrap=True)
            nothing.setContentsMargins(15, 9, 15, 9)
            self._column.addWidget(nothing)

    def _row(self, tool: str) -> QWidget:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(15, 8, 15, 8)
        row.setSpacing(12)
        row.addWidget(TextLabel(tool, Look.MONO, selectable=True), 1)
        figures = self._figures[tool] = TextLabel("", Look.SMALL)
        row.addWidget(figures, 0, Qt.AlignmentFlag.AlignRight)
        return line


def _called(calls: Calls | None) -> str:
    if calls is None or not calls.count:
        return ""
    parts = [counted(calls.count, "call")]
    half = calls.quantile_ms(0.5)
    if half is not None:
        parts.append(f"p50 {duration(half)}")
        parts.append(f"p95 {duration(calls.quantile_ms(0.95))}")
    if calls.failed:
        parts.append(f"{calls.failed:,} failed")
    return " · ".join(parts)
