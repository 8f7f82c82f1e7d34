"""What `signoff-worker run` may be told to serve, and what an agent may be made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from workers import AgentRunner
from workers.agents.checkpoints import sqlite_path
from workers.app import load_runners
from workers.errors import NotConfigured, NotServable
from workers.settings import WorkerSettings
from workers.wire.approvals import Mode
from workers.wire.errors import BadName, BrokerRefused, SignoffError

BROKER = "redis://127.0.0.1:1/0"
MODULE = """
from workers import AgentRunner

def make(name="demo_agent"):
    return AgentRunner(name)

async def several():
    return [make("a"), make("b")]

ready = make()
nothing = []
number = 7
mixed = [ready, 7]
class place:
    inner = make("inner")
"""


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a module in it, as a person stands in one."""
    (tmp_path / "my_agents.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "agents"),
    [
        ("my_agents:ready", ["demo_agent"]),
        ("my_agents:make", ["demo_agent"]),
        ("my_agents:several", ["a", "b"]),
        ("my_agents:place.inner", ["inner"]),
    ],
)
async def test_a_runner_is_found_however_it_is_made(name: str, agents: list[str]) -> None:
    """A runner, a list, a function, a coroutine function; in a module next to where one stands."""
    assert [runner.agent_name for runner in await load_runners(name)] == agents


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("my_agents", "names no agent"),
        (":ready", "names no agent"),
        ("no_such_module:ready", "no module 'no_such_module'"),
        ("my_agents:missing", "has no 'missing'"),
        ("my_agents:number", "is no AgentRunner"),
        ("my_agents:nothing", "is no AgentRunner"),
        ("my_agents:mixed", "no AgentRunner"),
    ],
)
async def test_anything_else_is_refused_in_words(name: str, words: str) -> None:
    """The person reads what is wrong, not where our code noticed it."""
    with pytest.raises(NotServable, match=words):
        await load_runners(name)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"redis_url": ""}, "No broker is named"),
        ({"openai_model": ""}, "No model is named"),
        ({"openai_api_key": ""}, "No API key"),
        ({"mysql_url": "mysql+pymysql://user:word@127.0.0.1:1/agents"}, "does not answer"),
        ({"checkpoint_url": "oracle://db/agents"}, "oracle database cannot"),
        ({"checkpoint_url": "somewhere.txt"}, "cannot hold checkpoints"),
    ],
)
async def test_an_agent_that_cannot_work_says_so_when_it_is_created(
    options: dict[str, Any], words: str
) -> None:
    """With a hint, and without the password in the address."""
    given: dict[str, Any] = {"redis_url": BROKER, "openai_model": "m", "openai_api_key": "k"}
    runner = AgentRunner("demo_agent", **{**given, **options})

    with pytest.raises(NotConfigured, match=words) as failure:
        await runner.create()

    assert failure.value.hint
    assert "word" not in str(failure.value)


async def test_a_broker_address_that_is_none_is_refused() -> None:
    """Before anything else is tried with it."""
    runner = AgentRunner(
        "a", redis_url="localhost", openai_model="m", openai_api_key="k", checkpoint_url=":memory:"
    )
    with pytest.raises(BrokerRefused):
        await runner.create()


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("agent_checkpoints.db", "agent_checkpoints.db"),
        ("/var/lib/agents.sqlite", "/var/lib/agents.sqlite"),
        ("sqlite:///agents.sqlite", "agents.sqlite"),
        ("sqlite:////var/lib/agents", "/var/lib/agents"),
        (":memory:", ":memory:"),
    ],
)
def test_checkpoints_go_where_the_url_says(url: str, path: str) -> None:
    """The base package's examples use a bare file name."""
    assert sqlite_path(url) == path


@pytest.mark.parametrize("name", ["", "a b", "a{b}", "a#b", "a\u202eb"])
def test_a_name_that_would_break_keys_is_refused(name: str) -> None:
    """Braces, blanks, the mark between agent and context, hidden characters."""
    with pytest.raises(BadName):
        AgentRunner(name)


def test_the_mode_is_the_workers_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """From its parameter, else its environment; a word that is no mode stops it."""
    monkeypatch.setenv("SIGNOFF_MODE", "Observe")
    assert AgentRunner("a")._judge.mode is Mode.OBSERVE
    assert AgentRunner("a", mode=Mode.ENFORCE)._judge.mode is Mode.ENFORCE
    monkeypatch.setenv("SIGNOFF_MODE", "off")
    with pytest.raises(NotConfigured, match="'off'"):
        AgentRunner("a")


def test_unless_told_otherwise_a_worker_enforces_and_looks_into_its_home(tmp_path: Path) -> None:
    """Nothing is set, or only the home is."""
    home = str(tmp_path)

    nothing = WorkerSettings.from_environment({})
    at_home = WorkerSettings.from_environment({"SIGNOFF_HOME": home})
    said = WorkerSettings.from_environment({"SIGNOFF_HOME": home, "SIGNOFF_TRUST": "/etc/signoff"})

    assert nothing.mode is Mode.ENFORCE
    assert nothing.trust == nothing.home / "trust"
    assert at_home.trust == tmp_path / "trust"
    assert said.trust == Path("/etc/signoff")


def test_an_agent_gives_no_tasks_to_itself_or_to_names_models_cannot_say() -> None:
    """The tool is named after the other agent."""
    runner = AgentRunner("coordinator")
    for name in ("coordinator", "agent.with.dots", "x" * 70, "a b"):
        with pytest.raises(SignoffError):
            runner.add_subagent(name, "Knows something.")
    assert runner.tools == []


async def test_a_runner_is_served_after_it_is_created() -> None:
    """Not before: there is nothing to serve yet."""
    with pytest.raises(NotServable, match="not created"):
        AgentRunner("a").worker("signoff:host:1:0")
