"""The scripted model server: OpenAI chat completions over real HTTP, without a model.

The only place that turns `scenario.reply` into a service. Agents use it exactly as they would use
the real service, so the demo exercises streaming, tool calls, authentication and errors for real.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from workers.demo.chat import ChatRequest, Completion, error, model_list
from workers.demo.http_server import serving
from workers.demo.scenario import reply

#: Longer requests are refused; a demo conversation stays far below.
MAX_BODY_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ModelServer:
    """A model server that answers while the context that gave it is open.

    Attributes:
        url: base URL for clients, ends in `/v1`.
    """

    url: str

    @staticmethod
    @asynccontextmanager
    async def start(api_key: str, token_delay_seconds: float = 0.01) -> AsyncIterator[ModelServer]:
        """Serve on 127.0.0.1, on a free port.

        Args:
            api_key: what callers must present as a bearer token.
            token_delay_seconds: pause before each streamed piece, so that streaming can be seen.
        """
        app = _Application(api_key, token_delay_seconds).routes()
        async with serving(app, "demo model server") as port:
            yield ModelServer(f"http://127.0.0.1:{port}/v1")


@dataclass(frozen=True, slots=True)
class _Application:
    """The two endpoints, and who may use them."""

    api_key: str
    token_delay_seconds: float

    def routes(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/models", self.models, methods=["GET"]),
                Route("/v1/chat/completions", self.chat_completions, methods=["POST"]),
            ],
            exception_handlers={404: _unknown_path, 405: _unknown_path},
        )

    async def models(self, request: Request) -> Response:
        return self._unauthorised(request) or _json(model_list())

    async def chat_completions(self, request: Request) -> Response:
        refusal = self._unauthorised(request)
        if refusal is not None:
            return refusal
        body = await _body(request)
        if body is None:
            return _json(error(f"The request is longer than {MAX_BODY_BYTES} bytes."), 413)
        try:
            asked = msgspec.json.decode(body, type=ChatRequest)
            problem = _not_supported(asked)
        # RecursionError: a body that is nothing but brackets.
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as trouble:
            problem = f"The body is not a chat completion request: {trouble}"
        if problem is not None:
            return _json(error(problem), 400)
        completion = Completion(asked, reply(asked.messages, asked.tool_names))
        if asked.stream:
            return StreamingResponse(self._events(completion), media_type="text/event-stream")
        return _json(completion.whole())

    async def _events(self, completion: Completion) -> AsyncIterator[bytes]:
        for chunk in completion.chunks():
            await asyncio.sleep(self.token_delay_seconds)
            yield b"data: " + msgspec.json.encode(chunk) + b"\n\n"
        yield b"data: [DONE]\n\n"

    def _unauthorised(self, request: Request) -> Response | None:
        """The refusal, or None for a caller with the right key."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(
            key.strip().encode(), self.api_key.encode()
        ):
            return None
        refusal = error(
            "Incorrect API key provided. Use the key this demo was started with.",
            code="invalid_api_key",
        )
        return _json(refusal, 401)


def _not_supported(asked: ChatRequest) -> str | None:
    """What a scripted model cannot do, said instead of being passed over in silence."""
    if not asked.messages:
        return "'messages' is empty."
    if asked.n not in (None, 1):
        return "The scripted demo model gives one answer; leave 'n' out."
    if asked.tool_choice not in (None, "auto", "none"):
        return "The scripted demo model chooses its tools by itself; leave 'tool_choice' out."
    return None


async def _body(request: Request) -> bytes | None:
    """The body, or None as soon as it is too long."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            return None
    return bytes(body)


async def _unknown_path(request: Request, _: Exception) -> Response:
    return _json(error(f"There is no {request.method} {request.url.path} here."), 404)


def _json(content: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")
