"""Today's code reads what was ever put on the wire, and loses none of it.

Samples are found by looking into the folders; one that is added is tested without a line here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from desktop.engine.entries import read_progress
from desktop.store.facts import TranscriptRead
from desktop.store.records import EntryKind
from desktop.store.store import Store
from workers.wire import keys
from workers.wire.approvals import (
    DecisionKind,
    Outcome,
    Receipt,
    Refusal,
    decision_payload,
    digest_in,
    digest_matches,
    read_decision,
)
from workers.wire.canonical import JSON
from workers.wire.codec import (
    MAX_INBOX_BYTES,
    decode_event,
    decode_struct,
    encode_event,
    encode_struct,
)
from workers.wire.dialects import Dialect, PendingCall, read_interrupt
from workers.wire.events import (
    AgentCommand,
    AgentInvocation,
    AgentProgress,
    AgentResponse,
    ContextSummary,
    EventType,
    ProgressType,
    RequestSummary,
    TokenDelta,
    Unrecognised,
    WorkerInfo,
)
from workers.wire.messages import ChatMessage, Role, read_message
from workers.wire.streams.reader import StreamEntry

_FOLDER = Path(__file__).parent / "samples"


@dataclass(frozen=True)
class Sample:
    """One message, as it was on the wire.

    Attributes:
        name: folder and file, without its ending.
        key: the stream, hash, string or channel it was on.
        data: the JSON text.
    """

    name: str
    key: str
    data: bytes

    @property
    def is_event(self) -> bool:
        """Whether it is an event of the base layer's envelope."""
        return self.key.startswith((keys.INBOX_PREFIX, keys.PROGRESS_PREFIX))

    @property
    def struct(self) -> type[msgspec.Struct]:
        """What it is, if it is no event."""
        by_key: dict[str, type[msgspec.Struct]] = {
            keys.RECEIPTS: Receipt,
            keys.CONTEXT: ContextSummary,
            keys.REQUEST: RequestSummary,
        }
        if self.key.startswith(keys.TOKEN_PREFIX):
            return TokenDelta
        return WorkerInfo if self.key.startswith(keys.worker("")) else by_key[self.key]


def _sample(path: Path) -> Sample:
    content: dict[str, Any] = json.loads(path.read_text())
    data = content["entry"]["data"] if "entry" in content else content.get("data")
    name = f"{path.parent.name}/{path.stem}"
    text = content["value"] if data is None else data
    return Sample(name, content.get("key") or content["channel"], text.encode())


SAMPLES = {sample.name: sample for sample in map(_sample, sorted(_FOLDER.rglob("*.json")))}
EVENTS = [sample for sample in SAMPLES.values() if sample.is_event]
STRUCTS = [sample for sample in SAMPLES.values() if not sample.is_event]

#: The folder `base` holds one dialect; of ours each is listed.
DIALECTS = {
    "signoff/interrupt_agent_inbox": Dialect.AGENT_INBOX,
    "signoff/interrupt_agent_inbox_in_a_list": Dialect.AGENT_INBOX,
    "signoff/interrupt_approval_request": Dialect.SIGNOFF,
    "signoff/interrupt_ask_user": Dialect.ASK_USER,
    "signoff/interrupt_delegate": Dialect.MACHINE,
    "signoff/interrupt_free_text": Dialect.FREE_TEXT,
    "signoff/interrupt_hook_invocation": Dialect.MACHINE,
    "signoff/interrupt_langchain_batched_one": Dialect.HITL_BATCH,
    "signoff/interrupt_langchain_batched_two": Dialect.HITL_BATCH,
    "signoff/interrupt_langchain_per_call": Dialect.TOOL_APPROVAL,
    "signoff/interrupt_signed_request": Dialect.SIGNOFF,
    "signoff/interrupt_with_a_schema": Dialect.SCHEMA,
    "signoff/interrupt_with_a_tagged_integer": Dialect.SIGNOFF,
}


def _named(samples: list[Sample]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("sample", samples, ids=lambda sample: sample.name)


def _progress(sample: Sample) -> AgentProgress:
    body = decode_event(sample.data).body
    assert isinstance(body, AgentProgress)
    return body


def _is_interrupt(sample: Sample) -> bool:
    body = decode_event(sample.data).body
    return isinstance(body, AgentProgress) and body.type is ProgressType.INTERRUPT


def _is_said(sample: Sample) -> bool:
    body = decode_event(sample.data).body
    return isinstance(body, AgentProgress) and body.type is ProgressType.MESSAGE


def _is_decision(sample: Sample) -> bool:
    return isinstance(decode_event(sample.data).body, AgentCommand)


INTERRUPTS = [sample for sample in EVENTS if _is_interrupt(sample)]
SAID = [sample for sample in EVENTS if _is_said(sample)]
DECISIONS = [sample for sample in EVENTS if _is_decision(sample)]


@_named(EVENTS)
def test_every_event_is_read(sample: Sample) -> None:
    """For what it is, from where it was."""
    event = decode_event(sample.data)

    assert not isinstance(event.body, Unrecognised)
    is_progress = isinstance(event.body, AgentProgress)
    assert is_progress == sample.key.startswith(keys.PROGRESS_PREFIX)
    if is_progress:
        assert sample.key == keys.progress(event.context_id)
    else:
        assert len(sample.data) <= MAX_INBOX_BYTES


@_named(EVENTS)
def test_no_member_of_an_event_is_lost_on_its_way_through(sample: Sample) -> None:
    """Read and written again, everything is still there, also what nobody here knows."""
    before = json.loads(sample.data)

    after = json.loads(encode_event(decode_event(sample.data)))

    assert _lost(before, after) == []


@_named(STRUCTS)
def test_every_structure_of_our_own_keys_is_read_whole(sample: Sample) -> None:
    """Receipts, summaries, heartbeats and pieces of messages."""
    value = decode_struct(sample.data, sample.struct)

    # What is written today may have members that were not known then.
    assert _lost(json.loads(sample.data), json.loads(encode_struct(value))) == []


@_named(INTERRUPTS)
def test_every_interrupt_is_told_for_what_it_is(sample: Sample) -> None:
    """Its dialect decides how, and whether, it may be answered."""
    call = read_interrupt(_progress(sample).message)

    assert call.dialect is DIALECTS.get(sample.name, Dialect.BASE)
    if sample.name.startswith("base/"):
        assert call.allowed == (DecisionKind.APPROVE, DecisionKind.REJECT)
        assert call.tool_call_id
        assert call.action


@_named([SAMPLES[name] for name, dialect in DIALECTS.items() if dialect is Dialect.SIGNOFF])
def test_the_arguments_of_an_old_request_still_match_their_digest(sample: Sample) -> None:
    """Another way to compute it would make every waiting request look forged."""
    call = read_interrupt(_progress(sample).message)

    assert call.request is not None
    assert digest_matches(call.request, call.args)


@_named(DECISIONS)
def test_every_decision_is_read_and_would_be_written_the_same_today(sample: Sample) -> None:
    """Consoles and workers of different ages understand each other."""
    body = decode_event(sample.data).body
    assert isinstance(body, AgentCommand)

    decision = read_decision(body.payload)

    assert decision_payload(decision) == body.payload
    assert (decision.binding is None) == sample.name.startswith("base/")


@_named([sample for sample in DECISIONS if sample.name.startswith("signoff/")])
def test_a_bound_decision_is_about_the_request_it_answers(sample: Sample) -> None:
    """Field by field what the worker compares."""
    call = _request_of("signoff/interrupt_approval_request")
    event = decode_event(sample.data)
    assert isinstance(event.body, AgentCommand)
    decision = read_decision(event.body.payload)
    binding, request = decision.binding, call.request
    assert binding is not None
    assert request is not None

    assert binding.aud == request.agent
    assert binding.context_id == request.context_id == event.context_id
    assert binding.tool_call_id == request.tool_call_id == event.body.tool_call_id
    assert binding.request_id == request.request_id
    assert binding.action == request.action
    assert binding.args_digest == request.args_digest
    assert binding.decision is decision.kind
    edited = digest_in(request, decision.args) if decision.kind is DecisionKind.EDIT else ""
    assert binding.edited_args_digest == edited


@_named(SAID)
def test_every_message_is_read(sample: Sample) -> None:
    """As somebody's words, or as the text of an error."""
    message = read_message(_progress(sample).message)

    if isinstance(message, ChatMessage):
        assert message.role is not Role.OTHER
        assert message.text or message.tool_calls
    else:
        assert message.startswith("Error occurred.")


@_named([sample for sample in EVENTS if sample.key.startswith(keys.PROGRESS_PREFIX)])
def test_every_progress_event_is_shown(sample: Sample) -> None:
    """In a transcript, and in none of them as something that cannot be read."""
    context_id = sample.key.removeprefix(keys.PROGRESS_PREFIX)
    store = Store()

    store.apply([TranscriptRead(context_id)])
    store.apply([read_progress(context_id, StreamEntry("1772442905000-0", sample.data))])

    shown = [entry.kind for entry in store.entries(context_id)]
    assert EntryKind.UNREADABLE not in shown
    assert shown or sample.name == "base/tool_message_waiting"


def test_there_is_a_sample_of_every_kind() -> None:
    """A kind without one could be changed without anybody noticing."""
    bodies = {type(decode_event(sample.data).body) for sample in EVENTS}
    dialects = {read_interrupt(_progress(sample).message).dialect for sample in INTERRUPTS}
    receipts = [decode_struct(s.data, Receipt) for s in STRUCTS if s.struct is Receipt]
    bound = {_decision_kind(s) for s in DECISIONS if s.name.startswith("signoff/")}

    assert bodies == {AgentInvocation, AgentCommand, AgentResponse, AgentProgress}
    assert len(bodies) == len(EventType)
    assert dialects == set(Dialect)
    assert {receipt.kind for receipt in receipts} == set(Outcome)
    assert {receipt.refusal for receipt in receipts} == {*Refusal, None}
    assert bound == set(DecisionKind)
    assert {sample.struct for sample in STRUCTS} == {
        Receipt, ContextSummary, RequestSummary, TokenDelta, WorkerInfo,
    }  # fmt: skip


def _decision_kind(sample: Sample) -> DecisionKind:
    body = decode_event(sample.data).body
    assert isinstance(body, AgentCommand)
    return read_decision(body.payload).kind


def _request_of(name: str) -> PendingCall:
    return read_interrupt(_progress(SAMPLES[name]).message)


def _lost(before: JSON, after: JSON, place: str = "") -> list[str]:
    """The places of what is in `before` and not, or not the same, in `after`."""
    if isinstance(before, dict) and isinstance(after, dict):
        missing = [f"{place}/{name}" for name in before.keys() - after.keys()]
        inner = (_lost(before[k], after[k], f"{place}/{k}") for k in before.keys() & after.keys())
        return [*missing, *(lost for one in inner for lost in one)]
    return [] if before == after else [place]
