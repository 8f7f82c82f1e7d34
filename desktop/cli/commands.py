"""What each command does, and what it prints.

The only place that words the console's output without a window. JSON is one document; `chat` prints
one object per line while it follows the conversation.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime

from desktop.cli.session import Session, broker_url
from desktop.errors import ConsoleError, NotAllowedNow
from desktop.store.records import (
    Context,
    ContextStatus,
    DecisionKind,
    Entry,
    EntryKind,
    Request,
    RequestKey,
    RequestState,
)
from workers.wire.canonical import JSON

EXIT_REFUSED = 3
EXIT_NO_ANSWER = 4


async def run(options: argparse.Namespace) -> int:
    """Run one command against the broker. Returns the exit code."""
    async with Session(await broker_url(options.redis_url)) as session:
        match options.command:
            case "inbox":
                return _inbox(session, as_json=options.json)
            case "conversations":
                return _conversations(session, options.limit, as_json=options.json)
            case "show":
                return _show(session, options.context, as_json=options.json)
            case "decide":
                return await _decide(session, options)
            case _:
                return await _chat(session, options)


def _inbox(session: Session, *, as_json: bool) -> int:
    waiting = [request for request in session.store.requests() if request.is_open]
    if as_json:
        print(json.dumps([request_json(request) for request in waiting], ensure_ascii=False))
        return 0
    for request in waiting:
        print(f"{request.key.context_id}  {request.call.tool_call_id}")
        print(f"  {request.agent} wants to run {request.call.action}")
        print(f"  {json.dumps(request.args)}")  # escaped: a terminal obeys control characters
    if not waiting:
        print("Nothing waits for a decision.")
    return 0


def _conversations(session: Session, limit: int, *, as_json: bool) -> int:
    rows = session.store.contexts()[: max(limit, 0)]
    if as_json:
        print(json.dumps([context_json(row) for row in rows], ensure_ascii=False))
        return 0
    for row in rows:
        moment = _moment(row.last_activity_ms)
        print(f"{row.context_id}  {row.status:<8} {moment}  {_safe(row.agent)}")
    if not rows:
        print("There are no conversations on this broker.")
    return 0


def _show(session: Session, context_id: str, *, as_json: bool) -> int:
    row = session.store.context(context_id)
    if row is None:
        hint = "List them with: signoff conversations"
        raise ConsoleError(f"There is no conversation {_safe(context_id)}.", hint)
    entries = session.store.entries(context_id)
    requests = session.store.requests_in(context_id)
    if as_json:
        shown = {
            **context_json(row),
            "entries": [entry_json(entry) for entry in entries],
            "requests": [
                {**request_json(request), "state": request.state, "execution": request.execution}
                for request in requests
            ],
        }
        print(json.dumps(shown, ensure_ascii=False))
        return 0
    for entry in entries:
        _print_entry(entry)
    return 0


async def _decide(session: Session, options: argparse.Namespace) -> int:
    key = RequestKey(options.context, options.tool_call)
    answer: dict[str, JSON]
    try:
        session.approvals.decide(key, DecisionKind(options.decision), options.reason)
    except NotAllowedNow as error:
        answer = {"outcome": "refused", "reason": error.title, "hint": error.hint}
        return _answer(answer, EXIT_REFUSED, as_json=options.json)
    wanted = {
        DecisionKind.APPROVE: RequestState.APPROVED,
        DecisionKind.REJECT: RequestState.REJECTED,
    }[DecisionKind(options.decision)]

    def answered() -> bool:
        request = session.store.request(key)
        return request is not None and request.state is not RequestState.SENDING

    if not await session.until(answered, options.wait):
        answer = {"outcome": "no_answer", "reason": "No worker answered in time."}
        return _answer(answer, EXIT_NO_ANSWER, as_json=options.json)
    request = session.store.request(key)
    assert request is not None  # noqa: S101 - answered() has seen it
    if request.state is wanted:
        answer = {"outcome": "applied", "decision": options.decision}
        return _answer(answer, 0, as_json=options.json)
    reason = request.notice or f"The request is {request.state}.".replace("_", " ")
    answer = {"outcome": "refused", "reason": reason, "state": str(request.state)}
    return _answer(answer, EXIT_REFUSED, as_json=options.json)


def _answer(answer: dict[str, JSON], code: int, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps(answer))
    else:
        print(" ".join(str(part) for part in answer.values()))
    return code


async def _chat(session: Session, options: argparse.Namespace) -> int:
    context_id: str = options.context or ""
    known = session.store.context(context_id) if context_id else None
    seen = {entry.entry_id for entry in session.store.entries(context_id)} if known else set()
    if context_id:
        session.conversations.say(context_id, options.agent, options.text)
    else:
        context_id = session.conversations.start(options.agent, options.text)
    follow = _Follow(session, context_id, seen, as_json=options.json)
    ended = await session.until(follow, options.wait)
    row = session.store.context(context_id)
    status = str(row.status) if ended and row else "no_answer"
    if options.json:
        waiting = [r for r in session.store.requests_in(context_id) if r.is_open]
        requests = [request_json(request) for request in waiting]
        end = {"context_id": context_id, "status": status, "requests": requests}
        print(json.dumps(end, ensure_ascii=False), flush=True)
    else:
        print(f"[{status}] {context_id}")
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
                print(json.dumps(entry_json(entry), ensure_ascii=False), flush=True)
            else:
                _print_entry(entry)
        row = self._session.store.context(self._context_id)
        return self._answered and row is not None and row.status is not ContextStatus.RUNNING


def request_json(request: Request) -> dict[str, JSON]:
    """A waiting call, for a program to read."""
    return {
        "request_id": request.request_id or None,
        "context_id": request.key.context_id,
        "agent": request.agent,
        "tool_call_id": request.call.tool_call_id,
        "action": request.call.action,
        "args": request.args,
        "since": _moment(request.since_ms),
        "dialect": str(request.call.dialect),
    }


def context_json(row: Context) -> dict[str, JSON]:
    """A conversation as a row, for a program to read."""
    return {
        "context_id": row.context_id,
        "agent": row.agent,
        "status": str(row.status),
        "last_activity": _moment(row.last_activity_ms),
        "waiting": row.waiting,
    }


def entry_json(entry: Entry) -> dict[str, JSON]:
    """One line of a transcript, for a program to read."""
    calls: list[JSON] = [
        {"id": call.id, "name": call.name, "args": call.args} for call in entry.tool_calls
    ]
    return {
        "id": entry.entry_id,
        "at": _moment(entry.at_ms),
        "kind": str(entry.kind),
        "speaker": entry.speaker,
        "text": entry.text,
        "tool_calls": calls,
        "tool_call_id": entry.tool_call_id or None,
        "failed": entry.failed,
    }


def _print_entry(entry: Entry) -> None:
    names = ", ".join(call.name for call in entry.tool_calls)
    calls = f" (calls {names})" if names else ""
    print(f"{_safe(entry.speaker)} [{entry.kind}]{_safe(calls)}: {_safe(entry.text)}", flush=True)


def _safe(text: str) -> str:
    """Text for a terminal: what would move its cursor or hide itself is written as an escape."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\u{ord(c):04x}" for c in text)


def _moment(milliseconds: int) -> str:
    """RFC 3339 in UTC."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
