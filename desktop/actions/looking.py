"""Looking at a request: what is told to the others and written down of it.

The only place that says that somebody here opened a request, and that they asked to see a hidden
value or copied it. No value is ever in it, only where it stands in the arguments.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import structs

from desktop.actions.guard import read_only
from desktop.actions.ports import Note, Outbox, TakeClaim
from desktop.audit.entries import AuditKind, happened
from desktop.settings import Person
from desktop.store.records import RequestKey
from desktop.store.store import Store


class Looking:
    """What the person at this desk looks at."""

    def __init__(self, store: Store, outbox: Outbox, person: Callable[[], Person]) -> None:
        self._store = store
        self._outbox = outbox
        self._person = person

    def opened(self, key: RequestKey) -> None:
        """A request is before somebody's eyes: it is written down, and the others are told."""
        request = self._store.request(key)
        if request is None or not request.is_open:
            return
        self._note(key, AuditKind.REQUEST_OPENED)
        self._claim(key, on=True)

    def still_open(self, key: RequestKey) -> None:
        """It still is: the claim goes on."""
        request = self._store.request(key)
        if request is not None and request.is_open:
            self._claim(key, on=True)

    def left(self, key: RequestKey) -> None:
        """Nobody here looks at it any more."""
        self._claim(key, on=False)

    def revealed(self, key: RequestKey, pointers: tuple[str, ...]) -> None:
        """Hidden values were asked for, and are shown."""
        self._note(key, AuditKind.VALUE_REVEALED, revealed=pointers)

    def hidden(self, key: RequestKey, pointers: tuple[str, ...]) -> None:
        """They are hidden again."""
        self._note(key, AuditKind.VALUE_HIDDEN, masked=pointers)

    def copied(self, key: RequestKey, pointers: tuple[str, ...]) -> None:
        """Values that were shown went to the clipboard."""
        self._note(key, AuditKind.VALUE_COPIED, revealed=pointers)

    def _claim(self, key: RequestKey, *, on: bool) -> None:
        if read_only(self._store) is None and self._store.is_online:
            person = self._signer()
            self._outbox.post(TakeClaim(key, person.id, person.name, on))

    def _signer(self) -> Person:
        """Who looks, by the name under which they sign if they can."""
        identity = self._store.signing.identity
        return Person(identity.id, identity.name) if identity else self._person()

    def _note(
        self,
        key: RequestKey,
        kind: AuditKind,
        *,
        masked: tuple[str, ...] = (),
        revealed: tuple[str, ...] = (),
    ) -> None:
        request, person = self._store.request(key), self._signer()
        if request is None:
            return
        asked = request.call.request
        entry = structs.replace(
            happened(kind, person=person.id, name=person.name),
            context_id=key.context_id,
            agent=request.agent,
            tool_call_id=request.tool_call_id,
            request_id=request.request_id,
            action=request.call.action,
            args_digest=asked.args_digest if asked else "",
            masked=masked,
            revealed=revealed,
        )
        self._outbox.post(Note(entry))
