"""The agents of the demo: who they are, and what their tools do.

The only place that puts the demo's invented bank, clinic and atlas into the hands of agents.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from langchain_core.tools import BaseTool, InjectedToolCallId, tool

from workers.agents.permits import human_approval_required
from workers.agents.runner import AgentRunner
from workers.demo.atlas import Atlas
from workers.demo.bank import Bank
from workers.demo.chat import JSONObject
from workers.demo.clinic import Clinic
from workers.demo.effects import Effects

COORDINATOR = "coordinator"
TREASURY = "treasury_agent"
RECORDS = "records_agent"
WEATHER = "weather_agent"
AGENTS = (COORDINATOR, TREASURY, RECORDS, WEATHER)

#: MCP tools the demo's operator trusts; what the server says of its tools does not count.
UNGATED_MCP_TOOLS = ("search_places",)

_EXPERTS = {
    TREASURY: "Balances, payments, transfers of money, and the economic output of cities.",
    RECORDS: "Finding patients, releasing patient records, changing prescriptions.",
    WEATHER: "The weather in a city, places to visit, and weather alerts.",
}
_PROMPTS = {
    COORDINATOR: (
        "You coordinate a team of experts. Answer small talk yourself. Give each task to the "
        "expert whose tool fits, several at once if they do not depend on each other, and pass "
        "their answers on without changing facts."
    ),
    TREASURY: (
        "You are the treasury's assistant. Ask back when the amount, the currency or the payee is "
        "missing. Transfers and figures of cities need a reviewer's approval; if one is rejected, "
        "say so, give the reason, and do not try again."
    ),
    RECORDS: (
        "You assist with patient records. Find the patient before you act. Releases and changes "
        "of prescriptions need a reviewer's approval; if one is rejected, say so, give the "
        "reason, and do not try again."
    ),
    WEATHER: "You answer questions about the weather and places, and set alerts when asked to.",
}


@dataclass(frozen=True, slots=True)
class World:
    """What the demo's agents act upon."""

    bank: Bank
    clinic: Clinic
    atlas: Atlas
    effects: Effects


async def build_team(world: World, mcp_url: str, options: Mapping[str, Any]) -> list[AgentRunner]:
    """The four agents, not created yet.

    Args:
        mcp_url: of the MCP server whose tools the weather agent gets.
        options: parameters of `AgentRunner` that all share: broker, model, note.

    Raises:
        NotConfigured: the MCP server does not answer.
    """
    team = {
        name: AgentRunner(agent_name=name, system_prompt=_PROMPTS[name], **options)
        for name in AGENTS
    }
    for name, description in _EXPERTS.items():
        team[COORDINATOR].add_subagent(name, description)
    for name, tools in (
        (TREASURY, treasury_tools(world)),
        (RECORDS, records_tools(world)),
        (WEATHER, weather_tools(world)),
    ):
        for made in tools:
            team[name].add_tool(made)
    await team[WEATHER].add_mcp_server(mcp_url, ungated=UNGATED_MCP_TOOLS)
    return list(team.values())


def treasury_tools(world: World) -> list[BaseTool]:
    """Two that only read, two that need approval."""
    bank, effects = world.bank, world.effects

    @tool
    def get_account_balance(account: str) -> JSONObject:
        """The balance of one of our accounts: operating, payroll or reserve."""
        return bank.account_balance(account)

    @tool
    def list_payments(account: str, limit: int = 5) -> JSONObject:
        """The newest payments out of one of our accounts, at most 50."""
        return bank.list_payments(account, limit)

    @tool
    @human_approval_required
    def transfer_funds(
        to: str,
        amount: float,
        currency: str,
        reference: str,
        injected_tool_call_id: Annotated[str, InjectedToolCallId],
    ) -> JSONObject:
        """Transfer money from the operating account to a payee outside."""
        args: JSONObject = {
            "to": to, "amount": amount, "currency": currency, "reference": reference
        }  # fmt: skip
        result = bank.transfer_funds(to, amount, currency, reference)
        effects.note("transfer_funds", injected_tool_call_id, args, result)
        return result

    @tool
    @human_approval_required
    def get_city_gdp(
        city: str, injected_tool_call_id: Annotated[str, InjectedToolCallId]
    ) -> JSONObject:
        """The yearly economic output of a city, from a source that is paid for each question."""
        result = bank.city_gdp(city)
        effects.note("get_city_gdp", injected_tool_call_id, {"city": city}, result)
        return result

    return [get_account_balance, list_payments, transfer_funds, get_city_gdp]


def records_tools(world: World) -> list[BaseTool]:
    """One that only reads, two that need approval."""
    clinic, effects = world.clinic, world.effects

    @tool
    def find_patient(name: str) -> JSONObject:
        """Find patients by name; gives their ids, no medical content."""
        return clinic.find_patient(name)

    @tool
    @human_approval_required
    def release_patient_record(
        patient_id: str,
        recipient: str,
        purpose: str,
        injected_tool_call_id: Annotated[str, InjectedToolCallId],
    ) -> JSONObject:
        """Hand the record of a patient to somebody outside the clinic."""
        args: JSONObject = {"patient_id": patient_id, "recipient": recipient, "purpose": purpose}
        result = clinic.release_patient_record(patient_id, recipient, purpose)
        effects.note("release_patient_record", injected_tool_call_id, args, result)
        return result

    @tool
    @human_approval_required
    def update_prescription(
        patient_id: str,
        drug: str,
        dose_mg: float,
        injected_tool_call_id: Annotated[str, InjectedToolCallId],
    ) -> JSONObject:
        """Set the daily dose of a drug for a patient."""
        args: JSONObject = {"patient_id": patient_id, "drug": drug, "dose_mg": dose_mg}
        result = clinic.update_prescription(patient_id, drug, dose_mg)
        effects.note("update_prescription", injected_tool_call_id, args, result)
        return result

    return [find_patient, release_patient_record, update_prescription]


def weather_tools(world: World) -> list[BaseTool]:
    """The weather; places and alerts come from the MCP server."""

    @tool
    def get_city_weather(city: str) -> JSONObject:
        """The weather in a city right now."""
        return world.atlas.city_weather(city)

    return [get_city_weather]
