"""One page with every part on it, with invented data: what the pictures of the gallery show."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop.qtmodels.rows import Pill, Row
from desktop.qtmodels.rows_model import RowsModel
from desktop.qtmodels.tone import Tone
from desktop.views.parts.arguments_view import ArgumentsView
from desktop.views.parts.banner import Banner
from desktop.views.parts.buttons import ActionButton, ButtonLook
from desktop.views.parts.empty_state import EmptyState
from desktop.views.parts.filter_chips import FilterChips
from desktop.views.parts.labels import Edge, Look, Surface, TextLabel, caption, panel
from desktop.views.parts.link_indicator import LinkIndicator
from desktop.views.parts.link_prompt import LinkPrompt
from desktop.views.parts.list_view import RowList
from desktop.views.parts.markdown_view import MarkdownView
from desktop.views.parts.pill import PillLabel
from desktop.views.parts.rail import Rail, RailItem
from desktop.views.parts.search_field import SearchField
from desktop.views.parts.transcript_entry import EntryKind, TranscriptEntry
from desktop.views.parts.transcript_view import TranscriptView

RAIL = (
    RailItem("approvals", "Approvals", "approvals", "Ctrl+1"),
    RailItem("conversations", "Conversations", "conversations", "Ctrl+2"),
    RailItem("agents", "Agents", "agents", "Ctrl+3"),
    RailItem("audit", "Audit", "audit", "Ctrl+4"),
    RailItem("settings", "Settings", "settings", "Ctrl+,", low=True),
)
HIGH, MEDIUM, LOW = (
    Pill("High risk", Tone.DANGER),
    Pill("Medium risk", Tone.WARN),
    Pill("Low risk", Tone.OK),
)
ROWS = (
    Row(
        "transfer_funds",
        "amount: 4182.50, to: Harbour Freight Ltd, reference: invoice 1187",
        "treasury_agent",
        "now",
        HIGH,
        unread=True,
        initial="T",
        hue=320,
    ),
    Row(
        "release_patient_record",
        "patient: P-10442, to: Northside clinic",
        "records_agent",
        "1m",
        HIGH,
        unread=True,
        initial="R",
        hue=20,
    ),
    Row("update_prescription", "P-10442", "records_agent", "6m", MEDIUM, initial="R", hue=20),
    Row("get_city_gdp", "city: Utrecht", "treasury_agent", "14m", LOW, initial="T", hue=320),
    Row(
        "a_tool_with_a_name_that_is_much_longer_than_the_list_is_wide",
        "hidden \u202etxt.exe and a subtitle that goes on and on and on",
        "weather_agent · a context with a long name",
        "23h",
        Pill("Decided elsewhere", Tone.NEUTRAL),
        unread=True,
        initial="W",
        hue=200,
    ),
)
ANSWER = """Canary is healthy. Summary of the last **10 minutes**:

| Region | Error rate | p99 latency | Verdict |
|---|---:|---:|---|
| eu-west-1 | 0.02 % | 118 ms | pass |
| us-east-1 | 0.03 % | 131 ms | pass |

The rollout plan I will run with `deploy_service`:

```python
async def rollout(build: int, regions: list[str]) -> None:
    # one region at a time, stop on the first regression
    for region in regions:
        await deploy("checkout", build=build, region=region)
```

1. Freeze the queue
2. Deploy **eu-west-1**, then *us-east-1*
   - nested, with ~~mistakes~~
3. Unfreeze and post to [#releases](https://chat.example.invalid/releases)

> Quoted, with <img src=file:///etc/passwd> and \u202edrawkcab\u202c.
"""
ENTRIES = (
    TranscriptEntry(
        "1",
        EntryKind.HUMAN,
        "Dana Ruiz",
        "09:41",
        "Ship build **4182** once the canary has been healthy for 10 minutes.",
    ),
    TranscriptEntry("2", EntryKind.AGENT, "release_agent", "09:52", ANSWER),
    TranscriptEntry(
        "3",
        EntryKind.TOOL_CALL,
        "treasury_agent",
        "09:52",
        detail='{"account": "OPS-1"}',
        collapsed_title="get_account_balance",
    ),
    TranscriptEntry(
        "4",
        EntryKind.TOOL_RESULT,
        "treasury_agent",
        "09:52",
        detail='{\n  "balance": 12040.5\n}',
        state="returned",
        tone=Tone.OK,
        collapsed_title="get_account_balance",
    ),
    TranscriptEntry(
        "5",
        EntryKind.INTERRUPT,
        "treasury_agent",
        "09:53",
        detail='{"amount": 10}',
        state="waiting for approval",
        tone=Tone.WARN,
        collapsed_title="transfer_funds",
    ),
    TranscriptEntry(
        "6",
        EntryKind.ERROR,
        "weather_agent",
        "09:54",
        "Error occurred. The model did not answer within 30 s.",
        detail="TimeoutError",
    ),
    TranscriptEntry(
        "7", EntryKind.UNREADABLE, "", "09:55", detail="\x00\x01 garbage", state="not JSON"
    ),
)
ARGUMENTS: dict[str, object] = {
    "amount": 4182.5,
    "to": "Harbour Freight Ltd",
    "reference": "invoice\u200b 1187 \u202etxt.exe",
    "urgent": False,
    "note": "",
    "approver_notes_with_a_long_name": None,
    "memo": "Quarterly settlement. " * 12,
    "lines": [{"sku": "A-1", "count": 3}, {"sku": "B-2", "count": 1}],
}


class Gallery(QWidget):
    """The whole window as it is meant to be: rail, list, transcript, request."""

    def __init__(self, side_width: int = 330, card_width: int = 380) -> None:
        super().__init__()
        self.setProperty("surface", "bg")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self.rail = Rail(RAIL)
        self.rail.show_page("approvals")
        self.rail.show_badge("approvals", 5)
        row.addWidget(self.rail)
        row.addWidget(self._side(side_width))
        row.addWidget(self._middle(), 1)
        row.addWidget(self._card(card_width))

    def _side(self, width: int) -> QWidget:
        side = panel(Surface.PANEL, Edge.RIGHT)
        side.setFixedWidth(width)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 14, 0, 8)
        column.setSpacing(10)
        head = QHBoxLayout()
        head.setContentsMargins(18, 0, 18, 0)
        head.addWidget(TextLabel("Approvals", Look.TITLE))
        head.addWidget(PillLabel(Pill("5 waiting", Tone.DANGER)))
        head.addStretch()
        head.addWidget(TextLabel("100,000 total", Look.MUTED))
        column.addLayout(head)
        inner = QVBoxLayout()
        inner.setContentsMargins(16, 0, 16, 0)
        inner.setSpacing(10)
        self.search = SearchField("Search approvals", "Search tools, agents, contexts   /")
        inner.addWidget(self.search)
        self.chips = FilterChips(
            "Show", [("waiting", "Waiting"), ("high", "High risk"), ("done", "Decided")]
        )
        inner.addWidget(self.chips)
        column.addLayout(inner)
        self.list = RowList("Approval requests")
        self.model: RowsModel[str] = RowsModel(self.list)
        self.model.show_rows([(row.title, row) for row in ROWS])
        self.list.setModel(self.model)
        self.list.choose_row(0)
        column.addWidget(self.list, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(18, 0, 18, 0)
        self.link = LinkIndicator()
        self.link.show_state(Tone.OK, "Connected · 127.0.0.1:6379")
        foot.addWidget(self.link)
        column.addLayout(foot)
        return side

    def _middle(self) -> QWidget:
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        head = panel(Surface.PANEL, Edge.BOTTOM)
        line = QHBoxLayout(head)
        line.setContentsMargins(22, 10, 22, 10)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(TextLabel("Release train, build 4182", Look.SUBTITLE))
        words.addWidget(TextLabel("treasury_agent · 3f9c2 · 18 messages", Look.MUTED))
        line.addLayout(words, 1)
        line.addWidget(PillLabel(Pill("Waiting for approval", Tone.WARN)))
        column.addWidget(head)
        self.banner = Banner()
        self.banner.show_message(
            Tone.WARN,
            "The keyring does not answer",
            "The password stays in memory.",
            action="Retry",
        )
        wrapped = QVBoxLayout()
        wrapped.setContentsMargins(16, 12, 16, 0)
        wrapped.addWidget(self.banner)
        self.prompt = LinkPrompt()
        self.prompt.ask("https://chat.example.invalid/releases?" + "a=b&" * 12)
        wrapped.addWidget(self.prompt)
        column.addLayout(wrapped)
        self.transcript = TranscriptView()
        self.transcript.set_entries(ENTRIES)
        self.transcript.follow("signoff-toggle:4")
        column.addWidget(self.transcript, 1)
        column.addWidget(self._composer())
        return middle

    def _composer(self) -> QWidget:
        foot = panel(Surface.PANEL, Edge.TOP)
        row = QHBoxLayout(foot)
        row.setContentsMargins(22, 12, 22, 12)
        field = QLineEdit()
        field.setAccessibleName("Message")
        field.setPlaceholderText("Message treasury_agent…")
        row.addWidget(field, 1)
        row.addWidget(ActionButton("Send", ButtonLook.PRIMARY, icon_name="send"))
        return foot

    def _card(self, width: int) -> QWidget:
        card = panel(Surface.PANEL, Edge.LEFT)
        card.setFixedWidth(width)
        column = QVBoxLayout(card)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(10)
        head = QHBoxLayout()
        head.addWidget(TextLabel("transfer_funds", Look.TITLE), 1)
        head.addWidget(PillLabel(HIGH))
        column.addLayout(head)
        column.addWidget(
            TextLabel("treasury_agent asks for Dana Ruiz. Waiting 48 s.", Look.MUTED, wrap=True)
        )
        column.addWidget(caption("Arguments"))
        self.arguments = ArgumentsView()
        self.arguments.show_arguments(ARGUMENTS)
        column.addWidget(self.arguments)
        self.description = MarkdownView("Description", max_height=120)
        self.description.show_markdown("Rule **payments-high**: two approvers above `1000`.")
        column.addWidget(self.description)
        comment = QLineEdit()
        comment.setAccessibleName("Reason")
        comment.setPlaceholderText("Reason (needed to reject)")
        column.addWidget(comment)
        row = QHBoxLayout()
        self.approve = ActionButton("Approve", ButtonLook.PRIMARY, key_hint="A", icon_name="check")
        self.reject = ActionButton("Reject", ButtonLook.DANGER, key_hint="R", icon_name="x")
        row.addWidget(self.approve, 1)
        row.addWidget(self.reject, 1)
        column.addLayout(row)
        self.edit = ActionButton("Edit arguments", key_hint="E", icon_name="edit")
        column.addWidget(self.edit)
        column.addWidget(
            EmptyState("clock", "No history", "Nothing was decided here yet.", action="Open audit")
        )
        column.addStretch()
        return card
