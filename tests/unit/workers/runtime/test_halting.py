"""A signed halt that a worker has seen ends with a signed lift, not with a deleted field."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from msgspec import structs

from tests.support.registered import LEE, ROSA, STRANGER, WORKER
from tests.support.trusted import ONE, TrustedFolder, later
from workers.runtime.halting import Halts
from workers.wire.approvals import Mode
from workers.wire.codec import encode_struct
from workers.wire.halts import HaltStatement, next_serial
from workers.wire.signing.assertions import HALT_TYPE, assertion
from workers.wire.signing.keys import SigningKey
from workers.wire.trust import TrustFolder

NOW = time.time()
NOW_MS = int(NOW * 1000)
HALT = HaltStatement(scope="all", reason="drill", by="r.mora", at_ms=NOW_MS, serial=NOW_MS)
LIFT = structs.replace(HALT, lifted=True, at_ms=NOW_MS + 5, serial=NOW_MS + 5)


@pytest.fixture
def trust(tmp_path: Path) -> TrustedFolder:
    """Rosa and Lee are treasurers; one agent."""
    return TrustedFolder(tmp_path / "trust")


def _signed(statement: HaltStatement, key: SigningKey = ROSA) -> bytes:
    return encode_struct(assertion(statement, HALT_TYPE, key))


def _at_work(trust: TrustedFolder, mode: Mode = Mode.ENFORCE) -> Halts:
    return Halts("treasury_agent", mode, TrustFolder(trust.path))


async def test_a_signed_halt_outlives_its_field_until_a_signed_lift(trust: TrustedFolder) -> None:
    """Whoever can reach the broker can delete the field, and gains nothing by it."""
    worker = _at_work(trust)

    assert await worker.stop({"all": _signed(HALT)}, NOW)
    assert await worker.stop({"all": None}, NOW)
    assert [one.reason for one in worker.kept] == ["drill"]
    assert not await worker.stop({"all": _signed(LIFT, LEE)}, NOW)

    assert worker.kept == ()
    assert not await worker.stop({"all": None}, NOW)


async def test_it_outlives_the_worker_too(trust: TrustedFolder) -> None:
    """The trust folder remembers, as it does the newest registry."""
    await _at_work(trust).stop({"all": _signed(HALT)}, NOW)

    another = _at_work(trust)
    assert await another.stop({"all": None}, NOW)
    await another.stop({"all": _signed(LIFT)}, NOW)

    assert not await _at_work(trust).stop({"all": None}, NOW)


@pytest.mark.parametrize(
    "lift",
    [
        encode_struct(LIFT),
        _signed(LIFT, STRANGER),
        _signed(LIFT, WORKER),
        _signed(structs.replace(LIFT, serial=HALT.serial)),
        _signed(structs.replace(LIFT, scope="agent:treasury_agent")),
        encode_struct(structs.replace(assertion(HALT, HALT_TYPE, ROSA), lifted=True)),
        _signed(HALT, LEE),
        b"scribble",
        b"\xff" * 20,
    ],
    ids=["unsigned", "stranger", "agent", "older", "elsewhere", "changed", "no lift", "text", "-"],
)
async def test_what_lifts_nothing(trust: TrustedFolder, lift: bytes) -> None:
    """Nor is it remembered: the same worker goes on being halted without it."""
    worker = _at_work(trust)
    await worker.stop({"all": _signed(HALT)}, NOW)

    assert await worker.stop({"all": lift}, NOW)
    assert await worker.stop({"all": None}, NOW)


async def test_a_lift_by_a_key_that_was_revoked_counts_for_nothing(trust: TrustedFolder) -> None:
    """Whatever time it names: it counts when it is seen."""
    worker = _at_work(trust)
    await worker.stop({"all": _signed(HALT)}, NOW)

    assert await worker.stop({"all": _signed(LIFT)}, NOW + 7 * 86_400)


async def test_the_policy_says_who_may_lift(trust: TrustedFolder) -> None:
    """Here nobody of the registry; whoever is in it may still halt."""
    trust.write_policy(f'lift_roles = ["operator"]\n{ONE}')
    worker = _at_work(trust)
    await worker.stop({"all": _signed(HALT)}, NOW)

    assert await worker.stop({"all": _signed(LIFT)}, NOW)
    trust.write_policy(later(f'lift_roles = ["treasury"]\n{ONE}'))
    assert not await worker.stop({"all": _signed(LIFT)}, NOW)


async def test_what_nobody_signed_halts_for_as_long_as_it_stands(trust: TrustedFolder) -> None:
    """To stop is always allowed; only who is known can make it last."""
    worker = _at_work(trust)

    for stands in (encode_struct(HALT), _signed(HALT, STRANGER), b"scribble"):
        assert await worker.stop({"all": stands}, NOW)
        assert not await worker.stop({"all": None}, NOW)


async def test_a_lift_alone_halts_nothing(trust: TrustedFolder) -> None:
    """To a worker that knows of no halt it is as if nothing stood there, whoever signed it."""
    for mode in Mode:
        for lift in (_signed(LIFT), encode_struct(LIFT)):
            assert not await _at_work(trust, mode).stop({"all": lift}, NOW)


async def test_an_old_halt_put_back_after_its_lift_halts_only_while_it_stands(
    trust: TrustedFolder,
) -> None:
    """Who kept the statement can stop calls with it, as with any other, and not for good."""
    worker = _at_work(trust)
    await worker.stop({"all": _signed(HALT)}, NOW)
    await worker.stop({"all": _signed(LIFT)}, NOW)

    assert await worker.stop({"all": _signed(HALT)}, NOW)
    assert not await worker.stop({"all": None}, NOW)


async def test_a_number_from_the_future_makes_nothing_last(trust: TrustedFolder) -> None:
    """No lift of today could have a higher one."""
    worker = _at_work(trust)
    ahead = structs.replace(HALT, serial=NOW_MS + 3_600_000)

    assert await worker.stop({"all": _signed(ahead)}, NOW)
    assert not await worker.stop({"all": None}, NOW)


async def test_other_modes_and_workers_without_a_folder_go_by_the_field(
    trust: TrustedFolder,
) -> None:
    """They prove nothing, so they keep nothing."""
    for worker in (_at_work(trust, Mode.BOUND), Halts("treasury_agent", Mode.ENFORCE, None)):
        assert await worker.stop({"all": _signed(HALT)}, NOW)
        assert not await worker.stop({"all": None}, NOW)


async def test_a_folder_that_cannot_be_written_forgets_with_the_worker(
    trust: TrustedFolder,
) -> None:
    """The halt is kept by this process all the same."""
    (trust.path / "halts").write_text("in the way of a folder")
    worker = _at_work(trust)

    await worker.stop({"all": _signed(HALT)}, NOW)

    assert await worker.stop({"all": None}, NOW)
    assert not await _at_work(trust).stop({"all": None}, NOW)


def test_each_statement_on_a_scope_has_a_higher_number_than_the_last() -> None:
    """Also from a desk whose clock is behind; but nobody can drive it out of reach."""
    assert next_serial(NOW_MS) == NOW_MS
    assert next_serial(NOW_MS - 60_000, HALT.serial) == NOW_MS + 1
    assert next_serial(NOW_MS, 2**62) == NOW_MS
