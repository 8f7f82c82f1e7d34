"""What each command does.

The only place that turns the options of a command into actions, and what came of them into an exit
code. `chat` prints one entry after the other while it follows the conversation.
"""

from __future__ import annotations

import argparse

from desktop.cli.deciding import EXIT_NO_ANSWER, decide
from desktop.cli.output import (
    context_json,
    entry_json,
    moment,
    print_entry,
    print_json,
    print_line,
    print_request,
    request_json,
    safe,
)
from desktop.cli.session import Session, broker_url
from desktop.errors import ConsoleError
from desktop.store.records import (
    ContextStatus,
    EntryKind,
)
from workers.wire.canonical import JSON


async def run(options: argparse.Namespace) -> int:
    """Run one command against the broker. Returns the exit code."""
    async with Session(await broker_url(options.redis_url)) as session:
        match options.command:
            case "inbox":
                return _inbox(session, as_json=options.json)
            case "conversations":
                return _conversations(session, options.limit, as_json=options.json)
            case "show":
                return await _show(session, options.context, as_json=options.json)
            case "decide":
                return await decide(session, options)
            case _:
                return await _chat(session, options)


def _inbox(session: Session, *, as_json: bool) -> int:
    waiting = [request for request in session.store.requests() if request.is_open]
    if as_json:
        print_json([request_json(request) for request in waiting])
        return 0
    for request in waiting:
        print_request(request)
    if not waiting:
        print_line("Nothing waits for a decision.")
    return 0


def _conversations(session: Session, limit: int, *, as_json: bool) -> int:
    rows = session.store.contexts()[: max(limit, 0)]
    if as_json:
        print_json([context_json(row) for row in rows])
        return 0
    for row in rows:
        print_line(row.context_id, f"{row.status:<7}", moment(row.last_activity_ms), row.agent)
    if not rows:
        print_line("There are no conversations on this broker.")
    return 0


async def _show(session: Session, context_id: str, *, as_json: bool) -> int:
    row = session.store.context(context_id)
    if row is None:
        hint = "List them with: signoff conversations"
        raise ConsoleError(f"There is no conversation {safe(context_id)}.", hint)
    await session.read(context_id)
    entries = session.store.entries(context_id)
    requests = session.store.requests_in(context_id)
    if as_json:
        states: list[JSON] = [
            {**request_json(r), "state": str(r.state), "execution": str(r.execution)}
            for r in requests
        ]
        shown: list[JSON] = [entry_json(entry) for entry in entries]
        print_json({**context_json(row), "entries": shown, "requests": states})
        return 0
    for entry in entries:
        print_entry(entry)
    return 0


async def _chat(session: Session, options: argparse.Namespace) -> int:
    context_id: str = options.context or ""
    seen: set[str] = set()
    if context_id:
        await session.read(context_id)
        seen = {entry.entry_id for entry in session.store.entries(context_id)}
        session.conversations.say(context_id, options.agent, options.text)
    else:
        context_id = session.conversations.start(options.agent, options.text)
    follow = _Follow(session, context_id, seen, as_json=options.json)
    ended = await session.until(follow, options.wait)
    row = session.store.context(context_id)
    status = str(row.status) if ended and row else "no_answer"
    if options.json:
        waiting = [r for r in session.store.requests_in(context_id) if r.is_open]
        requests: list[JSON] = [request_json(request) for request in waiting]
        print_json({"context_id": context_id, "status": status, "requests": requests})
    else:
        print_line(f"[{status}]", context_id)
    return 0 if ended else EXIT_NO_ANSWER


class _Follow:
    """Prints what is new in a conversation; true once it has finished or waits."""

    def __init__(self, session: Session, context_id: str, seen: set[str], *, as_json: bool) -> None:
        self._session = session
        self._context_id = context_id
        self._seen = seen
        self._as_json = as_json
        self._answered = False

    def __call__(self) -> bool:
        for entry in self._session.store.entries(self._context_id):
            if entry.kind is EntryKind.SENDING:
                if entry.failed:
                    raise ConsoleError(entry.note)
                # A noted message is parked behind a decision: nothing comes until that is made.
                self._answered = self._answered or bool(entry.note)
                continue
            if entry.entry_id in self._seen:
                continue
            self._seen.add(entry.entry_id)
            self._answered = True
            if self._as_json:
                print_json(entry_json(entry))
            else:
                print_entry(entry)
        row = self._session.store.context(self._context_id)
        return self._answered and row is not None and row.status is not ContextStatus.RUNNING
