"""Workers as processes: started by a command, stopped by a signal, wrong in plain words."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.processes import Process, StartProcess
from tests.support.redis_server import RedisServer, free_port
from tests.support.stub_model import StubModel
from tests.support.waiting import await_until
from workers import AgentClient
from workers.demo.effects import FILE_NAME
from workers.wire import keys
from workers.wire.ids import new_context_id
from workers.wire.streams.connection import Connection
from workers.wire.streams.reader import Reader

SERVED = "tests.integration.workers.served"
StartWorker = Callable[..., Process]


@pytest.fixture
def environment(redis_url: str, stub_model: StubModel) -> dict[str, str]:
    """What a person sets before starting a worker."""
    return {
        "SIGNOFF_REDIS_URL": redis_url,
        "OPENAI_BASE_URL": stub_model.url,
        "OPENAI_MODEL": "stub",
        "OPENAI_API_KEY": "not-a-key",
    }


@pytest.mark.parametrize(
    ("attribute", "agents"),
    [("one", ["demo_agent"]), ("two", ["demo_agent", "economics_agent"])],
)
async def test_one_process_serves_what_it_is_told_to(
    worker_process: StartWorker,
    environment: dict[str, str],
    redis_url: str,
    attribute: str,
    agents: list[str],
) -> None:
    """A runner or several; the line says when all of them listen, and they share a heartbeat."""
    worker = worker_process("run", f"{SERVED}:{attribute}", env=environment)
    assert worker.ready == {"agents": agents, "pid": worker.pid}
    async with Connection(redis_url) as connection:
        [info] = await Reader(connection).workers()
    assert info.agents == agents

    client = AgentClient(agents[-1], redis_url)
    context = new_context_id()
    await client.send_message("gdp of Oslo", context)
    async for _ in client.progress_events(context):
        pass
    await client.accept_tool_invocation(context)
    events = [event async for event in client.progress_events(context)]
    await client.disconnect()

    assert "500 billion" in str(events[-1].data.message)
    assert worker.stop() == 0
    assert "500 billion" not in worker.errors(), "logs hold no results"


async def test_conversations_outlive_the_worker(
    worker_process: StartWorker, environment: dict[str, str], redis_url: str, signoff_home: Path
) -> None:
    """A request that waited when the worker stopped is decided after it has started again."""
    client = AgentClient("demo_agent", redis_url)
    context = new_context_id()
    worker = worker_process("run", f"{SERVED}:one", env=environment)
    await client.send_message("gdp of Oslo", context)
    async for _ in client.progress_events(context):
        pass
    assert worker.stop() == 0
    assert (signoff_home / "checkpoints" / "demo_agent.sqlite").exists()

    worker_process("run", f"{SERVED}:one", env=environment)
    await client.accept_tool_invocation(context)
    events = [event async for event in client.progress_events(context)]
    await client.disconnect()

    assert "500 billion" in str(events[-1].data.message)


async def test_what_a_killed_worker_held_is_done_by_another(
    worker_process: StartWorker, environment: dict[str, str], redis_url: str
) -> None:
    """`kill -9` while a request waits and a task is parked behind it: neither is lost."""
    quick = {"SIGNOFF_HEARTBEAT_SECONDS": "1", "SIGNOFF_LEASE_SECONDS": "3"}
    client = AgentClient("demo_agent", redis_url)
    context = new_context_id()
    killed = worker_process("run", f"{SERVED}:one", env=environment | quick)
    await client.send_message("gdp of Oslo", context)
    async for _ in client.progress_events(context):
        pass
    await client.send_message("hello", context)
    async with Connection(redis_url) as connection:
        parked = keys.parked("demo_agent", context)
        await await_until(lambda: connection.client.exists(parked), "the task to be parked")
        killed.kill()

        worker_process("run", f"{SERVED}:one", env=environment | quick)
        await client.accept_tool_invocation(context)

        async def said() -> str:
            entries = await connection.client.xrange(keys.progress(context))
            return "".join(fields[b"data"].decode() for _, fields in entries)

        async def is_done() -> bool:
            return "500 billion" in await said() and "You said: hello" in await said()

        await await_until(is_done, "both to be done", 20)
        assert (await said()).count("You said: hello") == 1

        async def is_gone() -> bool:
            names = await connection.client.zrange(keys.consumers("demo_agent"), 0, -1)
            return len(names) == 1

        await await_until(is_gone, "the name of the killed one to be gone")
        assert await connection.client.xlen(keys.inbox("demo_agent")) == 0
    await client.disconnect()


async def test_a_message_that_kills_its_process_five_times_is_put_aside(
    start_process: StartProcess, environment: dict[str, str], redis_url: str
) -> None:
    """Six processes stand ready; five die of it, the sixth tells the caller and goes on."""
    quick = {"SIGNOFF_HEARTBEAT_SECONDS": "0.1", "SIGNOFF_LEASE_SECONDS": "0.5"}
    command = (sys.executable, "-m", "workers", "run", f"{SERVED}:deadly")
    workers = [
        start_process(*command, name=f"worker-{n}", env=environment | quick) for n in range(6)
    ]
    client = AgentClient("demo_agent", redis_url)
    context = new_context_id()
    async with Connection(redis_url) as connection:
        reader = Reader(connection)

        async def are_ready() -> bool:
            return len(await reader.workers()) == len(workers)

        await await_until(are_ready, "all to listen", 40)
        await client.send_message("weather in Oslo", context)

        async def put_aside() -> dict[bytes, bytes] | None:
            found = await connection.client.xrange(keys.dead_letters("demo_agent"))
            return found[0][1] if found else None

        kept = await await_until(put_aside, "the message to be put aside", 30)
        assert kept[b"reason"] == b"too_many_starts"
        assert [worker.exit_code for worker in workers].count(9) == 5
        await client.send_message("hello", context)

        async def said() -> bool:
            entries = await connection.client.xrange(keys.progress(context))
            text = "".join(fields[b"data"].decode() for _, fields in entries)
            return "never came to an end" in text and "You said: hello" in text

        await await_until(said, "the next message to be done")
    await client.disconnect()


WRONG = {
    "no such module": (["run", "no_such_module:runner"], {}, "no module 'no_such_module'"),
    "no broker": (["run", f"{SERVED}:one"], {"SIGNOFF_REDIS_URL": ""}, "No broker is named"),
    "mysql": (
        ["run", f"{SERVED}:one"],
        {"CHECKPOINT_DB_URL": "mysql://user:word@127.0.0.1:1/agents"},
        "The MySQL server at 127.0.0.1:1 does not answer",
    ),
    "chat without a broker": (["chat", "demo_agent"], {"SIGNOFF_REDIS_URL": ""}, "No broker"),
}


@pytest.mark.parametrize(("arguments", "changes", "words"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_in_two_lines(
    start_process: StartProcess,
    environment: dict[str, str],
    arguments: list[str],
    changes: dict[str, str],
    words: str,
) -> None:
    """No traceback, exit code 2."""
    worker = start_process(sys.executable, "-m", "workers", *arguments, env=environment | changes)

    assert worker.wait_until_ended() == 2
    said = worker.errors()
    assert words in said
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) <= 2
    assert "word@" not in said, "no passwords"


def test_a_broker_that_is_not_there_is_said_so(
    start_process: StartProcess, environment: dict[str, str], redis_server: RedisServer
) -> None:
    """A wrong port and a wrong password read differently."""
    for url, words in (
        (f"redis://127.0.0.1:{free_port()}/0", "does not answer"),
        (redis_server.url.replace(redis_server.password, "wrong"), "refused the user name"),
    ):
        worker = start_process(
            sys.executable, "-m", "workers", "run", f"{SERVED}:one",
            env=environment | {"SIGNOFF_REDIS_URL": url},
        )  # fmt: skip
        assert worker.wait_until_ended() == 2
        assert words in worker.errors()


def test_the_help_comes_at_once_and_without_langgraph() -> None:
    """LangGraph takes a second to import; nobody waits for that to read a page of help."""
    code = (
        "import sys; from workers.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = ('langgraph', 'langchain', 'redis')\n"
        "sys.exit(any(name.startswith(heavy) for name in sys.modules))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert "signoff-worker" in done.stdout


async def test_the_demo_says_when_it_is_ready_and_cleans_up(
    worker_process: StartWorker, tmp_path: Path
) -> None:
    """One line of JSON; a transfer asked of the coordinator is approved and noted; then nothing."""
    demo = worker_process("demo", "--token-delay", "0", "--dir", str(tmp_path / "demo"))
    assert list(demo.ready) == ["redis_url", "model_url", "mcp_url", "trust", "agents", "pid"]
    assert demo.ready["agents"] == [
        "coordinator",
        "treasury_agent",
        "records_agent",
        "weather_agent",
    ]
    redis_url = demo.ready["redis_url"]
    async with Connection(redis_url) as connection:
        [info] = await Reader(connection).workers()
    assert info.note == "scripted model"
    assert set(info.tools["weather_agent"]) >= {"get_city_weather", "search_places"}

    client = AgentClient("coordinator", redis_url)
    context = new_context_id()
    await client.send_message("transfer 250 EUR to ACME for invoice 4471", context)
    async for _ in client.progress_events(context):
        pass
    waiting = await client.waiting_call(context)
    assert waiting is not None
    assert waiting.agent == "treasury_agent"
    await client.accept_tool_invocation(context)
    events = [event async for event in client.progress_events(context)]
    await client.disconnect()

    assert "went to **ACME**" in str(events[-1].data.message)
    lines = (tmp_path / "demo" / FILE_NAME).read_text().splitlines()
    [effect] = [json.loads(line) for line in lines]
    assert (effect["tool"], effect["args"]["amount"]) == ("transfer_funds", 250.0)
    assert effect["tool_call_id"] == waiting.call.tool_call_id
    demo.send_signal(signal.SIGINT)
    assert demo.wait_until_ended() == 0


async def test_the_demo_gates_the_tools_of_the_mcp_server(
    worker_process: StartWorker, tmp_path: Path
) -> None:
    """Searching is named as free; setting an alert needs a reviewer, whatever the server hints."""
    demo = worker_process("demo", "--token-delay", "0", "--dir", str(tmp_path))
    client = AgentClient("weather_agent", demo.ready["redis_url"])
    context = new_context_id()

    await client.send_message("find cafes in Oslo", context)
    events = [event async for event in client.progress_events(context)]
    assert "Lanternfish" in str(events[-1].data.message)
    await client.send_message("set a red weather alert for Oslo", context)
    events = [event async for event in client.progress_events(context)]
    assert events[-1].data.type == "interrupt"
    waiting = await client.waiting_call(context)
    assert waiting is not None
    assert waiting.call.args == {"city": "Oslo", "level": "red"}
    await client.accept_tool_invocation(context)
    events = [event async for event in client.progress_events(context)]
    await client.disconnect()

    assert "is set for **Oslo**" in str(events[-1].data.message)


def test_the_demo_uses_a_real_model_where_one_is_configured(
    worker_process: StartWorker, redis_url: str, environment: dict[str, str], tmp_path: Path
) -> None:
    """And a broker that is given; its threads are kept beside the effects."""
    demo = worker_process("demo", "--dir", str(tmp_path), env=environment)

    assert demo.ready["model_url"] == environment["OPENAI_BASE_URL"]
    assert demo.ready["redis_url"] == redis_url
    assert (tmp_path / "checkpoints.sqlite").exists()


def test_the_demo_ends_with_the_process_that_started_it(
    start_process: StartProcess, tmp_path: Path
) -> None:
    """A console that crashes leaves no broker and no agents running."""
    code = (
        "import subprocess, sys, time\n"
        "command = [sys.executable, '-m', 'workers', 'demo', '--dir', sys.argv[1]]\n"
        "with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:\n"
        "    print(demo.stdout.readline(), flush=True)\n"
        "    time.sleep(60)\n"
    )
    parent = start_process(sys.executable, "-c", code, str(tmp_path), ready=r"^\{.*\}$")

    parent.kill()
    # That the demo and its broker are gone is what the check for left-over processes proves.


def test_a_chat_in_the_terminal(
    worker_process: StartWorker, start_process: StartProcess, environment: dict[str, str]
) -> None:
    """A call is shown with its arguments, rejected with a reason, and the agent goes on."""
    worker_process("run", f"{SERVED}:one", env=environment)

    chat = start_process(
        sys.executable, "-m", "workers", "chat", "demo_agent",
        env=environment,
        stdin="gdp of Oslo\nn\ntoo expensive\nhello\nexit\n",
    )  # fmt: skip

    assert chat.wait_until_ended() == 0
    said = chat.output()
    assert '"city": "Oslo"' in said
    assert "too expensive" in said
    assert "You said: hello" in said
