"""Desks keep each other's audit logs: what a desk loses or hides, another one can prove."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import AsyncExitStack, closing
from pathlib import Path

import pytest
from msgspec import structs

from desktop.actions.ports import TellOtherDesks
from desktop.audit.checkpoints import origin_of
from desktop.audit.entries import AuditKind
from desktop.audit.findings import Verdict
from desktop.audit.log import AuditLog, read_entries
from desktop.audit.own_log import next_batch
from desktop.audit.peers import peers_of
from desktop.audit.taking import FORKED
from desktop.engine.engine import Engine
from tests.support.audited import ALL, FakeKeyring, by_hand, decided
from tests.support.desks import AuditDesk, Running
from tests.support.redis_server import RedisServer
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.auditing import write_message
from workers.wire.streams.audit_transport import AuditTransport, months
from workers.wire.streams.connection import Connection


@pytest.fixture
def rosa(tmp_path: Path) -> AuditDesk:
    """A desk."""
    return AuditDesk.at(tmp_path / "rosa")


@pytest.fixture
def lee(tmp_path: Path) -> AuditDesk:
    """Another one."""
    return AuditDesk.at(tmp_path / "lee")


@pytest.fixture
def kim(tmp_path: Path) -> AuditDesk:
    """A third one."""
    return AuditDesk.at(tmp_path / "kim")


def streams(server: RedisServer) -> list[str]:
    """The streams of audit logs on a broker."""
    with server.client() as client:
        return [str(key) for key in client.scan_iter(f"{keys.AUDIT_PREFIX}*")]


async def post_raw(url: str, data: bytes) -> None:
    """What anybody does who may write to the broker."""
    async with Connection(url) as connection:
        await connection.client.xadd(keys.audit(months(time.time(), 0)[0]), {"data": data})


async def test_three_desks_keep_and_cosign_each_others_logs(
    redis_url: str, redis_server: RedisServer, rosa: AuditDesk, lee: AuditDesk, kim: AuditDesk
) -> None:
    """To the byte, and without anything of the encrypted part."""
    async with AsyncExitStack() as stack:
        desks = [
            await stack.enter_async_context(Running(one, redis_url)) for one in (rosa, lee, kim)
        ]
        for number, desk in enumerate(desks):
            await desk.decide(number)
        await desks[0].recorder.decided(decided(7), {"comment": "Wrong IBAN 4711"})
        await desks[0].until_kept_by(lee, kim)
        await desks[1].until_kept_by(rosa, kim)
        await desks[2].until_kept_by(rosa, lee)
        for desk in desks:
            await desk.until_cosigned()

    for one in (rosa, lee, kim):
        assert one.verified().verdict is Verdict.INTACT
        assert [peer.findings for peer in one.peers().reports] == [(), ()]
        assert one.kinds().count(AuditKind.COSIGNED) == 1, "not one for each co-signature"
    with closing(sqlite3.connect(peers_of(lee.log))) as kept:
        query = "SELECT body FROM body WHERE install = ? ORDER BY number"
        bodies = [body for [body] in kept.execute(query, (rosa.install,))]
    assert bodies == [one.body for one in read_entries(rosa.log, ALL)][: len(bodies)]
    assert bodies
    assert b"4711" not in (lee.folder / "peers.sqlite").read_bytes()
    [stream] = streams(redis_server)
    with redis_server.client() as client:
        assert "4711" not in str(client.xrange(stream))


async def test_after_a_cut_the_rest_is_told(
    own_redis: RedisServer, rosa: AuditDesk, lee: AuditDesk
) -> None:
    """While the broker is away the log is written as ever."""
    async with Running(rosa, own_redis.url) as first, Running(lee, own_redis.url):
        await first.decide(1)
        await first.until_kept_by(lee)
        own_redis.restart()
        await first.decide(2)
        await first.until_kept_by(lee)
        kept = lee.keeps(rosa)
    assert kept is not None
    assert kept.begins == 0
    assert lee.peers().reports[0].findings == ()


async def test_a_desk_that_comes_late_reads_what_was_told_before(
    redis_url: str, rosa: AuditDesk, lee: AuditDesk
) -> None:
    """Who told it need not be there any more."""
    async with Running(rosa, redis_url) as first:
        for number in range(20):
            await first.decide(number)
        async with Running(lee, redis_url):
            await first.until_kept_by(lee)
    report = lee.peers().reports[0]
    assert (report.size >= 20, report.begins, report.findings) == (True, 0, ())
    assert report.who.startswith("Rosa Mora at ")
    assert report.origin == origin_of(rosa.keys.install.public)


async def test_a_log_that_lost_its_end_is_proven_by_who_cosigned_it(
    redis_url: str, rosa: AuditDesk, lee: AuditDesk
) -> None:
    """Even when the keyring, and with it the head, is gone."""
    async with Running(rosa, redis_url) as first, Running(lee, redis_url):
        for number in range(5):
            await first.decide(number)
        await first.until_cosigned()
    rosa.keyring = FakeKeyring()
    by_hand(
        rosa.log,
        "DELETE FROM entry WHERE number > 2",
        "DELETE FROM checkpoint",
    )

    report = rosa.verified()

    assert report.verdict is Verdict.TAMPERED
    assert any("Another desk" in one.title and "cut off" in one.title for one in report.findings)


async def test_a_log_that_was_wiped_is_still_at_another_desk(
    redis_url: str, rosa: AuditDesk, lee: AuditDesk
) -> None:
    """All of it; and when it is begun anew, the other desk says so on its page and in its log."""
    async with Running(rosa, redis_url) as first, Running(lee, redis_url):
        for number in range(5):
            await first.decide(number)
        await first.until_kept_by(lee)
    before = [one.body for one in read_entries(rosa.log, ALL)]
    for file in rosa.folder.iterdir():
        file.unlink()
    rosa.keyring.kept = {
        name: text for name, text in rosa.keyring.kept.items() if "head" not in name
    }

    async with Running(rosa, redis_url) as again, Running(lee, redis_url) as other:
        await again.decide(9)
        await await_until(lambda: lee.peers().has_findings, "the finding")
        await await_until(lambda: other.recorder.standing.peers, "the page to know")
        await await_until(lambda: AuditKind.PEER_WRONG in lee.kinds(), "the entry")
        # The broker tells it of its own past, too.
        await await_until(lambda: again.recorder.standing.peers, "its own page to know")

    [report] = [one for one in lee.peers().reports if one.who != "this desk"]
    assert report.findings == (FORKED,)
    assert lee.bodies(rosa)[:5] == before[:5]
    assert rosa.peers().has_findings


async def test_who_shows_two_logs_to_two_desks_is_found_out(
    redis_url: str, tmp_path: Path, rosa: AuditDesk, lee: AuditDesk
) -> None:
    """A log that was put back to an older copy and went on from there; nobody co-signs it."""
    async with Running(rosa, redis_url) as first, Running(lee, redis_url):
        for number in range(4):
            await first.decide(number)
        await first.until_cosigned()
    other = tmp_path / "other.sqlite"
    with closing(AuditLog(other, rosa.keys)) as log:
        for one in read_entries(rosa.log, 2):
            log.append(one.entry)
        for number in range(9):
            log.append(decided(100 + number))
    found = next_batch(other, 0, rosa.keys.install)
    assert found is not None

    async with Running(lee, redis_url) as running, Connection(redis_url) as connection:
        await AuditTransport(connection).post(found[0], time.time())
        await await_until(lambda: running.recorder.standing.peers, "the page to know")

    own = [one.body for one in read_entries(rosa.log, ALL)]
    kept = lee.bodies(rosa)
    assert kept == own[: len(kept)], "what was kept before stays"
    assert len(kept) >= 4
    [title] = running.recorder.standing.peers
    assert "Rosa Mora" in title
    assert FORKED in title


async def test_what_an_outsider_writes_is_ignored_and_noted(
    redis_url: str, rosa: AuditDesk, lee: AuditDesk
) -> None:
    """Entries in another's name, old messages again, and what is no message at all."""
    async with Running(rosa, redis_url) as first, Running(lee, redis_url):
        await first.decide(1)
        await first.until_kept_by(lee)
    found = next_batch(rosa.log, 0, rosa.keys.install)
    assert found is not None
    batch = found[0]
    changed = structs.replace(batch, bodies=(b'{"kind":"decision"}',))
    told_again = write_message(batch)
    for data in (told_again, write_message(changed), b"{", b"\xff", b'{"kind":"x"}'):
        await post_raw(redis_url, data)

    async with Running(rosa, redis_url) as first, Running(lee, redis_url):
        await first.decide(2)
        await first.until_kept_by(lee)
        await await_until(lambda: AuditKind.UNREADABLE_SEEN in lee.kinds(), "the note")

    peers = lee.peers()
    assert peers.ignored == 4
    assert not peers.has_findings
    [told] = lee.details(AuditKind.UNREADABLE_SEEN)
    assert "3 malformed, 1 not signed by whom they name" in told


async def test_when_the_stream_is_emptied_nothing_is_lost(
    redis_url: str, redis_server: RedisServer, rosa: AuditDesk, lee: AuditDesk, kim: AuditDesk
) -> None:
    """It is noticed; who was not there asks for what is missing, and a newcomer begins later."""
    async with Running(rosa, redis_url) as first:
        async with Running(lee, redis_url), Running(kim, redis_url):
            await first.decide(1)
            await first.until_kept_by(lee, kim)
        async with Running(lee, redis_url) as second:
            for number in range(2, 8):
                await first.decide(number)
                await first.until_kept_by(lee)
            await second.until_cosigned()
            with redis_server.client() as client:
                for stream in streams(redis_server):
                    client.xadd(stream, {"data": "x"}, maxlen=0, approximate=False)
            await await_until(lambda: AuditKind.SINK_FAILED in lee.kinds(), "it to be noticed")
            await first.decide(8)
            await first.until_kept_by(lee)
            async with Running(kim, redis_url):
                await first.decide(9)
                await first.until_kept_by(lee, kim)
    kept = kim.keeps(rosa)
    assert kept is not None
    assert kept.begins == 0, "it asked for what it had missed"
    for desk in (lee, kim):
        assert not desk.peers().has_findings
    [told] = lee.details(AuditKind.SINK_FAILED)
    assert "are left; what was read is kept here" in told


async def test_a_console_that_only_looks_keeps_and_says_nothing(
    redis_url: str, redis_server: RedisServer, rosa: AuditDesk, lee: AuditDesk
) -> None:
    """Until it may write again."""
    async with Running(rosa, redis_url) as first, Running(lee, redis_url, posts=False) as looker:
        await first.decide(1)
        await looker.decide(2)
        await first.until_kept_by(lee)
        assert rosa.keeps(lee) is None
        assert rosa.peers().witnesses == ()
        looker.permission.give(wanted=False)
        looker.replication.post(on=True)
        await first.decide(3)
        await first.until_kept_by(lee)
        assert rosa.keeps(lee) is None, "the one does not go without the other"
        looker.permission.give(wanted=True)
        await looker.until_kept_by(rosa)
        await first.until_cosigned()


async def test_what_the_broker_refuses_stops_no_decision(
    own_redis: RedisServer, rosa: AuditDesk
) -> None:
    """Nor does a file that cannot be opened; both are entries, once, and so is that it works."""
    with own_redis.client() as client:
        client.execute_command("ACL", "SETUSER", "default", "-xadd")
    peers_of(rosa.log).mkdir(parents=True)
    async with Running(rosa, own_redis.url) as first:
        await first.decide(1)
        await await_until(lambda: AuditKind.SINK_FAILED in rosa.kinds(), "the failure")
        peers_of(rosa.log).rmdir()
        await await_until(lambda: peers_of(rosa.log).is_file(), "the file")
        await first.decide(2)
        with own_redis.client() as client:
            client.execute_command("ACL", "SETUSER", "default", "+xadd")
        await await_until(lambda: AuditKind.SINK_BACK in rosa.kinds(), "it to be back")
        await first.decide(3)
    assert rosa.kinds().count(AuditKind.DECISION) == 3
    assert rosa.verified().verdict is Verdict.INTACT


async def test_consoles_tell_each_other_and_commands_do_not(
    redis_url: str, redis_server: RedisServer, rosa: AuditDesk, lee: AuditDesk
) -> None:
    """A console tells when it may write; without a keyring, as in commands, nothing is told."""
    engines = [Engine(lambda _facts: None, None, one.log, one.keyring) for one in (rosa, lee)]
    command = Engine(lambda _facts: None, None, rosa.folder / "command.sqlite")
    tasks = [asyncio.create_task(engine.run()) for engine in (*engines, command)]
    try:
        for engine in (*engines, command):
            engine.post(TellOtherDesks(on=True))
            engine.connect(redis_url)
        await await_until(lambda: rosa.keeps(lee) and lee.keeps(rosa), "each other's logs")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert not (rosa.folder / "command.sqlite").exists()
    assert len(rosa.peers().reports) == 1
