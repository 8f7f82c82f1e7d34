"""Models and tools that do what they should not: the run ends with a word, and the next is served.

What an inbox may hold is in `test_inbox.py`; what arguments may hold also in `test_tools.py`.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import StructuredTool, tool

from tests.integration.workers.conftest import Book
from tests.integration.workers.office import Office
from workers import human_approval_required
from workers.agents.calling import MAX_RESULT_CHARACTERS
from workers.runtime.pace import Pace
from workers.wire import keys
from workers.wire.approvals import DecisionKind
from workers.wire.codec import MAX_PROGRESS_BYTES
from workers.wire.messages import Role

AGENT = "treasury_agent"
#: Impatient: nothing may take longer, and what fails is not tried for long.
HASTY = Pace(
    first_retry_seconds=0.01,
    longest_retry_seconds=0.02,
    most_starts=2,
    model_seconds=0.3,
    tool_seconds=0.3,
)


class Parrot(BaseChatModel):
    """A model that makes one call with Python values as arguments, as no JSON can carry them."""

    args: dict[str, Any]

    @property
    def _llm_type(self) -> str:
        return "parrot"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Parrot:  # noqa: ANN401, ARG002
        """Its calls are fixed."""
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ANN401, ARG002
    ) -> ChatResult:
        last = messages[-1]
        call = {"name": "note_down", "args": self.args, "id": "call_1"}
        said = AIMessage(f"heard: {last.text}")
        if last.type == "human":
            said = AIMessage("", tool_calls=[call])
        return ChatResult(generations=[ChatGeneration(message=said)])


NO_JSON = {
    "a set": {1, 2},
    "a deep set": [{"a": {1, 2}}],
    "NaN": float("nan"),
    "infinity": [float("inf")],
    "half a character": "a\ud800b",
    "a name with half a character": {"a\ud800b": 1},
    "an integer of 31 digits": 10**30,
    "an integer of 5,000 digits": [10**4999],
    "bytes": b"\xff",
    "a tag of ours": {"$int": "1"},
}


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("value", NO_JSON.values(), ids=NO_JSON)
async def test_arguments_without_one_json_form_are_not_put_to_anybody(
    office: Office, value: object, *, declared: bool
) -> None:
    """Whether or not the tool says what it takes; the model hears why, and goes on."""
    ran: list[object] = []

    def note_down(what: Any) -> str:  # noqa: ANN401 - whatever comes
        """Note something down."""
        ran.append(what)
        return "noted"

    schema = {"type": "object", "properties": {"what": {}}}
    options: dict[str, Any] = {} if declared else {"args_schema": schema}
    made = StructuredTool.from_function(note_down, **options)
    runner = office.describe(AGENT, model=Parrot(args={"what": value}))
    runner.add_tool(made, gated=True)
    await office.start(runner)

    context = await office.ask(AGENT, "go")

    answer = await office.answer(context, AGENT)
    assert answer.startswith("heard: The call was not made.")
    assert ran == []
    assert await office.connection.client.zcard(keys.WAITING) == 0


async def test_a_call_that_cannot_be_read_is_told_to_the_model(office: Office, book: Book) -> None:
    """It may do better; nothing of the first attempt is kept in the conversation."""
    await office.hire(AGENT, [book.transfer_funds])

    context = await office.ask(AGENT, "call transfer_funds with nonsense")

    assert "could not be read" in await office.answer(context, AGENT)
    assert book.payments == []
    assert len(await office.said(context)) == 1


@pytest.mark.parametrize(
    ("task", "why"),
    [("say nothing", "It said nothing."), ("mumble", "It made a call that cannot be read.")],
)
async def test_a_model_that_talks_nonsense_ends_the_run_with_a_word(
    office: Office, book: Book, task: str, why: str
) -> None:
    """After three attempts; the same conversation can be used again."""
    await office.hire(AGENT, [book.transfer_funds])

    context = await office.ask(AGENT, task)
    assert why in await office.error(context)
    await office.ask(AGENT, "hello", context)

    assert await office.answer(context, AGENT) == "You said: hello"
    assert len(office.model.asked) == 4


async def test_a_tool_that_there_is_not_is_told_to_the_model(office: Office, book: Book) -> None:
    """Nothing is asked, nothing runs."""
    await office.hire(AGENT, [book.transfer_funds])

    context = await office.ask(AGENT, 'call transfer_all with {"to": "Mallory"}')

    assert "transfer_all is not a valid tool" in await office.answer(context, AGENT)
    assert await office.receipts() == []


async def test_a_model_that_does_not_answer_ends_the_run_with_a_word(office: Office) -> None:
    """It was tried again; then the person is told, and the next one is served."""
    await office.hire(AGENT, pace=HASTY)

    context = await office.ask(AGENT, "dawdle")
    assert "did not answer within 0.3 seconds" in await office.error(context)
    [kept] = await office.quarantined(AGENT, 1)
    assert kept["attempts"] == "2"
    await office.ask(AGENT, "hello", context)

    assert await office.answer(context, AGENT) == "You said: hello"


@pytest.mark.parametrize("as_coroutine", [True, False])
async def test_a_free_tool_that_hangs_is_given_up(office: Office, *, as_coroutine: bool) -> None:
    """The model is told that it may have taken effect; the run goes on."""
    never, release = asyncio.Event(), threading.Event()

    async def forever(city: str) -> str:
        """Look up the weather."""
        await never.wait()
        return city

    def for_long(city: str) -> str:
        """Look up the weather."""
        release.wait()
        return city

    made = tool("get_city_weather")(forever if as_coroutine else for_long)
    await office.hire("weather_agent", [made], pace=HASTY)
    try:
        context = await office.ask("weather_agent", "weather in Oslo")

        answer = await office.answer(context, "weather_agent")
        assert "did not end within 0.3 seconds" in answer
    finally:
        release.set()


async def test_an_approved_call_that_hangs_is_in_doubt(office: Office) -> None:
    """It may have had its effect: it is neither reported as failed nor started again."""
    starts: list[str] = []

    @tool
    @human_approval_required
    async def get_city_gdp(city: str) -> str:
        """Get city gdp."""
        starts.append(city)
        if len(starts) == 1:
            await asyncio.Event().wait()
        return f"{city}: 500 billion"

    await office.hire("economics_agent", [get_city_gdp], pace=HASTY)
    context = await office.ask("economics_agent", "gdp of Oslo")
    [call] = await office.requests(context)
    await office.decide(call)

    again = (await office.requests(context, 2))[-1]
    assert "outcome is unknown" in again.description
    assert await office.outcomes(2) == ["applied", "in_doubt"]
    assert starts == ["Oslo"]
    await office.decide(again)

    assert await office.answer(context, "economics_agent") == "Done: Oslo: 500 billion"
    assert starts == ["Oslo", "Oslo"]


async def test_an_approved_call_that_may_be_made_twice_is_reported_as_failed(
    office: Office,
) -> None:
    """Nobody has to find out what it did; the model may ask for it again."""

    @tool
    @human_approval_required(idempotent=True)
    async def get_city_gdp(city: str) -> str:
        """Get city gdp."""
        await asyncio.Event().wait()
        return city

    await office.hire("economics_agent", [get_city_gdp], pace=HASTY)
    context = await office.ask("economics_agent", "gdp of Oslo")
    [call] = await office.requests(context)
    await office.decide(call)

    assert "did not end within" in await office.answer(context, "economics_agent")
    assert await office.outcomes(2) == ["applied", "failed"]


@pytest.mark.parametrize("kind", ["text", "blocks", "error"])
async def test_a_result_of_50_megabytes_is_cut(office: Office, kind: str) -> None:
    """The model gets its beginning and is told; nothing that is kept or sent grows with it."""
    huge = "x" * 50_000_000

    @tool
    @human_approval_required
    def get_city_gdp(city: str) -> Any:  # noqa: ANN401 - a text, or blocks
        """Get city gdp."""
        if kind == "error":
            raise LookupError(huge)
        return huge if kind == "text" else [{"type": "text", "text": huge}]

    await office.hire("economics_agent", [get_city_gdp])
    context = await office.ask("economics_agent", "gdp of Oslo")
    [call] = await office.requests(context)
    await office.decide(call)

    assert "too large" in await office.answer(context, "economics_agent")
    [result] = await office.said(context, Role.TOOL)
    assert MAX_RESULT_CHARACTERS < len(result.text) < MAX_RESULT_CHARACTERS + 200
    assert await office.outcomes(2) == ["applied", "failed" if kind == "error" else "executed"]
    entries = await office.connection.client.xrange(keys.progress(context))
    assert all(len(fields[b"data"]) < MAX_PROGRESS_BYTES for _, fields in entries)


async def test_a_model_that_says_5_megabytes_is_told_in_part(office: Office) -> None:
    """A reader takes no entry above 1 MB, and would see nothing of it."""
    words = "x" * 5_000_000
    runner = office.describe(AGENT, model=Parrot(args={"what": words}))

    @tool
    def note_down(what: str) -> str:
        """Note something down."""
        return what

    runner.add_tool(note_down)
    await office.start(runner)
    context = await office.ask(AGENT, "go")

    assert (await office.answer(context, AGENT)).startswith("heard: xxx")
    entries = await office.connection.client.xrange(keys.progress(context))
    assert all(len(fields[b"data"]) < MAX_PROGRESS_BYTES for _, fields in entries)


async def test_arguments_of_megabytes_are_not_put_to_anybody(office: Office, book: Book) -> None:
    """No reviewer could read them; the model hears how much is allowed."""
    await office.hire(AGENT, [book.transfer_funds])
    raw = '{"amount": 1, "recipient": "' + "A" * 150_000 + '"}'

    context = await office.ask(AGENT, f"call transfer_funds with {raw}")

    assert "131,072 are allowed" in await office.answer(context, AGENT)
    assert await office.receipts() == []


async def test_a_rejection_after_nonsense_still_counts(office: Office, book: Book) -> None:
    """What one call of a turn got wrong does not touch the others."""
    await office.hire(AGENT, [book.transfer_funds])
    context = await office.ask(
        AGENT, 'call transfer_funds with {"amount": NaN, "recipient": "A"} and pay 10 to ACME'
    )
    [call] = await office.requests(context)

    await office.decide(call, DecisionKind.REJECT, message="no")

    answer = await office.answer(context, AGENT)
    assert "The call was not made." in answer
    assert "Reason: no" in answer
