"""`AgentCLI`: a conversation with an agent in a terminal.

The only place that asks a person at a prompt.
"""

from __future__ import annotations

import asyncio
import json
import threading

from workers.client.client import AgentClient
from workers.client.events import printable
from workers.client.receipts import DecisionRefused
from workers.client.waiting import WaitingCall
from workers.wire.approvals import DecisionKind
from workers.wire.errors import MalformedDecision
from workers.wire.ids import new_context_id


class AgentCLI:
    """A conversation with one agent, in a context of its own.

    Attributes:
        context_id: the context.
    """

    def __init__(
        self,
        target_agent: str,
        redis_url: str,
        *,
        context_id: str = "",
        client: AgentClient | None = None,
    ) -> None:
        """Prepare it; nothing is connected yet.

        Args:
            client: one of a reviewer, instead of that of this computer's user.
        """
        self.client = client or AgentClient(target_agent, redis_url)
        self.context_id = context_id or new_context_id()

    async def run(self) -> None:
        """Ask, show what the agent says, ask again; until `exit` or the end of the input.

        Raises:
            BrokerError: the broker cannot be used.
            CallsNotToldApart: a foreign worker asked about several calls at once.
        """
        try:
            while await self._turn():
                pass
        finally:
            await self.client.disconnect()

    async def _turn(self) -> bool:
        """One question or one decision. False: the person wants no more."""
        waiting = await self.client.waiting_call(self.context_id)
        if waiting is not None:
            if not await self._decide(waiting):
                return False
        else:
            question = await _prompt("You: ")
            if question is None or question.strip().lower() == "exit":
                return False
            if not question.strip():
                return True
            await self.client.send_message(question, self.context_id)
        try:
            async for event in self.client.progress_events(self.context_id):
                self.client.print_progress_event(event, display_human_message=False)
        except DecisionRefused as error:
            print(f"{error.title} {error.hint}")
        return True

    async def _decide(self, waiting: WaitingCall) -> bool:
        """Show exactly what would run, and ask. False: the input ended."""
        print(f"\n{printable(waiting.agent)} wants to call {printable(waiting.call.action)} with")
        print(printable(json.dumps(waiting.call.args, indent=2, ensure_ascii=False)))
        answer = await _prompt("Approve? (y/n): ")
        if answer is None:
            return False
        if answer.strip().lower() in {"y", "yes"}:
            try:
                is_sent = await self.client.decide(waiting, DecisionKind.APPROVE)
            except MalformedDecision as error:
                print(f"{error.title} It was rejected.")
                is_sent = await self.client.decide(waiting, DecisionKind.REJECT, error.title)
        else:
            reason = (await _prompt("Reason (may be empty): ") or "").strip()
            is_sent = await self.client.decide(waiting, DecisionKind.REJECT, reason)
        if not is_sent:
            print("Somebody else has decided this call.")
        return True


async def _prompt(text: str) -> str | None:
    """A line from the terminal; None at the end of the input.

    Read in a thread that nobody waits for: Ctrl+C must not hang until the next Enter.
    """
    loop = asyncio.get_running_loop()
    line: asyncio.Future[str | None] = loop.create_future()

    def deliver(value: str | None) -> None:
        if not line.done():
            line.set_result(value)

    def read() -> None:
        try:
            value: str | None = input(text)
        except (EOFError, OSError):
            value = None
        loop.call_soon_threadsafe(deliver, value)

    threading.Thread(target=read, name="prompt", daemon=True).start()
    return await line
