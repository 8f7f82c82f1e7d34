"""What the monitor shows, in words: figures with units, rows of agents and of troubles.

The only place that says how a figure of the monitor reads. What nobody knows is said to be unknown,
never shown as zero. No Qt; pure functions of a record and the time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from desktop.qtmodels.rows import Pill, Row
from desktop.qtmodels.tone import Tone
from desktop.qtmodels.wording import age, hue, initial, one_line
from desktop.store.health import (
    AgentHealth,
    AgentUsage,
    BrokerHealth,
    Calls,
    InboxHealth,
    Trouble,
    TroubleKind,
)

UNKNOWN: Final = "unknown"
#: The names of all figures of an agent; one that other software serves has fewer.
FIGURES: Final = (
    "Backlog",
    "Not taken yet",
    "Being handled",
    "Oldest of those",
    "Parked",
    "In quarantine",
    "Runs at once",
    "Throughput",
    "Runs ended",
    "Runs failed",
    "Model p50 / p95",
    "Tools p50 / p95",
    "Tokens in / out",
    "Cost",
    "In the inbox",
    "Pending",
    "Consumers",
    "Left behind",
)
_KINDS: Final = {
    TroubleKind.STUCK: Pill("Stuck", Tone.WARN),
    TroubleKind.POISONED: Pill("Poisoned", Tone.DANGER),
    TroubleKind.IN_DOUBT: Pill("In doubt", Tone.DANGER),
    TroubleKind.QUARANTINED: Pill("In quarantine", Tone.WARN),
}
_SERVING: Final = Pill("Serving", Tone.OK)
_UNSERVED: Final = Pill("Nobody serves it", Tone.DANGER)
_SILENT: Final = Pill("No heartbeat", Tone.NEUTRAL)
_FOREIGN: Final = Pill("Other software", Tone.ACCENT)
_ABSENT: Final = Pill("Nobody reads it", Tone.DANGER)


def count(number: int | None) -> str:
    """A count with its thousands, or that nobody knows it."""
    return UNKNOWN if number is None else f"{number:,}"


def counted(number: int, one: str, many: str = "") -> str:
    """A count with its noun: `1 worker`, `2 workers`."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def per_second(rate: float | None, noun: str = "") -> str:
    """A rate: `41/s`, `0.4/s`."""
    if rate is None:
        return UNKNOWN
    unit = f" {noun}/s" if noun else "/s"
    return f"{rate:,.0f}{unit}" if rate >= 10 or rate == 0 else f"{rate:.2g}{unit}"


def duration(milliseconds: float | None) -> str:
    """How long something took, in the unit that a person would choose."""
    if milliseconds is None:
        return UNKNOWN
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.1f} s"
    return f"{milliseconds / 60_000:.1f} min"


def p50_p95(calls: Calls) -> str:
    """How long half of the calls took at most, and 95 % of them."""
    half = calls.quantile_ms(0.5)
    return f"{duration(half)} / {duration(calls.quantile_ms(0.95))}" if half is not None else "none"


def size(number: int | None) -> str:
    """Bytes, in the unit that a person would choose."""
    if number is None:
        return UNKNOWN
    value = float(number)
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def tokens(number: int) -> str:
    """A count of tokens, short: `412`, `18.2k`, `3.4M`."""
    for limit, unit in ((1_000_000, "M"), (1000, "k")):
        if number >= limit:
            return f"{number / limit:.1f}{unit}"
    return str(number)


def cost(usage: AgentUsage) -> str:
    """What the models cost, as far as they have a price."""
    if usage.cost is None:
        return "no prices set" if usage.model.count else "none"
    known = f"{usage.cost:,.2f} {usage.currency}".strip()
    return f"{known} + {usage.unpriced:,} unpriced" if usage.unpriced else known


def since(then_ms: int | None, now_ms: int) -> str:
    """How long something lasts: `12 s`, `4m`, `2h`."""
    if not then_ms:
        return UNKNOWN
    seconds = max(now_ms - then_ms, 0) // 1000
    return f"{seconds} s" if seconds < 60 else age(then_ms, now_ms)


def broker_words(broker: BrokerHealth) -> str:
    """What the broker says of itself, on one line."""
    memory = size(broker.used_memory) if broker.used_memory is not None else ""
    if memory and broker.max_memory:
        memory = f"{memory} of {size(broker.max_memory)}"
    parts = (
        broker.software,
        counted(broker.servers, "primary", "primaries") if broker.servers > 1 else "",
        memory,
        counted(broker.clients, "connection") if broker.clients is not None else "",
        "keeps nothing on disk" if broker.is_persistent is False else "",
        broker.note,
    )
    return " · ".join(part for part in parts if part)


def health_pill(agent: AgentHealth) -> Pill:
    """Who serves an agent: its dot and its word."""
    if agent.workers:
        return _SERVING
    if agent.is_foreign:
        return _ABSENT if agent.is_served is False and _waits(agent.inbox) else _FOREIGN
    return _UNSERVED if _waits(agent.inbox) else _SILENT


def agent_row(agent: AgentHealth, waiting: int) -> Row:
    """An agent as a row: who serves it, what waits for it, how quick it is.

    Args:
        waiting: its requests that wait for a person.
    """
    return Row(
        title=agent.name,
        subtitle=served_by(agent),
        meta=" · ".join(_load(agent, waiting)),
        age=per_second(agent.latest.runs) if agent.latest and agent.latest.runs else "",
        pill=health_pill(agent),
        unread=waiting > 0,
        initial=initial(agent.name),
        hue=hue(agent.name),
    )


def trouble_row(trouble: Trouble, now_ms: int) -> Row:
    """A conversation in trouble as a row."""
    return Row(
        title=one_line(trouble.title),
        subtitle=trouble.context_id or f"entry {trouble.dead_id}",
        meta=trouble.agent,
        age=age(trouble.since_ms, now_ms),
        pill=_KINDS[trouble.kind],
        initial=initial(trouble.agent),
        hue=hue(trouble.agent),
    )


def trouble_pill(trouble: Trouble) -> Pill:
    """What is wrong, in a word."""
    return _KINDS[trouble.kind]


def agent_figures(agent: AgentHealth, now_ms: int) -> dict[str, str]:
    """The figures of an agent, by their names; those without words are not shown."""
    inbox = agent.inbox
    rate = agent.latest.runs if agent.latest else None
    if agent.is_foreign and inbox is not None:
        return {
            "Not taken yet": count(inbox.lag),
            "Throughput": per_second(rate, "taken"),
            "In the inbox": count(inbox.length),
            "Pending": count(inbox.pending),
            "Oldest of those": since(inbox.oldest_pending_ms, now_ms) if inbox.pending else "",
            "Consumers": count(inbox.consumers),
            "Left behind": count(inbox.leaked),
            "In quarantine": f"{inbox.quarantined:,}" if inbox.quarantined else "",
        }
    return {
        **(_inbox_figures(inbox, now_ms) if inbox is not None else {}),
        **(_work_figures(agent, rate) if agent.workers else {}),
    }


def _work_figures(agent: AgentHealth, rate: float | None) -> dict[str, str]:
    usage = agent.usage
    if not any(agent.name in worker.usage for worker in agent.workers):
        # Workers of an older version count nothing; no zero would be true.
        running = sum(worker.running for worker in agent.workers)
        names = ("Throughput", "Runs ended", "Model p50 / p95", "Tokens in / out", "Cost")
        return {"Runs at once": f"{running:,}", **dict.fromkeys(names, UNKNOWN)}
    return {
        "Runs at once": _at_once(usage),
        "Throughput": per_second(rate, "runs"),
        "Runs ended": count(usage.finished),
        "Runs failed": count(usage.failed),
        "Model p50 / p95": p50_p95(usage.model),
        "Tools p50 / p95": p50_p95(usage.all_tools),
        "Tokens in / out": f"{tokens(usage.tokens_in)} / {tokens(usage.tokens_out)}",
        "Cost": cost(usage),
    }


def _inbox_figures(inbox: InboxHealth, now_ms: int) -> dict[str, str]:
    return {
        "Backlog": count(inbox.backlog),
        "Not taken yet": count(inbox.lag),
        "Being handled": count(inbox.pending),
        "Oldest of those": since(inbox.oldest_pending_ms, now_ms) if inbox.pending else "",
        "Parked": count(inbox.parked),
        "In quarantine": count(inbox.quarantined),
    }


def _at_once(usage: AgentUsage) -> str:
    return f"{usage.running:,} of {usage.limit:,}" if usage.limit else f"{usage.running:,}"


def unknown_of(agent: AgentHealth) -> str:
    """What cannot be known of an agent, and why; empty where nothing is missing."""
    if agent.inbox is not None and agent.inbox.note:
        return f"What its inbox holds is unknown: {agent.inbox.note}"
    if not agent.is_foreign:
        return ""
    return (
        "Other software serves this agent. It sends no heartbeat: its version, what it runs, how "
        "long models and tools take, and what they cost cannot be known here. It acknowledges "
        "nothing and removes nothing, so what counts as pending may be done long ago."
    )


def served_by(agent: AgentHealth) -> str:
    """Who serves an agent, and how much of it at once."""
    if agent.workers:
        running = sum(worker.running for worker in agent.workers)
        runs = f"{running:,} at once" if running else "idle"
        return f"{counted(len(agent.workers), 'worker')} · {runs}"
    if agent.inbox is None:
        return "No Signoff worker serves this agent"
    if agent.inbox.note:
        return "Its inbox could not be read"
    if not agent.is_foreign:
        return "No worker serves this agent"
    return f"{counted(agent.inbox.foreign or 0, 'consumer')} of other software"


def _load(agent: AgentHealth, waiting: int) -> Iterable[str]:
    if waiting:
        yield f"{waiting:,} waiting"
    inbox = agent.inbox
    if inbox is None:
        return
    if inbox.note and agent.workers:
        yield "inbox unknown"
    if agent.is_foreign:
        if inbox.lag:
            yield f"lag {inbox.lag:,}"
    elif inbox.backlog:
        yield f"backlog {inbox.backlog:,}"
    if inbox.quarantined:
        yield f"{inbox.quarantined:,} in quarantine"


def _waits(inbox: InboxHealth | None) -> bool:
    return bool(inbox and (inbox.lag or inbox.pending))
