"""What the commands print: one JSON document, one JSON object per line, or text for a terminal.

The only place that writes to standard output, and that knows the members of the JSON. What agents
and brokers say can hold characters that move a cursor or hide themselves; none reaches a terminal.
Cards, patients and what a policy names are masked here as in the window, also for programs: what
they print ends up in logs.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import cast

from desktop.store.masking import Hidden, find_hidden, with_masks
from desktop.store.records import Context, Entry, Request
from workers.wire.canonical import JSON


def print_json(value: Mapping[str, JSON] | Sequence[Mapping[str, JSON]]) -> None:
    """Print one document on one line, in ASCII: it means the same on every terminal."""
    print(json.dumps(value), flush=True)


def print_line(*parts: str) -> None:
    """Print one line of text, parts two blanks apart."""
    print("  ".join(safe(part) for part in parts), flush=True)


def hidden_in(request: Request) -> tuple[Hidden, ...]:
    """What is masked of a call's arguments: by their looks, and by the policy of its worker."""
    return find_hidden(request.args, request.policy.masked if request.policy else ())


def shown_args(request: Request, revealed: Collection[str] = ()) -> JSON:
    """Arguments as they are printed.

    Args:
        revealed: JSON pointers of what a person asked to see.
    """
    return cast("JSON", with_masks(request.args, hidden_in(request), frozenset(revealed)))


def print_request(request: Request, revealed: Collection[str] = ()) -> None:
    """Print a waiting call: its name for `decide`, who wants what, and what `decide` may say."""
    print_line(request.key.context_id, request.key.call)
    print_line("", f"{request.agent} wants to run {request.call.action}")
    print_line("", json.dumps(shown_args(request, revealed)))
    masked = [one.pointer for one in hidden_in(request) if one.pointer not in revealed]
    if masked:
        print_line("", f"masked: {', '.join(masked)}")
    if request.call.is_in_doubt:
        started = request.call.earlier_start or "before"
        print_line("", f"started {started}, outcome unknown: respond marks it done")
    kinds = request.choices
    print_line("", f"takes {', '.join(kinds)}" if kinds else "takes no answer from here")


def print_entry(entry: Entry) -> None:
    """Print one line of a transcript; further lines of its text are indented."""
    names = ", ".join(call.name for call in entry.tool_calls)
    calls = f" (calls {names})" if names else ""
    lines = [safe(line) for line in entry.text.split("\n")]
    # Indented, a text cannot pass for a line that somebody else said.
    print(safe(f"{entry.speaker} [{entry.kind}]{calls}:"), "\n    ".join(lines), flush=True)


def request_json(request: Request) -> dict[str, JSON]:
    """A call, for a program to read. `tool_call_id` is what `decide` takes."""
    decisions: list[JSON] = [str(kind) for kind in request.choices]
    masked: list[JSON] = [one.pointer for one in hidden_in(request)]
    return {
        "request_id": request.request_id or None,
        "context_id": request.key.context_id,
        "agent": request.agent,
        "tool_call_id": request.key.call,
        "action": request.call.action,
        "args": shown_args(request),
        "masked": masked,
        "since": moment(request.since_ms),
        "dialect": str(request.call.dialect),
        "decisions": decisions,
        "in_doubt": request.call.is_in_doubt,
    }


def context_json(row: Context) -> dict[str, JSON]:
    """A conversation as a row, for a program to read."""
    return {
        "context_id": row.context_id,
        "agent": row.agent,
        "status": str(row.status),
        "last_activity": moment(row.last_activity_ms),
        "waiting": row.waiting,
    }


def entry_json(entry: Entry) -> dict[str, JSON]:
    """One line of a transcript, for a program to read."""
    calls: list[JSON] = [
        {
            "id": call.id,
            "name": call.name,
            "args": cast("JSON", with_masks(call.args, find_hidden(call.args))),
        }
        for call in entry.tool_calls
    ]
    return {
        "id": entry.entry_id,
        "at": moment(entry.at_ms),
        "kind": str(entry.kind),
        "speaker": entry.speaker,
        "text": entry.text,
        "tool_calls": calls,
        "tool_call_id": entry.tool_call_id or None,
        "failed": entry.failed,
    }


def safe(text: str) -> str:
    """One line for a terminal: what would move its cursor or hide itself is an escape."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def moment(milliseconds: int) -> str:
    """A time in RFC 3339, UTC."""
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
