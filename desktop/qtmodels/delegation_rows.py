"""Who asked whom, as rows: a tree read from the top, each task set in below the one it came of.

The only place that says how a task that was given to an agent reads. No Qt; pure functions of the
tree and the time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from desktop.qtmodels.rows import Pill, Row
from desktop.qtmodels.tone import Tone
from desktop.qtmodels.wording import hue, initial, waiting_since
from desktop.store.delegation import Delegation, Standing, agents_in
from desktop.store.records import HUMAN

_PILLS = {
    Standing.ASKED: Pill("No word yet"),
    Standing.RUNNING: Pill("Running", Tone.ACCENT),
    Standing.WAITS_FOR_DECISION: Pill("Waits for a decision", Tone.WARN),
    Standing.DONE: Pill("Done", Tone.OK),
    Standing.FAILED: Pill("Failed", Tone.DANGER),
}
_ENDED = frozenset((Standing.DONE, Standing.FAILED))
_NAME_LENGTH = 24


def delegation_rows(trees: Sequence[Delegation], now_ms: int) -> list[tuple[str, Row]]:
    """All tasks, each right after the one that it came of."""
    return [
        (node.key, _row(node, branch, now_ms)) for tree in trees for node, branch in _walk(tree)
    ]


def standing_pill(node: Delegation) -> Pill:
    """How an agent stands with a task."""
    if node.standing is not Standing.WAITS_FOR_AGENT:
        return _PILLS[node.standing]
    one = node.waits_for[0] if len(node.waits_for) == 1 else ""
    is_short = one and len(one) <= _NAME_LENGTH
    return Pill(f"Waits for {one}" if is_short else f"Waits for {_agents(len(node.waits_for))}")


def delegation_summary(trees: Sequence[Delegation]) -> str:
    """The tree in one line: how many take part, and what needs a person."""
    nodes = [node for tree in trees for node in tree.walk()]
    parts = [_agents(len(agents_in(trees)))]
    waiting = list(dict.fromkeys(node.agent for node in nodes if node.request is not None))
    failed = list(dict.fromkeys(n.agent for n in nodes if n.standing is Standing.FAILED))
    if waiting:
        who = waiting[0] if len(waiting) == 1 else _agents(len(waiting))
        parts.append(f"{who} {'waits' if len(waiting) == 1 else 'wait'} for a decision")
    elif failed:
        parts.append(f"{failed[0] if len(failed) == 1 else _agents(len(failed))} failed")
    elif all(node.standing in _ENDED for node in nodes):
        parts.append("all done")
    return " · ".join(parts)


def _agents(count: int) -> str:
    return "1 agent" if count == 1 else f"{count:,} agents"


def _walk(
    node: Delegation, branch: tuple[bool, ...] = ()
) -> Iterator[tuple[Delegation, tuple[bool, ...]]]:
    yield node, branch
    for number, child in enumerate(node.children, start=1):
        yield from _walk(child, (*branch, number < len(node.children)))


def _row(node: Delegation, branch: tuple[bool, ...], now_ms: int) -> Row:
    by = "a person" if node.asked_by == HUMAN else node.asked_by
    is_over = node.standing in _ENDED
    return Row(
        title=node.agent,
        subtitle=node.task,
        meta=f"asked by {by}" if by else "",
        age="" if is_over or not node.since_ms else waiting_since(node.since_ms, now_ms),
        pill=standing_pill(node),
        unread=node.request is not None,
        branch=branch,
        initial=initial(node.agent),
        hue=hue(node.agent),
    )
