"""What a batch of facts changed, so that a view repaints that and no more."""

from __future__ import annotations

from dataclasses import dataclass, field

from desktop.store.records import RequestKey


@dataclass(slots=True)
class Changes:
    """Names of what changed.

    Attributes:
        contexts: rows of the conversation list.
        transcripts: contexts with new or changed entries.
        streaming: contexts in which a message grew by a piece.
        arrived: requests seen for the first time, waiting, after the first catch-up.
        found: a search came to its end.
        memory: what this computer remembers changed its state.
        reset: contexts went away; lists must be read anew.
        forgotten: all that were known before did; `reset` is set, too.
        loss: what the broker holds no longer.
        void: why nothing holds that was known of a context, by its id; of all under "", empty
            where a person did it.
        halts: which calls are halted, or what came of somebody's wish to halt or lift.
        monitor: the monitor looked again, or a repair went on.
        signing: who signs here, and whether they and the clock let them now.
        record: the audit log, or what a search of it found.
        read_only: whether this console may write at all; `link` is set, too: both say what can be
            sent now.
    """

    contexts: set[str] = field(default_factory=set)
    transcripts: set[str] = field(default_factory=set)
    streaming: set[str] = field(default_factory=set)
    requests: set[RequestKey] = field(default_factory=set)
    arrived: list[RequestKey] = field(default_factory=list)
    agents: bool = False
    link: bool = False
    demo: bool = False
    found: bool = False
    memory: bool = False
    local_workers: bool = False
    reset: bool = False
    forgotten: bool = False
    loss: bool = False
    void: dict[str, str] = field(default_factory=dict)
    monitor: bool = False
    halts: bool = False
    read_only: bool = False
    signing: bool = False
    record: bool = False

    def __bool__(self) -> bool:
        return bool(
            self.contexts
            or self.transcripts
            or self.streaming
            or self.requests
            or self.agents
            or self.link
            or self.demo
            or self.found
            or self.memory
            or self.local_workers
            or self.reset
            or self.loss
            or self.monitor
            or self.halts
            or self.read_only
            or self.signing
            or self.record
        )
