"""Permits: a gated function runs only when the gate has just let exactly this call through.

The only place that marks functions as gated, and that lets one run. The mark travels with the
function: called in somebody's own graph, in a test or by hand, it refuses.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar, cast, overload

from workers.agents.terms import OnReject, Terms
from workers.errors import NotServable, UngatedCall

P = ParamSpec("P")
R = TypeVar("R")

_MARK = "__signoff_gate__"


class Gate:
    """The identity of one gated function.

    Attributes:
        terms: on which its author wants its calls to be approved.
    """

    def __init__(self, terms: Terms) -> None:
        self.terms = terms


class Permit:
    """Leave to run one gated function once, for one tool call.

    Attributes:
        gate: of the function that may run.
        tool_call_id: the call that was approved.
        args_digest: of the arguments that were approved.
    """

    def __init__(self, gate: Gate, tool_call_id: str, args_digest: str) -> None:
        self.gate = gate
        self.tool_call_id = tool_call_id
        self.args_digest = args_digest
        self._lock = threading.Lock()  # a tool that is no coroutine runs in a thread
        self._is_used = False

    def use(self, gate: Gate) -> bool:
        """Use it up. False: it is for another function, or was used before."""
        with self._lock:
            if self._is_used or gate is not self.gate:
                return False
            self._is_used = True
            return True


_permit: ContextVar[Permit | None] = ContextVar("signoff_permit", default=None)


@overload
def human_approval_required(func: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def human_approval_required(
    *,
    idempotent: bool = False,
    expires_after_seconds: float | None = None,
    on_reject: OnReject | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def human_approval_required(
    func: Callable[..., Any] | None = None,
    /,
    *,
    idempotent: bool = False,
    expires_after_seconds: float | None = None,
    on_reject: OnReject | None = None,
) -> Callable[..., Any]:
    """Mark a tool's function as one that a person has to approve, call by call.

    Put it below `@tool`, alone or with an argument in brackets. The function may be a coroutine
    function. The parameters `config` and `injected_tool_call_id` of the base package are allowed
    and not needed.

    Args:
        idempotent: the effect of a call made twice with the same tool call id is that of one.
            After a crash in the middle it is made again, instead of asking a person.
        expires_after_seconds: a decision counts so long after the model asked for the call; then
            the model is told that it was not approved in time. None: as the runner says.
        on_reject: what a rejection means for the run. None: as the runner says.

    Raises:
        NotServable: put above `@tool` instead of below, or a time that is none.
    """
    terms = Terms(idempotent, expires_after_seconds, on_reject)
    if func is None:
        return lambda func: _marked(func, terms)
    return _marked(func, terms)


def _marked(func: Callable[P, R], terms: Terms) -> Callable[P, R]:
    if not inspect.isroutine(func):
        raise NotServable(
            "@human_approval_required was put on something that is no function.",
            "Put it below @tool, directly above the function.",
        )
    gate = Gate(terms)
    gated = (
        _gated_coroutine(gate, func) if inspect.iscoroutinefunction(func) else _gated(gate, func)
    )
    setattr(gated, _MARK, gate)
    return cast("Callable[P, R]", gated)


def _gated(gate: Gate, func: Callable[P, R]) -> Callable[P, R]:
    @functools.wraps(func)
    def gated(*args: P.args, **kwargs: P.kwargs) -> R:
        _pass(gate, func)
        return func(*args, **kwargs)

    return gated


def _gated_coroutine(gate: Gate, func: Callable[P, Awaitable[Any]]) -> Callable[P, Awaitable[Any]]:
    @functools.wraps(func)
    async def gated(*args: P.args, **kwargs: P.kwargs) -> Any:  # noqa: ANN401 - as the function
        _pass(gate, func)
        return await func(*args, **kwargs)

    return gated


def gate_of(func: object) -> Gate | None:
    """The gate of a function, if it is gated; `functools.wraps` carries it outwards."""
    gate = getattr(func, _MARK, None)
    return gate if isinstance(gate, Gate) else None


@contextmanager
def permitted(permit: Permit) -> Iterator[None]:
    """Hold a permit inside the block, in this task and the threads it starts."""
    token = _permit.set(permit)
    try:
        yield
    finally:
        _permit.reset(token)


def _pass(gate: Gate, func: Callable[..., object]) -> None:
    permit = _permit.get()
    if permit is None or not permit.use(gate):
        raise UngatedCall(
            f"{getattr(func, '__name__', 'This function')} needs a reviewer's approval.",
            "It runs only as a tool of an agent that a Signoff worker serves. It did not run.",
        )
