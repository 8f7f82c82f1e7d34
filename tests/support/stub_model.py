"""A model that does what the user's words say, over the OpenAI chat-completions protocol.

The only place that scripts a model for tests of workers, ours and the base package's; what the
demo shows has a model server of its own. One message of the user names steps joined by "then",
each one or more calls joined by "and"; the model makes the calls of one step in one turn, and
answers when all are done:

    weather in Paris                                 get_city_weather(city)
    gdp of Oslo and gdp of Bergen                    get_city_gdp(city), twice in one turn
    pay 10 to ACME then pay 9999 to Mallory          transfer_funds(amount, recipient)
    ask economics_agent: gdp of Oslo                 call_economics_agent(task)
    call transfer_funds with {"amount": NaN}         the call with these arguments, as they stand
    break                                            the server answers 500
    say nothing                                      an answer without a word and without a call
    mumble                                           a call that nobody can read, again and again
    dawdle                                           no answer before `patience` is set
    anything else                                    answers at once
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

JSON = dict[str, Any]

_STEPS = re.compile(r"\s+then\s+")
_CALLS = re.compile(r"\s+and\s+")
_PATTERNS = (
    (re.compile(r"ask (?P<agent>\w+): (?P<task>.+)"), "call_{agent}"),
    (re.compile(r"weather in (?P<city>.+)"), "get_city_weather"),
    (re.compile(r"gdp of (?P<city>.+)"), "get_city_gdp"),
    (re.compile(r"pay (?P<amount>\d+) to (?P<recipient>.+)"), "transfer_funds"),
    (re.compile(r"call (?P<tool>\w+) with (?P<raw>.+)"), "{tool}"),
)


class StubModel:
    """The server, in a thread of its own.

    Attributes:
        url: for `OPENAI_BASE_URL`.
        asked: the messages of each question so far.
        failures: so many questions more are answered with an error.
        patience: set when a model that dawdles is to answer.
    """

    def __init__(self) -> None:
        self.asked: list[list[JSON]] = []
        self.failures = 0
        self.patience = threading.Event()
        self._ids = itertools.count(1)
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, answer = stub.answer(body)
                is_stream = bool(body.get("stream")) and status == 200
                data = _as_stream(answer) if is_stream else json.dumps(answer).encode()
                self.send_response(status)
                kind = "text/event-stream" if is_stream else "application/json"
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                # The client retries a 500 after seconds unless told not to.
                self.send_header("x-should-retry", "false")
                self.end_headers()
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    self.wfile.write(data)  # who has waited for too long is gone

            def log_message(self, *_: object) -> None:
                """Say nothing; what was asked is in `asked`."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False  # so that closing waits for the last answer
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        """Stop serving and end the thread."""
        self.patience.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, question: JSON) -> tuple[int, JSON]:
        """HTTP status and body for one request."""
        messages: list[JSON] = question["messages"]
        self.asked.append(messages)
        if self.failures:
            self.failures -= 1
            return 500, {"error": {"message": "the model is ill", "type": "server_error"}}
        start = max(i for i, message in enumerate(messages) if message["role"] == "user")
        text = _text(messages[start])
        if text == "dawdle":
            self.patience.wait()
        if text == "say nothing":
            return 200, self._completion()
        if text == "mumble":
            return 200, self._completion(tool_calls=_calls("call transfer_funds with nonsense"))
        turns = sum(1 for message in messages[start:] if message.get("tool_calls"))
        steps = _STEPS.split(text) if _is_order(text) or text == "break" else []
        if turns < len(steps):
            if steps[turns] == "break":
                return 500, {"error": {"message": "the model is on fire", "type": "server_error"}}
            return 200, self._completion(tool_calls=_calls(steps[turns]))
        if results := [_text(m) for m in messages[start:] if m["role"] == "tool"]:
            return 200, self._completion(text=f"Done: {'; '.join(results)}")
        return 200, self._completion(text=f"You said: {text}")

    def _completion(self, text: str = "", tool_calls: list[JSON] | None = None) -> JSON:
        number = next(self._ids)
        message: JSON = {"role": "assistant", "content": text or None}
        if tool_calls:
            message["tool_calls"] = [
                {
                    "id": f"call_{number:04d}_{i}",
                    "type": "function",
                    "function": {
                        "name": call["name"],
                        "arguments": call.get("raw") or json.dumps(call["args"]),
                    },
                }
                for i, call in enumerate(tool_calls)
            ]
        return {
            "id": f"chatcmpl-{number:04d}",
            "object": "chat.completion",
            "created": 1_770_000_000 + number,
            "model": "stub",
            "choices": [
                {
                    "index": 0,
                    "message": message,
                    "finish_reason": "tool_calls" if tool_calls else "stop",
                }
            ],
            "usage": {
                "prompt_tokens": 120 + number,
                "completion_tokens": 18,
                "total_tokens": 138 + number,
                "prompt_tokens_details": {"cached_tokens": 64},
                "completion_tokens_details": {"reasoning_tokens": 6},
            },
        }


def _as_stream(completion: JSON) -> bytes:
    """The completion as the events of a stream: the text word by word, then calls, then the end."""
    message = completion["choices"][0]["message"]
    calls = [{"index": i, **call} for i, call in enumerate(message.get("tool_calls", []))]
    words = [word for word in re.split(r"(?<=\s)", message["content"] or "") if word]
    deltas: list[JSON] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": word} for word in words]
    deltas += [{"tool_calls": [call]} for call in calls]
    ends = [*(None for _ in deltas), completion["choices"][0]["finish_reason"]]
    common = {**completion, "object": "chat.completion.chunk"}
    usage = common.pop("usage")
    chunks = [
        {**common, "choices": [{"index": 0, "delta": delta, "finish_reason": end}]}
        for delta, end in zip([*deltas, {}], ends, strict=True)
    ]
    chunks.append({**common, "choices": [], "usage": usage})
    events = [*(json.dumps(chunk) for chunk in chunks), "[DONE]"]
    return "".join(f"data: {event}\n\n" for event in events).encode()


def _is_order(text: str) -> bool:
    return any(pattern.match(text) for pattern, _ in _PATTERNS)


def _calls(step: str) -> list[JSON]:
    # What an agent is asked to do may itself be several calls.
    parts = [step] if step.startswith("ask ") else _CALLS.split(step)
    return [_call(part) for part in parts]


def _call(text: str) -> JSON:
    for pattern, name in _PATTERNS:
        if match := pattern.fullmatch(text.strip()):
            args: JSON = match.groupdict()
            if "amount" in args:
                args["amount"] = int(args["amount"])
            named = {key: args.pop(key, "") for key in ("agent", "tool")}
            return {"name": name.format(**named), "args": args, "raw": args.pop("raw", "")}
    raise ValueError(f"the stub model does not understand {text!r}")


def _text(message: JSON) -> str:
    content = message["content"]
    if isinstance(content, str):
        return content
    return "".join(block.get("text", "") for block in content or [])


@pytest.fixture
def stub_model() -> Iterator[StubModel]:
    """A model that does what the user's words say."""
    model = StubModel()
    yield model
    model.close()
