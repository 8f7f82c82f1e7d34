"""The script of the demo: what the "model" says next, given the conversation and the tools.

The only place that decides between asking, calling a tool and answering. Pure and deterministic
but for the ids of tool calls, which must never repeat. Each agent of the team has a scene, chosen
by the tools that are offered.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Sequence

from workers.demo.chat import Message, Reply, ToolCall
from workers.demo.scenes.coordinator import Coordinator
from workers.demo.scenes.intents import Call, NothingUnderstood, Plan, Question, TakenBack
from workers.demo.scenes.records import Records
from workers.demo.scenes.scene import Scene
from workers.demo.scenes.smalltalk import not_understood, small_talk
from workers.demo.scenes.treasury import Treasury
from workers.demo.scenes.turn import Ending, Turn, read_turn
from workers.demo.scenes.weather import Weather

_SCENES: tuple[Scene, ...] = (Coordinator(), Treasury(), Records(), Weather())
#: Nobody types more to a script, and its patterns are not made for it.
MAX_REQUEST_CHARACTERS = 2000
_TOO_LONG = (
    f"That is too long for a scripted demo model: {MAX_REQUEST_CHARACTERS} characters at most."
)
_NO_SCENE = "Without the tools of the demo team there is nothing I can do."


def _new_call_id() -> str:
    return f"call_{uuid.uuid4().hex}"


def reply(
    messages: Sequence[Message],
    tools: Collection[str],
    new_call_id: Callable[[], str] = _new_call_id,
) -> Reply:
    """What to say next.

    Args:
        messages: the conversation so far, oldest first.
        tools: names of the tools that may be called.
        new_call_id: makes the ids of tool calls.
    """
    turn = read_turn(messages)
    if len(turn.request) > MAX_REQUEST_CHARACTERS:
        return Reply(_TOO_LONG)
    scene = _scene_for(tools)
    if scene is None:
        return Reply(small_talk(turn.request, _NO_SCENE) or not_understood(_NO_SCENE))
    plan = _plan(scene, turn)
    if isinstance(plan, str):
        return Reply(scene.report(turn.outcomes) if turn.rounds else plan)
    return _next_round(scene, plan, turn, frozenset(tools), new_call_id)


def _scene_for(tools: Collection[str]) -> Scene | None:
    """The scene that knows most of the tools on offer."""
    best = max(_SCENES, key=lambda scene: len(scene.tools.intersection(tools)))
    return best if best.tools.intersection(tools) else None


def _plan(scene: Scene, turn: Turn) -> Plan | str:
    """The plan, or what to say when there is none."""
    try:
        plan = scene.plan(turn)
    except NothingUnderstood:
        return small_talk(turn.request, scene.offer) or not_understood(scene.offer)
    except TakenBack:
        return "All right, nothing was started."
    return plan.text if isinstance(plan, Question) else plan


def _next_round(
    scene: Scene,
    plan: Plan,
    turn: Turn,
    tools: frozenset[str],
    new_call_id: Callable[[], str],
) -> Reply:
    done = len(turn.rounds)
    stopped = any(outcome.ending is not Ending.DONE for outcome in turn.outcomes)
    if stopped or done >= len(plan.rounds):
        left = plan.rounds[done:] if stopped else ()
        return Reply(scene.report(turn.outcomes) + _not_started(left))
    calls: list[Call] = []
    for planned in plan.rounds[done]:
        call = scene.resolve(planned, turn.outcomes)
        if isinstance(call, str):
            return Reply(call)
        if call.name not in tools:
            return Reply(f"The tool `{call.name}` is not there right now, so I cannot do that.")
        calls.append(call)
    chosen = tuple(ToolCall(new_call_id(), call.name, call.args) for call in calls)
    return Reply(scene.announce(calls), chosen)


def _not_started(left: Sequence[Sequence[Call]]) -> str:
    """That what was to follow a call that did not end well has not begun."""
    waiting = [call for calls in left for call in calls]
    if not waiting:
        return ""
    many = "s that were" if len(waiting) > 1 else " that was"
    return f"\n\nThe {len(waiting)} call{many} to follow did not start."
