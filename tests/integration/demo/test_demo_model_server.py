"""The scripted model server, used the way agents use it: through ChatOpenAI over real HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence

import httpx
import httpx2
import openai
import pytest
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.tools import BaseTool, tool
from langchain_openai import ChatOpenAI

from workers.demo.chat import MODEL_NAME
from workers.demo.model_server import MAX_BODY_BYTES, ModelServer

KEY = "demo-key-of-this-test"


@tool
def transfer_funds(to: str, amount: float, currency: str, reference: str) -> str:
    """Send money."""
    raise AssertionError("only offered here, never run")


@tool
def get_account_balance(account: str) -> str:
    """What is in an account."""
    raise AssertionError("only offered here, never run")


TOOLS: Sequence[BaseTool] = (transfer_funds, get_account_balance)


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer.start(KEY, token_delay_seconds=0) as running:
        yield running


@pytest.fixture
async def model(server: ModelServer) -> AsyncIterator[ChatOpenAI]:
    async with httpx2.AsyncClient() as client:
        yield ChatOpenAI(
            base_url=server.url,
            api_key=KEY,
            model=MODEL_NAME,
            streaming=True,
            stream_usage=True,
            max_retries=0,
            http_async_client=client,
        )


@pytest.fixture
async def http(server: ModelServer) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=10) as client:
        yield client


async def stream(model: ChatOpenAI, messages: list[BaseMessage]) -> list[AIMessageChunk]:
    bound = model.bind_tools(TOOLS)
    return [chunk async for chunk in bound.astream(messages) if isinstance(chunk, AIMessageChunk)]


def joined(chunks: Sequence[AIMessageChunk]) -> AIMessageChunk:
    whole, *rest = chunks
    for chunk in rest:
        whole += chunk
    return whole


async def test_text_arrives_in_pieces_and_makes_a_whole(model: ChatOpenAI) -> None:
    """Streaming can be seen, and nothing is lost by it."""
    chunks = await stream(model, [HumanMessage("hello")])

    texts = [chunk.text for chunk in chunks if chunk.text]
    assert len(texts) > 10
    assert "scripted demo model" in "".join(texts)
    assert joined(chunks).response_metadata["finish_reason"] == "stop"


async def test_a_stream_ends_with_its_usage(model: ChatOpenAI) -> None:
    """Asked for by the client, and counted by what was said."""
    usage = joined(await stream(model, [HumanMessage("hello")])).usage_metadata

    assert usage is not None
    assert usage["input_tokens"] > 0
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


async def test_two_calls_in_one_turn_stream_side_by_side(model: ChatOpenAI) -> None:
    """Each with its own id and whole arguments."""
    whole = joined(await stream(model, [HumanMessage("pay 10 to ACME and 20 to Globex")]))

    first, second = whole.tool_calls
    assert (first["name"], first["args"]["to"], first["args"]["amount"]) == (
        "transfer_funds", "ACME", 10,
    )  # fmt: skip
    assert (second["name"], second["args"]["to"], second["args"]["amount"]) == (
        "transfer_funds", "Globex", 20,
    )  # fmt: skip
    assert first["id"] != second["id"]
    assert whole.response_metadata["finish_reason"] == "tool_calls"


async def test_a_conversation_with_tool_results_comes_to_its_end(model: ChatOpenAI) -> None:
    """Call, result, next call, rejection: over the real message shapes of LangChain."""
    said: list[BaseMessage] = [
        SystemMessage("You are the treasury agent."),
        HumanMessage("pay 10 to ACME, then pay 9999 to Mallory"),
    ]
    bound = model.bind_tools(TOOLS)
    first = await bound.ainvoke(said)
    done = json.dumps({"to": "ACME", "amount": 10, "currency": "EUR", "transfer_id": "TR-1"})
    said += [first, ToolMessage(done, tool_call_id=first.tool_calls[0]["id"])]

    second = await bound.ainvoke(said)
    assert second.tool_calls[0]["args"]["to"] == "Mallory"
    refused = ToolMessage(
        [{"type": "text", "text": "User rejected the tool call with reason: unknown payee"}],
        tool_call_id=second.tool_calls[0]["id"],
        status="error",
    )
    last = await bound.ainvoke([*said, second, refused])

    assert isinstance(last, AIMessage)
    assert not last.tool_calls
    assert "went to **ACME**" in last.text
    assert "unknown payee" in last.text


async def test_without_streaming_the_answer_is_the_same(server: ModelServer) -> None:
    """One JSON object instead of many events."""
    async with httpx2.AsyncClient() as client:
        model = ChatOpenAI(
            base_url=server.url,
            api_key=KEY,
            model=MODEL_NAME,
            streaming=False,
            http_async_client=client,
        )
        told = await model.bind_tools(TOOLS).ainvoke("balance of the operating account")

    assert [call["args"] for call in told.tool_calls] == [{"account": "operating"}]
    assert told.usage_metadata is not None


async def test_a_wrong_key_is_refused_the_way_clients_expect(server: ModelServer) -> None:
    """The client raises its own authentication error, with our words in it."""
    async with openai.AsyncOpenAI(base_url=server.url, api_key="wrong", max_retries=0) as client:
        with pytest.raises(openai.AuthenticationError, match="Incorrect API key") as caught:
            await client.models.list()
        assert caught.value.code == "invalid_api_key"
        with pytest.raises(openai.AuthenticationError):
            await client.chat.completions.create(
                model=MODEL_NAME, messages=[{"role": "user", "content": "hello"}]
            )


async def test_the_list_of_models_names_the_script(server: ModelServer) -> None:
    """Whoever looks sees that it is scripted."""
    async with openai.AsyncOpenAI(base_url=server.url, api_key=KEY) as client:
        assert [model.id for model in (await client.models.list()).data] == [MODEL_NAME]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not a chat completion request"),
        (b"{", "not a chat completion request"),
        (b"[]", "not a chat completion request"),
        (b'{"model": "x"}', "messages"),
        (b'{"messages": [{"content": "no role"}]}', "role"),
        (b'{"messages": []}', "empty"),
        (b'{"messages": [{"role": "user", "content": "\xff"}]}', "not a chat completion request"),
        (b'{"messages": ' + b"[" * 20_000 + b"}", "not a chat completion request"),
        (b'{"messages": [{"role": "user", "content": "x"}], "n": 2}', "one answer"),
        (
            b'{"messages": [{"role": "user", "content": "x"}], "tool_choice": "required"}',
            "tool_choice",
        ),
    ],
)
async def test_a_bad_request_is_answered_in_the_shape_of_the_protocol(
    http: httpx.AsyncClient, body: bytes, words: str
) -> None:
    """Status 400, an error object, and a message that says what is wrong."""
    answer = await http.post("/chat/completions", content=body)

    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert words in error["message"]


async def test_a_request_that_is_too_long_is_refused(http: httpx.AsyncClient) -> None:
    """Before it is read to its end."""
    answer = await http.post("/chat/completions", content=b" " * (MAX_BODY_BYTES + 1))

    assert answer.status_code == 413


async def test_other_paths_are_not_there(http: httpx.AsyncClient) -> None:
    """In the shape of the protocol as well."""
    assert "/v1/embeddings" in (await http.post("/embeddings")).json()["error"]["message"]
    assert (await http.get("/chat/completions")).status_code == 404


async def test_a_tool_choice_of_none_is_respected(http: httpx.AsyncClient) -> None:
    """No calls, though tools are offered."""
    offered = {"type": "function", "function": {"name": "transfer_funds"}}
    asked = {
        "messages": [{"role": "user", "content": "pay 10 to ACME"}],
        "tools": [offered],
        "tool_choice": "none",
    }
    message = (await http.post("/chat/completions", json=asked)).json()["choices"][0]["message"]

    assert "tool_calls" not in message


async def test_tokens_are_paced_and_a_stop_cuts_the_stream(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A client in the middle of a stream sees that it broke; the server stops without a fuss."""
    asked = {"messages": [{"role": "user", "content": "hello"}], "stream": True}
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(headers=headers, timeout=10) as client:
        async with ModelServer.start(KEY, token_delay_seconds=60) as slow:
            request = client.build_request("POST", f"{slow.url}/chat/completions", json=asked)
            answer = await client.send(request, stream=True)
            assert answer.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            await answer.aread()
        await answer.aclose()
    assert caplog.records == []
