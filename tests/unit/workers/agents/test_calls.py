"""The arguments a reviewer sees are the arguments a tool gets."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from langchain_core.tools import BaseTool, tool
from pydantic import SecretStr

from workers.agents.calls import args_schema, edited_call, exact_call
from workers.wire.canonical import JSON
from workers.wire.errors import NotApprovable


@tool
def pay(amount: Decimal, on: date, urgent: bool = False) -> str:
    """Pay somebody."""
    return f"{amount} {on} {urgent}"


@tool
def log_in(password: SecretStr) -> str:
    """Log in."""
    return password.get_secret_value()


@tool(args_schema={"type": "object", "properties": {"amount": {"type": "number"}}})
def remote(**args: object) -> str:
    """A tool that comes with a JSON Schema, as those of MCP servers do."""
    return str(args)


def test_values_are_as_they_will_be_read() -> None:
    """Dates and exact numbers are texts on the wire, and come back as themselves."""
    call = exact_call(pay, {"amount": 10, "on": "2026-01-31"})

    assert call.args == {"amount": "10", "on": "2026-01-31", "urgent": False}
    assert pay.invoke(dict(call.args)) == "10 2026-01-31 False"


def test_what_writes_itself_as_something_else_is_not_approvable() -> None:
    """A reviewer would approve asterisks, and asterisks would run."""
    with pytest.raises(NotApprovable, match="unchanged"):
        exact_call(log_in, {"password": "hunter2"})


@pytest.mark.parametrize("args", [None, [], "amount", {"amount": "much", "on": "2026-01-31"}])
def test_what_the_tool_does_not_take_is_not_approvable(args: object) -> None:
    """The message names what is wrong, not what was given."""
    with pytest.raises(NotApprovable) as failure:
        exact_call(pay, args)
    assert "much" not in failure.value.title


def test_a_remote_tool_gets_what_the_model_said() -> None:
    """Its server checks it; here it only has to have one form."""
    assert exact_call(remote, {"amount": 10, "x": [1]}).wire_args == {"amount": 10, "x": [1]}
    with pytest.raises(NotApprovable):
        exact_call(remote, {"amount": float("inf")})


@pytest.mark.parametrize("made", [pay, remote])
def test_a_form_can_be_made_for_every_tool(made: BaseTool) -> None:
    """The console shows the schema when a reviewer edits."""
    schema = args_schema(made)
    assert isinstance(schema, dict)
    assert isinstance(schema["properties"], dict)
    assert "amount" in schema["properties"]


def test_an_edit_runs_as_it_was_given_or_not_at_all() -> None:
    """10 and 10.0 are one number; a default nobody saw is not."""
    whole: JSON = {"amount": "10", "on": "2026-01-31", "urgent": True}
    assert edited_call(pay, whole).args == whole
    assert edited_call(remote, {"amount": 10.0, "n": {"$int": str(2**60)}}).args["n"] == 2**60
    with pytest.raises(NotApprovable):
        edited_call(pay, {"amount": "10", "on": "2026-01-31"})
    with pytest.raises(NotApprovable):
        edited_call(remote, {"amount": {"$int": "ten"}})
