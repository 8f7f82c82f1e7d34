"""The OpenAI chat-completions shapes, as far as the scripted model server speaks them.

The only place that knows how a request is read and how an answer, a stream of chunks and an error
look on that wire. Source: the API reference of `POST /v1/chat/completions`. Unknown fields of a
request are ignored, as the real service does.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import msgspec

#: The name under which the scripted model appears; it is shown to people.
MODEL_NAME = "signoff-scripted-demo"

JSONObject = dict[str, object]


class Part(msgspec.Struct):
    """A part of a message; only text is understood."""

    type: str
    text: str = ""


class FunctionCall(msgspec.Struct):
    """A call inside an assistant message of the request; `arguments` is JSON in a string."""

    name: str
    arguments: str = "{}"


class CallEntry(msgspec.Struct):
    """One entry of `tool_calls` of an assistant message of the request."""

    id: str
    function: FunctionCall


class Message(msgspec.Struct):
    """One message of the conversation so far."""

    role: str
    content: str | list[Part] | None = None
    tool_calls: list[CallEntry] | None = None
    tool_call_id: str | None = None

    def text(self) -> str:
        """The content as plain text."""
        if self.content is None:
            return ""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content if part.text)


class FunctionSpec(msgspec.Struct):
    """A function that the caller offers."""

    name: str
    description: str = ""


class ToolSpec(msgspec.Struct):
    """One entry of `tools`."""

    function: FunctionSpec


class StreamOptions(msgspec.Struct):
    """What the caller wants in the stream besides the answer."""

    include_usage: bool = False


class ChatRequest(msgspec.Struct):
    """The body of a request, reduced to what has a meaning here."""

    messages: list[Message]
    model: str = MODEL_NAME
    tools: list[ToolSpec] | None = None
    tool_choice: object = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: int | None = None

    @property
    def tool_names(self) -> tuple[str, ...]:
        """The tools that may be called."""
        if self.tool_choice == "none":
            return ()
        return tuple(tool.function.name for tool in self.tools or ())


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call the model wants: `args` is a JSON object."""

    id: str
    name: str
    args: JSONObject


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model says next: text, calls, or both."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()

    @property
    def finish_reason(self) -> str:
        """Why the answer ends here, in the words of the protocol."""
        return "tool_calls" if self.tool_calls else "stop"


@dataclass(frozen=True, slots=True)
class Completion:
    """A reply on its way to the caller, with what identifies it and what it cost."""

    request: ChatRequest
    reply: Reply
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self) -> JSONObject:
        """The answer in one piece."""
        message: JSONObject = {"role": "assistant", "content": self.reply.text or None}
        if self.reply.tool_calls:
            message["tool_calls"] = [_call_entry(call) for call in self.reply.tool_calls]
        choice = {"index": 0, "message": message, "finish_reason": self.reply.finish_reason}
        return self._envelope("chat.completion", [choice]) | {"usage": self._usage()}

    def chunks(self) -> Iterator[JSONObject]:
        """The answer as a stream: role, text, calls, the end, and the usage if it was asked for."""
        yield self._chunk({"role": "assistant", "content": ""})
        for piece in pieces(self.reply.text):
            yield self._chunk({"content": piece})
        for index, call in enumerate(self.reply.tool_calls):
            yield self._chunk({"tool_calls": [{"index": index} | _call_entry(call, "")]})
            for piece in pieces(_arguments(call)):
                yield self._chunk(
                    {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}
                )
        yield self._chunk({}, self.reply.finish_reason)
        if self.request.stream_options and self.request.stream_options.include_usage:
            yield self._envelope("chat.completion.chunk", []) | {"usage": self._usage()}

    def _chunk(self, delta: JSONObject, finish_reason: str | None = None) -> JSONObject:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return self._envelope("chat.completion.chunk", [choice])

    def _envelope(self, kind: str, choices: Sequence[Mapping[str, object]]) -> JSONObject:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": MODEL_NAME,
            "choices": choices,
        }

    def _usage(self) -> JSONObject:
        """About four characters make a token; near enough for a model that has none."""
        asked = sum(len(message.text()) for message in self.request.messages) // 4 + 1
        said = len(self.reply.text) + sum(len(_arguments(call)) for call in self.reply.tool_calls)
        told = said // 4 + 1
        return {"prompt_tokens": asked, "completion_tokens": told, "total_tokens": asked + told}


def model_list() -> JSONObject:
    """The answer to `GET /v1/models`."""
    entry = {"id": MODEL_NAME, "object": "model", "created": 0, "owned_by": "signoff-demo"}
    return {"object": "list", "data": [entry]}


def error(message: str, kind: str = "invalid_request_error", code: str | None = None) -> JSONObject:
    """An error as the protocol words it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def pieces(text: str) -> Iterator[str]:
    """`text` cut before each word, as a model would stream it; joined they are `text` again."""
    starts = [0, *(i for i in range(1, len(text)) if text[i].isspace() > text[i - 1].isspace())]
    for start, end in pairwise([*starts, len(text)]):
        if start < end:
            yield text[start:end]


def _call_entry(call: ToolCall, arguments: str | None = None) -> JSONObject:
    return {
        "id": call.id,
        "type": "function",
        "function": {
            "name": call.name,
            "arguments": _arguments(call) if arguments is None else arguments,
        },
    }


def _arguments(call: ToolCall) -> str:
    return msgspec.json.encode(call.args).decode()
