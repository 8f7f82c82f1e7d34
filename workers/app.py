"""The worker process, put together: agents served, signals obeyed, the demo run.

The only place of this package that knows everybody.
"""

from __future__ import annotations

import asyncio
import getpass
import importlib
import inspect
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec

from workers.agents.runner import AgentRunner
from workers.client.cli import AgentCLI
from workers.client.client import AgentClient
from workers.demo.parent import exit_after_parent, parent_died
from workers.demo.team import start_demo
from workers.errors import NotServable, SignedHalt
from workers.operations.collecting import spare_the_collector
from workers.operations.output import keep_output_short
from workers.operations.signals import stopped_by_signals
from workers.runtime.service import serve
from workers.settings import WorkerSettings
from workers.wire.canonical import JSON
from workers.wire.halts import HaltStatement, check_scope, next_serial
from workers.wire.ids import new_consumer_name
from workers.wire.signing.assertions import HALT_TYPE, assertion
from workers.wire.streams import halts
from workers.wire.streams.connection import Connection
from workers.wire.trust import read_key_file


async def run_workers(
    runners: Sequence[AgentRunner],
    stop: asyncio.Event | None = None,
    on_listening: Callable[[], None] | None = None,
) -> None:
    """Serve several agents in one process, until it is told to stop.

    Args:
        stop: set it to stop; without it, the first SIGINT or SIGTERM lets what is running
            finish, and the second cuts it off.
        on_listening: called when every agent is listened to.

    Raises:
        NotConfigured: an agent's configuration is incomplete.
        BrokerError: the broker cannot be used.
    """
    if stop is None:
        with stopped_by_signals() as signalled:
            await run_workers(runners, signalled, on_listening)
        return
    consumer = new_consumer_name()
    note = ", ".join(dict.fromkeys(runner.note for runner in runners if runner.note))
    async with AsyncExitStack() as opened:
        for runner in runners:
            await runner.create()
            opened.push_async_callback(runner.close)
        workers = [runner.worker(consumer) for runner in runners]
        await serve(workers, consumer, stop, on_listening=on_listening, note=note)


async def run_named(
    name: str,
    parent_pid: int | None = None,
    grace_seconds: float | None = None,
    most_output: int | None = None,
) -> None:
    """Serve what `MODULE:ATTR` names, and print a JSON line when it listens.

    Args:
        parent_pid: the process that started us, to stop when it is gone; without it, we do not
            look.
        grace_seconds: when the parent is gone, what is running gets so long, and no longer;
            without it, until it has finished.
        most_output: bytes of the file that takes our output, after which it is begun anew.

    Raises:
        NotServable: it names nothing that can be served.
        NotConfigured: see `run_workers`.
        BrokerError: see `run_workers`.
    """
    if parent_pid is not None and grace_seconds is not None:
        exit_after_parent(parent_pid, grace_seconds)
    if most_output is not None:
        keep_output_short(most_output)
    runners = await load_runners(name)
    agents: list[JSON] = [runner.agent_name for runner in runners]

    def on_listening() -> None:
        spare_the_collector()
        _print_line({"agents": agents, "pid": os.getpid()})

    with stopped_by_signals() as stop:
        async with AsyncExitStack() as opened:
            if parent_pid is not None:
                await opened.enter_async_context(_ending_with_parent(stop, parent_pid))
            await run_workers(runners, stop, on_listening)


async def run_demo(redis_url: str, folder: Path | None, token_delay_seconds: float) -> None:
    """Run the demo, and print a JSON line with its addresses when every agent listens.

    It ends on SIGINT, SIGTERM, or when the process that started it is gone.

    Raises:
        BrokerError: there is no broker and none can be started.
    """
    settings = WorkerSettings.from_environment()
    redis_url = redis_url or settings.redis_url
    folder = folder or settings.home / "demo"
    with stopped_by_signals() as stop:
        async with (
            _ending_with_parent(stop),
            start_demo(settings, redis_url, folder, token_delay_seconds) as demo,
        ):
            line: dict[str, JSON] = {
                "redis_url": demo.redis_url,
                "model_url": demo.model_url,
                "mcp_url": demo.mcp_url,
                "trust": str(demo.trust),
                "agents": [runner.agent_name for runner in demo.runners],
                "pid": os.getpid(),
            }
            await run_workers(demo.runners, stop, lambda: _print_line(line))


async def run_chat(
    agent: str, redis_url: str, key_file: Path | None = None, reviewer: Sequence[str] = ()
) -> None:
    """Chat with an agent in the terminal.

    Args:
        key_file: holds a reviewer's key, to sign decisions with.
        reviewer: their id, name and role in the registry.

    Raises:
        BrokerError: the broker cannot be used.
        NotTrusted: the file holds no key.
    """
    client: AgentClient | None = None
    if key_file is not None:
        who, name, role = reviewer
        key = read_key_file(key_file)
        client = AgentClient(
            agent, redis_url, reviewer=who, reviewer_name=name, role=role, signing_key=key
        )
    await AgentCLI(agent, redis_url, client=client).run()


async def run_halt(scope: str, reason: str, redis_url: str, key_file: Path | None = None) -> None:
    """Halt a scope, and print its statement as a JSON line.

    Args:
        key_file: holds the key to sign it with; workers in mode `enforce` keep what is signed.

    Raises:
        BadName: no such scope.
        NotTrusted: the file holds no key.
        BrokerError: the broker cannot be used.
    """
    check_scope(scope)
    async with Connection(redis_url) as connection:
        before = await halts.standing(connection, scope)
        statement = _stated(scope, reason, before, key_file, lifted=False)
        await halts.halt(connection, statement)
    _print_line(msgspec.to_builtins(statement))


async def run_resume(
    scope: str, redis_url: str, reason: str = "", key_file: Path | None = None
) -> None:
    """Lift the halt of a scope, and print whether there was one.

    Args:
        key_file: holds the key to sign the lift with; without one, the field is emptied.

    Raises:
        SignedHalt: it is, and no key was named.
        NotTrusted, BadName, BrokerError: as `run_halt`.
    """
    check_scope(scope)
    async with Connection(redis_url) as connection:
        before = await halts.standing(connection, scope)
        if key_file is not None:
            statement = _stated(scope, reason, before, key_file, lifted=True)
            await halts.halt(connection, statement)
            was_halted = before is not None and not before.lifted
        elif before is not None and before.dsse is not None and not before.lifted:
            title = f"The halt of {scope} is signed: workers keep it until somebody signs its end."
            raise SignedHalt(title, "Name the key of somebody who may lift it: --key FILE.")
        else:
            was_halted = await halts.resume(connection, scope)
            was_halted = was_halted and (before is None or not before.lifted)
    _print_line({"scope": scope, "was_halted": was_halted})


def _stated(
    scope: str, reason: str, before: HaltStatement | None, key_file: Path | None, *, lifted: bool
) -> HaltStatement:
    """A statement of now, signed if there is a key."""
    at_ms = time.time_ns() // 1_000_000
    statement = HaltStatement(
        scope=scope,
        reason=reason,
        by=getpass.getuser(),
        at_ms=at_ms,
        serial=next_serial(at_ms, before.serial if before is not None else 0),
        lifted=lifted,
    )
    if key_file is None:
        return statement
    return assertion(statement, HALT_TYPE, read_key_file(key_file))


async def load_runners(name: str) -> list[AgentRunner]:
    """The runners that `MODULE:ATTR` names.

    Args:
        name: the attribute is an `AgentRunner`, several of them, or a function or coroutine
            function that returns such.

    Raises:
        NotServable: no such module or attribute, or something else stands there.
    """
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise NotServable(f"{name!r} names no agent.", "Write MODULE:ATTRIBUTE.")
    # As `python -m` does: a module next to where one stands is found.
    sys.path.insert(0, str(Path.cwd()))
    try:
        found: object = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise NotServable(f"There is no module {error.name!r}.", "Check its name.") from error
    for part in attribute.split("."):
        found = getattr(found, part, None)
    if found is None:
        raise NotServable(f"{module_name} has no {attribute!r}.", "Check its name.")
    if callable(found):
        found = found()
    if inspect.isawaitable(found):
        found = await found
    runners = [found] if isinstance(found, AgentRunner) else found
    if not isinstance(runners, list | tuple) or not runners:
        raise NotServable(f"{name} is no AgentRunner.", "Name a runner or a list of runners.")
    if not all(isinstance(runner, AgentRunner) for runner in runners):
        raise NotServable(f"{name} holds something that is no AgentRunner.", "Name runners only.")
    return list(runners)


@asynccontextmanager
async def _ending_with_parent(
    stop: asyncio.Event, parent_pid: int | None = None
) -> AsyncIterator[None]:
    """Stop when the process that started us is gone."""

    async def watch() -> None:
        await parent_died(parent_pid)
        stop.set()

    watching = asyncio.create_task(watch(), name="watch over the parent process")
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def _print_line(value: JSON) -> None:
    """One line of JSON on standard output, for whoever started us."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()
