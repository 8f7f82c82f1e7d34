"""Keys are spelled as the protocol spells them, and no two things share one."""

from __future__ import annotations

import re

from tests.support.keys import is_permanent
from workers.wire import keys


def test_the_base_layer_s_keys_are_what_the_base_package_uses() -> None:
    """Foreign workers and clients find ours, and we find theirs."""
    assert keys.inbox("treasury_agent") == "agent_event:treasury_agent"
    assert keys.inbox_group("treasury_agent") == "consumer_group_treasury_agent"
    assert keys.progress("c-1") == "agent_task:c-1"


def test_keys_that_one_script_touches_lie_in_one_cluster_slot() -> None:
    """The hash tag of each is the base key it goes with."""
    of_context = [keys.emitted("c-1"), keys.decisions("c-1"), keys.tool_ledger("c-1")]
    of_inbox = [keys.dead_letters("a"), keys.parked("a", "c-1")]

    assert {_tag(key) for key in of_context} == {keys.progress("c-1")}
    assert {_tag(key) for key in of_inbox} == {keys.inbox("a")}


def test_no_two_keys_of_ours_are_the_same() -> None:
    """Also for an agent and a context of one name."""
    made = [
        keys.inbox("x"), keys.progress("x"), keys.tokens("x"), keys.worker("x"),
        keys.dead_letters("x"), keys.parked("x", "x"), keys.emitted("x"), keys.decisions("x"),
        keys.tool_ledger("x"), keys.CONTEXTS, keys.CONTEXT, keys.WAITING, keys.REQUEST,
        keys.WORKERS, keys.RECEIPTS,
    ]  # fmt: skip

    assert len(set(made)) == len(made)


def test_what_grows_with_each_request_is_not_permanent() -> None:
    """Those keys must have an expiry; the leak check of every test looks for it."""
    assert not any(
        is_permanent(key)
        for key in (keys.emitted("x"), keys.decisions("x"), keys.tool_ledger("x"), keys.worker("x"))
    )


def _tag(key: str) -> str:
    found = re.search(r"\{([^}]*)\}", key)
    assert found is not None
    return found.group(1)
