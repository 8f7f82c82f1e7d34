"""The ledger of approved calls: each is started at most once, whatever crashes in between.

The only place that decides whether an approved tool may start, and that tells in receipts how it
ended. A call that was started and never came back is in doubt: a person has to find out. Should
it come back after all, because its worker was only slow, what it said counts.
"""

from __future__ import annotations

import asyncio
import time
from typing import TypeAlias

import msgspec
import structlog

from workers.runtime.judging import Judge
from workers.runtime.leases import confirm_lease, fence
from workers.runtime.ports import ApprovedCall, EarlierStart, ToolResult
from workers.wire.approvals import Outcome, Receipt, Refusal, refused
from workers.wire.canonical import digest
from workers.wire.codec import decode_struct, encode_struct
from workers.wire.errors import BrokerUnreachable, DecodeError
from workers.wire.halts import scopes_of
from workers.wire.streams.progress import ProgressWriter

#: A longer result is not kept for a second delivery; the model is told so.
MAX_KEPT_CHARACTERS = 32 * 1024
#: What the model is told of a call that was approved and not started.
HALTED = (
    "The call was approved and did not run: an operator has halted such calls. "
    "Do not repeat it; say that it was halted."
)
_RETRY_SECONDS = 0.5

_log = structlog.get_logger(__name__)


class _Started(msgspec.Struct, frozen=True, tag="started"):
    at_ms: int


class _InDoubt(msgspec.Struct, frozen=True, tag="in_doubt"):
    at_ms: int
    started_ms: int


class _Done(msgspec.Struct, frozen=True, tag="done"):
    at_ms: int
    content: str
    failed: bool
    by_person: bool = False


_State: TypeAlias = _Started | _InDoubt | _Done


class _Note(msgspec.Struct, frozen=True):
    """One entry of the ledger."""

    state: _State


class ToolLedger:
    """The ledger of one agent, on the broker."""

    def __init__(self, writer: ProgressWriter, judge: Judge) -> None:
        self._writer = writer
        self._judge = judge
        # Ended here, and not noted on the broker yet: it is away.
        self._known: dict[str, ToolResult] = {}
        self._noting: set[asyncio.Task[None]] = set()

    async def start(
        self, call: ApprovedCall, *, is_known: bool = False, is_idempotent: bool = False
    ) -> EarlierStart | None:
        """See `Ledger.start`. How an earlier start ended is told again in a receipt."""
        request = call.request
        scopes = scopes_of(request.agent, request.context_id)
        halted = not is_known and await self._judge.halts.stop(
            await self._writer.halts(scopes), time.time()
        )
        note = _text(_first_state(is_known=is_known, halted=halted))
        await confirm_lease()
        earlier = await self._writer.tool_started(
            request.context_id, request.request_id, note, fence(request.agent)
        )
        match _read(earlier or note):
            case _Done() as done:
                result = ToolResult(done.content, done.failed)
                if earlier is None:
                    await self._tell(call, refused(Refusal.HALTED))
                elif not done.by_person:
                    await self._tell_end(call, result)
                return EarlierStart(result, done.at_ms)
            case _InDoubt() as doubt:
                return EarlierStart(None, doubt.started_ms, doubt.at_ms)
            case _Started() if (known := self._known.get(request.request_id)) is not None:
                return EarlierStart(known)  # its note and its receipt are on their way
            case _Started() as started if earlier is not None and (halted or not is_idempotent):
                return await self._doubted(call, started.at_ms, is_known=is_known)
            case _:
                return None

    async def settle(self, call: ApprovedCall, result: ToolResult) -> None:
        """See `Ledger.settle`."""
        await confirm_lease()
        await self._note(call, _Done(_now_ms(), result.content, result.failed, by_person=True))

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

    async def ended(self, call: ApprovedCall) -> None:
        """See `Ledger.ended`."""
        await self._note(call, _Done(_now_ms(), "", failed=False, by_person=True))

    async def doubt(self, call: ApprovedCall) -> None:
        """See `Ledger.doubt`."""
        await self._doubted(call, _now_ms(), is_known=False)

    async def taken_back(self, call: ApprovedCall) -> None:
        """See `Ledger.taken_back`."""
        await self._tell(call, str(Outcome.RE_ASKED))

    async def refused(self, call: ApprovedCall, refusal: Refusal, note: str = "") -> None:
        """See `Ledger.refused`."""
        await self._tell(call, refused(refusal), note=note)

    async def _doubted(
        self, call: ApprovedCall, started_ms: int, *, is_known: bool
    ) -> EarlierStart:
        """Notice that a call never came back.

        The note stands beside that of the start, which a slow worker may still complete. The time
        in it makes the receipt the same each time it is told.
        """
        request = call.request
        note = _text(_InDoubt(_now_ms(), started_ms))
        earlier = await self._writer.tool_started(
            request.context_id, f"doubt:{request.request_id}", note, fence(request.agent)
        )
        doubt = _read(earlier or note)
        if not is_known:
            await self._tell(call, str(Outcome.IN_DOUBT), at_ms=doubt.at_ms)
        return EarlierStart(None, started_ms, doubt.at_ms)

    async def _note_end(self, call: ApprovedCall, result: ToolResult) -> None:
        content = result.content
        if len(content) > MAX_KEPT_CHARACTERS:
            content = "The call ran; its result was too long to be kept."
        await self._note(call, _Done(_now_ms(), content, result.failed))
        await self._tell_end(call, result)

    async def _note(self, call: ApprovedCall, state: _State) -> None:
        request = call.request
        await self._writer.tool_done(request.context_id, request.request_id, _text(state))

    async def _tell_end(self, call: ApprovedCall, result: ToolResult) -> None:
        outcome = Outcome.FAILED if result.failed else Outcome.EXECUTED
        content = result.content.encode(errors="backslashreplace")
        await self._tell(call, str(outcome), digest("signoff/result/v1", content))

    async def _tell(
        self,
        call: ApprovedCall,
        outcome: str,
        result_digest: str = "",
        at_ms: int = 0,
        note: str = "",
    ) -> None:
        request = call.request
        _log.info(
            "approved call",
            agent=request.agent,
            context_id=request.context_id,
            request_id=request.request_id,
            outcome=outcome,
        )
        receipt = Receipt(
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
            note=note,
            at_ms=at_ms or _now_ms(),
            reviewers=call.reviewers,
        )
        await self._writer.receipt(self._judge.signed_receipt(receipt))


def _first_state(*, is_known: bool, halted: bool) -> _State:
    """What is noted of a call that the ledger does not know."""
    if is_known:
        return _InDoubt(_now_ms(), 0)
    # An end, so that the same decision delivered again does not run after all.
    return _Done(_now_ms(), HALTED, True, by_person=True) if halted else _Started(_now_ms())


def _text(state: _State) -> str:
    return encode_struct(_Note(state)).decode()


def _read(note: str) -> _State:
    try:
        return decode_struct(note.encode(), _Note).state
    except DecodeError:
        return _Started(0)  # of another version: it was started, and we cannot say how it ended


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
