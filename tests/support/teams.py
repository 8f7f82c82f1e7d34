"""Agents that give each other tasks, as their workers tell it: calls, work, answers.

The only place where tests spell delegation by hand. Call ids are the model's own, and may be the
same for several agents.
"""

from __future__ import annotations

from tests.support import scenes
from workers.wire.canonical import JSON
from workers.wire.events import AgentProgress, Event
from workers.wire.ids import HUMAN

TASK = "i-1"  # the invocation of the person


def person_asks(agent: str, text: str = "See to it.", task: str = TASK) -> Event:
    """A person gives a task to an agent."""
    return _says("human", text, agent, HUMAN, task)


def gives(
    agent: str,
    *tasks: tuple[str, str, str],
    caller: str = HUMAN,
    task: str = TASK,
    said: str = "",
) -> Event:
    """An agent gives tasks to others: call id, agent and words of each, all at once."""
    calls: JSON = [
        {"id": call, "name": f"call_{to}", "args": {"task": words}} for call, to, words in tasks
    ]
    return _says("ai", said, agent, caller, task, tool_calls=calls)


def says(
    agent: str, text: str, *, caller: str = HUMAN, task: str = TASK, finish: bool = False
) -> Event:
    """An agent says something about its task; with `finish` it is the last of it."""
    return _says("ai", text, agent, caller, task, finish=finish)


def hears(
    agent: str,
    call: str,
    text: str,
    *,
    caller: str = HUMAN,
    task: str = TASK,
    failed: bool = False,
) -> Event:
    """An agent gets the answer to a task it gave."""
    status = "error" if failed else "success"
    return _says(
        "tool", text, agent, caller, task, tool_call_id=call, name="call_expert", status=status
    )


def fails(agent: str, *, caller: str = HUMAN, task: str = TASK) -> Event:
    """An agent's run ends with an error."""
    message = "Error occurred. The model did not answer."
    return scenes.progress(message, agent=agent, caller=caller, invocation_id=task)


def pauses(agent: str, to: str, call: str, *, caller: str = HUMAN, task: str = TASK) -> Event:
    """A worker tells the pause itself, by which an agent gives a task to another."""
    value: JSON = {"kind": "delegate", "agent": to, "task": "look", "tool_call_id": call}
    return scenes.progress(
        value, agent=agent, caller=caller, kind=scenes.INTERRUPT, invocation_id=task
    )


def waits(
    agent: str,
    call: str,
    *,
    caller: str = HUMAN,
    task: str = TASK,
    context_id: str = scenes.CONTEXT,
) -> Event:
    """An agent asks for a decision on a call of its own."""
    asked = scenes.asks(agent=agent, call=call, context_id=context_id)
    assert isinstance(asked.body, AgentProgress)
    return scenes.progress(
        asked.body.message,
        agent=agent,
        caller=caller,
        kind=scenes.INTERRUPT,
        invocation_id=task,
        context_id=context_id,
    )


def _says(
    kind: str,
    text: str,
    agent: str,
    caller: str,
    task: str,
    *,
    finish: bool = False,
    **members: JSON,
) -> Event:
    message: JSON = {"type": kind, "content": text, "id": None, **members}
    return scenes.progress(message, agent=agent, caller=caller, invocation_id=task, finish=finish)
