"""Halts as one worker takes them: which of its approved calls are not to be started now.

The only place that says what a halt, a lift, or nothing in a scope's field means. Whatever stands
there halts, unless it is a lift. In mode `enforce` a halt with the signature of somebody in the
registry is kept, also when its field is emptied, until somebody who may has signed that it is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from workers.wire.approvals import Mode
from workers.wire.errors import SignoffError
from workers.wire.halts import AHEAD_MS, HaltStatement
from workers.wire.signing.assertions import check_halt, read_halt
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.trust import TrustFolder

_log = structlog.get_logger(__name__)


class Halts:
    """The halts on the calls of one agent's worker."""

    def __init__(self, agent: str, mode: Mode, folder: TrustFolder | None) -> None:
        """Begin with what the trust folder remembers.

        Args:
            folder: holds the registry and the policy; without one nothing can be proven, or kept.
        """
        self._agent = agent
        self._folder = folder if mode is Mode.ENFORCE else None
        self._newest: dict[str, HaltStatement] = {}
        self._refused: set[bytes] = set()
        for statement in self._folder.halts() if self._folder is not None else ():
            self._newest[statement.scope] = statement

    @property
    def kept(self) -> tuple[HaltStatement, ...]:
        """The halts that were proven, and not lifted."""
        return tuple(one for one in self._newest.values() if not one.lifted)

    async def stop(self, found: Mapping[str, bytes | None], at: float) -> bool:
        """Whether calls in any of these scopes are not to be started.

        Args:
            found: what stands of each scope.
            at: now, seconds since the epoch.
        """
        return any([await self._stops(scope, raw, at) for scope, raw in found.items()])

    def lift_roles(self) -> tuple[str, ...]:
        """Who may lift a halt, by the policy; empty for everybody, or where there is none."""
        try:
            return self._folder.policy().lift_roles if self._folder is not None else ()
        except SignoffError:
            return ()

    async def _stops(self, scope: str, raw: bytes | None, at: float) -> bool:
        statement = read_halt(raw)
        known = self._newest.get(scope)
        is_new = known is None or (statement is not None and statement.serial > known.serial)
        if raw is not None and statement is not None and statement.scope == scope and is_new:
            await self._learn(statement, raw, at)
        if raw is not None and (statement is None or not statement.lifted):
            return True
        newest = self._newest.get(scope)
        return newest is not None and not newest.lifted

    async def _learn(self, statement: HaltStatement, raw: bytes, at: float) -> None:
        """Keep it, if who signed it may say so."""
        folder = self._folder
        if folder is None or statement.dsse is None or statement.serial > at * 1000 + AHEAD_MS:
            return
        try:
            await asyncio.to_thread(_check, statement, folder, at)
        except SignoffError as error:
            if raw not in self._refused:  # said once, not with each call
                self._refused = {raw}
                title = "a statement on halts is not believed"
                _log.warning(title, agent=self._agent, scope=statement.scope, reason=error.title)
            return
        self._newest[statement.scope] = statement
        is_kept = await asyncio.to_thread(folder.keep_halt, statement)
        title = "halt lifted" if statement.lifted else "halted"
        _log.warning(title, agent=self._agent, scope=statement.scope, remembered=is_kept)


def _check(statement: HaltStatement, folder: TrustFolder, at: float) -> None:
    """Raise unless somebody said so who may.

    Raises:
        SignoffError: nobody of the registry did; or it is a lift, and they may not lift.
    """
    holder = check_halt(statement, folder.registry(at), at)
    if not statement.lifted:
        return
    wanted, reviewer = folder.policy().lift_roles, holder.reviewer
    if reviewer is None or (wanted and not set(wanted) & set(reviewer.roles)):
        title = "Whoever signed the lift may not lift a halt."
        raise NotTrusted(Distrust.WRONG_ROLE, title, "Ask somebody with one of the lift_roles.")
