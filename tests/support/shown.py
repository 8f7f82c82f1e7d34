"""What a console's window shows, beside what its broker holds: list, transcript and inbox, by ids.

The only place where tests compare the two. What the broker holds is read with XRANGE, by a client
of its own, and understood without the product's code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex
from PySide6.QtWidgets import QAbstractItemView

from desktop.qtmodels.rows import KEY_ROLE, ROW_ROLE, Row
from desktop.store.changes import Changes
from desktop.store.records import EntryKind
from desktop.views.parts.transcript_view import TranscriptView
from desktop.views.transcript_source import line_keys
from tests.support.console import ConsolePage
from tests.support.redis_server import RedisServer
from tests.support.waiting import await_until

#: Stands where a transcript says that something is missing.
GAP = "gap"
#: Of a long transcript so many entries are set in type at first, or more.
_ONE_PAGE = 50
PREFIX = "agent_task:"
_SAID = re.compile(r"said-\d+")


@dataclass(frozen=True, slots=True)
class Held:
    """What the broker holds of one conversation.

    Attributes:
        ids: of its entries, in order.
        said: the words in them that tests of `Told` know each other by, in order.
        waiting: ids of the calls that nobody has answered.
        status: as a row says it.
    """

    ids: tuple[str, ...]
    said: tuple[str, ...]
    waiting: frozenset[str]
    status: str


def held(server: RedisServer) -> dict[str, Held]:
    """Everything the broker holds, by context ID."""
    with server.client() as client:
        names = sorted(client.scan_iter(match=f"{PREFIX}*", count=1000))
        return {name.removeprefix(PREFIX): _held(client.xrange(name)) for name in names}


def _held(entries: Sequence[tuple[str, Mapping[str, str]]]) -> Held:
    said: list[str] = []
    waiting: set[str] = set()
    is_finished = False
    for _, fields in entries:
        progress = json.loads(fields["data"])["data"]
        message = progress["message"]
        is_finished = progress["is_finish"]
        if progress["type"] == "interrupt":
            waiting.add(message["tool_call_id"])
            continue
        waiting.discard(message.get("tool_call_id", ""))
        said += _SAID.findall(message["content"])
    status = "Waiting" if waiting else "Done" if is_finished else "Running"
    return Held(tuple(name for name, _ in entries), tuple(said), frozenset(waiting), status)


class Shown:
    """Reads one window.

    Attributes:
        before: by context ID, what its transcript shows before what the broker holds now: ids of
            entries that were removed after they had been read, and `GAP`.
        link_said: everything the status line has said of the link, each change once.
    """

    def __init__(self, page: ConsolePage, server: RedisServer) -> None:
        self.before: dict[str, list[str]] = {}
        self.link_said: list[str] = []
        self._page, self._server = page, server
        # After the status line, which was connected first.
        page.console.bridge.changed.connect(self._on_changed)

    async def open(self, context_id: str) -> None:
        """Click a conversation in the list."""
        await self._page.pilot.click("rail.conversations")
        await self._page.pilot.choose("conversations.list", context_id)

    async def until_true(self, *opened: str, seconds: float = 10) -> None:
        """Wait until the window shows what the broker holds, and nothing else.

        Args:
            opened: conversations that are clicked, one after the other, for their transcripts.
        """
        there = held(self._server)
        page = self._page
        await page.pilot.until(lambda: page.store.is_online, "the link to be up", seconds)
        await page.pilot.click("rail.conversations")
        await self._until_none(lambda: self.wrong_rows(there), seconds)
        for context_id in opened:
            await self.open(context_id)
            await self._until_none(lambda one=context_id: self.wrong_lines(one, there), seconds)
        await page.pilot.click("rail.approvals")
        await self._until_none(lambda: self.wrong_requests(there), seconds)
        await page.pilot.click("rail.conversations")
        assert "Connected" in self._page.words("link.state")

    def rows(self) -> dict[str, Row]:
        """The list, from top to bottom."""
        return {index.data(KEY_ROLE): index.data(ROW_ROLE) for index in self._rows("conversations")}

    def lines(self, context_id: str) -> list[str]:
        """The open transcript, as ids of the entries that its lines stand for."""
        names = {
            key: GAP if entry.kind is EntryKind.GAP else entry.entry_id
            for entry in self._page.store.entries(context_id)
            for key in line_keys(entry)
        }
        view = self._page.pilot.find("conversations.transcript", TranscriptView)
        return [names.get(key, f"unknown {key}") for key in view.keys]

    def said(self) -> list[str]:
        """What a person can read in it of the words of `Told`."""
        view = self._page.pilot.find("conversations.transcript", TranscriptView)
        return _SAID.findall(view.toPlainText())

    def wrong_rows(self, there: Mapping[str, Held]) -> list[str]:
        """What the list says otherwise."""
        rows = self.rows()
        newest_first = sorted(there, key=lambda one: (_ms(there[one].ids[-1]), one), reverse=True)
        wrong = [f"rows {[*rows]}, not {newest_first}"] if [*rows] != newest_first else []
        for context_id, one in there.items():
            row, context = rows.get(context_id), self._page.store.context(context_id)
            if row is None or context is None:
                continue
            status = row.pill.text if row.pill else ""
            told = (context.entries, context.last_activity_ms, status, row.cached)
            wanted = (len(one.ids), _ms(one.ids[-1]), one.status, "")
            if told != wanted:
                wrong.append(f"{context_id}: {told}, not {wanted}")
        return wrong

    def wrong_lines(self, context_id: str, there: Mapping[str, Held]) -> list[str]:
        """What the open transcript shows otherwise; of a long one, its end."""
        lines, said = self.lines(context_id), self.said()
        wanted = [*self.before.get(context_id, ()), *there[context_id].ids]
        is_whole = len(lines) == len(wanted) or len(lines) >= _ONE_PAGE
        if not lines or lines != wanted[-len(lines) :] or not is_whole:
            lost = [one for one in wanted if one not in lines]
            more = [one for one in lines if one not in wanted]
            return [f"{context_id}: {len(lines)} of {len(wanted)}; no {lost[:3]}, but {more[:3]}"]
        words = list(there[context_id].said[-len(said) :]) if said else []
        removed = len(self.before.get(context_id, ()))
        if not removed and said != words:
            return [f"{context_id}: reads {said[:3]} to {said[-3:]}, not {words[-3:]}"]
        return [f"{context_id}: reads {said} twice"] if len(said) != len(set(said)) else []

    def wrong_requests(self, there: Mapping[str, Held]) -> list[str]:
        """What the inbox, and the counts of it, say otherwise."""
        wanted = {(name, call) for name, one in there.items() for call in one.waiting}
        store = self._page.store
        listed = [store.request(index.data(KEY_ROLE)) for index in self._rows("approvals")]
        shown = [(one.key.context_id, one.call.tool_call_id) for one in listed if one]
        title = f"({len(wanted):,}) Signoff" if wanted else "Signoff"
        wrong = [] if self._page.window.windowTitle() == title else ["the title counts others"]
        if len(shown) != len(wanted) or set(shown) != wanted:
            wrong.append(f"requests {sorted(shown)}, not {sorted(wanted)}")
        return wrong

    def _rows(self, page: str) -> list[QModelIndex]:
        """The rows of a list in sight; where there are none, words stand in its place."""
        view = self._page.pilot.seen(f"{page}.list")
        model = view.model() if isinstance(view, QAbstractItemView) else None
        return [model.index(row, 0) for row in range(model.rowCount())] if model else []

    async def _until_none(self, find: Callable[[], list[str]], seconds: float) -> None:
        try:
            await await_until(lambda: not find(), "the window to show what is there", seconds)
        except AssertionError as error:
            error.add_note("\n".join(find()))
            raise

    def _on_changed(self, _changes: Changes) -> None:
        words = self._page.words("link.state") if self._page.window.isVisible() else ""
        if words and self.link_said[-1:] != [words]:
            self.link_said.append(words)


def _ms(entry_id: str) -> int:
    return int(entry_id.split("-", maxsplit=1)[0])
