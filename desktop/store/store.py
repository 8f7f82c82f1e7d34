"""The store: facts go in here, records come out here.

The one mouth into what the console knows. Used on one thread (the GUI's; the event loop's in a
command); whoever learns something elsewhere sends facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from desktop.store import reduce, troubles
from desktop.store.changes import Changes
from desktop.store.facts import Fact
from desktop.store.health import Troubles
from desktop.store.monitor import Monitor
from desktop.store.records import (
    Agent,
    Context,
    Demo,
    Entry,
    Link,
    LinkState,
    Request,
    RequestKey,
    Streaming,
)

Listener = Callable[[Changes], None]


class Store:
    """What the console knows.

    Attributes:
        link: how it stands with the broker.
        demo: how the bundled demo stands.
    """

    def __init__(self) -> None:
        self._state = reduce.State()
        self._listeners: list[Listener] = []

    def apply(self, facts: Iterable[Fact]) -> Changes:
        """Take in a batch of facts, in order, and tell the listeners once what changed."""
        changes = Changes()
        for fact in facts:
            reduce.apply(self._state, fact, changes)
        if changes:
            for listener in tuple(self._listeners):
                listener(changes)
        return changes

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after each batch that changed something. Returns how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def link(self) -> Link:
        """How the console stands with the broker."""
        return self._state.link

    @property
    def demo(self) -> Demo:
        """How the bundled demo stands."""
        return self._state.demo

    @property
    def is_online(self) -> bool:
        """Whether what is shown is what the broker holds."""
        return self._state.link.state is LinkState.ONLINE

    @property
    def read_only(self) -> bool:
        """Whether this console writes nothing to the broker, by its person's choice."""
        return self._state.read_only

    @property
    def monitor(self) -> Monitor:
        """What the monitor has seen; to be read only."""
        return self._state.monitor

    def troubles(self) -> Troubles:
        """What does not go on by itself. Looks at every conversation: ask once for each change."""
        return troubles.find(self._state.monitor, self.contexts(), self.requests())

    @property
    def context_count(self) -> int:
        """How many conversations are known; cheaper than listing them."""
        return len(self._state.conversations)

    def contexts(self) -> list[Context]:
        """All conversations, the latest first."""
        rows = [self._row(context_id) for context_id in self._state.conversations]
        # Names decide between equal times, so that no list jumps from one look to the next.
        return sorted(rows, key=lambda row: (row.last_activity_ms, row.context_id), reverse=True)

    def context(self, context_id: str) -> Context | None:
        """One conversation, or None if there is none of this id."""
        return self._row(context_id) if context_id in self._state.conversations else None

    def entries(self, context_id: str) -> list[Entry]:
        """The transcript of one conversation, messages still on their way at the end."""
        found = self._state.conversations.get(context_id)
        return [*found.entries, *found.sending.values()] if found else []

    def streaming(self, context_id: str) -> list[Streaming]:
        """The messages that models are writing in one conversation."""
        found = self._state.conversations.get(context_id)
        return list(found.streaming.values()) if found else []

    def requests(self) -> list[Request]:
        """All requests, open ones first, among those the longest waiting first."""
        known = self._state.requests.values()
        return sorted(
            known, key=lambda r: (not r.is_open, r.since_ms if r.is_open else -r.since_ms, r.key)
        )

    def request(self, key: RequestKey) -> Request | None:
        """One request, or None if it is not known."""
        return self._state.requests.get(key)

    def requests_in(self, context_id: str) -> list[Request]:
        """The requests of one conversation, in the order they arrived."""
        keys = self._state.keys_by_context.get(context_id, {})
        return [self._state.requests[key] for key in keys if key in self._state.requests]

    def agents(self) -> tuple[Agent, ...]:
        """Everybody one can talk to, by name."""
        return self._state.agents()

    def _row(self, context_id: str) -> Context:
        return self._state.conversations[context_id].row(self._state.waiting_in(context_id))
