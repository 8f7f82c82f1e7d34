"""Can anything be approved here? Registry, policy and agents' keys in the trust folder.

The only place that judges that folder for a person. A worker judges it anew with each decision.
"""

from __future__ import annotations

import stat
from collections.abc import Collection, Iterator, Sequence

from workers.operations.findings import Finding, Level
from workers.wire.approvals import Mode
from workers.wire.errors import SignoffError
from workers.wire.events import WorkerInfo
from workers.wire.policy.lint import FindingKind, lint
from workers.wire.policy.rules import Policy
from workers.wire.policy.trials import Known
from workers.wire.signing.registry import Registry
from workers.wire.signing.statements import moment
from workers.wire.trust import AGENTS_FOLDER, TrustFolder

#: Who has to be asked for a new registry is not always there at the weekend.
EXPIRES_SOON_SECONDS = 3 * 24 * 3600
_HINTS = {
    FindingKind.CANNOT_BE_MET: "While a rule cannot be met, nothing can be approved.",
    FindingKind.FAILS_OPEN: "A call could run with less than was meant.",
    FindingKind.NOTE: "",
}


def check_trust(
    folder: TrustFolder, mode: Mode, now: float, workers: Sequence[WorkerInfo] = ()
) -> Iterator[Finding]:
    """Judge a trust folder.

    Args:
        mode: what workers on this machine demand of a decision.
        now: seconds since the epoch.
        workers: who is at work, if that is known.
    """
    if not folder.exists and not folder.wants_policy:
        if mode is Mode.ENFORCE:
            yield Finding(
                Level.NOTE,
                "trust",
                f"There is no trust folder at {folder.path}.",
                "Workers here approve nothing. Set SIGNOFF_TRUST, or make one with `signoff "
                "registry init`.",
            )
        return
    if not folder.can_note():
        yield Finding(
            Level.PROBLEM,
            "trust",
            "Which registry and policy were believed can be noted neither in the trust folder nor "
            "in SIGNOFF_HOME.",
            "Give the workers a SIGNOFF_HOME that they can write; until then they approve nothing.",
        )
    try:
        registry = folder.registry(now)
    except SignoffError as error:
        yield Finding(Level.PROBLEM, "registry", error.title, error.hint)
        return
    yield _registry(registry, now)
    try:
        policy = folder.policy()
    except SignoffError as error:
        yield Finding(Level.PROBLEM, "policy", error.title, error.hint)
    else:
        yield from _policy(policy, registry, _tools(workers), now)
    yield from _keys(folder, registry, now)


def _registry(registry: Registry, now: float) -> Finding:
    expires_at = registry.statement.expires_at
    people = len(registry.statement.reviewers)
    title = f"The registry is version {registry.version}, of {people} reviewers"
    if moment(expires_at) - now < EXPIRES_SOON_SECONDS:
        return Finding(
            Level.PROBLEM,
            "registry",
            f"{title}, and expires at {expires_at}; then nothing can be approved.",
            "Let its administrators sign the next one.",
        )
    return Finding(Level.OK, "registry", f"{title}, valid until {expires_at}.")


def _policy(
    policy: Policy, registry: Registry, tools: Collection[str], now: float
) -> Iterator[Finding]:
    # Their schemas do not travel in heartbeats.
    found = lint(policy, registry, Known({name: {} for name in tools}), now)
    for finding in found:
        yield Finding(
            Level.PROBLEM if finding.fatal else Level.NOTE,
            "policy",
            f"{finding.rule}: {finding.title}" if finding.rule else finding.title,
            _HINTS[finding.kind],
        )
    if not any(finding.fatal for finding in found):
        title = f"The policy {policy.id!r}, version {policy.version}, can be met."
        yield Finding(Level.OK, "policy", title)


def _keys(folder: TrustFolder, registry: Registry, now: float) -> Iterator[Finding]:
    files = {path.stem: path for path in (folder.path / AGENTS_FOLDER).glob("*.key")}
    for agent, path in sorted(files.items()):
        try:
            key = folder.agent_key(agent)
            holder = registry.holder(key.public.key_id) if key else None
            if holder is not None:
                holder.check_valid(now)
        except SignoffError as error:
            yield Finding(Level.PROBLEM, "agent key", f"{agent}: {error.title}", error.hint)
            continue
        if holder is None or holder.agent is None or holder.agent.name != agent:
            yield Finding(
                Level.PROBLEM,
                "agent key",
                f"The key of {agent} is not registered for it: consoles let nobody approve.",
                "Enrol it with `signoff registry add`.",
            )
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            title = f"Others on this machine can read the key of {agent}."
            yield Finding(Level.PROBLEM, "agent key", title, f"chmod 600 {path}")
    for known in registry.statement.agents:
        if known.name not in files:
            title = f"{known.name} is registered to sign, and has no key here."
            yield Finding(
                Level.NOTE, "agent key", title, "If its workers run here, give them their key."
            )


def _tools(workers: Sequence[WorkerInfo]) -> set[str]:
    return {tool for one in workers for tools in one.tools.values() for tool in tools}
