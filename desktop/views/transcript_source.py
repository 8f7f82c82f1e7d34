"""From the store's entries to the lines of a transcript.

The only place that decides what a reader of a transcript sees of an entry. Pure: records in,
`TranscriptEntry` out; no widget is touched.
"""

import json
from collections.abc import Iterator, Sequence

from desktop.qtmodels.rows import Pill
from desktop.qtmodels.tone import Tone
from desktop.qtmodels.wording import call_state, clock
from desktop.store.records import HUMAN, Entry, Request, RequestState, Streaming, ToolCall
from desktop.store.records import EntryKind as StoredKind
from desktop.views.parts.transcript_entry import EntryKind, TranscriptEntry

#: So much of a tool's result stands on its line; all of it is folded beneath.
RESULT_ON_LINE = 56
_NO_STATE = Pill("")
_PERSON = "Person"


def transcript(entries: Sequence[Entry], requests: Sequence[Request]) -> list[TranscriptEntry]:
    """The lines of one conversation.

    A call that a model asks for is a line of its own, and says what became of its request. The
    interrupt that asked for the decision adds nothing then and is left out; one that differs from
    the call in any way is kept, so that nobody can show one call and ask about another.

    Args:
        entries: in the order of the stream.
        requests: all requests of the same conversation.
    """
    by_call = {request.key.call: request for request in requests}
    calls = {call.id: call for entry in entries for call in entry.tool_calls if call.id}
    lines: list[TranscriptEntry] = []
    for entry in entries:
        lines.extend(_lines_of(entry, by_call, calls))
    return lines


def draft_key(streaming: Streaming) -> str:
    """The key under which a message is written; the whole message takes its place later."""
    return _message_key(streaming.message_id)


def speaker_words(speaker: str) -> str:
    """Who speaks, as a person reads it."""
    return _PERSON if speaker == HUMAN else speaker


def _lines_of(
    entry: Entry, requests: dict[str, Request], calls: dict[str, ToolCall]
) -> Iterator[TranscriptEntry]:
    match entry.kind:
        case StoredKind.HUMAN | StoredKind.AGENT:
            yield from _spoken(entry, requests)
        case StoredKind.SENDING:
            yield from _sending(entry)
        case StoredKind.TOOL_RESULT:
            yield _result(entry, requests.get(entry.tool_call_id))
        case StoredKind.INTERRUPT:
            yield from _interrupt(entry, requests, calls)
        case StoredKind.ERROR:
            yield _line(entry, EntryKind.ERROR, text=entry.text, tone=Tone.DANGER)
        case StoredKind.UNREADABLE:
            title, _, excerpt = entry.text.partition("\n")
            yield _line(entry, EntryKind.UNREADABLE, text=title, detail=excerpt)


def _spoken(entry: Entry, requests: dict[str, Request]) -> Iterator[TranscriptEntry]:
    human = entry.kind is StoredKind.HUMAN
    if entry.text or not entry.tool_calls:
        yield _line(entry, EntryKind.HUMAN if human else EntryKind.AGENT, text=entry.text)
    for number, call in enumerate(entry.tool_calls):
        yield _call(entry, number, call, _request_about(call, requests))


def _call(entry: Entry, number: int, call: ToolCall, request: Request | None) -> TranscriptEntry:
    state = call_state(request) if request else _NO_STATE
    waits = request is not None and request.is_open
    return TranscriptEntry(
        key=f"call:{entry.entry_id}:{number}",
        kind=EntryKind.INTERRUPT if waits else EntryKind.TOOL_CALL,
        speaker=speaker_words(entry.speaker),
        at=clock(entry.at_ms),
        detail=_as_text(call.args),
        state=state.text,
        tone=state.tone,
        collapsed_title=call.name,
    )


def _interrupt(
    entry: Entry, requests: dict[str, Request], calls: dict[str, ToolCall]
) -> Iterator[TranscriptEntry]:
    request = requests.get(entry.tool_call_id) or requests.get(entry.entry_id)
    call = calls.get(entry.tool_call_id)
    if request is None:  # an agent asks another one; no person decides on that
        yield _line(entry, EntryKind.TOOL_CALL, title=entry.text)
        return
    if call is not None and _is_about(request, call):
        return
    state = call_state(request)
    yield _line(
        entry,
        EntryKind.INTERRUPT if request.is_open else EntryKind.TOOL_CALL,
        title=request.call.action or "unnamed call",
        detail=_as_text(request.args),
        state=state.text,
        tone=state.tone,
    )


def _result(entry: Entry, request: Request | None) -> TranscriptEntry:
    state = _result_state(entry, request)
    words = " ".join(entry.text[: 4 * RESULT_ON_LINE].split())
    is_short = words == entry.text and len(words) <= RESULT_ON_LINE
    shown = words if is_short else f"{words[:RESULT_ON_LINE]}…"
    return TranscriptEntry(
        key=_key(entry),
        kind=EntryKind.TOOL_RESULT,
        speaker="",  # the tool is the title
        at=clock(entry.at_ms),
        text=shown if words else "",
        detail="" if is_short else entry.text,
        state=state.text,
        tone=state.tone,
        collapsed_title=entry.speaker,
    )


def _result_state(entry: Entry, request: Request | None) -> Pill:
    if request is not None and request.state is RequestState.REJECTED:
        return Pill("told to the agent")  # its text is the reviewer's word; nothing has failed
    return Pill("failed", Tone.DANGER) if entry.failed else Pill("returned")


def _sending(entry: Entry) -> Iterator[TranscriptEntry]:
    at = clock(entry.at_ms)
    key = f"sending:{entry.invocation_id}"
    state = "not sent" if entry.failed else entry.note or "sending…"
    speaker = speaker_words(entry.speaker)
    yield TranscriptEntry(key, EntryKind.HUMAN, speaker, f"{at} · {state}", entry.text)
    if entry.failed:
        yield TranscriptEntry(
            f"{key}:note", EntryKind.ERROR, "", at, entry.note, collapsed_title="Your message"
        )


def _line(
    entry: Entry,
    kind: EntryKind,
    *,
    text: str = "",
    title: str = "",
    detail: str = "",
    state: str = "",
    tone: Tone = Tone.NEUTRAL,
) -> TranscriptEntry:
    return TranscriptEntry(
        key=_key(entry),
        kind=kind,
        speaker=speaker_words(entry.speaker),
        at=clock(entry.at_ms),
        text=text,
        detail=detail,
        state=state,
        tone=tone,
        collapsed_title=title,
    )


def _request_about(call: ToolCall, requests: dict[str, Request]) -> Request | None:
    request = requests.get(call.id)
    return request if request is not None and _is_about(request, call) else None


def _is_about(request: Request, call: ToolCall) -> bool:
    return request.call.action == call.name and request.args == call.args


def _key(entry: Entry) -> str:
    # A message keeps the key of its draft. Prefixes keep ids of the wire from meeting each other.
    return _message_key(entry.message_id) if entry.message_id else f"entry:{entry.entry_id}"


def _message_key(message_id: str) -> str:
    return f"message:{message_id}"


def _as_text(args: object) -> str:
    try:
        return json.dumps(args, ensure_ascii=False, indent=2)
    except RecursionError:
        return "nested too deeply to be shown"
