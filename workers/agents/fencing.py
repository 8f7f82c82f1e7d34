"""Checkpoints that only the worker who holds the context may write.

The only place that puts the lease between a graph and its store. A process that was frozen longer
than its lease wakes up in the middle of a run that another has finished meanwhile; without this it
would write its own version over it. Asking the broker and writing are two systems, and a process
may be frozen exactly between the two; so our own stores compare tokens in the transaction of each
write, too. A hosted graph may bring a store of its own, which only has the asking.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
)

from workers.agents.savers.claims import ClaimingStore
from workers.agents.savers.outages import outages_told
from workers.runtime.leases import confirm_lease, current_claim


class FencedSaver(BaseCheckpointSaver[str]):
    """Any saver, with the lease confirmed before each write. For graphs that run asynchronously.

    A database that fails is told of as `RunFailed`.
    """

    def __init__(self, saver: BaseCheckpointSaver[str]) -> None:
        super().__init__(serde=saver.serde)
        self._saver = saver

    @property
    def config_specs(self) -> list[Any]:
        """As the saver's."""
        return self._saver.config_specs

    def get_next_version(self, current: str | None, channel: None) -> str:
        """As the saver's."""
        return self._saver.get_next_version(current, channel)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """As the saver's."""
        with outages_told():
            await self._claim_if_contested()
            return await self._saver.aget_tuple(config)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - LangGraph's name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """As the saver's."""
        with outages_told():
            async for one in self._saver.alist(config, filter=filter, before=before, limit=limit):
                yield one

    async def aget_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """As the saver's."""
        with outages_told():
            return await self._saver.aget_delta_channel_history(config=config, channels=channels)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """As the saver's.

        Raises:
            LeaseLost: the context is not ours any more; nothing was written.
        """
        await confirm_lease()
        with outages_told():
            return await self._saver.aput(config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """As the saver's.

        Raises:
            LeaseLost: the context is not ours any more; nothing was written.
        """
        await confirm_lease()
        with outages_told():
            await self._saver.aput_writes(config, writes, task_id, task_path)

    async def adelete_thread(self, thread_id: str) -> None:
        """As the saver's."""
        await confirm_lease()
        with outages_told():
            await self._saver.adelete_thread(thread_id)

    async def _claim_if_contested(self) -> None:
        """Before we read what we go on from, shut out whoever may still be at work on it.

        Only a message that was started before has such a one; all others need no extra write.
        """
        claim = current_claim()
        if claim is not None and claim.is_contested and isinstance(self._saver, ClaimingStore):
            await self._saver.claim()
