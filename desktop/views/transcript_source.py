"""From the store's entries to the lines of a transcript.

The only place that decides what a reader of a transcript sees of an entry. Pure: records in,
`TranscriptEntry` out; no widget is touched.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from desktop.qtmodels.rows import Pill
from desktop.qtmodels.tone import Tone
from desktop.qtmodels.wording import call_state, clock, day_of
from desktop.store.masking import find_hidden, with_masks
from desktop.store.records import HUMAN, Entry, Request, RequestState, Streaming, ToolCall
from desktop.store.records import EntryKind as StoredKind
from desktop.views.parts.markdown_source import RENDERED_CHARACTERS
from desktop.views.parts.transcript_entry import EntryKind, TranscriptEntry

#: So much of a tool's result stands on its line; all of it is folded beneath.
RESULT_ON_LINE = 56
#: What a line of a tool costs, counted in characters of text.
_ROW_CHARACTERS = 160
_PERSON = "Person"
#: Wherever on earth, no day begins within one of these; asking the calendar takes a while.
_QUARTER_MS = 900_000


def transcript(entries: Sequence[Entry], requests: Sequence[Request]) -> list[TranscriptEntry]:
    """The lines of one conversation.

    A call that a model asks for is a line of its own, and says what became of its request. The
    interrupt that asked for the decision adds nothing then and is left out; one that differs from
    the call in any way is kept, so that nobody can show one call and ask about another.

    Args:
        entries: in the order of the stream.
        requests: all requests of the same conversation.
    """
    writer = TranscriptWriter(requests)
    for entry in entries:
        writer.add(entry)
    return writer.lines


def draft_key(streaming: Streaming) -> str:
    """The key under which a message is written; the whole message takes its place later."""
    return _message_key(streaming.message_id)


def weight_of(entry: Entry) -> int:
    """How many characters of an entry are set in type, about; never more than a page of text."""
    is_spoken = entry.kind in {StoredKind.HUMAN, StoredKind.AGENT, StoredKind.SENDING}
    calls = _ROW_CHARACTERS * len(entry.tool_calls)
    return min(len(entry.text) if is_spoken else _ROW_CHARACTERS, RENDERED_CHARACTERS) + calls


def line_keys(entry: Entry) -> tuple[str, str]:
    """The keys under which the first line of an entry may stand."""
    return _key(entry), _call_key(entry, 0)


def speaker_words(speaker: str) -> str:
    """Who speaks, as a person reads it."""
    return _PERSON if speaker == HUMAN else speaker


class TranscriptWriter:
    """Turns entries into lines, one after the other; the first of each day says which day it is.

    Attributes:
        lines: what was written so far.
    """

    def __init__(self, requests: Sequence[Request]) -> None:
        self.lines: list[TranscriptEntry] = []
        self._requests = {request.key.call: request for request in requests}
        # Models use an id again, for another agent or in another turn: the last call counts.
        self._calls: dict[tuple[str, str], tuple[int, ToolCall]] = {}
        self._day, self._quarter = "", -1

    def add(self, entry: Entry) -> None:
        """Write the next entry; it may also change a line that was written before."""
        before = len(self.lines)
        self._write(entry)
        quarter = entry.at_ms // _QUARTER_MS
        if quarter == self._quarter or len(self.lines) == before:
            return
        self._quarter, day = quarter, day_of(entry.at_ms)
        if day not in {"", self._day}:
            self._day = day
            first = self.lines[before]
            self.lines[before] = replace(first, at=f"{day} {first.at}")

    def _write(self, entry: Entry) -> None:
        match entry.kind:
            case StoredKind.HUMAN | StoredKind.AGENT:
                self._add_spoken(entry)
            case StoredKind.SENDING:
                self.lines.extend(_sending(entry))
            case StoredKind.TOOL_RESULT:
                self.lines.append(_result(entry, is_rejection=self._is_rejection(entry)))
            case StoredKind.INTERRUPT:
                self._add_interrupt(entry)
            case StoredKind.ERROR:
                self.lines.append(_line(entry, EntryKind.ERROR, text=entry.text, tone=Tone.DANGER))
            case StoredKind.UNREADABLE:
                title, _, excerpt = entry.text.partition("\n")
                self.lines.append(_line(entry, EntryKind.UNREADABLE, text=title, detail=excerpt))
            case StoredKind.GAP:
                self.lines.append(_line(entry, EntryKind.GAP, title=entry.text))

    def _add_spoken(self, entry: Entry) -> None:
        human = entry.kind is StoredKind.HUMAN
        if entry.text or not entry.tool_calls:
            kind = EntryKind.HUMAN if human else EntryKind.AGENT
            self.lines.append(_line(entry, kind, text=entry.text))
        for number, call in enumerate(entry.tool_calls):
            self._calls[entry.speaker, call.id] = (len(self.lines), call)
            self.lines.append(_call(entry, number, call))

    def _add_interrupt(self, entry: Entry) -> None:
        request = self._requests.get(entry.tool_call_id) or self._requests.get(entry.entry_id)
        if request is None:  # an agent asks another one; no person decides on that
            self.lines.append(_line(entry, EntryKind.TOOL_CALL, title=entry.text))
            return
        state = call_state(request)
        kind = EntryKind.INTERRUPT if request.is_open else EntryKind.TOOL_CALL
        at, call = self._calls.get((entry.speaker, request.call.tool_call_id), (0, None))
        if call is not None and request.call.action == call.name and request.args == call.args:
            detail = _as_text(request.args, request)
            self.lines[at] = replace(
                self.lines[at], kind=kind, state=state.text, tone=state.tone, detail=detail
            )
            return
        title = request.call.action or "unnamed call"
        detail = _as_text(request.args, request)
        line = _line(entry, kind, title=title, detail=detail, state=state.text, tone=state.tone)
        self.lines.append(line)

    def _is_rejection(self, entry: Entry) -> bool:
        return any(
            request.state is RequestState.REJECTED
            and request.call.tool_call_id == entry.tool_call_id
            and request.result == entry.text
            for request in self._requests.values()
        )


def _call(entry: Entry, number: int, call: ToolCall) -> TranscriptEntry:
    return TranscriptEntry(
        key=_call_key(entry, number),
        kind=EntryKind.TOOL_CALL,
        speaker=speaker_words(entry.speaker),
        at=clock(entry.at_ms),
        detail=_as_text(call.args),
        collapsed_title=call.name,
    )


def _result(entry: Entry, *, is_rejection: bool) -> TranscriptEntry:
    state = _result_state(entry, is_rejection=is_rejection)
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


def _result_state(entry: Entry, *, is_rejection: bool) -> Pill:
    if is_rejection:
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
        at=clock(entry.at_ms) if entry.at_ms else "",  # what was before everything has no time
        text=text,
        detail=detail,
        state=state,
        tone=tone,
        collapsed_title=title,
    )


def _key(entry: Entry) -> str:
    # A message keeps the key of its draft. Prefixes keep ids of the wire from meeting each other.
    return _message_key(entry.message_id) if entry.message_id else f"entry:{entry.entry_id}"


def _call_key(entry: Entry, number: int) -> str:
    return f"call:{entry.entry_id}:{number}"


def _message_key(message_id: str) -> str:
    return f"message:{message_id}"


def _as_text(args: object, request: Request | None = None) -> str:
    """Arguments as JSON, masked: who wants to see a hidden value opens its request."""
    policy = request.policy.masked if request and request.policy else ()
    try:
        whole = json.dumps(args, ensure_ascii=False, indent=2)
    except RecursionError:
        return "nested too deeply to be shown"
    hidden = find_hidden(args, policy)
    return json.dumps(with_masks(args, hidden), ensure_ascii=False, indent=2) if hidden else whole
