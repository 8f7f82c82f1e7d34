"""`signoff-worker doctor`: examine a broker, what lies on it and whom we trust; say what to do.

The only place that puts the checks together. It reads and writes nothing; what the user may not
read is said, and the rest is still looked at.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from workers.operations.broker_checks import check_broker
from workers.operations.findings import Finding, Level
from workers.operations.fleet_checks import check_inbox, check_names, check_workers
from workers.operations.permission_checks import check_permissions
from workers.operations.printing import print_json, print_line
from workers.operations.trust_checks import check_trust
from workers.wire.approvals import Mode
from workers.wire.errors import BrokerRefused, BrokerUnreachable, SignoffError
from workers.wire.streams.connection import Connection
from workers.wire.streams.examination import (
    InboxState,
    broker_states,
    inbox_states,
    silent_workers,
)
from workers.wire.streams.reader import Reader
from workers.wire.trust import TrustFolder

EXIT_PROBLEMS = 1
EXIT_UNREACHABLE = 2

#: Permissions are asked for so many agents; more would say the same again.
_ASKED_AGENTS = 20

_Step: TypeAlias = Callable[[], Awaitable[Sequence[Finding]]]


async def run_doctor(
    redis_url: str, *, as_json: bool, trust: TrustFolder | None = None, mode: Mode = Mode.ENFORCE
) -> int:
    """Examine a broker and print what was found.

    Args:
        trust: that of workers on this machine, to be examined as well.
        mode: what they demand of a decision.

    Returns:
        The exit code: 0 nothing worse than a note, 1 problems, 2 no broker answers.
    """
    findings: list[Finding] = []
    try:
        async with Connection(redis_url) as connection:
            async for finding in examine(connection, trust, mode):
                findings.append(finding)
                if not as_json:
                    _print(finding)
    except (BrokerRefused, BrokerUnreachable) as error:
        lost = Finding(Level.PROBLEM, "connection", error.title, error.hint)
        findings.append(lost)
        if not as_json:
            _print(lost)
        return _told(findings, EXIT_UNREACHABLE, as_json=as_json)
    bad = any(finding.level is Level.PROBLEM for finding in findings)
    return _told(findings, EXIT_PROBLEMS if bad else 0, as_json=as_json)


async def examine(
    connection: Connection, trust: TrustFolder | None = None, mode: Mode = Mode.ENFORCE
) -> AsyncIterator[Finding]:
    """Everything there is to say about a broker, most basic first; then about trust.

    Args:
        trust: see `run_doctor`.

    Raises:
        BrokerUnreachable: it went away meanwhile.
    """
    patient = _Patient(connection, trust, mode)
    steps: list[tuple[str, _Step]] = [
        ("the broker", patient.broker),
        ("who works", patient.workers),
        ("inboxes", patient.inboxes),
        ("names", patient.names),
        ("permissions", patient.permissions),
        ("trust", patient.trust),
    ]
    for what, step in steps:
        try:
            for finding in await step():
                yield finding
        except BrokerUnreachable:
            raise
        except SignoffError as error:
            title = f"This user cannot look at {what}. {error.title}"
            hint = "Examine it as an administrator, too."
            yield Finding(Level.NOTE, "unseen", title, hint)


class _Patient:
    """One broker, looked at step by step; what a later step needs is kept."""

    def __init__(self, connection: Connection, trust: TrustFolder | None, mode: Mode) -> None:
        self._connection = connection
        self._trust = trust
        self._mode = mode
        self._reader = Reader(connection)
        self._inboxes: list[InboxState] = []
        self._is_cluster = False

    async def broker(self) -> Sequence[Finding]:
        states = await broker_states(self._connection)
        self._is_cluster = any(state.is_cluster for state in states)
        return [
            replace(finding, title=f"{state.node}: {finding.title}") if state.node else finding
            for state in states
            for finding in check_broker(state)
        ]

    async def workers(self) -> Sequence[Finding]:
        living = await self._reader.workers()
        return list(check_workers(living, await silent_workers(self._connection)))

    async def inboxes(self) -> Sequence[Finding]:
        self._inboxes = await inbox_states(self._connection)
        living = await self._reader.workers()
        return [finding for state in self._inboxes for finding in check_inbox(state, living)]

    async def names(self) -> Sequence[Finding]:
        contexts = [name async for names in self._reader.scan_contexts() for name in names]
        agents = [state.agent for state in self._inboxes]
        return list(check_names(agents, contexts, is_cluster=self._is_cluster))

    async def permissions(self) -> Sequence[Finding]:
        agents = [state.agent for state in self._inboxes if state.consumers is not None]
        return await check_permissions(self._connection, agents[:_ASKED_AGENTS])

    async def trust(self) -> Sequence[Finding]:
        if self._trust is None:
            return []
        living = await self._reader.workers()
        return list(check_trust(self._trust, self._mode, time.time(), living))


def _print(finding: Finding) -> None:
    print_line(f"{finding.level:<7}", finding.title)
    if finding.hint:
        print_line(" " * 7, finding.hint)


def _told(findings: Sequence[Finding], code: int, *, as_json: bool) -> int:
    if as_json:
        print_json({"ok": code == 0, "findings": [finding.as_json() for finding in findings]})
    return code
