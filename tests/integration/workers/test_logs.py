"""What workers write into their logs: who, where and how it ended, and nothing that was said."""

from __future__ import annotations

from langchain_core.messages import AnyMessage
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from structlog.testing import capture_logs

from tests.integration.workers.office import Office
from workers import human_approval_required
from workers.wire.approvals import DecisionKind

#: Stands for whatever people, models and tools say.
SECRET = "Zanzibar"


@tool
@human_approval_required
def get_city_gdp(city: str) -> str:
    """Get city gdp."""
    return f"{city}: 500 billion, says {SECRET}"


@tool
def get_city_weather(city: str) -> str:
    """Look up the weather."""
    raise LookupError(f"no weather in {city}, {SECRET}")


async def test_logs_hold_nothing_that_was_said(office: Office) -> None:
    """Approved, rejected, refused, failed and quarantined: no argument, no reason, no result."""

    def fail(state: MessagesState) -> dict[str, list[AnyMessage]]:
        raise ValueError(f"cannot do {state['messages'][-1].text}")

    builder = StateGraph(MessagesState)
    builder.add_node("fail", fail)
    builder.add_edge(START, "fail")
    with capture_logs() as lines:
        await office.hire("demo_agent", [get_city_gdp, get_city_weather])
        await office.hire("hosted_agent", graph=builder.compile())
        context = await office.ask(
            "demo_agent", f"gdp of {SECRET} and gdp of {SECRET}2 then weather in {SECRET}"
        )
        first, second = await office.requests(context, 2)
        await office.decide(first, args_digest=SECRET)
        await office.decide(first)
        await office.decide(second, DecisionKind.REJECT, message=f"not {SECRET}")
        await office.answer(context, "demo_agent")
        failed = await office.ask("hosted_agent", SECRET)
        assert SECRET in await office.error(failed)
        await office.throw("demo_agent", f"{{{SECRET}".encode())
        await office.quarantined("demo_agent", 1)

    said = {str(line["event"]) for line in lines}
    assert {"decision applied", "decision refused", "tool failed", "run failed"} <= said
    assert "entry quarantined" in said
    assert SECRET not in str(lines)
