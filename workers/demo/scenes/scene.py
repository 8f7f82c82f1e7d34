"""What every scene offers: the part one agent of the demo team plays.

The only place that says what `workers.demo.scenario` may ask of a scene.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from workers.demo.scenes.intents import Call, Plan, Question
from workers.demo.scenes.turn import Outcome, Turn


class Scene(Protocol):
    """The script of one agent.

    Attributes:
        tools: a request that offers one of these is for this scene.
        offer: what the agent can do, for a person, in Markdown.
    """

    @property
    def tools(self) -> frozenset[str]: ...  # noqa: D102

    @property
    def offer(self) -> str: ...  # noqa: D102

    def plan(self, turn: Turn) -> Plan | Question:
        """What to do about the request.

        Raises:
            NothingUnderstood: nothing this agent can do.
            TakenBack: the user gave up on an earlier request.
        """
        ...

    def resolve(self, call: Call, outcomes: Sequence[Outcome]) -> Call | str:
        """Fill placeholders from earlier results; a text says why that is impossible."""
        ...

    def announce(self, calls: Sequence[Call]) -> str:
        """What to say before calls with an effect; "" before mere lookups."""
        ...

    def report(self, outcomes: Sequence[Outcome]) -> str:
        """What became of the calls."""
        ...
