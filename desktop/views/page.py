"""The pages of the window. The only list of them; the rail and the shortcuts follow it."""

from enum import StrEnum

from desktop.views.parts.rail import RailItem


class Page(StrEnum):
    """One page, by its name on the rail."""

    APPROVALS = "approvals"
    CONVERSATIONS = "conversations"
    AGENTS = "agents"
    AUDIT = "audit"
    SETTINGS = "settings"


#: In the order of the rail; the number of a page is its place here.
RAIL_ITEMS = (
    RailItem(Page.APPROVALS, "Approvals", "approvals", "Ctrl+1"),
    RailItem(Page.CONVERSATIONS, "Conversations", "conversations", "Ctrl+2"),
    RailItem(Page.AGENTS, "Agents", "agents", "Ctrl+3"),
    RailItem(Page.AUDIT, "Audit log", "audit", "Ctrl+4"),
    RailItem(Page.SETTINGS, "Settings", "settings", "Ctrl+5", low=True),
)
