"""The treasury agent: what it offers and how it tells what became of its calls.

The only place that words answers about money.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workers.demo.chat import JSONObject
from workers.demo.scenes import prose
from workers.demo.scenes.intents import Call, Plan, Question, make_plan
from workers.demo.scenes.treasury_requests import read
from workers.demo.scenes.turn import Ending, Outcome, Turn


class Treasury:
    """The treasury agent's part."""

    tools = frozenset({"get_account_balance", "list_payments", "transfer_funds", "get_city_gdp"})
    offer = (
        "I can\n\n"
        "- show a balance: *what is the balance of the operating account?*\n"
        "- list payments: *show the last 5 payments of payroll*\n"
        "- transfer money, once a reviewer approves: *transfer 250 EUR to ACME for invoice 4471*\n"
        "- look up the GDP of a city, once a reviewer approves: *GDP of Paris*"
    )

    def plan(self, turn: Turn) -> Plan | Question:
        """See `Scene.plan`."""
        return make_plan(turn.said, read)

    def resolve(self, call: Call, outcomes: Sequence[Outcome]) -> Call | str:  # noqa: ARG002
        """See `Scene.resolve`; nothing here depends on an earlier result."""
        return call

    def announce(self, calls: Sequence[Call]) -> str:
        """See `Scene.announce`."""
        transfers = [_label(c.name, c.args) for c in calls if c.name == "transfer_funds"]
        return f"I am preparing {' and '.join(transfers)}." if transfers else ""

    def report(self, outcomes: Sequence[Outcome]) -> str:
        """See `Scene.report`; several transfers that went out are one table."""
        if len(outcomes) > 1 and all(_is_transfer(outcome) for outcome in outcomes):
            rows = [_transfer_row(outcome.table()) for outcome in outcomes]
            return f"Done: {len(rows)} transfers went out.\n\n{prose.table(rows)}"
        return prose.report(outcomes, _SENTENCES, _label)


def _label(name: str, args: JSONObject) -> str:
    try:
        if name == "transfer_funds":
            money_text = prose.amount(args["currency"], args["amount"])
            return f"the transfer of {money_text} to {args['to']}"
        if name == "get_city_gdp":
            return f"the GDP lookup for {args['city']}"
    except (KeyError, ValueError):
        pass  # arguments that are not ours; the name of the tool says enough
    return ""


def _say_balance(value: Mapping[str, object]) -> str:
    balance = prose.amount(value["currency"], value["balance"])
    return f"The **{prose.cell(value['account'])}** account holds **{balance}**."


def _say_payments(value: Mapping[str, object]) -> str:
    payments = value["payments"]
    if not isinstance(payments, list):
        raise TypeError("payments are no list")
    if not payments:
        return f"There are no payments out of the **{prose.cell(value['account'])}** account."
    return f"Latest payments out of **{prose.cell(value['account'])}**:\n\n{prose.table(payments)}"


def _is_transfer(outcome: Outcome) -> bool:
    return (
        outcome.name == "transfer_funds"
        and outcome.ending is Ending.DONE
        and not outcome.edited
        and {"to", "amount", "currency"} <= outcome.table().keys()
    )


def _transfer_row(value: Mapping[str, object]) -> Mapping[str, object]:
    return {
        "to": value["to"],
        "amount": value["amount"],
        "currency": value["currency"],
        "reference": value.get("reference"),
        "transfer": value.get("transfer_id"),
    }


def _say_transfer(value: Mapping[str, object]) -> str:
    sent = prose.amount(value["currency"], value["amount"])
    number, reference = value.get("transfer_id"), value.get("reference")
    return (
        f"Done: **{sent}** went to **{prose.cell(value['to'])}** "
        f"(reference: {prose.cell(reference)}; transfer `{prose.cell(number)}`)."
    )


def _say_gdp(value: Mapping[str, object]) -> str:
    return (
        f"The yearly economic output of **{prose.cell(value['city'])}** is about "
        f"**{prose.amount('USD', value['gdp_usd_billion']).removesuffix('.00')} billion**"
        f" ({prose.cell(value.get('source', 'no source given'))})."
    )


_SENTENCES: Mapping[str, prose.Sentence] = {
    "get_account_balance": _say_balance,
    "list_payments": _say_payments,
    "transfer_funds": _say_transfer,
    "get_city_gdp": _say_gdp,
}
