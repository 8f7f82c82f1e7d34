"""`docs/protocol.md` names everything that is on the wire: what is new there is written down."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import StrEnum

import msgspec
import pytest

from tests.support.environment import ROOT
from workers.wire import approvals, auditing, codec, dialects, events, halts, keys, usage
from workers.wire.approvals import Mode, Outcome, Refusal, Risk
from workers.wire.canonical import MAX_ARGS_DEPTH, MAX_DEPTH
from workers.wire.dialects import Dialect
from workers.wire.events import ContextStatus, EventType, ProgressType

DOCUMENT = (ROOT / "docs" / "protocol.md").read_text()

#: How the document writes what a key builder is given.
_NAMES = {
    "call": "<tool call id>",
    "agent": "<agent>",
    "context_id": "<context>",
    "consumer": "<consumer>",
    "caller": "<caller>",
    "invocation_id": "<invocation_id>",
    "request_id": "<request>",
    "month": "<yyyy-mm>",
}
#: Read from an interrupt of any dialect, and not itself on the wire.
_NOT_ON_THE_WIRE = {"PendingCall"}


def _builders() -> list[Callable[..., str]]:
    return [
        function
        for name, function in inspect.getmembers(keys, inspect.isfunction)
        if function.__module__ == keys.__name__ and not name.startswith("_")
    ]


def _constants() -> list[str]:
    return [
        value
        for name, value in vars(keys).items()
        if isinstance(value, str) and name.isupper() and value.startswith("signoff:")
    ]


def _structs() -> list[type[msgspec.Struct]]:
    return [
        kind
        for room in (approvals, auditing, dialects, events, halts, usage)
        for name, kind in inspect.getmembers(room, inspect.isclass)
        if issubclass(kind, msgspec.Struct)
        and kind.__module__ == room.__name__
        and name not in _NOT_ON_THE_WIRE
    ]


def _words() -> list[StrEnum]:
    kinds = (EventType, ProgressType, ContextStatus, Outcome, Refusal, Dialect, Mode, Risk)
    return [word for kind in kinds for word in kind]


@pytest.mark.parametrize("builder", _builders(), ids=lambda builder: builder.__name__)
def test_every_key_is_in_the_document(builder: Callable[..., str]) -> None:
    """As it is spelled on the broker."""
    given = [_NAMES[parameter] for parameter in inspect.signature(builder).parameters]

    assert f"`{builder(*given)}`" in DOCUMENT


@pytest.mark.parametrize("key", _constants())
def test_every_key_without_a_name_in_it_is_in_the_document(key: str) -> None:
    """There is one of each on a broker."""
    assert f"`{key}`" in DOCUMENT


@pytest.mark.parametrize("word", _words(), ids=lambda word: f"{type(word).__name__}.{word.name}")
def test_every_word_of_the_wire_is_in_the_document(word: StrEnum) -> None:
    """Kinds, outcomes, reasons, dialects, modes."""
    assert f"`{word}`" in DOCUMENT or (word is Outcome.REFUSED and "`refused:<reason>`" in DOCUMENT)


@pytest.mark.parametrize("struct", _structs(), ids=lambda struct: struct.__name__)
def test_every_structure_and_its_members_are_in_the_document(struct: type[msgspec.Struct]) -> None:
    """By the name of the class and by the names on the wire."""
    assert f"`{struct.__name__}`" in DOCUMENT
    missing = [name for name in struct.__struct_fields__ if f"`{name}`" not in DOCUMENT]
    assert missing == []


def test_the_limits_in_the_document_are_those_of_the_code() -> None:
    """A peer that keeps to the document is not refused."""
    assert codec.MAX_INBOX_BYTES == 256 * 1024
    assert codec.MAX_PROGRESS_BYTES == 1024 * 1024
    assert approvals.MAX_ARGS_BYTES == 128 * 1024
    assert auditing.MAX_AUDIT_BYTES == 1024 * 1024
    for sentence in (
        "An inbox entry has at most 256 KB, a progress entry 1 MB",
        f"nest at most {MAX_DEPTH} deep",
        "at most 128 KB in canonical form",
        f"nest at most {MAX_ARGS_DEPTH} deep",
    ):
        assert sentence in DOCUMENT
