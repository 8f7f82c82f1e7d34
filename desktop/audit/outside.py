"""What is known of a log elsewhere than in it: in the keyring, and at other desks.

The only place that collects it for whoever verifies a log. Nothing is made here: who only looks
leaves no trace.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from desktop.audit.findings import Report
from desktop.audit.heads import Head, kept_head
from desktop.audit.keys import Keyring, LogKeys, kept_keys
from desktop.audit.verifying import verify
from desktop.audit.witnesses import Peers, read_peers
from desktop.errors import VaultUnavailable
from workers.wire.signing.registry import Registry


@dataclass(frozen=True, slots=True)
class Outside:
    """What is known of a log.

    Attributes:
        head: what it ended with; None if nobody knows.
        keys: of the installation that wrote it; None if they are not here.
        peers: what other desks say.
    """

    head: Head | None = None
    keys: LogKeys | None = None
    peers: Peers = field(default_factory=Peers)

    def verify(
        self,
        log: Path,
        registry: Registry | None = None,
        progress: Callable[[int], None] = lambda _entries: None,
    ) -> Report:
        """Verify the log by it; see `verifying.verify`."""
        return verify(log, self.head, self.keys, registry, progress, self.peers.witnesses)


def known_outside(log: Path, keyring: Keyring | None, *, is_own: bool = True) -> Outside:
    """What is known of a log. Of a keyring that does not answer, nothing is.

    Args:
        is_own: the log of this desk. Of another one the keyring knows what was kept by its place,
            as of one that was set aside.
    """
    head, keys = None, None
    if keyring is not None:
        try:
            head = kept_head(keyring, log)
            keys = kept_keys(keyring, log) or (kept_keys(keyring) if is_own else None)
        except VaultUnavailable:
            head, keys = None, None
    install = head.install if head else None
    if install is None and keys is not None:
        install = keys.install.public
    return Outside(head, keys, read_peers(log, install))
