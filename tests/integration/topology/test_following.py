"""A console on a Cluster: it hears every server, and follows when a server's place is taken."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
import pytest_asyncio

from desktop.actions.transcripts import MOST_OPEN
from desktop.engine import engine as engine_module
from desktop.store.records import LinkState, RequestKey, RequestState
from tests.integration.workers.conftest import Book
from tests.integration.workers.office import Office
from tests.support import scenes
from tests.support.cluster import Cluster
from tests.support.desk import Desk
from tests.support.stub_model import StubModel
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.approvals import DecisionKind
from workers.wire.codec import encode_event
from workers.wire.errors import BrokerUnreachable
from workers.wire.events import TokenDelta
from workers.wire.streams import news as news_module
from workers.wire.streams.connection import Connection
from workers.wire.streams.news import Method, Touched, listen
from workers.wire.streams.progress import ProgressWriter

CONTEXTS = [f"c-{number}" for number in range(12)]
AGENT = "treasury_agent"


@pytest_asyncio.fixture
async def desk(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """A console that tries again soon."""
    monkeypatch.setattr(engine_module, "FIRST_RETRY_SECONDS", 0.05)
    monkeypatch.setattr(engine_module, "LAST_RETRY_SECONDS", 0.2)
    async with Desk() as desk:
        yield desk


async def _tell(connection: Connection, text: str) -> None:
    for context in CONTEXTS:
        event = scenes.agent_says(text, context_id=context, message_id=f"{context} {text}")
        await connection.client.xadd(keys.progress(context), {"data": encode_event(event)})


async def test_contexts_of_every_server_are_known_and_followed(
    desk: Desk, connection: Connection, cluster: Cluster
) -> None:
    """What was there before, and what comes; each entry is told once."""
    assert len({cluster.holder(keys.progress(context)).port for context in CONTEXTS}) == 3
    await _tell(connection, "before")

    await desk.connect(cluster.url)
    for context in CONTEXTS[:MOST_OPEN]:
        await desk.open(context)
    await _tell(connection, "after")

    for context in CONTEXTS[:MOST_OPEN]:
        await desk.until_texts(context, "before", "after")
    assert len(desk.told()) == len(set(desk.told())) == 2 * MOST_OPEN
    await await_until(
        lambda: [row.entries for row in desk.store.contexts()] == [2] * len(CONTEXTS),
        "what is new everywhere",
    )


async def test_a_token_is_told_once_by_whichever_server(
    connection: Connection, cluster: Cluster
) -> None:
    """What is published on one reaches all of them."""
    deltas = [
        TokenDelta(context_id=context, agent="a", message_id="m", delta="Good ", seq=0)
        for context in CONTEXTS
    ]
    async with aclosing(listen(connection)) as news:
        assert await anext(news) == Touched()

        for delta in deltas:
            await ProgressWriter(connection).publish_tokens(delta)
        await connection.client.xadd(keys.RECEIPTS, {"data": "{}"})

        heard = [await anext(news) for _ in range(len(deltas) + 1)]

    told = [item for item in heard if isinstance(item, TokenDelta)]
    assert sorted(told, key=lambda delta: CONTEXTS.index(delta.context_id)) == deltas
    assert Touched(frozenset({keys.RECEIPTS})) in heard


async def test_a_cluster_that_permits_no_tracking_is_looked_at(
    cluster: Cluster, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody publishes is found on every server."""
    monkeypatch.setattr(news_module, "CHECK_SECONDS", 0.05)
    rules = ("reset", "on", ">pw", "+@all", "-client|tracking", "~*", "&*")
    for node in cluster.nodes:
        with node.client() as client:
            client.execute_command("ACL", "SETUSER", "reader", *rules)
    try:
        url = cluster.url_without_password.replace("://", "://reader:pw@")
        async with Connection(url) as user, aclosing(listen(user)) as news:
            assert await anext(news) == Touched(method=Method.CHECKING)

            await _tell(connection, "after")

            heard: set[str] = set()
            while len(heard) < len(CONTEXTS):
                item = await anext(news)
                assert isinstance(item, Touched)
                heard |= item.names
            assert heard == {keys.progress(context) for context in CONTEXTS}
    finally:
        for node in cluster.nodes:
            with node.client() as client:
                client.acl_deluser("reader")


async def test_a_replica_that_takes_over_is_listened_to(
    own_cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any connection being cut: the old primary is there, and tells nothing any more."""
    monkeypatch.setattr(news_module, "WATCH_SECONDS", 0.1)
    async with Connection(own_cluster.url) as connection, aclosing(listen(connection)) as news:
        await anext(news)

        own_cluster.fail_over()

        with pytest.raises(BrokerUnreachable, match="other servers"):
            await anext(news)


async def test_a_call_that_waited_while_its_server_died_is_approved_and_runs_once(
    own_cluster: Cluster, desk: Desk, stub_model: StubModel
) -> None:
    """The replica takes over; worker and console find it, and it knows everything."""
    context = own_cluster.name_on(own_cluster.nodes[0], keys.progress)
    agent = own_cluster.name_on(own_cluster.nodes[0], keys.inbox)
    book = Book()
    async with Connection(own_cluster.url) as connection:
        office = Office(connection, stub_model)
        await office.hire(agent, [book.transfer_funds])
        await desk.connect(own_cluster.url)
        await office.ask(agent, "pay 10 to ACME", context)
        [call] = await office.requests(context)
        await office.inbox_is_empty(agent)
        key = RequestKey(context, call.tool_call_id)
        await desk.until_state(key, RequestState.WAITING)

        own_cluster.wait_for_replica()
        own_cluster.nodes[0].kill()
        await desk.until_link(LinkState.CONNECTING)
        own_cluster.wait_for_failover()
        await desk.until_link(LinkState.ONLINE)
        desk.approvals.decide(key, DecisionKind.APPROVE)

        await desk.until_state(key, RequestState.APPROVED)
        await await_until(lambda: book.payments, "the payment")
        assert await office.answer(context, agent)
        assert book.payments == [("ACME", 10)]
        await office.close()
