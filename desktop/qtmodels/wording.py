"""Records in words: rows of the lists, ages, states.

The only place that says how a state of the store reads. No Qt; pure functions of a record and the
time.
"""

from __future__ import annotations

import json
import re
import zlib
from datetime import datetime

from desktop.qtmodels.rows import Pill, Row
from desktop.qtmodels.tone import Tone
from desktop.store.masking import find_hidden, with_masks
from desktop.store.records import (
    Context,
    ContextStatus,
    Execution,
    Link,
    LinkState,
    Loss,
    Request,
    RequestState,
    Risk,
    Survey,
)

SUBTITLE_LENGTH = 160
#: Clocks differ by less than this among machines that are looked after.
_AHEAD_MS = 60_000
_NO_TIME = "time unknown"
_CACHED = "Remembered from an earlier time. The broker has not confirmed it yet."
#: Marks of Markdown that a preview can do without.
_MARKS = re.compile(r"\*\*|`+|^#{1,6} |^[-*|] |^\|[-|: ]+\|$", re.MULTILINE)

_STATUS = {
    ContextStatus.RUNNING: Pill("Running", Tone.ACCENT),
    ContextStatus.WAITING: Pill("Waiting", Tone.WARN),
    ContextStatus.DONE: Pill("Done", Tone.OK),
    ContextStatus.FAILED: Pill("Failed", Tone.DANGER),
}
_RISK = {
    Risk.HIGH: Pill("High risk", Tone.DANGER),
    Risk.MEDIUM: Pill("Medium risk", Tone.WARN),
    Risk.LOW: Pill("Low risk", Tone.OK),
}
_STATE = {
    RequestState.WAITING: Pill("Waiting for approval", Tone.WARN),
    RequestState.SENDING: Pill("Sending", Tone.ACCENT),
    RequestState.APPROVED: Pill("Approved", Tone.OK),
    RequestState.EDITED: Pill("Edited and approved", Tone.OK),
    RequestState.REJECTED: Pill("Rejected", Tone.DANGER),
    RequestState.RESPONDED: Pill("Answered", Tone.OK),
    RequestState.EXPIRED: Pill("Expired", Tone.NEUTRAL),
    RequestState.WITHDRAWN: Pill("Withdrawn", Tone.NEUTRAL),
    RequestState.DECIDED_ELSEWHERE: Pill("Decided elsewhere", Tone.NEUTRAL),
    RequestState.IN_DOUBT: Pill("In doubt", Tone.DANGER),
}
_EXECUTION = {
    Execution.NOT_RUN: "",
    Execution.UNKNOWN: "It started, and nobody knows how it ended.",
    Execution.EXECUTED: "The worker ran it.",
    Execution.FAILED: "The worker ran it, and it failed.",
}
_LINK = {
    LinkState.OFFLINE: Tone.NEUTRAL,
    LinkState.CONNECTING: Tone.WARN,
    LinkState.CATCHING_UP: Tone.ACCENT,
    LinkState.ONLINE: Tone.OK,
    LinkState.REFUSED: Tone.DANGER,
}


def context_row(context: Context, now_ms: int, earlier: str | None = None) -> Row:
    """A conversation as a row, named by its context ID.

    Args:
        earlier: words said earlier that stand in place of the last ones; see `earlier_words`.
    """
    problem = context.note or _not_of_now(context.last_activity_ms, now_ms)
    return Row(
        title=context.context_id,
        subtitle=earlier_words(earlier) if earlier is not None else _said(context.preview),
        meta=context.agent,
        age=age(context.last_activity_ms, now_ms),
        pill=_STATUS[context.status],
        unread=context.waiting > 0,
        initial=initial(context.agent),
        hue=hue(context.agent),
        problem=one_line(problem),
        cached="" if context.confirmed else "cached",
        hint="\n".join(part for part in (problem, "" if context.confirmed else _CACHED) if part),
    )


def earlier_words(excerpt: str) -> str:
    """By what was said earlier a search found a conversation; empty if that is not at hand."""
    return f"Earlier: {_said(excerpt)}" if excerpt else "Found in earlier messages"


def _said(text: str) -> str:
    return one_line(_MARKS.sub("", text))


def request_row(request: Request, now_ms: int) -> Row:
    """An approval request as a row: its risk while it waits, then what became of it."""
    waiting = request.state is RequestState.WAITING
    problem = _not_of_now(request.since_ms, now_ms)
    return Row(
        title=request.call.action or "unnamed call",
        subtitle=arguments_line(request),
        meta=request.agent,
        age=age(request.since_ms, now_ms) if not problem else "",
        pill=_row_pill(request),
        unread=waiting,
        initial=initial(request.agent),
        hue=hue(request.agent),
        problem=problem,
        hint=problem,
    )


def _row_pill(request: Request) -> Pill:
    if request.state is RequestState.WAITING and not request.call.is_in_doubt:
        return _RISK[request.risk]
    return state_pill(request)


def state_pill(request: Request) -> Pill:
    """Where a request stands."""
    if request.state is RequestState.WAITING and request.call.is_in_doubt:
        return _STATE[RequestState.IN_DOUBT]
    if request.state is RequestState.WAITING and not request.takes_approval:
        return Pill("Waiting for an answer", Tone.WARN)
    return _STATE[request.state]


def in_doubt_words(request: Request) -> str:
    """Since when nobody knows how the call ended."""
    try:
        at = datetime.fromisoformat(request.call.earlier_start).timestamp()
    except (ValueError, OverflowError, OSError):
        return "Started before, outcome unknown"
    return f"Started at {moment(round(at * 1000))}, outcome unknown"


def risk_pill(request: Request) -> Pill:
    """How risky the worker's policy finds the call."""
    return _RISK[request.risk]


def status_pill(context: Context) -> Pill:
    """How a conversation stands."""
    return _STATUS[context.status]


def link_tone(link: Link) -> Tone:
    """How the link wants to be taken."""
    return Tone.WARN if link.is_checking else _LINK[link.state]


def loss_words(loss: Loss) -> tuple[str, str]:
    """What the broker holds no longer, and what of it; empty for nothing."""
    one = loss.contexts == 1
    gone = f"{loss.contexts:,} {'conversation is' if one else 'conversations are'} gone"
    if loss.emptied:
        hint = "What is listed was written to it since."
        return "The broker was emptied.", f"{gone}. {hint}" if loss.contexts else hint
    if loss.contexts:
        hint = f"The broker does not hold {'it' if one else 'them'} any more, nor what waited in "
        return f"{gone} from the broker.", f"{hint}{'it' if one else 'them'}."
    return "", ""


def survey_words(survey: Survey) -> str:
    """How far the console is with reading the broker; empty when nothing is left to read."""
    if survey.done or not survey.total:
        return ""
    if survey.known < survey.total:
        return f"Reading {survey.known:,} of {survey.total:,} conversations"
    return f"Looking for requests: {survey.derived:,} of {survey.total:,} conversations"


def outcome_text(request: Request) -> str:
    """What became of a request, in one or two sentences; empty while it waits."""
    if request.state is RequestState.WAITING:
        return request.notice
    if request.state is RequestState.SENDING:
        return "Your decision is on its way. The worker has not answered yet."
    by = f" by {request.decided_by}" if request.decided_by else ""
    what = f"{_STATE[request.state].text}{by}."
    if request.edited_by:
        what = f"Edited by {request.edited_by}, approved{by}."
    if request.state is RequestState.DECIDED_ELSEWHERE and request.decision is not None:
        what = f"Decided elsewhere{by}: {request.decision}."
    parts = (what, _EXECUTION[request.execution], request.notice)
    return " ".join(part for part in parts if part)


def call_state(request: Request) -> Pill:
    """What became of a request's call, for the line of that call in a transcript."""
    pill = state_pill(request)
    words = pill.text[:1].lower() + pill.text[1:]
    if request.decided_by:
        words = f"{words} by {request.decided_by}"
    if request.edited_by:
        words = f"edited by {request.edited_by}, approved by {request.decided_by}"
    ran = {Execution.EXECUTED: "ran", Execution.FAILED: "ran and failed"}.get(request.execution)
    return Pill(f"{words}, {ran}" if ran else words, pill.tone)


def arguments_line(request: Request) -> str:
    """The arguments on one line, masked, for a list; the card shows them in full."""
    hidden = find_hidden(request.args, request.policy.masked if request.policy else ())
    args = with_masks(request.args, hidden)
    if isinstance(args, dict):
        pairs = (f"{name}: {_short(value)}" for name, value in args.items())
        return one_line(", ".join(pairs))
    return one_line(_short(args))


def age(then_ms: int, now_ms: int) -> str:
    """How long ago, in one short word."""
    seconds = max(now_ms - then_ms, 0) // 1000
    for limit, unit, word in ((60, 1, "now"), (3600, 60, "m"), (86_400, 3600, "h")):
        if seconds < limit:
            return word if unit == 1 else f"{seconds // unit}{word}"
    return f"{seconds // 86_400}d"


def waiting_since(then_ms: int, now_ms: int) -> str:
    """For how long a request waits, as a person says it."""
    seconds = max(now_ms - then_ms, 0) // 1000
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    if seconds < 2 * 86_400:
        return f"{seconds // 3600} h {seconds % 3600 // 60} min"
    return f"{seconds // 86_400:,} d {seconds % 86_400 // 3600} h"


def waits_since(then_ms: int, now_ms: int) -> str:
    """For how long a request waits and since when, with the date unless that is today's."""
    day = day_and_clock(then_ms)
    if then_ms > now_ms + _AHEAD_MS:
        return f"clock ahead by {age(now_ms, then_ms)}, {day}" if day != _NO_TIME else day
    at = clock(then_ms) if day_of(then_ms) == day_of(now_ms) else day
    return f"{waiting_since(then_ms, now_ms)}, since {at}"


def _not_of_now(at_ms: int, now_ms: int) -> str:
    """What is wrong with a time that has not come yet; empty if it has."""
    if at_ms <= now_ms + _AHEAD_MS:
        return ""
    if clock(at_ms) == _NO_TIME:
        return "Its time cannot be right"
    return f"Its clock is ahead by {age(now_ms, at_ms)}"


def clock(at_ms: int) -> str:
    """The time of day here, `09:41`; in words where no calendar reaches."""
    return _here(at_ms, "%H:%M")


def day_of(at_ms: int) -> str:
    """The date here, `2026-03-02`; empty where no calendar reaches."""
    day = _here(at_ms, "%Y-%m-%d")
    return "" if day == _NO_TIME else day


def day_and_clock(at_ms: int) -> str:
    """Date and time here, `2026-03-02 09:41`; in words where no calendar reaches."""
    return _here(at_ms, "%Y-%m-%d %H:%M")


def moment(at_ms: int) -> str:
    """Date, time and offset here; in words where no calendar reaches."""
    return _here(at_ms, "%Y-%m-%d %H:%M:%S %z")


def _here(at_ms: int, form: str) -> str:
    try:
        return datetime.fromtimestamp(at_ms / 1000).astimezone().strftime(form)
    except (ValueError, OverflowError, OSError):
        return _NO_TIME  # an id of the broker may name the year 584,556,019


def initial(name: str) -> str:
    """The letter of an avatar."""
    return next((c.upper() for c in name if c.isalnum()), "?")


def hue(name: str) -> int:
    """The colour of an avatar, 0 to 359, the same on every desk."""
    return zlib.crc32(name.encode(errors="replace")) % 360


def one_line(text: str) -> str:
    """The beginning of a text, on one line."""
    return " ".join(text[: SUBTITLE_LENGTH * 2].split())[:SUBTITLE_LENGTH]


def _short(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
