"""Threads of many runs in one SQLite file: as LangGraph keeps them, and sooner."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, interrupt

from workers.agents.checkpoints import open_checkpoints
from workers.agents.savers.sqlite_steps import SteppedConnection

RUNS = 250


async def _ask(state: MessagesState) -> dict[str, Any]:
    answer = interrupt({"asked": state["messages"][-1].text})
    return {"messages": [HumanMessage(f"told {answer}")]}


def _graph(saver: Any) -> CompiledStateGraph[Any, Any, Any, Any]:  # noqa: ANN401 - any saver
    builder = StateGraph(MessagesState)
    builder.add_node("ask", _ask)
    builder.add_edge(START, "ask")
    return builder.compile(saver)


def _thread(name: str) -> Any:  # noqa: ANN401 - a RunnableConfig
    return {"configurable": {"thread_id": name}}


async def test_langgraphs_own_saver_goes_on_with_our_threads(tmp_path: Path) -> None:
    """And ours with its: they are the same tables, with the same in them."""
    file = str(tmp_path / "threads.db")
    async with open_checkpoints(file) as ours:
        await _graph(ours).ainvoke({"messages": [HumanMessage("one")]}, _thread("a"))
        mine = await ours.aget_tuple(_thread("a"))
        assert mine is not None
        exact = await ours.aget_tuple(mine.config)

    async with AsyncSqliteSaver.from_conn_string(file) as theirs:
        graph = _graph(theirs)
        same = await theirs.aget_tuple(_thread("a"))
        state = await graph.aget_state(_thread("a"))
        await graph.ainvoke(Command(resume={state.interrupts[0].id: "yes"}), _thread("a"))

    assert mine == same == exact
    assert [one.value for one in state.interrupts] == [{"asked": "one"}]
    async with open_checkpoints(file) as ours:
        ended = await _graph(ours).aget_state(_thread("a"))
    assert [message.text for message in ended.values["messages"]] == ["one", "told yes"]
    assert not ended.next


async def test_a_thread_that_nobody_began_is_none(tmp_path: Path) -> None:
    """As LangGraph's."""
    async with open_checkpoints(str(tmp_path / "threads.db")) as saver:
        assert await saver.aget_tuple(_thread("new")) is None


async def test_what_many_write_at_once_is_on_disk_when_they_are_told(tmp_path: Path) -> None:
    """A run goes on, and its message is acknowledged, only after that."""
    file = str(tmp_path / "numbers.db")
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY)")

        async def write(number: int) -> bool:
            await connection.do(
                lambda to: to.execute("INSERT INTO numbers VALUES (?)", (number,)), writes=True
            )
            found = other.execute("SELECT 1 FROM numbers WHERE number = ?", (number,))
            return found.fetchone() is not None

        async with SteppedConnection(lambda: sqlite3.connect(file)) as connection:
            assert all(await asyncio.gather(*(write(number) for number in range(RUNS))))
    other.close()


async def test_a_step_that_fails_takes_nobody_along(tmp_path: Path) -> None:
    """They shared a transaction; the others are written, and only the one is told."""
    file = str(tmp_path / "numbers.db")
    async with SteppedConnection(lambda: sqlite3.connect(file)) as connection:
        await connection.do(
            lambda to: to.execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY)"), writes=True
        )

        async def write(number: int) -> None:
            await connection.do(
                lambda to: to.execute("INSERT INTO numbers VALUES (?)", (number,)), writes=True
            )

        told = await asyncio.gather(
            *(write(number) for number in (1, 2, 2, 3)), return_exceptions=True
        )
        count = await connection.do(
            lambda to: to.execute("SELECT COUNT(*) FROM numbers").fetchone(), writes=False
        )

    assert [type(one) for one in told] == [
        type(None), type(None), sqlite3.IntegrityError, type(None),
    ]  # fmt: skip
    assert count == (3,)


async def test_who_is_cancelled_leaves_no_transaction_open(tmp_path: Path) -> None:
    """The next step is committed on its own."""
    file = str(tmp_path / "numbers.db")
    async with SteppedConnection(lambda: sqlite3.connect(file)) as connection:
        await connection.do(lambda to: to.execute("CREATE TABLE numbers (n)"), writes=True)
        insert = "INSERT INTO numbers VALUES (1)"
        tasks = [
            asyncio.create_task(connection.do(lambda to: to.execute(insert), writes=True))
            for _ in range(3)
        ]
        await asyncio.sleep(0)
        tasks[1].cancel()
        told = await asyncio.gather(*tasks, return_exceptions=True)
        with sqlite3.connect(file) as other:
            (count,) = other.execute("SELECT COUNT(*) FROM numbers").fetchone()
        other.close()

    assert isinstance(told[1], asyncio.CancelledError)
    assert count >= 2


async def test_a_step_after_the_end_is_refused(tmp_path: Path) -> None:
    """It would wait for ever."""
    async with SteppedConnection(lambda: sqlite3.connect(tmp_path / "numbers.db")) as connection:
        pass

    with pytest.raises(ValueError, match="connection"):
        await connection.do(lambda to: to.execute("SELECT 1"), writes=False)
