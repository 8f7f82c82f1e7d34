"""Who gave a task to whom, and what each of them waits for."""

from __future__ import annotations

import random
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.store.delegation import Delegation, Standing, agents_in, delegations
from desktop.store.facts import Fact, TranscriptRead
from desktop.store.store import Store
from tests.support import scenes
from tests.support.learning import KEY, online_store, seen, told
from tests.support.teams import fails, gives, hears, pauses, person_asks, says, waits
from workers.wire.approvals import Outcome
from workers.wire.events import Event


def test_an_expert_waits_for_a_person_and_its_caller_for_the_expert() -> None:
    """The reviewer sees at a glance what holds up the coordinator."""
    [root] = tree(
        person_asks("coordinator", "Pay the invoice, and  the weather\nin Oslo."),
        gives("coordinator", ("c1", "treasury", "pay 10 to ACME"), ("c2", "weather", "Oslo")),
        says("weather", "Sunny.", caller="coordinator", task="c2", finish=True),
        waits("treasury", scenes.CALL, caller="coordinator", task="c1"),
    )

    assert (root.agent, root.asked_by, root.task) == (
        "coordinator", "human", "Pay the invoice, and the weather in Oslo."
    )  # fmt: skip
    assert (root.standing, root.waits_for) == (Standing.WAITS_FOR_AGENT, ("treasury",))
    treasury, weather = root.children
    assert (treasury.task, treasury.asked_by) == ("pay 10 to ACME", "coordinator")
    assert (treasury.standing, treasury.request) == (Standing.WAITS_FOR_DECISION, KEY)
    assert weather.standing is Standing.DONE
    assert agents_in([root]) == ("coordinator", "treasury", "weather")


def test_a_decision_lets_everybody_go_on() -> None:
    """Nobody waits for a request that was decided."""
    events = (
        person_asks("coordinator"),
        gives("coordinator", ("c1", "treasury", "pay")),
        waits("treasury", scenes.CALL, caller="coordinator", task="c1"),
    )
    receipt = scenes.receipt(Outcome.EXECUTED, agent="treasury")
    [root] = tree_of(online_store(*seen(*events), *told(receipt)))
    assert root.children[0].standing is Standing.RUNNING

    answered = hears("coordinator", "c1", "Paid.")
    done = says("treasury", "Paid.", caller="coordinator", task="c1", finish=True)
    last = says("coordinator", "All done.", finish=True)
    [root] = tree(*events[:2], done, answered)
    assert (root.standing, root.children[0].standing) == (Standing.RUNNING, Standing.DONE)
    [root] = tree(*events[:2], done, answered, last)
    assert root.standing is Standing.DONE


def test_a_task_that_nobody_took_up_is_shown_as_asked() -> None:
    """Also for an agent that has never said a word here, if somebody knows its name."""
    events = (person_asks("coordinator"), gives("coordinator", ("c1", "ghost", "boo")))
    [root] = tree_of(online_store(*seen(*events)), agents=("ghost",))
    assert root.children[0].standing is Standing.ASKED
    [root] = tree(*events)
    assert root.children == (), "a tool may be named so, too"


def test_the_same_agent_is_asked_twice_at_once() -> None:
    """Each task stands for itself, also with names and ids that models use again."""
    [root] = tree(
        person_asks("director"),
        gives("director", ("call_1", "manager", "first"), ("call_2", "manager", "second")),
        gives("manager", ("call_1", "clerk", "deeper"), caller="director", task="call_1"),
        says("clerk", "Done.", caller="manager", task="call_1", finish=True),
        hears("manager", "call_1", "Done.", caller="director", task="call_1"),
        says("manager", "One.", caller="director", task="call_1", finish=True),
        hears("director", "call_1", "One."),
    )
    first, second = root.children
    assert [first.standing, second.standing] == [Standing.DONE, Standing.ASKED]
    assert [node.task for node in first.children] == ["deeper"]
    assert second.children == ()
    assert root.waits_for == ("manager",)


def test_a_failure_is_told_of_where_it_happened() -> None:
    """And the agent that had asked goes on with the error."""
    [root] = tree(
        person_asks("coordinator"),
        gives("coordinator", ("c1", "weather", "Oslo")),
        fails("weather", caller="coordinator", task="c1"),
        hears("coordinator", "c1", "Error occurred. No model.", failed=True),
        says("coordinator", "I could not find out."),
    )
    assert root.standing is Standing.RUNNING
    assert root.children[0].standing is Standing.FAILED


def test_a_worker_of_the_base_package_goes_on_under_the_id_of_its_own_call() -> None:
    """It is the same run, and the expert is not asked by a person."""
    [root] = tree(
        person_asks("coordinator"),
        gives("coordinator", ("c1", "weather", "Oslo")),
        says("weather", "Sunny.", caller="coordinator", task="c1", finish=True),
        says("coordinator", "It is sunny.", task="c1", finish=True),
    )
    assert root.standing is Standing.DONE
    assert [child.agent for child in root.children] == ["weather"]


def test_a_task_is_told_twice_and_counts_once() -> None:
    """Some workers tell the pause as well as the call."""
    [root] = tree(
        person_asks("coordinator"),
        gives("coordinator", ("c1", "weather", "Oslo")),
        pauses("coordinator", "weather", "c1"),
        pauses("coordinator", "clerk", "c2"),
    )
    assert [(child.agent, child.task) for child in root.children] == [
        ("weather", "Oslo"), ("clerk", "look")
    ]  # fmt: skip


def test_a_task_is_handed_over() -> None:
    """Another agent goes on with it; the first one waits for nothing."""
    [root] = tree(
        person_asks("desk"),
        says("desk", "I hand you over."),
        says("billing", "Hello, billing here."),
    )
    assert (root.agent, root.standing) == ("desk", Standing.DONE)
    assert [(n.agent, n.asked_by, n.standing) for n in root.children] == [
        ("billing", "desk", Standing.RUNNING)
    ]


def test_earlier_tasks_give_way_unless_a_request_is_open_in_them() -> None:
    """The tree says what is going on, not all that ever was."""
    again = person_asks("coordinator", "And again.", task="i-2")
    ended = says("coordinator", "Done.", finish=True)
    assert [root.task for root in tree(person_asks("coordinator", "One."), ended, again)] == [
        "And again."
    ]
    waiting = waits("coordinator", scenes.CALL)
    roots = tree(person_asks("coordinator", "One."), waiting, again)
    assert [root.task for root in roots] == ["One.", "And again."]


def test_a_page_from_the_middle_tells_what_it_can() -> None:
    """What came before it is not known; the request that waits is there all the same."""
    [root] = tree(
        waits("treasury", scenes.CALL, caller="manager", task="c7"),
        says("weather", "Sunny.", caller="manager", task="c8", finish=True),
        says("manager", "One of two.", caller="director", task="c1"),
    )
    assert (root.agent, root.standing, root.asked_by) == (
        "director", Standing.WAITS_FOR_AGENT, ""
    )  # fmt: skip
    [manager] = root.children
    assert manager.waits_for == ("treasury",)
    assert [node.request for node in manager.children] == [KEY, None]

    requests = online_store(*seen(waits("treasury", scenes.CALL))).requests()
    [alone] = delegations([], requests)
    assert (alone.agent, alone.standing) == ("treasury", Standing.WAITS_FOR_DECISION)


def test_agents_that_ask_in_circles_without_end_can_be_shown() -> None:
    """However deep it goes, and from whichever end it is read."""
    asked = [says(f"a{n}", "x", caller=f"a{n - 1}", task=f"t{n}") for n in range(1, 400)]
    circle = [says(f"a{n % 2}", "x", caller=f"a{(n + 1) % 2}", task=f"c{n}") for n in range(50)]
    for events in (asked, asked[::-1], circle):
        assert len(agents_in(tree(*events))) >= 2


# -- a team whose every step is known -------------------------------------------------------------

_AGENTS = ("a", "b", "c")
#: An agent, the tasks it gives to others, and whether it comes to an end.
_Plan = tuple[str, tuple["_Plan", ...], bool]
_PLANS: st.SearchStrategy[_Plan] = st.recursive(
    st.tuples(st.sampled_from(_AGENTS), st.just(()), st.booleans()),
    lambda inner: st.tuples(
        st.sampled_from(_AGENTS), st.lists(inner, max_size=3).map(tuple), st.booleans()
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=200)
@given(plan=_PLANS, shuffle=st.randoms(use_true_random=False))
def test_the_tree_is_what_the_team_did(plan: _Plan, shuffle: random.Random) -> None:
    """Whoever works beside whom, and in whatever order all of it is learned."""
    steps = iter(range(1_000))
    events = [person_asks(plan[0]), *_work(plan, "human", "i-1", shuffle, steps)]
    batch = seen(*events)
    late = [*batch, *shuffle.sample(batch, k=len(batch) // 2)]
    shuffle.shuffle(late)

    [root] = tree_of(learn(late))

    assert _shape(root) == _expected(plan)
    assert tree_of(learn(late)) == tree_of(learn(batch))


def _work(
    plan: _Plan, caller: str, task: str, shuffle: random.Random, steps: Iterator[int]
) -> list[Event]:
    """What is told of one task: its calls, all that comes of them side by side, and its end."""
    agent, inner, _ = plan
    calls = [f"{task}.{number}" for number in range(len(inner))]
    given = tuple((call, one[0], "work") for call, one in zip(calls, inner, strict=True))
    told = [gives(agent, *given, caller=caller, task=task, said=f"to work {next(steps)}")]
    strands = [
        [
            *_work(one, agent, call, shuffle, steps),
            *([hears(agent, call, "ok", caller=caller, task=task)] if _ends(one) else []),
        ]
        for call, one in zip(calls, inner, strict=True)
    ]
    while any(strands):
        told.append(shuffle.choice([strand for strand in strands if strand]).pop(0))
    if _ends(plan):
        told.append(says(agent, "done", caller=caller, task=task, finish=True))
    return told


def _ends(plan: _Plan) -> bool:
    return plan[2] and all(_ends(one) for one in plan[1])


def _expected(plan: _Plan) -> object:
    if _ends(plan):
        standing = Standing.DONE
    elif all(_ends(one) for one in plan[1]):
        standing = Standing.RUNNING
    else:
        standing = Standing.WAITS_FOR_AGENT
    return plan[0], standing, tuple(_expected(one) for one in plan[1])


def _shape(node: Delegation) -> object:
    return node.agent, node.standing, tuple(_shape(child) for child in node.children)


def tree(*events: Event) -> tuple[Delegation, ...]:
    """What is shown of a conversation in which this was told."""
    return tree_of(learn(seen(*events)))


def learn(batch: list[Fact]) -> Store:
    """A store that learned this of an open transcript, one fact after the other."""
    store = Store()
    store.apply([TranscriptRead(scenes.CONTEXT, reaches_start=True)])
    for fact in batch:
        store.apply([fact])
    return store


def tree_of(store: Store, agents: tuple[str, ...] = ()) -> tuple[Delegation, ...]:
    """What is shown of the conversation."""
    return delegations(store.entries(scenes.CONTEXT), store.requests_in(scenes.CONTEXT), agents)
