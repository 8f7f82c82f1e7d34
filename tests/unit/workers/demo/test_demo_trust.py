"""The demo's own reviewers: made once, whole, and renewed before they expire."""

from __future__ import annotations

import shutil
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from workers.demo.agents import AGENTS, TREASURY
from workers.demo.trust import REVIEWERS, ROLES, prepare_trust
from workers.errors import NotConfigured
from workers.wire.policy.demands import Quorum, demand
from workers.wire.policy.lint import lint
from workers.wire.policy.rules import Policy
from workers.wire.signing.registry import Registry
from workers.wire.signing.wrapping import WrappedKey, unwrap
from workers.wire.trust import TrustFolder

NOW = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)


def _registry(trust: TrustFolder, now: datetime = NOW) -> Registry:
    return trust.registry(now.timestamp())


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def trust(tmp_path: Path) -> TrustFolder:
    """A folder that was just made."""
    return prepare_trust(tmp_path, AGENTS, NOW)


def test_two_reviewers_and_all_agents_are_registered(trust: TrustFolder) -> None:
    """The passphrase beside a reviewer's key opens it, and the registry knows the key."""
    registry = _registry(trust)
    assert [(one.id, one.name, one.roles) for one in registry.statement.reviewers] == [
        (one.id, one.name, ROLES) for one in REVIEWERS
    ]
    for reviewer in REVIEWERS:
        file = trust.path / "reviewers" / f"{reviewer.id}.json"
        wrapped = msgspec.json.decode(file.read_bytes(), type=WrappedKey)
        key = unwrap(wrapped, file.with_suffix(".passphrase").read_text())
        holder = registry.holder(key.public.key_id)
        assert holder is not None
        assert holder.reviewer == registry.reviewer(reviewer.id)
        assert wrapped.label == reviewer.name
    for agent in AGENTS:
        own = trust.agent_key(agent)
        assert own is not None
        assert registry.key(own.public.key_id) == own.public


def test_nobody_else_reads_its_keys(trust: TrustFolder) -> None:
    """They open by themselves for whoever can read them."""
    secret = [*trust.path.glob("r*/*"), *trust.path.glob("agents/*")]
    assert len(secret) == 2 + 4 + len(AGENTS)
    assert {stat.S_IMODE(file.stat().st_mode) for file in secret} == {0o600}
    assert stat.S_IMODE(trust.path.stat().st_mode) == 0o700


def test_the_next_start_finds_what_is_there(trust: TrustFolder) -> None:
    """Requests that wait since yesterday are answered with yesterday's keys."""
    before = _bytes(trust.path)
    prepare_trust(trust.path.parent, AGENTS, NOW + timedelta(days=5))
    assert _bytes(trust.path) == before


def test_it_is_renewed_before_and_after_it_expires(trust: TrustFolder) -> None:
    """The registry each month, the keys each year; an old one is refused from then on."""
    first = _registry(trust)
    month, year = NOW + timedelta(days=25), NOW + timedelta(days=400)
    renewed = _registry(prepare_trust(trust.path.parent, AGENTS, month), month)
    assert renewed.version == first.version + 1
    assert renewed.statement.reviewers == first.statement.reviewers

    later = _registry(prepare_trust(trust.path.parent, AGENTS, year), year)
    assert [len(one.keys) for one in later.statement.reviewers] == [2, 2]
    assert [len(one.keys) for one in later.statement.agents] == [2] * len(AGENTS)
    file = trust.path / "reviewers" / f"{REVIEWERS[0].id}.json"
    key_id = msgspec.json.decode(file.read_bytes(), type=WrappedKey).key_id
    holder = later.holder(key_id)
    assert holder is not None
    holder.check_valid(year.timestamp() + 1)


def test_a_policy_somebody_wrote_stays(trust: TrustFolder) -> None:
    """If its version is later than ours; then ours does not come back unnoticed."""
    file = trust.path / "policy.toml"
    shipped = file.read_bytes()
    file.unlink()
    prepare_trust(trust.path.parent, AGENTS, NOW)
    assert file.read_bytes() == shipped
    file.write_bytes(b'id = "mine"\nversion = 2\nrules = []\n')
    assert prepare_trust(trust.path.parent, AGENTS, NOW).policy().id == "mine"
    file.write_bytes(b'id = "demo"\nversion = 99\nrules = []\n')
    assert prepare_trust(trust.path.parent, AGENTS, NOW).policy().version == 99
    file.unlink()
    with pytest.raises(NotConfigured, match="99 was seen before"):
        prepare_trust(trust.path.parent, AGENTS, NOW)


@pytest.mark.parametrize(
    "damage", ["roots.json", "registry.json", "policy.toml", "agents/records_agent.key"]
)
def test_a_damaged_folder_stops_the_start_and_says_what_to_do(
    trust: TrustFolder, damage: str
) -> None:
    """Nothing is made anew over keys that something was signed with."""
    (trust.path / damage).write_bytes(b"{")
    with pytest.raises(NotConfigured) as caught:
        prepare_trust(trust.path.parent, AGENTS, NOW)
    assert str(trust.path) in caught.value.hint
    shutil.rmtree(trust.path)
    assert _registry(prepare_trust(trust.path.parent, AGENTS, NOW)).version


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Such as where a file stands in the way."""
    (tmp_path / "demo").write_text("")
    with pytest.raises(NotConfigured):
        prepare_trust(tmp_path / "demo", AGENTS, NOW)


@pytest.fixture
def policy(trust: TrustFolder) -> Policy:
    """What the demo's agents demand."""
    return trust.policy()


@pytest.mark.parametrize(
    ("amount", "currency", "people"),
    [
        (250, "EUR", 1),
        (10_000, "eur", 1),
        (10_000.01, "EUR", 2),
        (8_000, "GBP", 1),
        (9_000, "GBP", 2),
        (25_000, "NOK", 2),
        ("a lot", "EUR", 2),
    ],
)
def test_large_payments_take_two(
    policy: Policy, amount: float | str, currency: str, people: int
) -> None:
    """Above 10,000 euros, and what may be as much in another currency."""
    args = {"to": "ACME", "amount": amount, "currency": currency, "reference": "x"}
    found = demand(policy, TREASURY, "transfer_funds", {**args})
    assert max(quorum.count for quorum in found.quorums) == people
    assert {quorum.roles for quorum in found.quorums} == {("treasury",)}


def test_a_record_is_released_for_a_reason(policy: Policy) -> None:
    """By somebody in charge of records; whose it is stays hidden until asked for."""
    found = demand(policy, "records_agent", "release_patient_record", {"patient_id": "P-1042"})
    assert (found.quorums, found.reason_required) == ((Quorum(1, ("records",)),), True)
    assert found.masked == ("/patient_id",)


def test_looking_is_free_and_the_unknown_is_not(policy: Policy) -> None:
    """What has no effect runs at once; figures that cost money take one person."""
    for tool in ("get_account_balance", "list_payments", "find_patient", "get_city_weather"):
        assert not demand(policy, TREASURY, tool, {}).gated
    assert demand(policy, TREASURY, "get_city_gdp", {"city": "Oslo"}).quorums == (Quorum(1),)
    assert demand(policy, TREASURY, "close_account", {}).gated
    assert demand(policy, TREASURY, "call_records_agent", {}).gated
    assert not demand(policy, "coordinator", "call_records_agent", {}).gated


def test_the_demos_people_can_meet_its_policy(trust: TrustFolder) -> None:
    """Nothing waits for somebody who does not exist."""
    assert lint(trust.policy(), _registry(trust), None, NOW.timestamp()) == []
