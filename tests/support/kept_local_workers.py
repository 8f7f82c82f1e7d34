"""Local workers that keep what they are told.

The only fake of `desktop.actions.local_workers.LocalWorkersDesk`.
"""

from __future__ import annotations

from collections.abc import Mapping

from desktop.store.local_workers import LogPage, WorkerDefinition


class KeptLocalWorkers:
    """Starts nothing.

    Attributes:
        asked: what was asked for, in order, each with its arguments.
        logs: lines of each worker, by its id.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.logs: dict[str, list[str]] = {}

    def keep(self, definition: WorkerDefinition, secrets: Mapping[str, str]) -> None:
        """Keep that it was asked for."""
        self.asked.append(("keep", definition, dict(secrets)))

    def remove(self, worker_id: str) -> None:
        """Keep that it was asked for."""
        self.asked.append(("remove", worker_id))

    def start(self, worker_id: str) -> None:
        """Keep that it was asked for."""
        self.asked.append(("start", worker_id))

    def stop(self, worker_id: str) -> None:
        """Keep that it was asked for."""
        self.asked.append(("stop", worker_id))

    def restart(self, worker_id: str) -> None:
        """Keep that it was asked for."""
        self.asked.append(("restart", worker_id))

    def log(self, worker_id: str, after: int, limit: int) -> LogPage:
        """Lines of the log as given; all of them are still there."""
        lines = self.logs.get(worker_id, [])
        page = lines[after : after + limit]
        return LogPage(after, after + len(page), len(lines), tuple(page))
