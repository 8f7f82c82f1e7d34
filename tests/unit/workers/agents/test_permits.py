"""A gated function and the permit that opens it."""

from __future__ import annotations

import asyncio
import functools
import inspect

import pytest

from workers import human_approval_required
from workers.agents.permits import Permit, gate_of, permitted
from workers.errors import UngatedCall


@human_approval_required
def pay(amount: float, *, to: str = "ACME") -> str:
    """Pay somebody."""
    return f"{amount:g} to {to}"


@human_approval_required
async def pay_later(amount: float) -> str:
    """Pay somebody in a while."""
    await asyncio.sleep(0)
    return f"{amount:g}"


def permit_for(func: object) -> Permit:
    gate = gate_of(func)
    assert gate is not None
    return Permit(gate, "call_1", "sha-256:0")


def test_without_a_permit_it_refuses() -> None:
    """And says what to do."""
    with pytest.raises(UngatedCall, match="pay needs a reviewer's approval"):
        pay(10)


def test_a_permit_opens_once() -> None:
    """The second call of the same approval is another call."""
    with permitted(permit_for(pay)):
        assert pay(10, to="Globex") == "10 to Globex"
        with pytest.raises(UngatedCall):
            pay(10)


async def test_a_permit_is_for_its_own_function() -> None:
    """Approving one tool approves no other."""
    with permitted(permit_for(pay)):
        with pytest.raises(UngatedCall):
            await pay_later(10)
        assert pay(10) == "10 to ACME"
    with permitted(permit_for(pay_later)):
        assert await pay_later(10) == "10"


async def test_a_permit_reaches_the_thread_a_tool_runs_in_and_nobody_else() -> None:
    """LangChain runs plain functions in threads; other tasks have other permits."""
    with permitted(permit_for(pay)):
        assert await asyncio.to_thread(pay, 10) == "10 to ACME"
        with pytest.raises(UngatedCall):
            await asyncio.to_thread(pay, 10)


def test_a_permit_ends_with_its_block() -> None:
    """Unused, it is worth nothing afterwards."""
    with permitted(permit_for(pay)):
        pass
    with pytest.raises(UngatedCall):
        pay(10)


def test_the_function_looks_as_before() -> None:
    """Tools are described to models by name, docstring and signature."""
    assert (pay.__name__, pay.__doc__) == ("pay", "Pay somebody.")
    assert str(inspect.signature(pay)) == "(amount: 'float', *, to: 'str' = 'ACME') -> 'str'"
    assert inspect.iscoroutinefunction(pay_later)


def test_another_decorator_on_top_does_not_hide_the_gate() -> None:
    """One that uses `functools.wraps`, as decorators do."""

    @functools.wraps(pay)
    def traced(amount: float) -> str:
        return pay(amount)

    assert gate_of(traced) is gate_of(pay)
    assert gate_of(print) is None
