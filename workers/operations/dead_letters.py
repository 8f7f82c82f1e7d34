"""`signoff-worker dlq`: look at what is quarantined, put it back, or drop it.

The only place that carries out these commands. Nothing of an entry's content is logged, and a
list shows none of it; only `show` does, because somebody asked for that entry.
"""

from __future__ import annotations

import base64
import re
from enum import StrEnum
from typing import TypeVar

from workers.operations.printing import moment, print_block, print_json, print_line
from workers.wire.canonical import JSON
from workers.wire.errors import SignoffError
from workers.wire.ids import check_agent_name
from workers.wire.streams.connection import Connection
from workers.wire.streams.quarantine import DeadLetter, NoData, Quarantine

#: A list shows so many, the newest; the quarantine itself is bounded too.
LISTED = 100

T = TypeVar("T")
_ID = re.compile(r"\d{1,20}-\d{1,20}")


class Verb(StrEnum):
    """What to do with a quarantine."""

    LIST = "list"
    SHOW = "show"
    REQUEUE = "requeue"
    DROP = "drop"


class NoSuchDeadLetter(SignoffError):
    """What was named is not, or no longer, in quarantine, or cannot be put back."""


async def run_dlq(verb: Verb, agent: str, dead_id: str, redis_url: str, *, as_json: bool) -> None:
    """Carry out one command.

    Args:
        dead_id: names the entry in quarantine; not looked at by `list`.

    Raises:
        BadName: no agent can have this name.
        NoSuchDeadLetter: there is no such entry, or it holds nothing to put back.
        BrokerError: the broker cannot be used.
    """
    check_agent_name(agent)
    if verb is not Verb.LIST and not _ID.fullmatch(dead_id):
        raise NoSuchDeadLetter(
            f"{dead_id[:60]!r} is no id of a quarantined entry.",
            f"`signoff-worker dlq list {agent}` tells them.",
        )
    async with Connection(redis_url) as connection:
        quarantine = Quarantine(connection, agent)
        match verb:
            case Verb.LIST:
                await _list(quarantine, agent, as_json=as_json)
            case Verb.SHOW:
                _show(_there(await quarantine.get(dead_id), agent, dead_id), as_json=as_json)
            case Verb.REQUEUE:
                await _requeue(quarantine, agent, dead_id, as_json=as_json)
            case Verb.DROP:
                _there(await quarantine.drop(dead_id) or None, agent, dead_id)
                _say(f"Dropped {dead_id}.", {"dropped": dead_id}, as_json=as_json)


async def _list(quarantine: Quarantine, agent: str, *, as_json: bool) -> None:
    letters, length = await quarantine.newest(LISTED), await quarantine.length()
    if as_json:
        print_json([_json(letter) for letter in letters])
        return
    for letter in letters:
        print_line(
            letter.dead_id,
            moment(letter.since_ms),
            letter.reason or "-",
            f"{len(letter.data)} bytes",
            letter.error,
        )
    if not length:
        print_line(f"Nothing of {agent} is in quarantine.")
    elif length > len(letters):
        print_line(f"The newest {len(letters)} of {length}.")


def _show(letter: DeadLetter, *, as_json: bool) -> None:
    if as_json:
        print_json(_json(letter) | _data_json(letter.data))
        return
    for name, value in _json(letter).items():
        print_line(f"{name}:", str(value))
    print_line("data:")
    print_block(letter.data.decode(errors="backslashreplace"))


async def _requeue(quarantine: Quarantine, agent: str, dead_id: str, *, as_json: bool) -> None:
    try:
        entry_id = _there(await quarantine.requeue(dead_id), agent, dead_id)
    except NoData:
        raise NoSuchDeadLetter(
            f"{dead_id} holds no data, so there is nothing to put back.", "Drop it."
        ) from None
    _say(
        f"Requeued {dead_id}; in the inbox it is {entry_id}.",
        {"requeued": dead_id, "entry_id": entry_id},
        as_json=as_json,
    )


def _there(found: T | None, agent: str, dead_id: str) -> T:
    if found is None:
        raise NoSuchDeadLetter(
            f"{dead_id} is not in the quarantine of {agent}.",
            "Somebody may have requeued or dropped it.",
        )
    return found


def _json(letter: DeadLetter) -> dict[str, JSON]:
    """An entry without its content."""
    return {
        "id": letter.dead_id,
        "since": moment(letter.since_ms),
        "reason": letter.reason,
        "error": letter.error,
        "entry_id": letter.entry_id,
        "context_id": letter.context_id or None,
        "attempts": letter.attempts or None,
        "worker": letter.worker,
        "bytes": len(letter.data),
    }


def _data_json(data: bytes) -> dict[str, JSON]:
    """The content: as text, and in base64 where it is no text."""
    try:
        return {"data": data.decode()}
    except UnicodeDecodeError:
        lossy = data.decode(errors="backslashreplace")
        return {"data": lossy, "data_base64": base64.b64encode(data).decode()}


def _say(line: str, value: dict[str, JSON], *, as_json: bool) -> None:
    if as_json:
        print_json(value)
    else:
        print_line(line)
