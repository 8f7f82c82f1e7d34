"""Arguments with what is hidden in them: which values, why, and what is shown instead.

The only place that applies detectors and a policy's list of fields to arguments. What is masked is
only shown differently: digests, signatures and the call are about the true values.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from desktop.store.sensitive import (
    BY_DEFAULT,
    MASK,
    Secrecy,
    by_name,
    masked,
    sensitive,
    shown_by_name,
)

#: What lies deeper is hidden as one value; no worker of ours sends that.
_MAX_DEPTH: Final = 60
Path: TypeAlias = tuple[str, ...]


@dataclass(slots=True)
class _Pattern:
    """What is left of pointers down here: one step of them, and all that go on below it."""

    ends: bool = False
    below: dict[str, _Pattern] = field(default_factory=dict)


_Patterns: TypeAlias = tuple[_Pattern, ...]


@dataclass(frozen=True, slots=True)
class Hidden:
    """One hidden value.

    Attributes:
        pointer: where it is (RFC 6901).
        shown: the mask.
        revealed: what is shown after a person asked for it; of a security code never more.
    """

    pointer: str
    kind: Secrecy
    shown: object
    revealed: object

    @property
    def can_be_revealed(self) -> bool:
        """Whether asking for it shows more."""
        return self.revealed != self.shown


def find_hidden(
    args: object, policy: Sequence[str] = (), kinds: frozenset[Secrecy] = BY_DEFAULT
) -> tuple[Hidden, ...]:
    """What is hidden of arguments at first, in their order.

    Args:
        policy: JSON pointers; `*` stands for any one name or index, and a pointer to a list or an
            object hides all of it.
    """
    return tuple(_Finder(kinds).look(args, (), (_patterns(policy),)))


def with_masks(
    args: object, hidden: Iterable[Hidden], revealed: Collection[str] = frozenset()
) -> object:
    """A copy of arguments with masks in it; what is revealed is shown as far as it may be."""
    tree: dict[str, object] = {}
    for one in hidden:
        value = one.revealed if one.pointer in revealed else one.shown
        path = _tokens(one.pointer)
        if not path:
            return value
        node = tree
        for token in path[:-1]:
            below = node.setdefault(token, {})
            assert isinstance(below, dict)  # noqa: S101 - no hidden value lies in another
            node = below
        node[path[-1]] = _Leaf(value)
    return _replaced(args, tree)


def without_codes(args: object) -> object:
    """Arguments as they may be kept: security codes of cards are never stored, in no form."""
    return with_masks(args, find_hidden(args, kinds=frozenset((Secrecy.SECURITY_CODE,))))


def pointer_of(path: Iterable[str]) -> str:
    """The JSON pointer of a path."""
    return "".join("/" + token.replace("~", "~0").replace("/", "~1") for token in path)


@dataclass(frozen=True, slots=True)
class _Leaf:
    value: object


class _Finder:
    def __init__(self, kinds: frozenset[Secrecy]) -> None:
        self._kinds = kinds

    def look(
        self, value: object, path: Path, patterns: _Patterns, kind: Secrecy | None = None
    ) -> Iterator[Hidden]:
        """Hidden values in one value.

        Args:
            patterns: what is left of the policy's pointers down here.
            kind: what the name of the field says of it.
        """
        if any(one.ends for one in patterns) and kind is not Secrecy.SECURITY_CODE:
            yield self._whole(value, path, Secrecy.POLICY)
        elif not isinstance(value, dict | list | tuple):
            yield from self._leaf(value, path, kind)
        elif len(path) >= _MAX_DEPTH:
            yield Hidden(pointer_of(path), Secrecy.DEEP, MASK, value)
        elif any(sensitive(name, self._kinds) for name in value if isinstance(name, str)) and (
            isinstance(value, dict)
        ):
            # A name would say it, here and in the pointer.
            yield self._whole(value, path, Secrecy.POLICY)
        else:
            yield from self._inside(value, path, patterns, kind)

    def _inside(
        self, value: object, path: Path, patterns: _Patterns, kind: Secrecy | None
    ) -> Iterator[Hidden]:
        for token, below in _members(value):
            steps = (one.below.get(name) for one in patterns for name in {token, "*"})
            rest = tuple(step for step in steps if step is not None)
            named = by_name(token) if isinstance(value, dict) else None
            inherited = kind if kind in {Secrecy.PATIENT, Secrecy.SECURITY_CODE} else None
            told = named if named in self._kinds else None
            yield from self.look(below, (*path, token), rest, told or inherited)

    def _leaf(self, value: object, path: Path, kind: Secrecy | None) -> Iterator[Hidden]:
        text = _text(value)
        if text is None:
            return
        pointer = pointer_of(path)
        if kind is not None and (shown := shown_by_name(kind, text)) != text:
            never = kind is Secrecy.SECURITY_CODE
            yield Hidden(pointer, kind, shown, shown if never else self._most(value, text))
        elif found := sensitive(text, self._kinds):
            revealed = self._most(value, text)
            yield Hidden(pointer, found[0].kind, masked(text, found), revealed)

    def _most(self, value: object, text: str) -> object:
        """All that may ever be shown of a value."""
        never = sensitive(text, frozenset((Secrecy.SECURITY_CODE,)))
        return masked(text, never) if never else value

    def _whole(self, value: object, path: Path, kind: Secrecy) -> Hidden:
        never = _Finder(frozenset((Secrecy.SECURITY_CODE,)))
        revealed = with_masks(value, never.look(value, (), ()))
        return Hidden(pointer_of(path), kind, MASK, revealed)


def _members(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        yield from ((str(name), below) for name, below in value.items())
    elif isinstance(value, list | tuple):
        yield from ((str(number), below) for number, below in enumerate(value))


def _text(value: object) -> str | None:
    """A single value as it is searched; None for one that can hold nothing."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int) and abs(value) < 10**30:
        return str(value)
    try:
        return json.dumps(value)
    except (TypeError, ValueError):
        return None


def _replaced(value: object, tree: Mapping[str, object]) -> object:
    if not tree:
        return value
    made: dict[str, object] = {}
    for token, below in _members(value):
        there = tree.get(token)
        if isinstance(there, _Leaf):
            made[token] = there.value
        else:
            made[token] = _replaced(below, there) if isinstance(there, dict) else below
    return made if isinstance(value, dict) else list(made.values())


def _patterns(pointers: Iterable[str]) -> _Pattern:
    """Pointers in one tree: what a worker sends may be thousands, and arguments have as many."""
    root = _Pattern()
    for pointer in pointers:
        step = root
        for token in _tokens(pointer if pointer.startswith("/") or not pointer else f"/{pointer}"):
            step = step.below.setdefault(token, _Pattern())
        step.ends = True
    return root


def _tokens(pointer: str) -> Path:
    parts = pointer.split("/")[1:]
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)
