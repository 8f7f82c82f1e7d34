"""All workers of a person's own on this computer: kept in a file, started, supervised, ended.

The only place that knows which there are, and with which command and environment each is started.
The broker's address with its password goes into the environment of the process, never into its
arguments, which others on this machine can read.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from desktop.actions.local_workers import BROKER_VARIABLE, MAX_WORKERS, problems_of
from desktop.errors import LocalWorkersFailed, NotAllowedNow
from desktop.store.facts import LocalWorkersChanged
from desktop.store.local_workers import LogPage, WorkerDefinition
from desktop.system import worker_definitions
from desktop.system.environment_files import read_environment_file
from desktop.system.restarts import Restarts
from desktop.system.supervised_worker import SupervisedWorker
from desktop.system.vault import Vault
from desktop.system.worker_log import MAX_FILE_ALONE, WorkerLog
from desktop.system.worker_process import WorkerProcess, launch
from workers.wire.addresses import split_password

FOLDER = "local-workers"
#: What runs when the console ends, or dies, gets so long to finish.
STOP_SECONDS = 10.0


class LocalWorkers:
    """Every local worker. Used on one event loop, but for `log`.

    Args:
        home: for the file of definitions, and a folder with logs and records.
        emit: told of every change.
    """

    def __init__(
        self,
        home: Path,
        emit: Callable[[LocalWorkersChanged], None],
        vault: Vault,
        *,
        stop_seconds: float = STOP_SECONDS,
        restarts: Callable[[], Restarts] = Restarts,
    ) -> None:
        self._home, self._folder = home, home / FOLDER
        self._emit, self._vault = emit, vault
        self._stop_seconds = stop_seconds
        self._restarts = restarts
        self._workers: dict[str, SupervisedWorker] = {}
        self._url = ""
        self._starts_with_broker = False
        self._only_reads = False

    async def open(self) -> None:
        """Read the definitions, and take over what an earlier console left running.

        Raises:
            SettingsUnreadable: the file was not in order; nothing of it is used.
        """
        definitions, damage = worker_definitions.load(self._home)
        for definition in definitions:
            self._add(definition)
        for worker in self._workers.values():
            worker.take_over()
        self._starts_with_broker = True
        self._start_with_broker()
        self._tell()
        if damage is not None:
            raise damage

    async def follow(self, url: str) -> None:
        """Workers that start from now on serve this broker; the first one starts some.

        Args:
            url: with its password; empty for none.
        """
        self._url = url
        self._start_with_broker()

    async def only_read(self, *, wanted: bool) -> None:
        """Start none that nobody orders: they write to the broker. Or do again, from now on."""
        self._only_reads = wanted
        self._start_with_broker()

    async def close(self) -> None:
        """End every worker but those that shall go on, all at once."""
        workers = tuple(self._workers.values())
        ends = [
            worker.let_go() if worker.goes_on else worker.end(self._stop_seconds)
            for worker in workers
        ]
        await asyncio.gather(*ends)

    async def keep(self, definition: WorkerDefinition, secrets: Mapping[str, str]) -> None:
        """See `actions.local_workers.LocalWorkersDesk`.

        Raises:
            NotAllowedNow: the definition is not in order; nothing was kept.
            SettingsUnreadable: it is not kept on disk.
            VaultUnavailable: secrets are kept until the console ends, and no longer.
        """
        known = self._workers.get(definition.id)
        others = [worker.definition for worker in self._workers.values()]
        for field, words in problems_of(definition, others).items():
            raise NotAllowedNow(f"The worker's {field} is not in order.", words)
        if known is None and len(others) >= MAX_WORKERS:
            raise NotAllowedNow("There are too many workers.", f"At most {MAX_WORKERS}.")
        gone = set(known.definition.secrets) - set(definition.secrets) if known else set()
        if known is None:
            self._add(definition)
        else:
            known.change(definition)
        self._tell()
        self._save()
        values = {name: value for name, value in secrets.items() if name in definition.secrets}
        for name, value in {**values, **dict.fromkeys(gone, "")}.items():
            await self._vault.keep(_address(definition, name), value)

    async def remove(self, worker_id: str) -> None:
        """See `actions.local_workers.LocalWorkersDesk`.

        Raises:
            SettingsUnreadable: it would be there again at the next start.
            VaultUnavailable: its secrets may still be in the keyring.
        """
        worker = self._workers.get(worker_id)
        if worker is None:
            return
        await worker.end(self._stop_seconds)
        self._workers.pop(worker_id, None)
        worker.log.remove()
        self._tell()
        self._save()
        for name in worker.definition.secrets:
            await self._vault.keep(_address(worker.definition, name), "")

    async def start(self, worker_id: str) -> None:
        """See `actions.local_workers.LocalWorkersDesk`."""
        if worker_id in self._workers:
            self._workers[worker_id].start()

    async def stop(self, worker_id: str) -> None:
        """See `actions.local_workers.LocalWorkersDesk`."""
        if worker_id in self._workers:
            self._workers[worker_id].stop()

    async def restart(self, worker_id: str) -> None:
        """See `actions.local_workers.LocalWorkersDesk`."""
        if worker_id in self._workers:
            self._workers[worker_id].restart()

    def log(self, worker_id: str, after: int, limit: int) -> LogPage:
        """See `actions.local_workers.LocalWorkersDesk`; may be called on any thread."""
        worker = self._workers.get(worker_id)
        return worker.log.read(after, limit) if worker is not None else LogPage(0, 0, 0)

    def _add(self, definition: WorkerDefinition) -> None:
        for folder in (self._home, self._folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        worker = SupervisedWorker(
            definition, self._folder, self._launch, self._tell, self._restarts()
        )
        worker.log.look()
        self._workers[definition.id] = worker

    def _start_with_broker(self) -> None:
        if not self._url or not self._starts_with_broker or self._only_reads:
            return
        self._starts_with_broker = False
        for worker in self._workers.values():
            if worker.definition.with_console:
                worker.start()

    async def _launch(self, definition: WorkerDefinition, log: WorkerLog) -> WorkerProcess:
        """Start the process of a definition.

        Raises:
            LocalWorkersFailed: what it needs is not there, or the system would not.
            VaultUnavailable: a secret cannot be had.
        """
        url = self._url
        if not url:
            raise LocalWorkersFailed("No broker is followed.", "Connect to one, then start it.")
        for words in problems_of(definition).values():
            raise LocalWorkersFailed(f"It cannot be started: {words}", "Edit it.")
        environment = await self._environment(definition, url)
        broker = split_password(url)[0]
        log.note(f"starts {definition.target} for {broker}")
        try:
            output = log.open_for_writing()
        except OSError as error:
            raise LocalWorkersFailed(f"Its log cannot be written: {error.strerror}.") from error
        try:
            start = partial(
                launch,
                self._folder / definition.id,
                worker_command(definition, self._stop_seconds),
                environment=environment,
                folder=definition.folder,
                output=output,
                kept=definition.keep_running,
                broker=broker,
            )
            # Not here: a busy system may take a while for it.
            return await asyncio.get_running_loop().run_in_executor(None, start)
        finally:
            os.close(output)

    async def _environment(self, definition: WorkerDefinition, url: str) -> dict[str, str]:
        # What it prints is shown when it prints it, unless it says otherwise itself.
        environment = {"PYTHONUNBUFFERED": "1", **os.environ}
        if definition.environment_file:
            environment |= read_environment_file(definition.environment_file)
        environment |= definition.environment
        for name in definition.secrets:
            value = await self._vault.password(_address(definition, name))
            if not value:
                hint = "Edit the worker, and enter it again."
                raise LocalWorkersFailed(f"The secret {name} is not in the keyring.", hint)
            environment[name] = value
        return {**environment, BROKER_VARIABLE: url}

    def _save(self) -> None:
        worker_definitions.save(
            self._home, [worker.definition for worker in self._workers.values()]
        )

    def _tell(self) -> None:
        shown = [worker.shown for worker in self._workers.values()]
        shown.sort(key=lambda worker: (worker.definition.name.casefold(), worker.definition.id))
        self._emit(LocalWorkersChanged(tuple(shown)))


def worker_command(definition: WorkerDefinition, grace_seconds: float) -> list[str]:
    """The command of a worker; unless it shall go on, it ends with this process."""
    command = [definition.python or sys.executable]
    # -P: a module of theirs that is called `workers` must not stand in for ours.
    command += ["-P", "-m", "workers", "run", definition.target]
    if definition.keep_running:
        command += ["--most-output", str(MAX_FILE_ALONE)]
    else:
        command += ["--parent", str(os.getpid()), "--grace", f"{grace_seconds:g}"]
    return command


def _address(definition: WorkerDefinition, name: str) -> str:
    """Under which a secret is in the keyring."""
    return f"local worker {definition.id}: {name}"
