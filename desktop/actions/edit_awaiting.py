"""What another reviewer changed of a call, and others are asked to approve.

The only place that makes changes to show of an edit that waits. They are masked like the arguments;
that a hidden value differs is told, though its mask may be the same.
"""

from __future__ import annotations

from desktop.actions.edits import Change, changes
from desktop.actions.forms import ABSENT, Absent, Value
from desktop.store.masking import find_hidden, with_masks
from desktop.store.quorums import edit_awaiting
from desktop.store.records import Request
from workers.wire.canonical import JSON, untagged
from workers.wire.errors import NotApprovable


def changes_awaiting(request: Request) -> tuple[Change, ...]:
    """Each changed argument; none where nobody changed anything, or it is decided."""
    edit = edit_awaiting(request) if request.is_open else None
    if edit is None:
        return ()
    try:
        found = changes(untagged(request.args), untagged(edit.edited_args))
    except NotApprovable:
        found = changes(request.args, edit.edited_args)
    policy = request.policy.masked if request.policy else ()
    return tuple(_masked(change, policy) for change in found)


def arguments_awaiting(request: Request) -> JSON:
    """All arguments as the edit that waits would have them; None where none does."""
    edit = edit_awaiting(request) if request.is_open else None
    if edit is None:
        return None
    try:
        return untagged(edit.edited_args)
    except NotApprovable:
        return edit.edited_args


def _masked(change: Change, policy: tuple[str, ...]) -> Change:
    name = change.name
    return Change(name, _side(name, change.before, policy), _side(name, change.after, policy))


def _side(name: str, value: Value, policy: tuple[str, ...]) -> Value:
    if isinstance(value, Absent):
        return ABSENT
    held: dict[str, JSON] = {name: value}
    shown = with_masks(held, find_hidden(held, policy))
    return shown[name] if isinstance(shown, dict) else shown  # type: ignore[return-value]
