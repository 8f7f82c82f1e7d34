"""Progress entries at a glance: what a list of conversations shows, and no more.

The only place that reads an entry without reading all of it. A message is decoded as far as its
role and ids, its text only when somebody asks for it: so one core looks at a million entries a
second. `workers.wire.codec` stays the judge of what an event is; a glance passes over what only a
full read finds (bad text inside of a message, nesting beyond 64 levels), and never raises.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal

import msgspec

from workers.wire.canonical import JSON
from workers.wire.codec import MAX_PROGRESS_BYTES, decode_event
from workers.wire.errors import DecodeError
from workers.wire.events import AgentProgress, ProgressType
from workers.wire.messages import Role, content_text, read_role

_NO_TEXT: Final = msgspec.Raw(b'""')


class GlanceKind(StrEnum):
    """What an entry is, as far as a list is concerned."""

    MESSAGE = "message"
    ERROR = "error"
    INTERRUPT = "interrupt"
    OTHER = "other"
    UNREADABLE = "unreadable"


# Looking a member up in its class costs a tenth of a glance.
_MESSAGE: Final = GlanceKind.MESSAGE
_ERROR: Final = GlanceKind.ERROR
_INTERRUPT: Final = GlanceKind.INTERRUPT
_IS_INTERRUPT: Final = ProgressType.INTERRUPT


class _Message(msgspec.Struct, frozen=True, gc=False):
    """A chat message; its members have these types unless its worker is a strange one."""

    type: str = ""
    id: str | None = None
    name: str | None = None
    tool_call_id: str | None = None
    content: msgspec.Raw = _NO_TEXT


class _Progress(msgspec.Struct, frozen=True, gc=False):
    type: ProgressType
    caller_agent: str
    callee_agent: str
    invocation_id: str
    message: _Message | str
    is_finish: bool = False


class _Envelope(msgspec.Struct, frozen=True, gc=False):
    context_id: Annotated[str, msgspec.Meta(min_length=1)]
    event_type: Literal["agent_progress"]
    data: _Progress


_decode: Final = msgspec.json.Decoder(_Envelope).decode
_NO_MESSAGE: Final = _Message()


class Glance(msgspec.Struct, frozen=True, gc=False):
    """What one entry says to a list. It keeps the entry's bytes alive; do not keep many.

    Attributes:
        context_id: as the entry says; it may lie in the stream of another. Empty if unreadable.
        caller: who asked, "human" for a person.
        callee: who speaks or waits; for an interrupt, the agent that asks.
        is_finish: the last message of an invocation.
        message: a message's head, or the text of an error.
        reason: why it is unreadable, as in `DecodeError.reason`; else empty.
        title: the same as a sentence for a person.
    """

    kind: GlanceKind
    context_id: str = ""
    caller: str = ""
    callee: str = ""
    is_finish: bool = False
    message: _Message | str = _NO_MESSAGE
    reason: str = ""
    title: str = ""

    @property
    def role(self) -> Role:
        """Who speaks in a message; `OTHER` for everything that is none."""
        if self.kind is not GlanceKind.MESSAGE or isinstance(self.message, str):
            return Role.OTHER
        return read_role(self.message.type)

    @property
    def message_id(self) -> str:
        """The message's own id; empty if it has none."""
        return "" if isinstance(self.message, str) else self.message.id or ""

    @property
    def name(self) -> str:
        """The name its speaker gives itself; empty if it gives none."""
        return "" if isinstance(self.message, str) else self.message.name or ""

    @property
    def tool_call_id(self) -> str:
        """The call that a tool's message answers or an interrupt waits for; may be empty."""
        return "" if isinstance(self.message, str) else self.message.tool_call_id or ""

    def preview(self, limit: int) -> str:
        """The beginning of a message's text, or of an error's, decoded now.

        Args:
            limit: in characters.

        Returns:
            The text as it came, line breaks and all; empty where there is none.
        """
        if isinstance(self.message, str):
            return self.message[:limit]
        try:
            return content_text(msgspec.json.decode(self.message.content))[:limit]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return ""


def glance(data: bytes) -> Glance:
    """Look at one entry of a progress stream. Never raises.

    Args:
        data: the JSON text as it arrived.
    """
    if len(data) > MAX_PROGRESS_BYTES:
        return _look_closely(data)
    try:
        envelope = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _look_closely(data)
    progress = envelope.data
    message = progress.message
    if progress.type is _IS_INTERRUPT:
        kind = _INTERRUPT
    else:
        kind = _ERROR if type(message) is str else _MESSAGE
    return Glance(
        kind,
        envelope.context_id,
        progress.caller_agent,
        progress.callee_agent,
        progress.is_finish,
        message,
    )


def _look_closely(data: bytes) -> Glance:
    """Read the whole of an entry that is not in the usual shape; the codec says what it is."""
    try:
        event = decode_event(data)
    except DecodeError as error:
        return Glance(GlanceKind.UNREADABLE, reason=error.reason, title=error.title)
    body = event.body
    if not isinstance(body, AgentProgress):
        return Glance(GlanceKind.OTHER, event.context_id)
    message = _read(body.message)
    if body.type is ProgressType.INTERRUPT:
        kind = GlanceKind.INTERRUPT
    else:
        kind = GlanceKind.ERROR if isinstance(message, str) else GlanceKind.MESSAGE
    return Glance(
        kind, event.context_id, body.caller_agent, body.callee_agent, body.is_finish, message
    )


def _read(value: JSON) -> _Message | str:
    """A message of an unusual shape; what is no text in it counts as missing."""
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        return msgspec.json.encode(value).decode()
    texts = {
        name: item
        for name in ("type", "id", "name", "tool_call_id")
        if isinstance(item := value.get(name), str)
    }
    return _Message(**texts, content=msgspec.Raw(msgspec.json.encode(value.get("content"))))
