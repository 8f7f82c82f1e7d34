"""Talking to an agent, and finding what was said.

The only place that starts a conversation, adds a person's words to one, or looks for some.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from desktop.actions.ports import Outbox, Search, SendMessage
from desktop.actions.transcripts import Transcripts
from desktop.actions.words import fit_to_travel
from desktop.errors import NotAllowedNow
from desktop.settings import Person
from desktop.store.facts import MessageSending
from desktop.store.store import Store
from workers.wire.ids import (
    check_agent_name,
    check_context_id,
    new_context_id,
    new_invocation_id,
)

#: An inbox entry may have 256 KB; this leaves room for escapes and the envelope.
MAX_TEXT_LENGTH = 32_000


class Conversations:
    """What the person at this desk says.

    Attributes:
        transcripts: what they read.
    """

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        person: Callable[[], Person],
        now_seconds: Callable[[], float] = time.time,
    ) -> None:
        self.transcripts = Transcripts(store, outbox)
        self._store = store
        self._outbox = outbox
        self._person = person
        self._now_seconds = now_seconds
        self._searches = 0

    def start(self, agent: str, text: str) -> str:
        """Begin a conversation with an agent.

        Returns:
            The new context ID.

        Raises:
            NotAllowedNow: no broker, no text, or too much of it; nothing was sent.
            BadName: not a possible agent name.
        """
        context_id = new_context_id()
        self.say(context_id, agent, text)
        return context_id

    def say(self, context_id: str, agent: str, text: str) -> str:
        """Add a message to a conversation.

        Returns:
            The invocation id.

        Raises:
            NotAllowedNow, BadName: see `start`.
        """
        text = fit_to_travel(text)
        if not text:
            raise NotAllowedNow("There is nothing to send.", "Write a message first.")
        if len(text) > MAX_TEXT_LENGTH:
            size = f"{len(text):,}"
            hint = f"Send at most {MAX_TEXT_LENGTH:,} characters at once."
            raise NotAllowedNow(f"The message has {size} characters.", hint)
        if not self._store.is_online:
            raise NotAllowedNow("The broker is not reachable.", "Send it when the link is back.")
        check_agent_name(agent)
        check_context_id(context_id)
        person, invocation_id = self._person(), new_invocation_id()
        at_ms = int(self._now_seconds() * 1000)
        self.transcripts.open(context_id)
        self._store.apply([MessageSending(context_id, agent, text, invocation_id, at_ms)])
        user = {"user_id": person.id, "user_name": person.name}
        self._outbox.post(SendMessage(context_id, agent, text, invocation_id, {**user}))
        return invocation_id

    def search(self, text: str) -> int:
        """Look for conversations that hold every word of a text; an empty one ends the search.

        Returns:
            The number under which `Store.found` will hold what was found.
        """
        self._searches += 1
        self._outbox.post(Search(text, self._searches))
        return self._searches
