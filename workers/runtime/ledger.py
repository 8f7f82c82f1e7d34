"""The ledger of approved calls: each is started at most once, whatever crashes in between.

The only place that decides whether an approved tool may start, and that tells in receipts how it
ended. A call that was started and never came back is in doubt: a person has to find out.
"""

from __future__ import annotations

import asyncio
import time

import msgspec
import structlog

from workers.runtime.leases import confirm_lease, fence
from workers.runtime.ports import ApprovedCall, EarlierStart, ToolResult
from workers.wire.approvals import Outcome, Receipt, Refusal, refused
from workers.wire.canonical import digest
from workers.wire.codec import decode_struct, encode_struct
from workers.wire.errors import BrokerUnreachable, DecodeError
from workers.wire.streams.progress import ProgressWriter

#: A longer result is not kept for a second delivery; the model is told so.
MAX_KEPT_CHARACTERS = 32 * 1024
_RETRY_SECONDS = 0.5

_log = structlog.get_logger(__name__)


class _Started(msgspec.Struct, frozen=True, tag="started"):
    at_ms: int


class _Done(msgspec.Struct, frozen=True, tag="done"):
    at_ms: int
    content: str
    failed: bool


class _Note(msgspec.Struct, frozen=True):
    """One entry of the ledger."""

    state: _Started | _Done


class ToolLedger:
    """The ledger of one agent, on the broker."""

    def __init__(self, writer: ProgressWriter) -> None:
        self._writer = writer
        # Ended here, and not noted on the broker yet: it is away.
        self._known: dict[str, ToolResult] = {}
        self._noting: set[asyncio.Task[None]] = set()

    async def start(self, call: ApprovedCall) -> EarlierStart | None:
        """See `Ledger.start`. An earlier start is told again in a receipt."""
        request = call.request
        note = encode_struct(_Note(_Started(_now_ms()))).decode()
        await confirm_lease()
        earlier = await self._writer.tool_started(
            request.context_id, request.request_id, note, fence(request.agent)
        )
        if earlier is None:
            return None
        done = _read(earlier)
        if done is None and (known := self._known.get(request.request_id)) is not None:
            return EarlierStart(known)  # its note and its receipt are on their way
        if done is None:
            await self._tell(call, str(Outcome.IN_DOUBT))
            return EarlierStart(None)
        result = ToolResult(done.content, done.failed)
        await self._tell_end(call, result)
        return EarlierStart(result)

    async def finish(self, call: ApprovedCall, result: ToolResult) -> None:
        """See `Ledger.finish`.

        The tool has had its effect, so this waits for a broker that is away: giving up would turn
        a known outcome into one in doubt. It goes on doing so when the run is cancelled meanwhile,
        because its lease ran out.
        """
        self._known[call.request.request_id] = result
        noting = asyncio.create_task(
            self._note_in_the_end(call, result), name=f"note of {call.request.request_id}"
        )
        self._noting.add(noting)
        noting.add_done_callback(self._noting.discard)
        await asyncio.shield(noting)

    async def close(self) -> None:
        """Give up what could not be noted; the broker is let go of."""
        for noting in list(self._noting):
            noting.cancel()
        await asyncio.gather(*self._noting, return_exceptions=True)

    async def _note_in_the_end(self, call: ApprovedCall, result: ToolResult) -> None:
        while True:
            try:
                await self._note_end(call, result)
            except BrokerUnreachable:
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                self._known.pop(call.request.request_id, None)
                return

    async def changed(self, call: ApprovedCall) -> None:
        """See `Ledger.changed`."""
        await self._tell(call, refused(Refusal.MISMATCH))

    async def _note_end(self, call: ApprovedCall, result: ToolResult) -> None:
        request = call.request
        content = result.content
        if len(content) > MAX_KEPT_CHARACTERS:
            content = "The call ran; its result was too long to be kept."
        note = encode_struct(_Note(_Done(_now_ms(), content, result.failed))).decode()
        await self._writer.tool_done(request.context_id, request.request_id, note)
        await self._tell_end(call, result)

    async def _tell_end(self, call: ApprovedCall, result: ToolResult) -> None:
        outcome = Outcome.FAILED if result.failed else Outcome.EXECUTED
        content = result.content.encode(errors="backslashreplace")
        await self._tell(call, str(outcome), digest("signoff/result/v1", content))

    async def _tell(self, call: ApprovedCall, outcome: str, result_digest: str = "") -> None:
        request = call.request
        _log.info(
            "approved call",
            agent=request.agent,
            context_id=request.context_id,
            request_id=request.request_id,
            outcome=outcome,
        )
        await self._writer.receipt(
            Receipt(
                outcome=outcome,
                request_id=request.request_id,
                context_id=request.context_id,
                agent=request.agent,
                tool_call_id=request.tool_call_id,
                decision=str(call.decision),
                reviewer=call.reviewer,
                nonce=call.nonce,
                args_digest=call.args_digest,
                result_digest=result_digest,
                at_ms=_now_ms(),
            )
        )


def _read(note: str) -> _Done | None:
    """The end of a call, if the ledger knows it."""
    try:
        state = decode_struct(note.encode(), _Note).state
    except DecodeError:
        return None  # a note of another version: it was started, and we cannot say how it ended
    return state if isinstance(state, _Done) else None


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
