"""Receipts: what workers say became of decisions.

The only place that keeps a position in their stream. They are told in the order of the stream,
each once.
"""

from __future__ import annotations

import asyncio

from desktop.engine.batch import Batch
from desktop.engine.positions import START
from desktop.engine.trust import Trust
from desktop.engine.turns import Turns
from desktop.engine.witness import Witness
from desktop.store import facts
from desktop.store.signing import Proof
from workers.wire import keys
from workers.wire.approvals import Receipt
from workers.wire.codec import decode_struct
from workers.wire.errors import DecodeError
from workers.wire.ids import StreamId
from workers.wire.streams.reader import Reader, StreamEntry

#: Others get their turn after so many.
PAGE_ENTRIES = 500


class Receipts:
    """Follows the receipts of one broker; its position is kept over a reconnect."""

    def __init__(self, batch: Batch, trust: Trust, witness: Witness) -> None:
        self._batch = batch
        self._trust = trust
        self._witness = witness
        self._position = ""
        self._reading = asyncio.Lock()

    def forget(self) -> None:
        """Another broker follows, or this one was emptied."""
        self._position = ""

    async def tell_all(self, reader: Reader) -> None:
        """Tell all that the broker keeps, also those that were told before."""
        async with self._reading:  # or who reads now would put back the position
            self.forget()
            await self._read_on(reader)

    async def tell_new(self, reader: Reader) -> None:
        """Tell those that were not told before; at first, those that the broker keeps."""
        async with self._reading:
            if self._position and await self._is_another(reader):
                self.forget()
            await self._read_on(reader)

    async def _read_on(self, reader: Reader) -> None:
        while True:
            position = self._position or START
            found = await reader.after({keys.RECEIPTS: position}, PAGE_ENTRIES)
            entries = found.get(keys.RECEIPTS, [])
            turns = Turns()
            for entry in entries:
                await turns.pause_if_due()  # a signature takes its time
                self._tell(entry)
            if entries:
                self._position = entries[-1].entry_id
            if len(entries) < PAGE_ENTRIES:
                return

    async def _is_another(self, reader: Reader) -> bool:
        """Whether the stream was deleted, or put back to an older state."""
        newest = await reader.before(keys.RECEIPTS, "+", 1)
        if not newest:
            return True
        return StreamId.parse(newest[0].entry_id) < StreamId.parse(self._position)

    def _tell(self, entry: StreamEntry) -> None:
        """Tell a receipt; one that nobody can read or believe leaves the request as it is."""
        try:
            receipt = decode_struct(entry.data, Receipt)
        except DecodeError:
            return
        proof, why = self._trust.proof_of_receipt(receipt, entry.entry_id)
        self._witness.hear(receipt, proof, why)
        if proof is not Proof.BROKEN:
            self._batch.emit(facts.ReceiptSeen(receipt))
